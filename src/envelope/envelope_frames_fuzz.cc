// SPDX-License-Identifier: Apache-2.0
// A sealed message is edited; it opens only if the edits left it as it was, and reading it whole
// and by ranges agree.
//
// Input: frame length / 16 - 1 (low 3 bits), plaintext length, then edits of four bytes:
// kind, position (two bytes), argument.
#include <algorithm>
#include <cstdlib>

#include "envelope/message.h"
#include "envelope/seekable.h"
#include "envelope/testdata/known_answer.h"

namespace {

using namespace sealane;
using envelope::KnownAnswer;

void require(bool holds) {
  if (!holds) std::abort();
}

const KnownAnswer& known() {
  static const KnownAnswer kKnown;
  return kKnown;
}

void edit(Bytes& message, std::size_t header, std::size_t frame, ByteReader& reader) {
  const auto kind = reader.be<std::uint8_t>().value();
  const std::size_t position = reader.be<std::uint16_t>().value();
  const auto argument = reader.be<std::uint8_t>().value();
  if (message.empty()) return;
  const std::size_t at = position % message.size();
  switch (kind % 5) {
    case 0: message[at] ^= static_cast<std::byte>(argument); break;
    case 1: message.resize(message.size() - std::min<std::size_t>(argument, message.size())); break;
    case 2: message.resize(message.size() + argument); break;
    case 3: {  // a whole frame goes
      const std::size_t begin = header + argument * frame;
      if (begin + frame <= message.size())
        message.erase(message.begin() + static_cast<std::ptrdiff_t>(begin),
                      message.begin() + static_cast<std::ptrdiff_t>(begin + frame));
      break;
    }
    default: {  // two neighbours change places
      const std::size_t begin = header + argument * frame;
      if (begin + 2 * frame <= message.size()) {
        const auto first = message.begin() + static_cast<std::ptrdiff_t>(begin);
        std::swap_ranges(first, first + static_cast<std::ptrdiff_t>(frame),
                         first + static_cast<std::ptrdiff_t>(frame));
      }
    }
  }
}

#ifdef SEALANE_PLANTED_DEFECT
// Trusts the final frame for being where the size says.
bool accepts(envelope::Cipher& cipher, const Bytes& message) {
  const auto decoded = envelope::decode_header(message);
  if (!decoded.ok() || !*decoded) return false;
  const envelope::Header& header = (*decoded)->header;
  const auto key = envelope::open_header(cipher, **decoded, message, known().data_key);
  const auto layout =
      envelope::layout_for_body(message.size() - (*decoded)->size, header.frame_length);
  if (!key.ok() || !layout.ok()) return false;
  cipher.gcm.set_key(key->reveal());
  Bytes plaintext(header.frame_length);
  for (std::uint64_t i = 1; i < layout->frames; ++i)
    if (!envelope::open_frame(cipher.gcm, header.message_id, envelope::FrameKind::Regular,
                              static_cast<std::uint32_t>(i),
                              ByteSpan(message).subspan((*decoded)->size + layout->frame_offset(i),
                                                        layout->frame_bytes(i)),
                              plaintext)
             .ok())
      return false;
  return true;
}
#else
bool accepts(envelope::Cipher& cipher, const Bytes& message) {
  return envelope::decrypt_message(
             cipher, message,
             [](const envelope::Header&) -> Result<Secret> { return known().data_key.clone(); })
      .ok();
}
#endif

bool reads_by_ranges(const Bytes& message, ByteSpan plaintext) {
  auto reader = envelope::SeekableReader::open(
      [&](std::uint64_t offset, MutableByteSpan to) -> Status {
        require(offset <= message.size() && to.size() <= message.size() - offset);
        copy_bytes(to, ByteSpan(message).subspan(offset, to.size()));
        return {};
      },
      message.size(),
      [](const envelope::Header&) -> Result<Secret> { return known().data_key.clone(); });
  if (!reader.ok()) return false;
  Bytes all;
  for (std::uint64_t at = 0; at < reader->size(); at += 7) {
    const auto piece = reader->read(at, std::min<std::uint64_t>(7, reader->size() - at));
    if (!piece.ok()) return false;
    append(all, *piece);
  }
  require(all == to_bytes(plaintext));
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(std::as_bytes(std::span(data, size)));
  const auto frames = reader.be<std::uint8_t>();
  const auto length = reader.be<std::uint8_t>();
  if (!frames || !length) return 0;
  static envelope::Cipher cipher;
  envelope::HeaderPlan plan = known().plan();
  plan.frame_length = 16 * (1u + (*frames & 7u));
  Bytes plaintext(*length);
  for (std::size_t i = 0; i < plaintext.size(); ++i) plaintext[i] = static_cast<std::byte>(i);
  auto header = envelope::seal_header(cipher, plan, known().data_key);
  require(header.ok());
  const std::size_t header_bytes = header->bytes.size();
  const auto sealed = envelope::seal_body(cipher, std::move(*header), plaintext);
  require(sealed.ok());
  Bytes message = *sealed;
  for (int i = 0; i < 8 && reader.left() >= 4; ++i)
    edit(message, header_bytes, plan.frame_length + envelope::kFrameOverheadBytes, reader);
  const bool same = message == *sealed;
  require(accepts(cipher, message) == same);
  require(reads_by_ranges(message, plaintext) == same);
  return 0;
}
