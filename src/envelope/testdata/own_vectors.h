// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "envelope/data_keys.h"

namespace sealane::envelope {

// One message that the official SDK for Python sealed (tests/interop/make_vectors.py).
struct OwnVector {
  const Suite* suite = nullptr;
  std::uint32_t frame_length = 0;  // 0: not framed
  EncryptionContext context;
  Bytes plaintext;
  Bytes message;
  std::vector<UnwrappingKey> keys;  // each of them opens it
};

inline std::string name_of(const OwnVector& vector) {
  return std::string(vector.suite->name) + (vector.frame_length > 0 ? " framed" : " not framed");
}

inline const Limits kAllSuites = {.suites = SuiteSet::all()};

inline UnwrappingKey own_key(const json::Value& file, const std::string& name) {
  const WrappingKeyName known = {std::string(file.text_or_empty("namespace")), name};
  if (!name.starts_with("rsa-"))
    return RawAesKey{known,
                     Secret::take(from_base64(file.find("aes")->text_or_empty(name)).value())};
  using crypto::RsaPadding;
  RsaPadding padding = RsaPadding::Pkcs1;
  for (RsaPadding each : {RsaPadding::OaepSha1, RsaPadding::OaepSha256, RsaPadding::OaepSha384,
                          RsaPadding::OaepSha512})
    if (name == "rsa-" + std::string(to_string(each))) padding = each;
  return RawRsaKey{
      known, padding,
      crypto::RsaPrivateKey::from_pem(Secret(as_bytes(file.text_or_empty("rsa")))).value()};
}

inline std::vector<OwnVector> own_vectors() {
  std::ifstream stream("testdata/own_vectors.json");
  std::stringstream text;
  text << stream.rdbuf();
  const auto file = json::parse(text.str());
  SEALANE_CHECK(file.value.has_value());
  std::vector<OwnVector> out;
  for (const json::Value& each : *file.value->find("messages")->array()) {
    OwnVector& vector = out.emplace_back();
    vector.suite = find_suite(each.text_or_empty("suite"));
    const std::string& digits = each.find("frame_length")->number()->lexeme;
    std::from_chars(digits.data(), digits.data() + digits.size(), vector.frame_length);
    for (const json::Member& pair : *each.find("context")->object())
      vector.context[pair.name] = *pair.value.text();
    vector.plaintext = to_bytes(each.text_or_empty("plaintext"));
    vector.message = from_base64(each.text_or_empty("message")).value();
    for (const json::Value& key : *each.find("keys")->array())
      vector.keys.push_back(own_key(*file.value, *key.text()));
  }
  return out;
}

// Those of a suite, framed and not, with one raw AES key and a context.
inline std::vector<OwnVector> vectors_of(std::string_view suite) {
  std::vector<OwnVector> out;
  for (OwnVector& vector : own_vectors())
    if (vector.suite->name == suite && vector.keys.size() == 1 && !vector.context.empty() &&
        std::holds_alternative<RawAesKey>(vector.keys[0]))
      out.push_back(std::move(vector));
  return out;
}

}  // namespace sealane::envelope
