// SPDX-License-Identifier: Apache-2.0
// Principal and NotPrincipal.
#include <algorithm>
#include <utility>

#include "policy/compile_internal.h"
#include "policy/parse_internal.h"

namespace sealane::policy {

void Reader::read_principals(const json::Member& member, Statement& out) {
  const DocumentKind kind = document_.kind;
  if (!names_principals(kind))
    return error(member.span, "a policy of this kind has no `" + member.name + "`",
                 "it speaks of the one that it is attached to; remove the element");
  const bool listed = member.name == "Principal";
  if (!listed && (kind == DocumentKind::Trust || kind == DocumentKind::Rcp))
    return error(member.span, "a policy of this kind has no `NotPrincipal`",
                 "use `Principal` and a condition `ArnNotEquals` on `aws:PrincipalArn`");
  // A statement with both is refused as a whole; what stands first is read.
  if (out.principals) return;
  Principals& principals = out.principals.emplace();
  principals.polarity = listed ? Polarity::Listed : Polarity::NotListed;
  principals.span = member.span;
  const json::Value& value = member.value;
  if (const std::string* text = value.text()) {
    if (*text == "*")
      principals.entries.push_back({PrincipalEntry::Type::Everyone, {"*", value.span}});
    else
      error(value.span, "`" + member.name + "` is neither \"*\" nor an object",
            "write {\"AWS\": \"arn:...\"}");
  } else if (value.object() == nullptr || value.object()->empty()) {
    error(value.span, "`" + member.name + "` is neither \"*\" nor an object that names one");
  } else {
    read_principal_map(value, principals);
  }
  if (kind == DocumentKind::Rcp &&
      !std::ranges::all_of(principals.entries, [](const PrincipalEntry& entry) {
        return entry.type == PrincipalEntry::Type::Everyone;
      }))
    error(value.span, "the `Principal` of a resource control policy is \"*\"",
          "use a condition on `aws:PrincipalArn`");
}

void Reader::read_principal_map(const json::Value& value, Principals& out) {
  for (const json::Member& entry : *value.object()) {
    std::vector<SourceText> texts;
    read_texts(entry, texts);
    for (SourceText& item : texts) {
      const auto type = parse_principal_entry(entry.name, item.text);
      if (!type) {
        error(item.span, type.error());
        continue;
      }
      if (*type == PrincipalEntry::Type::Nobody)
        warn(item.span, "`" + item.text + "` is the id of a user or role that was deleted",
             "nobody matches it, not even a new one of the same name");
      out.entries.push_back({*type, std::move(item)});
    }
  }
}

}  // namespace sealane::policy
