// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"
#include "iac/yaml_internal.h"

namespace sealane::iac {
namespace {

constexpr std::array<std::string_view, 18> kFunctions = {
    "Base64",      "Cidr",   "FindInMap", "GetAtt", "GetAZs", "If",
    "ImportValue", "Join",   "Select",    "Split",  "Sub",    "Transform",
    "And",         "Equals", "Not",       "Or",     "Length", "ToJsonString"};

// `!Sub` → `Fn::Sub`; nothing for a tag that is none of CloudFormation's.
std::optional<std::string> intrinsic_of(std::string_view tag) {
  if (!tag.starts_with('!')) return std::nullopt;
  tag.remove_prefix(1);
  if (tag == "Ref" || tag == "Condition") return std::string(tag);
  if (std::ranges::find(kFunctions, tag) == kFunctions.end()) return std::nullopt;
  return "Fn::" + std::string(tag);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// YAML 1.1 integers and floats, underscores and base 60 among them.
bool is_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 64) return false;
  if (is_one_of(text, {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"})) return true;
  auto all = [](std::string_view digits, std::string_view allowed) {
    return !digits.empty() && digits.find_first_not_of(allowed) == std::string_view::npos;
  };
  if (text.starts_with("0x")) return all(text.substr(2), "0123456789abcdefABCDEF_");
  if (text.starts_with("0b")) return all(text.substr(2), "01_");
  if (text[0] < '0' || text[0] > '9') {
    return text[0] == '.' && text.size() > 1 && all(text.substr(1), "0123456789_");
  }
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (!exponent.empty() && (exponent[0] == '-' || exponent[0] == '+')) exponent.remove_prefix(1);
    if (!all(exponent, "0123456789")) return false;
    text = text.substr(0, e);
  }
  const bool base60 = text.contains(':');
  return all(text, base60 ? "0123456789_:." : "0123456789_.") &&
         std::ranges::count(text, '.') <= 1 && !text.ends_with(':') && !text.contains("::");
}

// `yes`, `no`, `on` and `off` are booleans of YAML 1.1, which CloudFormation reads; Pulumi
// reads 1.2.
void resolve_plain(std::string_view text, Tags tags, Value& out) {
  const bool words = tags == Tags::CloudFormation;
  if (text.empty() || is_one_of(text, {"~", "null", "Null", "NULL"}))
    out.data = nullptr;
  else if (is_one_of(text, {"true", "True", "TRUE"}) ||
           (words && is_one_of(text, {"yes", "Yes", "YES", "on", "On", "ON"})))
    out.data = true;
  else if (is_one_of(text, {"false", "False", "FALSE"}) ||
           (words && is_one_of(text, {"no", "No", "NO", "off", "Off", "OFF"})))
    out.data = false;
  else if (is_number(text))
    out.data = json::Number{std::string(text)};
  else
    out.data = std::string(text);
}

class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  bool read(yaml_parser_t& parser) {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser, &event_) != 0;
  }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view()
                         : static_cast<const char*>(static_cast<const void*>(text));
}

class YamlReader {
 public:
  YamlReader(Collector& collector, std::uint32_t document, std::string_view text, Tags tags)
      : collector_(collector), document_(document), text_(text), tags_(tags) {
    SEALANE_CHECK(yaml_parser_initialize(&parser_) != 0);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, as_uchar(as_bytes(text)), text.size());
  }
  ~YamlReader() { yaml_parser_delete(&parser_); }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;

  bool run(Value& out) {
    bool seen = false;
    for (;;) {
      if (!next()) return false;
      if (event_->type == YAML_STREAM_END_EVENT)
        return seen || report(event_->start_mark, "the document is empty");
      if (event_->type != YAML_DOCUMENT_START_EVENT) continue;
      if (seen)
        return report(event_->start_mark, "a second document begins here",
                      "keep one document in the file");
      seen = true;
      if (!next() || !node(out, 0)) return false;
    }
  }

 private:
  // The current event begins the node.
  bool node(Value& out, std::size_t depth) {
    out.place = {document_, offset_of(event_->start_mark)};
    if (depth >= collector_.limits().depth_max)
      return report(event_->start_mark,
                    fmt::format("nested deeper than {} levels", collector_.limits().depth_max));
    std::string_view tag;
    switch (event_->type) {
      case YAML_ALIAS_EVENT:
        return report(
            event_->start_mark,
            fmt::format("the alias `*{}` is not taken", text_of(event_->data.alias.anchor)),
            "CloudFormation takes none either; write the value out");
      case YAML_SCALAR_EVENT: tag = text_of(event_->data.scalar.tag); break;
      case YAML_SEQUENCE_START_EVENT: tag = text_of(event_->data.sequence_start.tag); break;
      case YAML_MAPPING_START_EVENT: tag = text_of(event_->data.mapping_start.tag); break;
      default: return report(event_->start_mark, "a value is missing here");
    }
    if (tag.empty()) return plain_node(out, depth, false);
    constexpr std::string_view kStandard = "tag:yaml.org,2002:";
    if (tag == "!" || tag.starts_with(kStandard))
      return plain_node(out, depth, tag == "!" || tag.substr(kStandard.size()) == "str");
    auto intrinsic = tags_ == Tags::CloudFormation ? intrinsic_of(tag) : std::nullopt;
    if (!intrinsic)
      return report(event_->start_mark, fmt::format("the tag `{}` is not known", tag),
                    "only CloudFormation's own short forms are");
    Field field;
    field.name = *std::move(intrinsic);
    field.value.place = out.place;
    if (!plain_node(field.value, depth + 1, true)) return false;
    out.data.emplace<Value::Map>().push_back(std::move(field));
    return true;
  }

  bool plain_node(Value& out, std::size_t depth, bool as_text) {
    if (event_->type == YAML_SEQUENCE_START_EVENT) return sequence(out, depth);
    if (event_->type == YAML_MAPPING_START_EVENT) return mapping(out, depth);
    const auto& scalar = event_->data.scalar;
    const std::string_view text = as_text_view(scalar.value, scalar.length);
    if (scalar.style == YAML_PLAIN_SCALAR_STYLE && !as_text)
      resolve_plain(text, tags_, out);
    else
      out.data = std::string(text);
    return true;
  }
  static std::string_view as_text_view(const yaml_char_t* data, std::size_t length) {
    return {static_cast<const char*>(static_cast<const void*>(data)), length};
  }

  bool sequence(Value& out, std::size_t depth) {
    Value::List items;
    for (;;) {
      if (!next()) return false;
      if (event_->type == YAML_SEQUENCE_END_EVENT) break;
      if (!node(items.emplace_back(), depth + 1)) return false;
    }
    out.data = std::move(items);
    return true;
  }

  bool mapping(Value& out, std::size_t depth) {
    Value::Map fields;
    std::unordered_set<std::string> seen;
    for (;;) {
      if (!next()) return false;
      if (event_->type == YAML_MAPPING_END_EVENT) break;
      const yaml_mark_t mark = event_->start_mark;
      if (event_->type != YAML_SCALAR_EVENT)
        return event_->type == YAML_ALIAS_EVENT
                   ? report(mark, "an alias is not taken", "write the value out")
                   : report(mark, "a key must be text");
      Field field;
      field.name = as_text_view(event_->data.scalar.value, event_->data.scalar.length);
      if (field.name == "<<" && event_->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return report(mark, "the merge key `<<` is not taken", "write the members out");
      if (!seen.insert(field.name).second)
        return report(mark, fmt::format("the key `{}` stands twice in one mapping", field.name),
                      "keep one");
      if (!next() || !node(field.value, depth + 1)) return false;
      fields.push_back(std::move(field));
    }
    out.data = std::move(fields);
    return true;
  }

  bool next() {
    if (event_.read(parser_)) return true;
    const char* problem = parser_.problem != nullptr ? parser_.problem : "this is not YAML";
    if (parser_.error == YAML_READER_ERROR)
      return collector_.error(
          {document_, static_cast<std::uint32_t>(std::min(parser_.problem_offset, text_.size()))},
          "the text holds a character that YAML does not allow");
    return report(parser_.problem_mark, problem,
                  "look at indentation, quotes and brackets here and just before");
  }

  bool report(yaml_mark_t mark, std::string message, std::string hint = {}) {
    return collector_.error({document_, offset_of(mark)}, std::move(message), std::move(hint));
  }

  // libyaml counts characters.  Marks rise, so the walk goes on from the last.
  std::uint32_t offset_of(yaml_mark_t mark) {
    if (mark.index < characters_) characters_ = byte_ = 0;
    while (characters_ < mark.index && byte_ < text_.size()) {
      ++byte_;
      while (byte_ < text_.size() && (static_cast<unsigned char>(text_[byte_]) & 0xc0) == 0x80)
        ++byte_;
      ++characters_;
    }
    return static_cast<std::uint32_t>(byte_);
  }

  Collector& collector_;
  std::uint32_t document_;
  std::string_view text_;
  Tags tags_;
  yaml_parser_t parser_{};
  Event event_;
  std::size_t characters_ = 0;
  std::size_t byte_ = 0;
};

}  // namespace

bool read_yaml(Collector& collector, std::uint32_t document, std::string_view text, Tags tags,
               Value& out) {
  return YamlReader(collector, document, text, tags).run(out);
}

}  // namespace sealane::iac
