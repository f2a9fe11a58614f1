// SPDX-License-Identifier: Apache-2.0
// Input: a length byte and so many bytes for each of the four extensions.  Whatever they hold, what
// is read stays within its bounds and can be printed on one line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tls/client_hello_internal.h"

namespace {

sealane::Bytes take(sealane::ByteSpan& input) {
  if (input.empty()) return {};
  const std::size_t size =
      std::min<std::size_t>(std::to_integer<std::size_t>(input[0]), input.size() - 1);
  sealane::Bytes out = sealane::to_bytes(input.subspan(1, size));
  input = input.subspan(1 + size);
  return out;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const std::vector<std::string>& names, const sealane::Bytes& from) {
#ifdef SEALANE_PLANTED_DEFECT
  // As if no value were reserved (RFC 8701).
  constexpr bool kAllNamed = true;
#else
  constexpr bool kAllNamed = false;
#endif
  require(names.size() <= 32);
  require(names.size() <= from.size() / 2);
  if (kAllNamed && from.size() >= 8 && from.size() <= 60)
    require(names.size() >= (from.size() - 2) / 2);
  for (const std::string& name : names) {
    require(!name.empty() && name.size() < 32);
    require(std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sealane::ByteSpan input = std::as_bytes(std::span(data, size));
  sealane::tls::RawHello hello;
  hello.server_name = take(input);
  hello.versions = take(input);
  hello.groups = take(input);
  hello.signatures = take(input);
  const auto facts = sealane::tls::read_hello(hello);
  require(facts.server_name.size() <= 255);
  require(std::ranges::all_of(facts.server_name, [](char c) { return c > 0x20 && c < 0x7f; }));
  require(facts.server_name.empty() || facts.server_name.size() + 5 <= hello.server_name.size());
  require(!facts.versions.empty() && facts.versions.size() <= 32);
  check(facts.groups, hello.groups);
  check(facts.signature_algorithms, hello.signatures);
  return 0;
}
