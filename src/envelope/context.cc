// SPDX-License-Identifier: Apache-2.0
#include "envelope/context.h"

#include <optional>

#include "base/utf8.h"

namespace sealane::envelope {
namespace {

constexpr std::size_t kFormatMax = 0xffff;

void put_text(Bytes& to, std::string_view text) {
  put_be(to, checked_cast<std::uint16_t>(text.size()));
  append(to, text);
}

std::optional<std::string_view> take_text(ByteReader& reader) {
  const auto length = reader.be<std::uint16_t>();
  if (!length) return std::nullopt;
  const auto text = reader.take(*length);
  if (!text) return std::nullopt;
  return as_text(*text);
}

Error no_context() { return fail(ErrorKind::Invalid, "the encryption context is malformed"); }

}  // namespace

Result<Bytes> encode_context(const EncryptionContext& context, const Limits& limits) {
  Bytes out;
  if (context.empty()) return out;
  std::size_t size = 2;
  for (const auto& [key, value] : context) {
    if (key.size() > kFormatMax || value.size() > kFormatMax)
      return fail(ErrorKind::TooLarge, "a pair of the encryption context is too long");
    size += 4 + key.size() + value.size();
    if (!is_utf8(key) || !is_utf8(value))
      return fail(ErrorKind::Invalid, "the encryption context has text that is not UTF-8");
  }
  if (size > std::min(limits.context_bytes_max, kFormatMax) ||
      context.size() > limits.context_pairs_max)
    return fail(ErrorKind::TooLarge, "the encryption context is too long");
  out.reserve(size);
  put_be(out, checked_cast<std::uint16_t>(context.size()));
  for (const auto& [key, value] : context) {
    put_text(out, key);
    put_text(out, value);
  }
  return out;
}

Result<EncryptionContext> decode_context(ByteSpan bytes, const Limits& limits) {
  EncryptionContext out;
  if (bytes.empty()) return out;
  if (bytes.size() > limits.context_bytes_max)
    return fail(ErrorKind::TooLarge, "the encryption context is too long");
  ByteReader reader(bytes);
  const auto count = reader.be<std::uint16_t>();
  // An empty context has no count field.
  if (!count || *count == 0) return no_context();
  if (*count > limits.context_pairs_max)
    return fail(ErrorKind::TooLarge, "the encryption context has too many pairs");
  for (std::size_t i = 0; i < *count; ++i) {
    const auto key = take_text(reader);
    if (!key) return no_context();
    const auto value = take_text(reader);
    if (!value || !is_utf8(*key) || !is_utf8(*value)) return no_context();
    const bool in_order = out.empty() || out.rbegin()->first < *key;
    if (!in_order &&
        (limits.context_order == ContextOrder::Sorted || out.contains(std::string(*key))))
      return fail(ErrorKind::Invalid, "the encryption context is not sorted or names a key twice");
    out.emplace(*key, *value);
  }
  if (!reader.empty()) return no_context();
  return out;
}

Status require_context(const EncryptionContext& actual, const EncryptionContext& expected) {
  for (const auto& [key, value] : expected) {
    const auto found = actual.find(key);
    if (found == actual.end())
      return fail(ErrorKind::Corrupt, "the message's context has no `" + key + "`");
    if (found->second != value)
      return fail(ErrorKind::Corrupt, "the message's context has another `" + key + "`: `" +
                                          found->second + "`, not `" + value + "`");
  }
  return {};
}

}  // namespace sealane::envelope
