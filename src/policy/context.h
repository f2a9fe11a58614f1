// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sealane::policy {

// The facts about a request that conditions and variables read: condition key to values.
//
// A connection builds one context when it opens; a request with facts of its own puts a second one
// in front of it.  Names are case-insensitive.  The time, `aws:CurrentTime` and `aws:EpochTime`,
// and `aws:PrincipalArn` come from the Request and are not set here.  Values of BinaryEquals are
// bytes, not base64.
//
// Threads: safe to read from several once it is built.
class Context {
 public:
  // How many values a key can have is a property of the key, not of the request.
  enum class Arity : unsigned char { Single, Multi };
  struct Entry {
    std::string key;  // lower case
    Arity arity = Arity::Single;
    std::vector<std::string> values;
  };

  Context() = default;
  // A context in front of `behind`, which must outlive it.
  static Context in_front_of(const Context& behind);

  // Replaces what the key had in this context.
  void set(std::string_view key, std::string_view value);
  void set_bool(std::string_view key, bool value) { set(key, value ? "true" : "false"); }
  void set_list(std::string_view key, std::span<const std::string> values);
  // A field of a certificate that may stand there several times, as
  // `iot:Certificate.Subject.OrganizationalUnit`: the name alone is the first value, `.0` to `.4`
  // the values by their place, `.List` all of them.  No values: none of these keys.
  // Source: AWS IoT Core, X.509 certificate policy variables: at most five values.
  void set_certificate_field(std::string_view name, std::span<const std::string> values);
  void erase(std::string_view key);

  // The entry of a lower-case key; nullptr when the request has none.
  const Entry* find(std::string_view lower_key) const;
  // The entries of this context alone, sorted by key.
  std::span<const Entry> entries() const { return entries_; }

 private:
  Entry& slot(std::string_view key);

  std::vector<Entry> entries_;  // INVARIANT: sorted by key, keys unique
  const Context* behind_ = nullptr;
};

}  // namespace sealane::policy
