// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "envelope/message.h"
#include "envelope/raw_aes.h"

namespace sealane::envelope {

// Counts up from `first`.
template <std::size_t N>
std::array<std::byte, N> counting(unsigned first) {
  std::array<std::byte, N> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<std::byte>(first + i);
  return out;
}

// A message whose every byte is known and which other implementations of the format open
// (docs/formats/envelope-profile.md, worked example).
struct KnownAnswer {
  std::array<std::byte, 32> wrapping_key = counting<32>(0x80);
  Secret data_key = Secret(counting<32>(0x00));
  WrappingKeyName name = {.key_namespace = "sealane", .name = "ds1/e1"};
  std::string_view plaintext = "Sealane known-answer: two full frames plus a tail...";
  std::string_view sha256 = "419c72c18bbbf43fa90bdef544ab52f778fb50a98b58e966ad70a3de9c7ebb79";

  HeaderPlan plan() const {
    HeaderPlan out;
    out.message_id = counting<32>(0x20);
    out.context = {{"dataset", "d1"}, {"shard", "0"}};
    out.frame_length = 32;
    crypto::AesGcm gcm;
    gcm.set_key(wrapping_key);
    out.data_keys.push_back(wrap_data_key(gcm, name, counting<12>(0xc0), data_key.reveal(),
                                          encode_context(out.context).value()));
    return out;
  }
  Bytes message() const {
    Cipher cipher;
    return encrypt_message(cipher, plan(), data_key, as_bytes(plaintext)).value();
  }
};

}  // namespace sealane::envelope
