// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "iac/json_cursor_internal.h"
#include "iac/text_internal.h"

namespace sealane::iac {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes that end or break a run of plain text: quote, backslash, control characters.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0; c < 0x20; ++c) out[c] = true;
  out['"'] = out['\\'] = true;
  return out;
}();

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool JsonCursor::fail(std::size_t offset, std::string message) {
  if (!failed()) {
    message_ = std::move(message);
    failed_at_ = static_cast<std::uint32_t>(std::min(offset, text_.size()));
  }
  return false;
}

void JsonCursor::space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
    ++at_;
}

std::uint32_t JsonCursor::offset() {
  space();
  return static_cast<std::uint32_t>(at_);
}

JsonCursor::Kind JsonCursor::kind() {
  if (failed()) return Kind::Nothing;
  space();
  if (at_ == text_.size()) return Kind::Nothing;
  switch (text_[at_]) {
    case '{': return Kind::Object;
    case '[': return Kind::Array;
    case '"': return Kind::Text;
    case 't':
    case 'f': return Kind::Boolean;
    case 'n': return Kind::Null;
    default: return is_digit(text_[at_]) || text_[at_] == '-' ? Kind::Number : Kind::Nothing;
  }
}

bool JsonCursor::open(char bracket) {
  if (failed()) return false;
  space();
  if (at_ == text_.size()) return fail(at_, "the text ends where a value should begin");
  if (text_[at_] != bracket)
    return fail(at_, bracket == '{' ? "an object was expected here" : "a list was expected here");
  if (first_.size() >= depth_max_)
    return fail(at_, fmt::format("nested deeper than {} levels", depth_max_));
  ++at_;
  first_.push_back(true);
  return true;
}
bool JsonCursor::enter_object() { return open('{'); }
bool JsonCursor::enter_array() { return open('['); }

// True when another item follows; false at the end, which is taken, and on failure.
bool JsonCursor::separator(char close) {
  if (failed() || first_.empty()) return false;
  space();
  if (at_ == text_.size()) return fail(at_, "the text ends inside an object or a list");
  if (text_[at_] == close) {
    ++at_;
    first_.pop_back();
    return false;
  }
  if (first_.back()) {
    first_.back() = false;
    return true;
  }
  if (text_[at_] != ',') return fail(at_, fmt::format("a comma or `{}` was expected here", close));
  ++at_;
  return true;
}

bool JsonCursor::element() { return separator(']'); }

bool JsonCursor::member(std::string_view& name) {
  if (!separator('}')) return false;
  space();
  if (at_ == text_.size() || text_[at_] != '"')
    return fail(at_, "a member's name in quotes was expected here");
  member_offset_ = static_cast<std::uint32_t>(at_);
  const std::size_t begin = at_ + 1;
  bool escaped = false;
  if (!scan_text(escaped)) return false;
  if (escaped) {
    if (!unescape(begin, at_ - 1, name_)) return false;
    name = name_;
  } else {
    name = text_.substr(begin, at_ - 1 - begin);
  }
  space();
  if (at_ == text_.size() || text_[at_] != ':') return fail(at_, "a colon was expected here");
  ++at_;
  return true;
}

// Takes a text with its quotes; whether it has escapes, which it does not check.
bool JsonCursor::scan_text(bool& escaped) {
  const std::size_t begin = at_++;
  for (;;) {
    while (at_ < text_.size() && !kStops[static_cast<unsigned char>(text_[at_])]) ++at_;
    if (at_ == text_.size()) return fail(begin, "the text ends inside the quotes that open here");
    if (text_[at_] == '"') {
      ++at_;
      return true;
    }
    if (text_[at_] != '\\') return fail(at_, "a control character stands in a text");
    escaped = true;
    at_ += 2;
    if (at_ > text_.size()) return fail(begin, "the text ends inside the quotes that open here");
  }
}

bool JsonCursor::escape_at(std::size_t& at, std::size_t end, std::string& out) {
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const std::size_t found = kNames.find(text_[at + 1]);
  if (found != std::string_view::npos) {
    out += kMeant[found];
    at += 2;
    return true;
  }
  auto unit_at = [&](std::size_t from, std::uint32_t& unit) {
    if (from + 6 > end || text_[from] != '\\' || text_[from + 1] != 'u') return false;
    unit = 0;
    for (std::size_t i = from + 2; i < from + 6; ++i) {
      const int digit = hex_digit(text_[i]);
      if (digit < 0) return false;
      unit = unit * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  };
  std::uint32_t unit = 0;
  if (!unit_at(at, unit)) return fail(at, "this is no escape of JSON");
  std::uint32_t low = 0;
  const bool leads = unit >= 0xd800 && unit < 0xdc00;
  if (leads && unit_at(at + 6, low) && low >= 0xdc00 && low < 0xe000) {
    append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    at += 12;
    return true;
  }
  if (unit >= 0xd800 && unit < 0xe000) return fail(at, "half of a surrogate pair stands alone");
  append_utf8(out, unit);
  at += 6;
  return true;
}

bool JsonCursor::unescape(std::size_t begin, std::size_t end, std::string& out) {
  out.clear();
  out.reserve(end - begin);
  std::size_t at = begin;
  while (at < end) {
    const std::size_t next = std::min(text_.find('\\', at), end);
    out.append(text_.substr(at, next - at));
    at = next;
    if (at < end && !escape_at(at, end, out)) return false;
  }
  return true;
}

bool JsonCursor::text(std::string& out) {
  if (kind() != Kind::Text) return fail(at_, "a text was expected here");
  const std::size_t begin = at_ + 1;
  bool escaped = false;
  if (!scan_text(escaped)) return false;
  if (escaped) return unescape(begin, at_ - 1, out);
  out.assign(text_.substr(begin, at_ - 1 - begin));
  return true;
}

bool JsonCursor::number(std::string_view& lexeme) {
  if (kind() != Kind::Number) return fail(at_, "a number was expected here");
  std::size_t i = at_;
  auto digits = [&] {
    const std::size_t from = i;
    while (i < text_.size() && is_digit(text_[i])) ++i;
    return i - from;
  };
  if (text_[i] == '-') ++i;
  const std::size_t whole_at = i;
  const std::size_t whole = digits();
  bool good = whole > 0 && (whole == 1 || text_[whole_at] != '0');
  if (good && i < text_.size() && text_[i] == '.') {
    ++i;
    good = digits() > 0;
  }
  if (good && i < text_.size() && (text_[i] == 'e' || text_[i] == 'E')) {
    ++i;
    if (i < text_.size() && (text_[i] == '+' || text_[i] == '-')) ++i;
    good = digits() > 0;
  }
  if (!good) return fail(at_, "this is no number of JSON");
  lexeme = text_.substr(at_, i - at_);
  at_ = i;
  return true;
}

bool JsonCursor::literal(std::string_view word) {
  if (!text_.substr(at_).starts_with(word))
    return fail(at_, at_ + word.size() > text_.size() ? "the text ends inside a value"
                                                      : "this is no value of JSON");
  at_ += word.size();
  return true;
}

bool JsonCursor::boolean(bool& out) {
  if (kind() != Kind::Boolean) return fail(at_, "`true` or `false` was expected here");
  out = text_[at_] == 't';
  return literal(out ? "true" : "false");
}

bool JsonCursor::null() {
  if (kind() != Kind::Null) return fail(at_, "`null` was expected here");
  return literal("null");
}

bool JsonCursor::skip() {
  switch (kind()) {
    case Kind::Text: {
      const std::size_t begin = at_ + 1;
      bool escaped = false;
      return scan_text(escaped) && (!escaped || unescape(begin, at_ - 1, name_));
    }
    case Kind::Number: {
      std::string_view lexeme;
      return number(lexeme);
    }
    case Kind::Boolean: return literal(text_[at_] == 't' ? "true" : "false");
    case Kind::Null: return literal("null");
    case Kind::Array:
      if (!enter_array()) return false;
      while (element())
        if (!skip()) return false;
      return !failed();
    case Kind::Object: {
      if (!enter_object()) return false;
      std::string_view name;
      while (member(name))
        if (!skip()) return false;
      return !failed();
    }
    case Kind::Nothing: break;
  }
  return fail(at_, at_ == text_.size() ? "the text ends where a value should begin"
                                       : "no value of JSON begins here");
}

bool JsonCursor::at_end() {
  space();
  return at_ == text_.size();
}

namespace {

bool read_map(JsonCursor& json, std::uint32_t document, Value& out) {
  constexpr std::size_t kFewFields = 16;
  Value::Map fields;
  std::unordered_set<std::string> seen;
  if (!json.enter_object()) return false;
  std::string_view name;
  while (json.member(name)) {
    if (fields.size() == kFewFields)
      for (const Field& field : fields) seen.insert(field.name);
    const bool twice = fields.size() < kFewFields
                           ? std::ranges::find(fields, name, &Field::name) != fields.end()
                           : !seen.insert(std::string(name)).second;
    if (twice)
      return json.fail(json.member_offset(),
                       fmt::format("the member `{}` stands twice in one object", name));
    Field& field = fields.emplace_back();
    field.name = name;
    if (!read_value(json, document, field.value)) return false;
  }
  if (json.failed()) return false;
  fields.shrink_to_fit();
  out.data = std::move(fields);
  return true;
}

bool read_list(JsonCursor& json, std::uint32_t document, Value& out) {
  Value::List items;
  if (!json.enter_array()) return false;
  while (json.element())
    if (!read_value(json, document, items.emplace_back())) return false;
  if (json.failed()) return false;
  items.shrink_to_fit();
  out.data = std::move(items);
  return true;
}

}  // namespace

bool read_value(JsonCursor& json, std::uint32_t document, Value& out) {
  out.place = {document, json.offset()};
  switch (json.kind()) {
    case JsonCursor::Kind::Object: return read_map(json, document, out);
    case JsonCursor::Kind::Array: return read_list(json, document, out);
    case JsonCursor::Kind::Text: return json.text(out.data.emplace<std::string>());
    case JsonCursor::Kind::Number: {
      std::string_view lexeme;
      if (!json.number(lexeme)) return false;
      out.data = json::Number{std::string(lexeme)};
      return true;
    }
    case JsonCursor::Kind::Boolean: {
      bool value = false;
      if (!json.boolean(value)) return false;
      out.data = value;
      return true;
    }
    case JsonCursor::Kind::Null: out.data = nullptr; return json.null();
    case JsonCursor::Kind::Nothing: return json.skip();
  }
  return false;
}

}  // namespace sealane::iac
