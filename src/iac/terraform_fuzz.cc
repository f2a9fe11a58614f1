// SPDX-License-Identifier: Apache-2.0
// Property: what testing/hold.h says, of plans and states; and what is read is JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
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
  if (text.find("\"format_version\"") == std::string_view::npos || text.contains('\0')) return 0;
  if (text.starts_with("\xef\xbb\xbf")) return 0;  // places are counted behind the mark
  const iac::Limits limits{
      .bytes_max = 64 << 10, .depth_max = 32, .resources_max = 1'000, .expansion_max = 64 << 10};
  const iac::Input input{"in", text};
  const auto parsed = iac::read(std::span(&input, 1), {}, {}, limits);
  iac::hold(parsed, text, iac::kPastEnd);
  // What is read, with all that is skipped, is JSON to the other parser too.
  if (parsed.value && text.starts_with("{")) {
    const auto other = json::parse(text);
    for (const Diagnostic& d : other.diagnostics)
      if (!d.message.contains("stands twice")) std::abort();
  }
  return 0;
}
