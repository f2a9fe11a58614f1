// SPDX-License-Identifier: Apache-2.0
// Property: what testing/hold.h says, of Terraform JSON configuration and Pulumi YAML.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "iac/testing/hold.h"

namespace sealane::iac {
namespace {

// One past the last character is the place of what is missing there.
#ifdef SEALANE_PLANTED_DEFECT
constexpr std::size_t kPastEnd = 0;
#else
constexpr std::size_t kPastEnd = 1;
#endif

}  // namespace
}  // namespace sealane::iac

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  if (text.empty() || text.contains('\0')) return 0;
  if (text.starts_with("\xef\xbb\xbf")) return 0;  // places are counted behind the mark
  const iac::Limits limits{
      .bytes_max = 64 << 10, .depth_max = 32, .resources_max = 1'000, .expansion_max = 64 << 10};
  const iac::Input input{"in", text};
  const auto parsed = iac::read(std::span(&input, 1), {}, {}, limits);
  iac::hold(parsed, text, iac::kPastEnd);
  return 0;
}
