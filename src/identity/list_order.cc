// SPDX-License-Identifier: Apache-2.0
#include "identity/list_order.h"

#include <algorithm>
#include <compare>
#include <string>
#include <string_view>

namespace sealane::identity {
namespace {

// Of two numbers in lower-case hex, of any length.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  for (std::string_view* number : {&a, &b})
    number->remove_prefix(std::min(number->find_first_not_of('0'), number->size()));
  return a.size() != b.size() ? a.size() <=> b.size() : a.compare(b) <=> 0;
}

std::string said(const crypto::CrlFacts& crl) {
  return (crl.number.empty() ? std::string("no number") : "number " + crl.number) + " of " +
         to_rfc3339(crl.this_update);
}

bool is_older(const crypto::CrlFacts& current, const crypto::CrlFacts& next) {
  if (current.number.empty()) return next.number.empty() && next.this_update < current.this_update;
  // A CA that numbers its lists goes on doing so.
  if (next.number.empty()) return true;
  const auto order = compare_numbers(next.number, current.number);
  return order < 0 || (order == 0 && next.this_update < current.this_update);
}

}  // namespace

Status check_not_older(const RevocationLists& current, const RevocationLists& next) {
  for (const Authority& now : next.authorities()) {
    if (!now.crl) continue;
    for (const Authority& before : current.authorities()) {
      if (!before.crl || before.certificate.facts().sha256 != now.certificate.facts().sha256)
        continue;
      if (is_older(before.crl->facts(), now.crl->facts()))
        return fail(ErrorKind::Conflict,
                    "`" + now.crl_file + "`: the revocation list is older than the one in use: " +
                        said(now.crl->facts()) + ", in use " + said(before.crl->facts()),
                    "fetch or issue the newest list; the one in use stays");
    }
  }
  return {};
}

}  // namespace sealane::identity
