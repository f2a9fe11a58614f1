// SPDX-License-Identifier: Apache-2.0
// A header of any suite that decodes is written back byte for byte, and every shorter prefix asks
// for more.
#include <cstdlib>

#include "envelope/header.h"

namespace {

using namespace sealane;

void require(bool holds) {
  if (!holds) std::abort();
}

#ifdef SEALANE_PLANTED_DEFECT
// Keeps the frame length in 16 bits.
envelope::Header carried(envelope::Header header) {
  header.frame_length = static_cast<std::uint16_t>(header.frame_length);
  return header;
}
#else
envelope::Header carried(envelope::Header header) { return header; }
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const envelope::Limits limits = {.suites = envelope::SuiteSet::all()};
  const auto decoded = envelope::decode_header(input, limits);
  if (!decoded.ok() || !*decoded) return 0;
  const envelope::DecodedHeader& header = **decoded;
  require(header.size <= size);
  const bool commits = envelope::suite_of(header.header.suite).commits();
  const std::size_t iv_bytes = commits ? 0 : header.header.iv.size();
  require(header.authenticated_bytes + iv_bytes + header.header.tag.size() == header.size);
  const auto again = envelope::encode_header(carried(header.header));
  require(again.ok() && *again == to_bytes(input.first(header.authenticated_bytes)));
  for (std::size_t cut : {header.size - 1, header.authenticated_bytes, header.size / 2}) {
    const auto shorter = envelope::decode_header(input.first(cut), limits);
    require(shorter.ok() && !shorter->has_value());
  }
  return 0;
}
