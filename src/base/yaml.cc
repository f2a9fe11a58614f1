// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"

namespace sealane::yaml {
namespace {

using json::Member;
using json::Number;
using json::Value;

std::string_view text_of(const yaml_char_t* data, std::size_t length) {
  return {static_cast<const char*>(static_cast<const void*>(data)), length};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - from;
}

// YAML 1.2.2 §10.3.2, the two rows of floats that are numbers; integers are among them.
bool is_decimal(std::string_view text) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t whole = digits_at(text, i);
  i += whole;
  std::size_t fraction = 0;
  if (i < text.size() && text[i] == '.') {
    fraction = digits_at(text, i + 1);
    i += 1 + fraction;
  }
  if (whole + fraction == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t exponent = digits_at(text, i);
    if (exponent == 0) return false;
    i += exponent;
  }
  return i == text.size();
}

bool is_radix_integer(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return false;
  const std::string_view digits = text.substr(2);
  if (text[1] == 'o')
    return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '7'; });
  return text[1] == 'x' && std::ranges::all_of(digits, [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_infinity_or_nan(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

void resolve_plain(std::string_view text, Value& out) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    out.data = nullptr;
  } else if (text == "true" || text == "True" || text == "TRUE") {
    out.data = true;
  } else if (text == "false" || text == "False" || text == "FALSE") {
    out.data = false;
  } else if (is_decimal(text) || is_radix_integer(text) || is_infinity_or_nan(text)) {
    out.data = Number{std::string(text)};
  } else {
    out.data = std::string(text);
  }
}

class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // False on a syntax error, which the parser then describes.
  bool read(yaml_parser_t& parser) {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser, &event_) != 0;
  }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

class TreeReader {
 public:
  TreeReader(std::string_view text, const ParseOptions& options) : text_(text), options_(options) {
    SEALANE_CHECK(yaml_parser_initialize(&parser_) != 0);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, as_uchar(as_bytes(text)), text.size());
  }
  ~TreeReader() { yaml_parser_delete(&parser_); }
  TreeReader(const TreeReader&) = delete;
  TreeReader& operator=(const TreeReader&) = delete;

  Parsed<Value> run() {
    Parsed<Value> out;
    Value root;
    if (text_.size() > options_.bytes_max)
      report({}, fmt::format("the document has more than {} bytes", options_.bytes_max));
    else
      read_stream(root);
    if (diagnostics_.empty()) out.value = std::move(root);
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  bool read_stream(Value& root) {
    bool seen = false;
    for (;;) {
      if (!next()) return false;
      switch (event_->type) {
        case YAML_STREAM_END_EVENT:
          if (!seen) report(event_->start_mark, "the document is empty");
          return seen;
        case YAML_DOCUMENT_START_EVENT:
          if (seen) {
            report(event_->start_mark, "a second document begins here",
                   "keep one document in the file");
            return false;
          }
          seen = true;
          if (!next() || !read_node(root, 0)) return false;
          break;
        default: break;
      }
    }
  }

  // The current event begins the node.  False ends the reading.
  bool read_node(Value& out, std::size_t depth) {
    out.span = span_at(event_->start_mark);
    if (++nodes_ > options_.nodes_max)
      return report(event_->start_mark, fmt::format("more than {} values", options_.nodes_max));
    if (depth >= options_.depth_max)
      return report(event_->start_mark,
                    fmt::format("nested deeper than {} levels", options_.depth_max));
    switch (event_->type) {
      case YAML_ALIAS_EVENT:
        report(event_->start_mark,
               fmt::format("the alias `*{}` is not taken", printable(event_->data.alias.anchor)),
               "write the value out; files without aliases mean what they show");
        return true;
      case YAML_SCALAR_EVENT: return read_scalar(out);
      case YAML_SEQUENCE_START_EVENT: return read_sequence(out, depth);
      case YAML_MAPPING_START_EVENT: return read_mapping(out, depth);
      default: return report(event_->start_mark, "a value is missing here");
    }
  }

  bool read_scalar(Value& out) {
    const auto& scalar = event_->data.scalar;
    check_properties(scalar.anchor, scalar.tag);
    const std::string_view text = text_of(scalar.value, scalar.length);
    if (scalar.style == YAML_PLAIN_SCALAR_STYLE)
      resolve_plain(text, out);
    else
      out.data = std::string(text);
    return true;
  }

  bool read_sequence(Value& out, std::size_t depth) {
    check_properties(event_->data.sequence_start.anchor, event_->data.sequence_start.tag);
    Value::Array items;
    for (;;) {
      if (!next()) return false;
      if (event_->type == YAML_SEQUENCE_END_EVENT) break;
      if (!read_node(items.emplace_back(), depth + 1)) return false;
    }
    out.data = std::move(items);
    return true;
  }

  bool read_mapping(Value& out, std::size_t depth) {
    check_properties(event_->data.mapping_start.anchor, event_->data.mapping_start.tag);
    Value::Object members;
    std::unordered_set<std::string> seen;
    for (;;) {
      if (!next()) return false;
      if (event_->type == YAML_MAPPING_END_EVENT) break;
      const yaml_mark_t mark = event_->start_mark;
      const bool plain =
          event_->type == YAML_SCALAR_EVENT && event_->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      Value key;
      if (!read_node(key, depth + 1)) return false;
      Member member;
      member.span = key.span;
      const std::string* name = key.text();
      if (plain && name != nullptr && *name == "<<") {
        report(mark, "the merge key `<<` is not taken", "write the members out");
      } else if (name == nullptr) {
        report(mark, "a key must be text", "put it in quotes");
      } else if (!seen.insert(*name).second) {
        report(mark, fmt::format("the key `{}` stands twice in one mapping", *name), "keep one");
      } else {
        member.name = *name;
      }
      if (!next() || !read_node(member.value, depth + 1)) return false;
      members.push_back(std::move(member));
    }
    out.data = std::move(members);
    return true;
  }

  void check_properties(const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr)
      report(event_->start_mark, fmt::format("the anchor `&{}` is not taken", printable(anchor)),
             "remove it; aliases are not taken either");
    if (tag != nullptr)
      report(event_->start_mark, fmt::format("the tag `{}` is not taken", printable(tag)),
             "remove it; quotes make text, no quotes make numbers and booleans");
  }
  static std::string_view printable(const yaml_char_t* text) {
    return static_cast<const char*>(static_cast<const void*>(text));
  }

  bool next() {
    if (diagnostics_.size() >= options_.diagnostics_max) return false;
    if (event_.read(parser_)) return true;
    std::string why = parser_.problem != nullptr ? parser_.problem : "this is not YAML";
    const bool reader = parser_.error == YAML_READER_ERROR;
    if (reader) why = "the text is not UTF-8 or holds a character that YAML does not allow";
    if (reader)
      report_at(span_at_byte(parser_.problem_offset), std::move(why), {});
    else
      report(parser_.problem_mark, std::move(why),
             "look at indentation, quotes and brackets here and just before");
    return false;
  }

  // Always false, so that a caller can end the reading with it.
  bool report(yaml_mark_t mark, std::string message, std::string hint = {}) {
    return report_at(span_at(mark), std::move(message), std::move(hint));
  }
  bool report_at(SourceSpan span, std::string message, std::string hint) {
    diagnostics_.push_back(
        {Severity::Error, std::move(span), one_line(std::move(message)), std::move(hint)});
    return false;
  }

  // libyaml counts characters; places are in bytes.  Marks rise, so the walk goes on from the last.
  SourceSpan span_at(yaml_mark_t mark) {
    if (mark.index < walked_.characters) walked_ = {};
    while (walked_.characters < mark.index && walked_.byte < text_.size()) {
      step();
      while (walked_.byte < text_.size() &&
             (static_cast<unsigned char>(text_[walked_.byte]) & 0xc0) == 0x80)
        step();
      ++walked_.characters;
    }
    return place();
  }
  SourceSpan span_at_byte(std::size_t byte) {
    walked_ = {};
    while (walked_.byte < std::min(byte, text_.size())) step();
    return place();
  }
  void step() {
    if (text_[walked_.byte++] == '\n') {
      ++walked_.line;
      walked_.line_start = walked_.byte;
    }
  }
  SourceSpan place() const {
    return {options_.file, walked_.line,
            static_cast<std::uint32_t>(walked_.byte - walked_.line_start + 1)};
  }

  struct Walk {
    std::size_t characters = 0;
    std::size_t byte = 0;
    std::size_t line_start = 0;
    std::uint32_t line = 1;
  };

  std::string_view text_;
  const ParseOptions& options_;
  yaml_parser_t parser_{};
  Event event_;
  Walk walked_;
  std::size_t nodes_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace

Parsed<Value> parse(std::string_view text, const ParseOptions& options) {
  return TreeReader(text, options).run();
}

}  // namespace sealane::yaml
