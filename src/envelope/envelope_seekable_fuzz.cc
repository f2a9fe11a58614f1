// SPDX-License-Identifier: Apache-2.0
// A sealed message is read by ranges while its bytes change under the reader: what a read returns
// is the plaintext of its range or an error; it succeeds when its frames are as they were sealed;
// and it asks for its frames and for nothing else.
//
// Input: kind (low 3 bits: frame length / 16 - 1; the fourth: an empty frame at the end when the
// plaintext fills its frames; the fifth: read from memory), plaintext length, then operations of
// six bytes: what, position and length (two bytes each), argument.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "envelope/message.h"
#include "envelope/seekable.h"
#include "envelope/testdata/known_answer.h"

namespace {

using namespace sealane;
using envelope::KnownAnswer;
using envelope::SeekableReader;

void require(bool holds) {
  if (!holds) std::abort();
}

const KnownAnswer& known() {
  static const KnownAnswer kKnown;
  return kKnown;
}

struct Sealed {
  Bytes plaintext;
  Bytes message;
  std::size_t header_bytes = 0;
  std::size_t frame_length = 0;
  std::size_t frames = 0;
};

// One that ends in an empty frame is sealed frame by frame: the writer has no way to ask for it.
const Sealed& sealed_as(std::uint8_t kind, std::uint8_t length) {
  static std::map<std::pair<std::uint8_t, std::uint8_t>, Sealed> all;
  Sealed& out = all[{kind, length}];
  if (!out.message.empty()) return out;
  envelope::HeaderPlan plan = known().plan();
  out.frame_length = 16 * (1u + (kind & 7u));
  plan.frame_length = static_cast<std::uint32_t>(out.frame_length);
  for (std::size_t i = 0; i < length; ++i) out.plaintext.push_back(static_cast<std::byte>(i));
  envelope::Cipher cipher;
  auto header = envelope::seal_header(cipher, plan, known().data_key);
  require(header.ok());
  out.header_bytes = header->bytes.size();
  const bool empty_end = (kind & 8u) != 0 && length > 0 && length % out.frame_length == 0;
  const std::size_t regular = length == 0 ? 0
                              : empty_end ? length / out.frame_length
                                          : (length - 1u) / out.frame_length;
  out.frames = regular + 1;
  out.message = header->bytes;
  cipher.gcm.set_key(header->content_key.reveal());
  for (std::size_t i = 0; i <= regular; ++i) {
    const bool last = i == regular;
    const ByteSpan content = ByteSpan(out.plaintext).subspan(i * out.frame_length);
    const ByteSpan own = last ? content : content.first(out.frame_length);
    Bytes frame(own.size() +
                (last ? envelope::kFinalFrameOverheadBytes : envelope::kFrameOverheadBytes));
    envelope::seal_frame(cipher.gcm, header->message_id,
                         last ? envelope::FrameKind::Final : envelope::FrameKind::Regular,
                         static_cast<std::uint32_t>(i + 1), own, frame);
    append(out.message, frame);
  }
  return out;
}

// The message as it stands now, and which of its bytes were asked for.
class Object {
 public:
  explicit Object(const Sealed& sealed) : bytes(sealed.message) {}

  Status read(std::uint64_t offset, MutableByteSpan to) {
    require(offset <= bytes.size() && to.size() <= bytes.size() - offset);
    if (to.empty()) return {};
    least = std::min(least, offset);
    most = std::max(most, offset + to.size());
    asked += to.size();
    if (failing) return fail(ErrorKind::Unavailable, "no connection");
    copy_bytes(to, ByteSpan(bytes).subspan(static_cast<std::size_t>(offset), to.size()));
    return {};
  }
  void forget() { least = ~0ull, most = 0, asked = 0; }

  Bytes bytes;
  bool failing = false;
  std::uint64_t least = ~0ull, most = 0, asked = 0;
};

class Session {
 public:
  Session(const Sealed& sealed, bool in_memory)
      : sealed_(sealed), object_(sealed), in_memory_(in_memory) {}

  void run(ByteReader& input) {
    const envelope::DataKeyFor find = [](const envelope::Header&) -> Result<Secret> {
      return known().data_key.clone();
    };
    auto reader = in_memory_ ? SeekableReader::open(ByteSpan(object_.bytes), find)
                             : SeekableReader::open(
                                   [this](std::uint64_t offset, MutableByteSpan to) {
                                     return object_.read(offset, to);
                                   },
                                   object_.bytes.size(), find);
    require(reader.ok() && reader->size() == sealed_.plaintext.size());
    kept_ = sealed_.frames;
    for (int i = 0; i < 64 && input.left() >= 6; ++i) operation(*reader, input);
  }

 private:
  void operation(SeekableReader& reader, ByteReader& input) {
    const auto what = input.be<std::uint8_t>().value();
    const std::size_t position = input.be<std::uint16_t>().value();
    const std::size_t length = input.be<std::uint16_t>().value();
    const auto argument = input.be<std::uint8_t>().value();
    const std::size_t at = position % object_.bytes.size();
    switch (what % 5) {
      case 0: object_.bytes[at] ^= static_cast<std::byte>(argument); break;
      case 1: object_.bytes = sealed_.message; break;
      case 2: object_.failing = !in_memory_ && argument % 2 == 1; break;
      default: read(reader, position % (sealed_.plaintext.size() + 2), length % 300);
    }
  }

  bool is_as_sealed(std::size_t frame) const {
    const std::size_t begin =
        sealed_.header_bytes + (frame - 1) * (sealed_.frame_length + envelope::kFrameOverheadBytes);
    const std::size_t end = frame == sealed_.frames
                                ? sealed_.message.size()
                                : begin + sealed_.frame_length + envelope::kFrameOverheadBytes;
    return std::equal(object_.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                      object_.bytes.begin() + static_cast<std::ptrdiff_t>(end),
                      sealed_.message.begin() + static_cast<std::ptrdiff_t>(begin));
  }

  void read(SeekableReader& reader, std::size_t offset, std::size_t length) {
    object_.forget();
    const envelope::ReadCounts before = reader.counts();
#ifdef SEALANE_PLANTED_DEFECT
    // Gives what there is of a range that leaves the plaintext.
    const std::size_t end = std::min(offset + length, sealed_.plaintext.size());
    const auto range = reader.read(offset, end < offset ? 0 : end - offset);
#else
    const auto range = reader.read(offset, length);
#endif
    const std::uint64_t counted = reader.counts().bytes - before.bytes;
    if (!in_memory_) require(counted == object_.asked);
    const std::size_t size = sealed_.plaintext.size();
    if (offset > size || length > size - offset) {
      require(!range.ok() && range.error().kind == ErrorKind::Invalid && counted == 0);
      return;
    }
    if (range.ok())
      require(*range == to_bytes(ByteSpan(sealed_.plaintext).subspan(offset, length)));
    if (length == 0) {
      require(range.ok() && counted == 0);
      return;
    }
    const std::size_t first = offset / sealed_.frame_length + 1;
    const std::size_t last = (offset + length - 1) / sealed_.frame_length + 1;
    check_asked(first, last, counted);
    bool sound = !object_.failing || (first == kept_ && first == last);
    for (std::size_t frame = first; frame <= last; ++frame)
      if (!(frame == first && frame == kept_) && !is_as_sealed(frame)) sound = false;
    require(range.ok() == sound);
    // After a failure nothing is known of what is kept, but that it authenticated: forget the model
    // by reading something whose outcome says it.
    kept_ = range.ok() ? last : kept_after_failure(reader, first, last);
  }

  // The frames of the range and no others, each once.
  void check_asked(std::size_t first, std::size_t last, std::uint64_t counted) const {
    const std::uint64_t step = sealed_.frame_length + envelope::kFrameOverheadBytes;
    require(counted <= (last - first + 1) * step + envelope::kFinalFrameOverheadBytes);
    if (in_memory_ || object_.asked == 0) return;
    require(object_.least >= sealed_.header_bytes + (first - 1) * step);
    require(object_.most <=
            std::min<std::uint64_t>(sealed_.header_bytes + last * step, sealed_.message.size()) +
                (last == sealed_.frames ? envelope::kFinalFrameOverheadBytes : 0));
  }

  // Which frame a failed read left open: one of its range before the first that is unsound, or
  // none.
  std::size_t kept_after_failure(SeekableReader& reader, std::size_t first, std::size_t last) {
    const bool failing = object_.failing;
    std::size_t out = 0;
    for (const std::size_t frame : candidates(first, last)) {
      const std::size_t offset = (frame - 1) * sealed_.frame_length;
      if (offset >= sealed_.plaintext.size()) continue;
      const std::uint64_t before = reader.counts().reads;
      const Bytes now = object_.bytes;
      for (std::byte& each : object_.bytes) each ^= std::byte{1};  // only what is kept opens
      const auto one = reader.read(offset, 1);
      object_.bytes = now;
      if (one.ok()) {
        require(one->front() == sealed_.plaintext[offset] && reader.counts().reads == before);
        out = frame;
        break;
      }
    }
    object_.failing = failing;
    return out;
  }
  std::set<std::size_t> candidates(std::size_t first, std::size_t last) const {
    std::set<std::size_t> out;
    for (std::size_t frame = first; frame <= last; ++frame) out.insert(frame);
    if (kept_ != 0) out.insert(kept_);
    return out;
  }

  const Sealed& sealed_;
  Object object_;
  bool in_memory_;
  std::size_t kept_ = 0;  // the frame that the reader has open
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  const auto kind = input.be<std::uint8_t>();
  const auto length = input.be<std::uint8_t>();
  if (!kind || !length) return 0;
  Session(sealed_as(*kind & 15u, *length), (*kind & 16u) != 0).run(input);
  return 0;
}
