// SPDX-License-Identifier: Apache-2.0
// A message of any suite, framed or not, signed or not: opening it whole, in pieces and by ranges
// agree, and inspection tells of every message that opens what opening tells.
//
// Input: one byte, the size of a piece; a message under the known wrapping key.
#include <algorithm>
#include <cstdlib>

#include "envelope/data_keys.h"
#include "envelope/inspect.h"
#include "envelope/message.h"
#include "envelope/testdata/opening.h"

namespace {

using namespace sealane;

void require(bool holds) {
  if (!holds) std::abort();
}

const envelope::Limits kLimits = {.frame_length_max = 1u << 16,
                                  .message_bytes_max = 1u << 20,
                                  .suites = envelope::SuiteSet::all()};

// The key `aes-256` of src/envelope/testdata/own_vectors.json.
const std::vector<envelope::UnwrappingKey>& keys() {
  static const std::vector<envelope::UnwrappingKey> kKeys = [] {
    std::vector<envelope::UnwrappingKey> out;
    out.push_back(envelope::RawAesKey{
        {"sealane-vectors", "aes-256"},
        Secret::take(
            *from_hex("7237b089a3fcdbef82404477f1f28e20d66de8c80a7dea00cd10520293eefeff"))});
    return out;
  }();
  return kKeys;
}

Result<envelope::OpenedMessage> open_whole(const Bytes& message) {
  static envelope::Cipher cipher;
  const auto find = envelope::data_key_from(keys());
  return envelope::decrypt_message(cipher, message, find, kLimits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = 1 + data[0];
  const Bytes message = to_bytes(std::as_bytes(std::span(data, size)).subspan(1));
  const auto find = envelope::data_key_from(keys());
  const auto seen =
      envelope::inspect_message(envelope::reader_of(message), message.size(), kLimits);
  const auto opened = open_whole(message);
  const auto held = envelope::open_in_pieces(
      message, find, {.limits = kLimits, .release = envelope::Release::WhenComplete}, piece);
  const auto frames = envelope::open_in_pieces(message, find, {.limits = kLimits}, piece);
  require(opened.ok() == held.status.ok() && opened.ok() == frames.status.ok());
  if (!opened.ok()) {
    require(held.released.empty());
#ifdef SEALANE_PLANTED_DEFECT
    // As if whatever has the form of a message were one.
    require(!seen.ok() || seen->plaintext_bytes == 0);
#endif
    return 0;
  }
  require(held.released == opened->plaintext && frames.released == opened->plaintext);
  require(seen.ok() && seen->plaintext_bytes == opened->plaintext.size());
  require(seen->header_bytes + seen->body_bytes + seen->footer_bytes == message.size());
  auto reader =
      envelope::SeekableReader::open(envelope::reader_of(message), message.size(), find, kLimits);
  require(reader.ok() == (opened->header.framing == envelope::Framing::Framed));
  if (reader.ok()) require(reader->read(0, reader->size()).value() == opened->plaintext);
  return 0;
}
