// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include "iac/placeholder_internal.h"

namespace sealane::iac {
namespace {

// Two characters of the private use area.
constexpr std::string_view kOpen = "\xee\x80\x80";
constexpr std::string_view kClose = "\xee\x80\x81";

}  // namespace

std::optional<Marked> Marked::from(const Template& value) {
  Marked out;
  for (const Part& part : value.parts) {
    if (part.reference.resource.empty()) {
      if (part.literal.contains(kOpen) || part.literal.contains(kClose)) return std::nullopt;
      out.text_ += part.literal;
      continue;
    }
    out.text_ += kOpen;
    out.text_ += std::to_string(out.references_.size());
    out.text_ += kClose;
    out.references_.push_back(part.reference);
  }
  return out;
}

Value Marked::restored(std::string_view parsed) const {
  Template made;
  while (!parsed.empty()) {
    const std::size_t open = parsed.find(kOpen);
    if (open != 0) made.parts.push_back({std::string(parsed.substr(0, open)), {}});
    if (open == std::string_view::npos) break;
    const std::size_t close = parsed.find(kClose, open);
    // An escape of JSON can spell the character, too.
    if (close == std::string_view::npos) {
      made.parts.push_back({std::string(parsed.substr(open)), {}});
      break;
    }
    const std::string_view digits = parsed.substr(open + kOpen.size(), close - open - kOpen.size());
    std::size_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ptr == digits.data() + digits.size() && !digits.empty() && number < references_.size())
      made.parts.push_back({{}, references_[number]});
    parsed.remove_prefix(close + kClose.size());
  }
  Value out;
  if (made.parts.empty())
    out.data = std::string();
  else if (made.parts.size() == 1 && made.parts[0].reference.resource.empty())
    out.data = std::move(made.parts[0].literal);
  else
    out.data = std::move(made);
  return out;
}

Value from_json(const json::Value& parsed, const Value& like, const Marked* marked) {
  Value out;
  if (const auto* object = parsed.object()) {
    auto& map = out.data.emplace<Value::Map>();
    for (const json::Member& member : *object)
      map.push_back({member.name, from_json(member.value, like, marked)});
  } else if (const auto* array = parsed.array()) {
    auto& list = out.data.emplace<Value::List>();
    for (const json::Value& item : *array) list.push_back(from_json(item, like, marked));
  } else if (const auto* text = parsed.text()) {
    if (marked != nullptr)
      out = marked->restored(*text);
    else
      out.data = *text;
  } else if (const auto* boolean = parsed.boolean()) {
    out.data = *boolean;
  } else if (const auto* number = parsed.number()) {
    out.data = *number;
  }
  out.place = like.place;
  out.sensitive = like.sensitive;
  out.from_default = like.from_default;
  return out;
}

}  // namespace sealane::iac
