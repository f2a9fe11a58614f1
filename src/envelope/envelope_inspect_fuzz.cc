// SPDX-License-Identifier: Apache-2.0
// What inspection tells of any bytes is what a plain walk over their frames finds, in as many reads
// as there are frames, none of them outside the bytes; and a byte less or more is named.
//
// Input: a message.
#include <algorithm>
#include <cstdlib>

#include "envelope/footer.h"
#include "envelope/inspect.h"

namespace {

using namespace sealane;
using envelope::Inspection;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::size_t kProblemsMax = 16;
const envelope::Limits kLimits = {.suites = envelope::SuiteSet::all()};

Result<Inspection> inspect(ByteSpan message, std::uint64_t& reads) {
  reads = 0;
  return envelope::inspect_message(
      [&](std::uint64_t offset, MutableByteSpan to) -> Status {
        require(offset <= message.size() && to.size() <= message.size() - offset);
        ++reads;
        copy_bytes(to, message.subspan(static_cast<std::size_t>(offset), to.size()));
        return {};
      },
      message.size(), kLimits);
}

struct Walk {
  std::uint64_t frames = 0;
  std::uint64_t plaintext = 0;
  std::size_t odd = 0;  // frames whose number or IV is not theirs
  std::size_t end = 0;
  bool whole = false;
};

bool is_odd(ByteSpan number_and_iv, std::uint64_t sequence, bool commits) {
  if (load_be<std::uint32_t>(number_and_iv) != sequence) return true;
#ifdef SEALANE_PLANTED_DEFECT
  // Compares the end of an IV, where the number is, and not its beginning.
  const bool own = load_be<std::uint32_t>(number_and_iv.subspan(12)) == sequence;
#else
  const bool own = std::ranges::all_of(number_and_iv.subspan(4, 8),
                                       [](std::byte b) { return b == std::byte{0}; }) &&
                   load_be<std::uint32_t>(number_and_iv.subspan(12)) == sequence;
#endif
  return commits && !own;
}

Walk walk(ByteSpan message, const envelope::DecodedHeader& header) {
  const std::size_t length = header.header.frame_length;
  const bool commits = envelope::suite_of(header.header.suite).commits();
  Walk out{.end = header.size};
  for (ByteSpan rest = message.subspan(header.size);;) {
    const bool last = rest.size() >= 4 && load_be<std::uint32_t>(rest) == 0xffffffff;
    if (rest.size() < (last ? 24u : 16u)) return out;
    if (is_odd(rest.subspan(last ? 4 : 0), out.frames + 1, commits)) ++out.odd;
    const std::size_t content = last ? load_be<std::uint32_t>(rest.subspan(20)) : length;
    const std::size_t size = content + (last ? 40 : 32);
    if (content > length || rest.size() < size) return out;
    rest = rest.subspan(size);
    out.end += size;
    ++out.frames;
    out.plaintext += content;
    if (last) {
      out.whole = true;
      return out;
    }
  }
}

bool says(const Inspection& seen, std::string_view what) {
  return std::ranges::any_of(seen.problems, [&](const std::string& problem) {
    return problem.find(what) != std::string::npos;
  });
}

bool is_full(const Inspection& seen) { return seen.problems.size() >= kProblemsMax; }

void check_frames(const Inspection& seen, const Walk& walked) {
  require(seen.frames == walked.frames && seen.plaintext_bytes == walked.plaintext);
  require(seen.header_bytes + seen.body_bytes == walked.end);
  const auto odd = std::ranges::count_if(
      seen.problems, [](const std::string& problem) { return problem.starts_with("frame "); });
  require(is_full(seen) || static_cast<std::size_t>(odd) == walked.odd);
  if (!walked.whole) require(is_full(seen) || says(seen, "cut short"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan message = std::as_bytes(std::span(data, size));
  std::uint64_t reads = 0;
  const auto seen = inspect(message, reads);
  const auto decoded = envelope::decode_header(message, kLimits);
  require(seen.ok() == (decoded.ok() && decoded->has_value()));
  if (!seen.ok()) return 0;
  require(seen->header == (*decoded)->header && seen->header_bytes == (*decoded)->size);
  require(seen->problems.size() <= kProblemsMax);
  require(seen->recipients.size() == seen->header.data_keys.size());
  // Header: at most 6 reads up to its limit; then one for each frame, body and footer.
  require(reads <= seen->frames + 8);
  const std::uint64_t told = seen->header_bytes + seen->body_bytes + seen->footer_bytes;
  require(told <= message.size());
  if (seen->header.framing == envelope::Framing::Framed)
    check_frames(*seen, walk(message, **decoded));
  if (is_full(*seen) || says(*seen, "cut short") || says(*seen, "follow the message's end"))
    return 0;
  require(told == message.size());
  const auto shorter = inspect(message.first(message.size() - 1), reads);
  require(shorter.ok() && (is_full(*shorter) || says(*shorter, "cut short")));
  Bytes longer = to_bytes(message);
  longer.push_back({});
  const auto more = inspect(longer, reads);
  require(more.ok() && (is_full(*more) || says(*more, "1 bytes follow the message's end")));
  return 0;
}
