// SPDX-License-Identifier: Apache-2.0
// A sealed message is edited; it opens only if the edits left it as it was, and opening it whole,
// in pieces and by ranges agree.
//
// Input: frame length / 16 - 1 (low 3 bits) and whether it is signed (the fourth), plaintext
// length, then edits of four bytes: kind, position (two bytes), argument.
#include <algorithm>
#include <cstdlib>
#include <map>

#include "envelope/footer.h"
#include "envelope/message.h"
#include "envelope/testdata/known_answer.h"
#include "envelope/testdata/opening.h"

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

bool decrypts(envelope::Cipher& cipher, const Bytes& message) {
  return envelope::decrypt_message(
             cipher, message,
             [](const envelope::Header&) -> Result<Secret> { return known().data_key.clone(); })
      .ok();
}

#ifdef SEALANE_PLANTED_DEFECT
// Trusts the final frame for being where the size says.
bool accepts(envelope::Cipher& cipher, const Bytes& message) {
  const auto decoded = envelope::decode_header(message);
  if (!decoded.ok() || !*decoded) return false;
  const envelope::Header& header = (*decoded)->header;
  if (envelope::suite_of(header.suite).is_signed()) return decrypts(cipher, message);
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
bool accepts(envelope::Cipher& cipher, const Bytes& message) { return decrypts(cipher, message); }
#endif

// What a signature covers is the whole message; a range is of its frames.
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

// Nothing but the beginning of the plaintext is released, and nothing at all before the end when
// the whole was asked for.
bool opens_in_pieces(const Bytes& message, const Bytes& plaintext, std::size_t piece) {
  const envelope::DataKeyFor find = [](const envelope::Header&) -> Result<Secret> {
    return known().data_key.clone();
  };
  const auto frames = envelope::open_in_pieces(message, find, {}, piece);
  require(frames.released.size() <= plaintext.size() &&
          std::equal(frames.released.begin(), frames.released.end(), plaintext.begin()));
  const auto whole =
      envelope::open_in_pieces(message, find, {.release = envelope::Release::WhenComplete}, piece);
  require(whole.status.ok() == frames.status.ok());
  require(whole.released == (whole.status.ok() ? plaintext : Bytes()));
  return whole.status.ok();
}

struct Sealed {
  Bytes plaintext;
  Bytes message;
  std::size_t header_bytes = 0;
};

// Signing takes longer than everything else; a message of one kind is sealed once.
const Sealed& sealed_as(std::uint8_t kind, std::uint8_t length) {
  static std::map<std::pair<std::uint8_t, std::uint8_t>, Sealed> all;
  Sealed& out = all[{kind, length}];
  if (!out.message.empty()) return out;
  envelope::Cipher cipher;
  envelope::HeaderPlan plan = known().plan();
  plan.frame_length = 16 * (1u + (kind & 7u));
  if ((kind & 8u) != 0) {
    plan.suite = envelope::SuiteId::Aes256CommitSigned;
    plan.signing_key = std::make_shared<const crypto::EcdsaPrivateKey>(
        crypto::EcdsaPrivateKey::generate(crypto::EcdsaCurve::P384));
    envelope::add_public_key(plan.context, *plan.signing_key);
  }
  for (std::size_t i = 0; i < length; ++i) out.plaintext.push_back(static_cast<std::byte>(i));
  auto header = envelope::seal_header(cipher, plan, known().data_key);
  require(header.ok());
  out.header_bytes = header->bytes.size();
  auto message = envelope::seal_body(cipher, std::move(*header), out.plaintext);
  require(message.ok());
  out.message = std::move(*message);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(std::as_bytes(std::span(data, size)));
  const auto kind = reader.be<std::uint8_t>();
  const auto length = reader.be<std::uint8_t>();
  if (!kind || !length) return 0;
  static envelope::Cipher cipher;
  const Sealed& sealed = sealed_as(*kind & 15u, *length);
  const std::size_t frame_length = 16 * (1u + (*kind & 7u));
  Bytes message = sealed.message;
  for (int i = 0; i < 8 && reader.left() >= 4; ++i)
    edit(message, sealed.header_bytes, frame_length + envelope::kFrameOverheadBytes, reader);
  const bool same = message == sealed.message;
  require(accepts(cipher, message) == same);
  require(opens_in_pieces(message, sealed.plaintext, 1 + *length % 61u) == same);
  const bool by_ranges = reads_by_ranges(message, sealed.plaintext);
  if (same || (*kind & 8u) == 0) require(by_ranges == same);
  return 0;
}
