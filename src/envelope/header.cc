// SPDX-License-Identifier: Apache-2.0
#include "envelope/header.h"

#include <algorithm>

#include "base/utf8.h"

namespace sealane::envelope {
namespace {

constexpr std::uint8_t kVersion1 = 1;
constexpr std::uint8_t kVersion2 = 2;
constexpr std::uint8_t kType = 0x80;  // version 1: customer authenticated encrypted data
constexpr std::uint8_t kNotFramed = 1;
constexpr std::uint8_t kFramed = 2;
constexpr std::size_t kFormatFieldMax = 0xffff;

enum class FieldProblem { None, NeedMore, TooLarge };

// A field with a two-byte length before it; the length is checked before the bytes are waited for.
FieldProblem take_field(ByteReader& reader, std::size_t bytes_max, ByteSpan& out) {
  const auto length = reader.be<std::uint16_t>();
  if (!length) return FieldProblem::NeedMore;
  if (*length > bytes_max) return FieldProblem::TooLarge;
  const auto bytes = reader.take(*length);
  if (!bytes) return FieldProblem::NeedMore;
  out = *bytes;
  return FieldProblem::None;
}

Status check_framing(const Header& header, const Limits& limits) {
  if (header.framing == Framing::Unframed) {
    if (header.frame_length == 0) return {};
    return fail(ErrorKind::Invalid, "a message that is not framed has a frame length");
  }
  if (header.frame_length == 0) return fail(ErrorKind::Invalid, "the message's frame length is 0");
  if (header.frame_length > limits.frame_length_max)
    return fail(ErrorKind::TooLarge, "the message's frames are too long");
  return {};
}

class Decoder {
 public:
  Decoder(ByteSpan input, const Limits& limits) : input_(input), reader_(input), limits_(limits) {}

  Result<std::optional<DecodedHeader>> run() {
    SEALANE_ASSIGN(const bool complete, fields());
    if (!complete) {
      if (input_.size() >= limits_.header_bytes_max) return too_large();
      return std::optional<DecodedHeader>();
    }
    if (out_.size > limits_.header_bytes_max) return too_large();
    return std::optional<DecodedHeader>(std::move(out_));
  }

 private:
  static Error too_large() { return fail(ErrorKind::TooLarge, "the message's header is too long"); }

  // False when the input ends first.
  Result<bool> fields() {
    SEALANE_ASSIGN(const bool has_suite, suite());
    if (!has_suite) return false;
    const auto id = reader_.take(suite_->message_id_bytes());
    if (!id) return false;
    copy_bytes(out_.header.message_id, *id);
    SEALANE_ASSIGN(const bool has_context, context());
    if (!has_context) return false;
    SEALANE_ASSIGN(const bool has_keys, data_keys());
    if (!has_keys) return false;
    return tail();
  }

  Result<bool> suite() {
    const auto version = reader_.be<std::uint8_t>();
    if (!version) return false;
    if (*version != kVersion1 && *version != kVersion2)
      return fail(ErrorKind::Invalid, "not a sealed message");
    if (*version == kVersion1) {
      const auto type = reader_.be<std::uint8_t>();
      if (!type) return false;
      if (*type != kType) return fail(ErrorKind::Invalid, "not a sealed message: unknown type");
    }
    const auto number = reader_.be<std::uint16_t>();
    if (!number) return false;
    suite_ = find_suite(*number);
    if (suite_ == nullptr || suite_->version != *version)
      return fail(ErrorKind::Invalid, "not a sealed message: unknown suite");
    if (!limits_.suites.has(suite_->id))
      return fail(ErrorKind::Unsupported,
                  "algorithm suite " + std::string(suite_->name) +
                      (suite_->commits() ? " is not accepted here"
                                         : ", which does not commit to its key, is not accepted"));
    out_.header.suite = suite_->id;
    return true;
  }

  Result<bool> context() {
    ByteSpan bytes;
    switch (take_field(reader_, limits_.context_bytes_max, bytes)) {
      case FieldProblem::NeedMore: return false;
      case FieldProblem::TooLarge:
        return fail(ErrorKind::TooLarge, "the encryption context is too long");
      case FieldProblem::None: break;
    }
    SEALANE_ASSIGN(out_.header.context, decode_context(bytes, limits_));
    return true;
  }

  Result<bool> data_keys() {
    const auto count = reader_.be<std::uint16_t>();
    if (!count) return false;
    if (*count == 0) return fail(ErrorKind::Invalid, "the message has no encrypted data key");
    if (*count > limits_.edk_count_max)
      return fail(ErrorKind::TooLarge, "the message has too many encrypted data keys");
    for (std::size_t i = 0; i < *count; ++i) {
      ByteSpan parts[3];
      for (ByteSpan& part : parts) {
        const FieldProblem problem = take_field(reader_, limits_.edk_field_bytes_max, part);
        if (problem == FieldProblem::NeedMore) return false;
        if (problem == FieldProblem::TooLarge)
          return fail(ErrorKind::TooLarge, "an encrypted data key is too long");
      }
      if (!is_utf8(as_text(parts[0])))
        return fail(ErrorKind::Invalid, "a key provider's name is not UTF-8");
      out_.header.data_keys.push_back({.provider = to_text(parts[0]),
                                       .info = to_bytes(parts[1]),
                                       .ciphertext = to_bytes(parts[2])});
    }
    return true;
  }

  Result<bool> tail() {
    SEALANE_ASSIGN(const bool has_framing, framing());
    if (!has_framing) return false;
    Header& header = out_.header;
    if (suite_->commits()) {
      const auto commitment = reader_.take(header.commitment.size());
      if (!commitment) return false;
      copy_bytes(header.commitment, *commitment);
      out_.authenticated_bytes = reader_.position();
    } else {
      out_.authenticated_bytes = reader_.position();
      const auto iv = reader_.take(header.iv.size());
      if (!iv) return false;
      copy_bytes(header.iv, *iv);
    }
    const auto tag = reader_.take(header.tag.size());
    if (!tag) return false;
    copy_bytes(header.tag, *tag);
    out_.size = reader_.position();
    return true;
  }

  Result<bool> framing() {
    Header& header = out_.header;
    const auto content_type = reader_.be<std::uint8_t>();
    if (!content_type) return false;
    if (*content_type != kFramed && *content_type != kNotFramed)
      return fail(ErrorKind::Invalid, "unknown content type of a message");
    header.framing = *content_type == kFramed ? Framing::Framed : Framing::Unframed;
    if (!suite_->commits()) {
      const auto reserved = reader_.be<std::uint32_t>();
      if (!reserved) return false;
      const auto iv_bytes = reader_.be<std::uint8_t>();
      if (!iv_bytes) return false;
      if (*reserved != 0 || *iv_bytes != header.iv.size())
        return fail(ErrorKind::Invalid, "the message's header is malformed");
    }
    const auto frame_length = reader_.be<std::uint32_t>();
    if (!frame_length) return false;
    header.frame_length = *frame_length;
    SEALANE_TRY(check_framing(header, limits_));
    return true;
  }

  ByteSpan input_;
  ByteReader reader_;
  const Limits& limits_;
  const Suite* suite_ = nullptr;
  DecodedHeader out_;
};

void put_field(Bytes& to, ByteSpan field) {
  put_be(to, checked_cast<std::uint16_t>(field.size()));
  append(to, field);
}

}  // namespace

Result<std::optional<DecodedHeader>> decode_header(ByteSpan input, const Limits& limits) {
  return Decoder(input, limits).run();
}

Result<Bytes> encode_full_context(const Header& header, const Limits& limits) {
  if (header.caller_context.empty()) return encode_context(header.context, limits);
  EncryptionContext full = header.context;
  full.insert(header.caller_context.begin(), header.caller_context.end());
  return encode_context(full, limits);
}

Result<Bytes> encode_header(const Header& header, const Limits& limits) {
  SEALANE_ASSIGN(const Bytes context, encode_context(header.context, limits));
  if (header.data_keys.empty())
    return fail(ErrorKind::Invalid, "the message has no encrypted data key");
  if (header.data_keys.size() > limits.edk_count_max)
    return fail(ErrorKind::TooLarge, "the message has too many encrypted data keys");
  const std::size_t field_max = std::min(limits.edk_field_bytes_max, kFormatFieldMax);
  std::size_t size = 90 + context.size();
  for (const EncryptedDataKey& edk : header.data_keys) {
    if (edk.provider.size() > field_max || edk.info.size() > field_max ||
        edk.ciphertext.size() > field_max)
      return fail(ErrorKind::TooLarge, "an encrypted data key is too long");
    if (!is_utf8(edk.provider))
      return fail(ErrorKind::Invalid, "a key provider's name is not UTF-8");
    size += 6 + edk.provider.size() + edk.info.size() + edk.ciphertext.size();
  }
  SEALANE_TRY(check_framing(header, limits));
  if (size > limits.header_bytes_max)
    return fail(ErrorKind::TooLarge, "the message's header is too long");
  Bytes out;
  out.reserve(size);
  const Suite& suite = suite_of(header.suite);
  put_be(out, suite.version);
  if (suite.version == kVersion1) put_be(out, kType);
  put_be(out, static_cast<std::uint16_t>(suite.id));
  append(out, header.id());
  put_field(out, context);
  put_be(out, checked_cast<std::uint16_t>(header.data_keys.size()));
  for (const EncryptedDataKey& edk : header.data_keys) {
    put_field(out, as_bytes(edk.provider));
    put_field(out, edk.info);
    put_field(out, edk.ciphertext);
  }
  put_be(out, header.framing == Framing::Framed ? kFramed : kNotFramed);
  if (suite.version == kVersion1) {
    put_be(out, std::uint32_t{0});
    put_be(out, checked_cast<std::uint8_t>(header.iv.size()));
  }
  put_be(out, header.frame_length);
  if (suite.commits()) append(out, header.commitment);
  return out;
}

}  // namespace sealane::envelope
