// SPDX-License-Identifier: Apache-2.0
#include "pipeline/key_fields_internal.h"

namespace sealane::pipeline {
namespace {

using json::Member;
using json::Value;

constexpr std::size_t kTokenLabelMax = 32;  // what PKCS#11 has room for
constexpr std::size_t kKeyLabelMax = 128;

// A PIN in the file is not repeated in what is said about it.
std::string read_pin(Fields& fields, const Value& value) {
  constexpr const char* kHint =
      "write `pin: { file: PATH }`, `{ env: NAME }` or `{ credential: NAME }`";
  if (value.object() == nullptr) {
    fields.error(value.span, "a PIN never stands in the pipeline file", kHint);
    return {};
  }
  const auto& members = fields.mapping(value, "keys.*.pin");
  if (members.size() != 1) {
    fields.error(value.span, "a PIN comes from exactly one place", kHint);
    return {};
  }
  const Member& source = members.front();
  const auto name = source.name == "file" ? fields.path(source.value, source.name)
                                          : fields.text(source.value, source.name);
  if (!name) return {};
  if (source.name != "file" && name->find_first_of("/=") != std::string::npos) {
    fields.error(source.value.span,
                 "`" + *name + "` is not the name of a " +
                     (source.name == "env" ? "variable" : "credential"),
                 "a name has neither `/` nor `=`");
    return {};
  }
  return source.name + ":" + *name;
}

std::string read_label(Fields& fields, const Member& member, std::size_t most) {
  auto label = fields.text(member.value, member.name);
  if (!label) return {};
  if (label->size() > most)
    fields.error(member.value.span,
                 "`" + member.name + "` is longer than " + std::to_string(most) + " bytes",
                 "it is the label that the token shows");
  return *label;
}

std::string read_module(Fields& fields, const Member& member) {
  auto path = fields.path(member.value, "module");
  if (!path) return {};
  if (!path->starts_with('/'))
    fields.error(member.value.span, "`" + *path + "` is not an absolute path",
                 "as in `/usr/lib/softhsm/libsofthsm2.so`; no folders are searched");
  return *path;
}

}  // namespace

KeySpec read_key(Fields& fields, const Member& entry) {
  KeySpec key{
      .name = entry.name, .rotate = std::nullopt, .token = std::nullopt, .span = entry.span};
  const Value::Object& members = fields.mapping(entry.value, "keys.*");
  std::string provider;
  for (const Member& member : members)
    if (member.name == "provider")
      provider = fields
                     .choice(member.value, "provider",
                             {.now = {"local", "pkcs11"},
                              .later = {"aws-kms", "azure-key-vault", "gcp-kms", "vault-transit"}})
                     .value_or("");
  TokenKey token;
  for (const Member& member : members) {
    if (member.name == "provider") continue;
    if (member.name == "rotate") {
      key.rotate = fields.duration(member.value, "rotate");
      continue;
    }
    const bool of_token = member.name == "module" || member.name == "token" ||
                          member.name == "label" || member.name == "pin";
    if (!of_token) continue;
    if (provider == "local") {
      fields.error(member.span, "`" + member.name + "` belongs to `provider: pkcs11`",
                   "remove it; a local key needs nothing else");
      continue;
    }
    if (member.name == "module") token.module = read_module(fields, member);
    if (member.name == "token") token.token = read_label(fields, member, kTokenLabelMax);
    if (member.name == "label") token.label = read_label(fields, member, kKeyLabelMax);
    if (member.name == "pin") token.pin = read_pin(fields, member.value);
  }
  if (provider == "pkcs11") {
    for (const char* part : {"module", "token", "label", "pin"})
      if (entry.value.find(part) == nullptr)
        fields.error(entry.value.span,
                     "the key `" + entry.name + "` has no `" + std::string(part) + "`",
                     "a key in a token needs `module`, `token`, `label` and `pin`");
    key.token = std::move(token);
  }
  return key;
}

}  // namespace sealane::pipeline
