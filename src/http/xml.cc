// SPDX-License-Identifier: Apache-2.0
#include "http/xml_internal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "http/ascii_internal.h"

namespace sealane::http {
namespace {

constexpr std::size_t kDepthMax = 8;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Entity {
  std::string_view name;
  char character;
};
constexpr std::array kEntities{Entity{"amp", '&'}, Entity{"lt", '<'}, Entity{"gt", '>'},
                               Entity{"quot", '"'}, Entity{"apos", '\''}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_name_char(char c) {
  return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':';
}

Error corrupt(std::string_view what) {
  return fail(ErrorKind::Corrupt, "xml: " + std::string(what));
}

// XML 1.0 §2.2: the characters that a document may hold.
bool is_xml_character(std::uint32_t code) {
  return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code <= 0xd7ff) ||
         (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | (code >> 6));
    return put(0x80 | (code & 0x3f));
  }
  if (code < 0x10000) {
    put(0xe0 | (code >> 12));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
  }
  put(0x80 | ((code >> 6) & 0x3f));
  put(0x80 | (code & 0x3f));
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t elements_max)
      : rest_(text), elements_left_(elements_max) {}

  Result<XmlElement> document() {
    if (take("<?xml")) {
      const std::size_t end = rest_.find("?>");
      if (end == std::string_view::npos || end > 100)
        return corrupt("the declaration does not end");
      rest_.remove_prefix(end + 2);
    }
    skip_spaces();
    SEALANE_ASSIGN(XmlElement root, element(1));
    skip_spaces();
    if (!rest_.empty()) return corrupt("text after the document");
    return root;
  }

 private:
  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view name() {
    std::size_t length = 0;
    while (length < rest_.size() && is_name_char(rest_[length])) ++length;
    const std::string_view out = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return out;
  }

  // Recursion is at most kDepthMax deep.
  Result<XmlElement> element(std::size_t depth) {
    if (depth > kDepthMax) return corrupt("nested too deeply");
    if (elements_left_-- == 0) return corrupt("too many elements");
    if (!take("<")) return corrupt("an element is missing");
    XmlElement out;
    out.name = name();
    if (out.name.empty()) return corrupt("an element has no name");
    SEALANE_ASSIGN(const bool is_empty, attributes());
    if (is_empty) return out;
    while (!rest_.starts_with("</")) {
      if (rest_.empty()) return corrupt("an element does not end");
      if (rest_.front() == '<') {
        SEALANE_ASSIGN(XmlElement child, element(depth + 1));
        out.children.push_back(std::move(child));
        continue;
      }
      SEALANE_TRY(text(out.text));
    }
    rest_.remove_prefix(2);
    if (name() != out.name) return corrupt("an end tag has another name");
    skip_spaces();
    if (!take(">")) return corrupt("an end tag does not end");
    if (!out.children.empty()) {
      if (!std::ranges::all_of(out.text, is_space)) return corrupt("text between elements");
      out.text.clear();
    }
    return out;
  }

  // Skips the attributes and the end of a start tag; whether the element ends there.
  Result<bool> attributes() {
    while (true) {
      skip_spaces();
      if (take("/>")) return true;
      if (take(">")) return false;
      if (name().empty() || !take("=")) return corrupt("a start tag is not well formed");
      const char quote = rest_.empty() ? '\0' : rest_.front();
      if (quote != '"' && quote != '\'') return corrupt("an attribute has no quotes");
      const std::size_t end = rest_.find(quote, 1);
      if (end == std::string_view::npos) return corrupt("an attribute does not end");
      if (rest_.substr(0, end).find('<') != std::string_view::npos)
        return corrupt("`<` in an attribute");
      rest_.remove_prefix(end + 1);
    }
  }

  Status text(std::string& to) {
    const std::size_t end = std::min(rest_.find_first_of("<&"), rest_.size());
    to += rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (!take("&")) return {};
    const std::size_t semicolon = rest_.substr(0, 10).find(';');
    if (semicolon == std::string_view::npos) return corrupt("an entity does not end");
    const std::string_view entity = rest_.substr(0, semicolon);
    rest_.remove_prefix(semicolon + 1);
    for (const Entity& known : kEntities) {
      if (known.name != entity) continue;
      to += known.character;
      return {};
    }
    const auto code = character_reference(entity);
    if (!code) return corrupt("an entity is not known");
    append_utf8(to, *code);
    return {};
  }

  static std::optional<std::uint32_t> character_reference(std::string_view entity) {
    if (!entity.starts_with('#')) return std::nullopt;
    entity.remove_prefix(1);
    const int base = entity.starts_with('x') ? 16 : 10;
    if (base == 16) entity.remove_prefix(1);
    std::uint32_t code = 0;
    const char* end = entity.data() + entity.size();
    const auto result = std::from_chars(entity.data(), end, code, base);
    if (result.ec != std::errc{} || result.ptr != end || !is_xml_character(code))
      return std::nullopt;
    return code;
  }

  std::string_view rest_;
  std::size_t elements_left_;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

const std::string* XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found && found->children.empty() ? &found->text : nullptr;
}

void append_escaped(std::string& to, std::string_view text) {
  if (!is_utf8(text)) {
    to += kReplacement;
    return;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const std::string_view tail = text.substr(i, 3);
    if (const auto* entity = std::ranges::find(kEntities, c, &Entity::character);
        entity != kEntities.end()) {
      to += '&';
      to += entity->name;
      to += ';';
    } else if (c == '\r') {
      to += "&#13;";
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
      to += kReplacement;
    } else if (tail == "\xef\xbf\xbe" || tail == "\xef\xbf\xbf") {
      to += kReplacement;
      i += 2;
    } else {
      to += c;
    }
  }
}

void append_element(std::string& to, std::string_view name, std::string_view text) {
  to += '<';
  to += name;
  to += '>';
  append_escaped(to, text);
  to += "</";
  to += name;
  to += '>';
}

Result<XmlElement> parse_xml(std::string_view document, std::size_t elements_max) {
  if (!is_utf8(document) || document.find('\0') != std::string_view::npos)
    return corrupt("not UTF-8 text");
  return Parser(document, elements_max).document();
}

}  // namespace sealane::http
