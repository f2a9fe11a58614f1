// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <unordered_set>

namespace sealane::json {
namespace {

namespace od = simdjson::ondemand;

// A text can hold as many repeated members as it has bytes; nobody reads more findings than this.
constexpr std::size_t kDiagnosticsMax = 100;

// Walks simdjson's on-demand cursor into our tree.  On-demand because it shows what a document
// tree hides: repeated member names and the lexemes of numbers.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const ParseOptions& options)
      : text_(text), options_(options) {}

  Parsed<Value> run() {
    Parsed<Value> out;
    if (text_.size() > options_.bytes_max) {
      report(0, fmt::format("the document has more than {} bytes", options_.bytes_max), {});
    } else {
      Value root;
      if (build_document(root) && diagnostics_.empty()) out.value = std::move(root);
    }
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  bool build_document(Value& root) {
    simdjson::padded_string padded(text_);
    base_ = padded.data();
    od::parser parser;
    if (auto error = parser.allocate(padded.size() + 1, options_.depth_max + 8))
      return syntax(error, 0);
    od::document document;
    if (auto error = parser.iterate(padded).get(document)) return syntax(error, 0);
    document_ = &document;
    bool scalar = false;
    if (auto error = document.is_scalar().get(scalar)) return syntax(error, 0);
    if (scalar) {
      if (!build_scalar(document, root)) return false;
    } else {
      od::value value;
      if (auto error = document.get_value().get(value)) return syntax(error, 0);
      if (!build(value, root, 0)) return false;
    }
    const char* where = nullptr;
    if (document.current_location().get(where)) return true;  // OUT_OF_BOUNDS: nothing is left
    report(offset_of(where), "text follows the end of the JSON document", {});
    return false;
  }

  template <class V>
  bool build_scalar(V& value, Value& out) {
    od::json_type type{};
    if (auto error = value.type().get(type)) return syntax(error, here());
    const std::size_t offset = here();
    out.span = span_at(offset);
    switch (type) {
      case od::json_type::string: {
        std::string_view text;
        if (auto error = value.get_string().get(text)) return syntax(error, offset);
        out.data = std::string(text);
        return true;
      }
      case od::json_type::number: {
        std::string_view token = text_.substr(offset);
        std::size_t length = 0;
        while (length < token.size() && std::string_view("+-0123456789.eE").contains(token[length]))
          ++length;
        std::string lexeme(token.substr(0, length));
        double checked = 0;
        // A number too large for a double is still a number; its lexeme says which.
        if (auto error = value.get_double().get(checked); error && error != simdjson::NUMBER_ERROR)
          return syntax(error, offset);
        if (!is_number(lexeme)) return syntax(simdjson::NUMBER_ERROR, offset);
        out.data = Number{std::move(lexeme)};
        return true;
      }
      case od::json_type::boolean: {
        bool b = false;
        if (auto error = value.get_bool().get(b)) return syntax(error, offset);
        out.data = b;
        return true;
      }
      case od::json_type::null: {
        bool is_null = false;
        if (auto error = value.is_null().get(is_null)) return syntax(error, offset);
        if (!is_null) return syntax(simdjson::N_ATOM_ERROR, offset);
        out.data = nullptr;
        return true;
      }
      default: return syntax(simdjson::INCORRECT_TYPE, offset);
    }
  }

  bool build(od::value& value, Value& out, std::size_t depth) {
    od::json_type type{};
    if (auto error = value.type().get(type)) return syntax(error, here());
    const std::size_t offset = here();
    if (depth >= options_.depth_max) {
      report(offset, fmt::format("nested deeper than {} levels", options_.depth_max), {});
      return false;
    }
    out.span = span_at(offset);
    if (type == od::json_type::array) return build_array(value, out, depth, offset);
    if (type == od::json_type::object) return build_object(value, out, depth, offset);
    return build_scalar(value, out);
  }

  bool build_array(od::value& value, Value& out, std::size_t depth, std::size_t offset) {
    Value::Array items;
    od::array array;
    if (auto error = value.get_array().get(array)) return syntax(error, offset);
    for (auto element : array) {
      od::value item;
      if (auto error = element.get(item)) return syntax(error, here());
      if (!build(item, items.emplace_back(), depth + 1)) return false;
    }
    out.data = std::move(items);
    return true;
  }

  bool build_object(od::value& value, Value& out, std::size_t depth, std::size_t offset) {
    Value::Object members;
    std::unordered_set<std::string> seen;
    od::object object;
    if (auto error = value.get_object().get(object)) return syntax(error, offset);
    for (auto element : object) {
      od::field field;
      if (auto error = std::move(element).get(field)) return syntax(error, here());
      const std::size_t key_offset = offset_of(field.key().raw()) - 1;
      std::string_view name;
      if (auto error = field.unescaped_key().get(name)) return syntax(error, key_offset);
      Member& member = members.emplace_back();
      member.name = std::string(name);
      member.span = span_at(key_offset);
      if (!seen.insert(member.name).second)
        report(key_offset, fmt::format("the member `{}` stands twice in one object", member.name),
               "readers disagree on which one counts; keep one");
      od::value item = field.value();
      if (!build(item, member.value, depth + 1)) return false;
    }
    out.data = std::move(members);
    return true;
  }

  static bool is_number(std::string_view s) {
    std::size_t i = 0;
    auto digits = [&] {
      const std::size_t from = i;
      while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
      return i - from;
    };
    if (i < s.size() && s[i] == '-') ++i;
    const std::size_t start = i;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && s[start] == '0')) return false;
    if (i < s.size() && s[i] == '.') {
      ++i;
      if (digits() == 0) return false;
    }
    if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
      ++i;
      if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
      if (digits() == 0) return false;
    }
    return i == s.size();
  }

  std::size_t here() {
    const char* where = nullptr;
    if (document_ == nullptr || document_->current_location().get(where)) return text_.size();
    return offset_of(where);
  }
  std::size_t offset_of(const char* where) const {
    if (where == nullptr || where < base_) return 0;
    return std::min(static_cast<std::size_t>(where - base_), text_.size());
  }
  // Offsets come in rising order, so the line count goes on from where it was.
  SourceSpan span_at(std::size_t offset) {
    if (offset < counted_) {
      counted_ = 0;
      line_ = 1;
      line_start_ = 0;
    }
    for (; counted_ < offset; ++counted_) {
      if (text_[counted_] == '\n') {
        ++line_;
        line_start_ = counted_ + 1;
      }
    }
    return SourceSpan{options_.file, line_, static_cast<std::uint32_t>(offset - line_start_ + 1)};
  }
  void report(std::size_t offset, std::string message, std::string hint) {
    if (diagnostics_.size() >= kDiagnosticsMax) return;
    diagnostics_.push_back(
        {Severity::Error, span_at(offset), one_line(std::move(message)), std::move(hint)});
  }
  bool syntax(simdjson::error_code error, std::size_t offset) {
    std::string why;
    switch (error) {
      case simdjson::EMPTY: why = "the document is empty"; break;
      case simdjson::UTF8_ERROR: why = "the text is not UTF-8"; break;
      case simdjson::UNCLOSED_STRING: why = "a string is not closed"; break;
      case simdjson::DEPTH_ERROR:
        why = fmt::format("nested deeper than {} levels", options_.depth_max);
        break;
      case simdjson::NUMBER_ERROR: why = "this is not a number"; break;
      case simdjson::STRING_ERROR:
        why = "a string holds an escape or a character that JSON does not allow";
        break;
      default: why = "this is not JSON"; break;
    }
    report(offset, std::move(why), {});
    return false;
  }

  std::string_view text_;
  const ParseOptions& options_;
  const char* base_ = nullptr;
  od::document* document_ = nullptr;
  std::vector<Diagnostic> diagnostics_;
  std::size_t counted_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_start_ = 0;
};

}  // namespace

const Value* Value::find(std::string_view name) const {
  if (const Object* members = object()) {
    for (const Member& member : *members)
      if (member.name == name) return &member.value;
  }
  return nullptr;
}

std::string_view Value::text_or_empty(std::string_view name) const {
  const Value* member = find(name);
  const std::string* found = member != nullptr ? member->text() : nullptr;
  return found != nullptr ? std::string_view(*found) : std::string_view();
}

Parsed<Value> parse(std::string_view text, const ParseOptions& options) {
  return TreeBuilder(text, options).run();
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i++];
    } else if (c == '\n') {
      out += "\\n";
      ++i;
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", c);
      ++i;
    } else if (c < 0x80) {
      out += text[i++];
    } else {
      const std::size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
      if (c >= 0xc2 && c < 0xf5 && i + length <= text.size() &&
          simdjson::validate_utf8(text.data() + i, length)) {
        out.append(text.substr(i, length));
        i += length;
      } else {
        out += "\\ufffd";
        ++i;
      }
    }
  }
  out += '"';
  return out;
}

void Writer::new_line() {
  if (indent_ == 0) return;
  out_ += '\n';
  out_.append(has_items_.size() * static_cast<std::size_t>(indent_), ' ');
}
void Writer::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  if (has_items_.back()) out_ += ',';
  has_items_.back() = true;
  new_line();
}
void Writer::close(char bracket) {
  const bool had_items = has_items_.back();
  has_items_.pop_back();
  if (had_items) new_line();
  out_ += bracket;
}
Writer& Writer::begin_object() {
  before_value();
  out_ += '{';
  has_items_.push_back(false);
  return *this;
}
Writer& Writer::end_object() {
  close('}');
  return *this;
}
Writer& Writer::begin_array() {
  before_value();
  out_ += '[';
  has_items_.push_back(false);
  return *this;
}
Writer& Writer::end_array() {
  close(']');
  return *this;
}
Writer& Writer::key(std::string_view name) {
  before_value();
  out_ += quote(name);
  out_ += indent_ == 0 ? ":" : ": ";
  after_key_ = true;
  return *this;
}
Writer& Writer::value(std::string_view text) { return raw(quote(text)); }
Writer& Writer::value(bool boolean) { return raw(boolean ? "true" : "false"); }
Writer& Writer::value(std::int64_t number) { return raw(std::to_string(number)); }
Writer& Writer::value(std::uint64_t number) { return raw(std::to_string(number)); }
Writer& Writer::value(double number) {
  return raw(std::isfinite(number) ? fmt::format("{}", number) : "null");
}
Writer& Writer::null() { return raw("null"); }
Writer& Writer::raw(std::string_view text) {
  before_value();
  out_ += text;
  return *this;
}

}  // namespace sealane::json
