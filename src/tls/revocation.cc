// SPDX-License-Identifier: Apache-2.0
#include "tls/revocation.h"

#include <utility>

namespace sealane::tls {

RevocationCheck revocation_check(
    std::function<std::shared_ptr<const identity::RevocationLists>()> current) {
  return [current = std::move(current)](const RevocationQuery& query) -> RevocationAnswer {
    using Verdict = identity::RevocationLists::Verdict;
    using State = RevocationAnswer::State;
    const auto lists = current();
    if (!lists) return {.state = State::Missing, .detail = "there are no revocation lists"};
    identity::RevocationLists::Answer answer = lists->check(query.certificate, query.now);
    RevocationAnswer out{.state = State::Missing, .detail = std::move(answer.detail)};
    switch (answer.verdict) {
      case Verdict::Good:
        out.state = State::Good;
        if (answer.authority != nullptr && answer.authority->crl)
          out.good_until = answer.authority->crl->facts().next_update;
        break;
      case Verdict::Revoked: out.state = State::Revoked; break;
      case Verdict::ListExpired: out.state = State::Stale; break;
      case Verdict::UnknownAuthority: break;
    }
    return out;
  };
}

}  // namespace sealane::tls
