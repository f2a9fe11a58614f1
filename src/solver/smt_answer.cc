// SPDX-License-Identifier: Apache-2.0
#include "solver/smt_answer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace sealane::solver {
namespace {

// One S-expression.
struct Node {
  enum class Kind { Atom, Text, List };
  Kind kind = Kind::Atom;
  std::string text;  // the atom; the string between its quotes, `""` undone
  std::vector<Node> items;

  bool is_atom(std::string_view word) const { return kind == Kind::Atom && text == word; }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Reader {
 public:
  Reader(std::string_view text, const AnswerLimits& limits) : text_(text), limits_(limits) {}

  // The one expression that the text holds.
  Result<Node> read_whole() {
    SEALANE_ASSIGN(Node node, read(0));
    skip_space();
    if (at_ != text_.size()) return wrong("more than one expression");
    return node;
  }

 private:
  Error wrong(std::string_view what) const {
    return fail(ErrorKind::Invalid,
                "a solver's answer: " + std::string(what) + " at byte " + std::to_string(at_));
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  Result<Node> read(std::size_t depth) {
    if (depth > limits_.depth_max)
      return fail(ErrorKind::TooLarge, "a solver's answer is nested too deep");
    skip_space();
    if (at_ == text_.size()) return wrong("it ends too early");
    switch (text_[at_]) {
      case '(': return read_list(depth);
      case ')': return wrong("a parenthesis too many");
      case '"': return read_text();
      case '|': return read_quoted();
      default: return read_atom();
    }
  }

  Result<Node> read_list(std::size_t depth) {
    ++at_;
    Node list{.kind = Node::Kind::List, .text = {}, .items = {}};
    for (;;) {
      skip_space();
      if (at_ == text_.size()) return wrong("a list without its end");
      if (text_[at_] == ')') break;
      if (++nodes_ > limits_.values_max * 8)
        return fail(ErrorKind::TooLarge, "a solver's answer has too many parts");
      SEALANE_ASSIGN(Node item, read(depth + 1));
      list.items.push_back(std::move(item));
    }
    ++at_;
    return list;
  }

  Result<Node> read_text() {
    Node node{.kind = Node::Kind::Text, .text = {}, .items = {}};
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '"') {
        node.text += text_[at_];
        continue;
      }
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
        ++at_;
        return node;
      }
      node.text += '"';
      ++at_;
    }
    return wrong("a string without its end");
  }

  Result<Node> read_quoted() {
    const std::size_t end = text_.find('|', at_ + 1);
    if (end == std::string_view::npos) return wrong("a quoted symbol without its end");
    Node node{.kind = Node::Kind::Atom,
              .text = std::string(text_.substr(at_ + 1, end - at_ - 1)),
              .items = {}};
    at_ = end + 1;
    return node;
  }

  Result<Node> read_atom() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '(' && text_[at_] != ')' &&
           text_[at_] != '"')
      ++at_;
    return Node{.kind = Node::Kind::Atom,
                .text = std::string(text_.substr(begin, at_ - begin)),
                .items = {}};
  }

  std::string_view text_;
  const AnswerLimits& limits_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

Status append_utf8(std::string& out, std::uint32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
    return fail(ErrorKind::Invalid, "a solver's string has a character that is none");
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
  return {};
}

// `\u{h…}` with one to five digits, or `\uhhhh`.  Anything else that begins with a backslash means
// itself.  Moves `at` behind the escape when there is one.
std::optional<std::uint32_t> read_escape(std::string_view text, std::size_t& at) {
  if (text.substr(at, 2) != "\\u") return std::nullopt;
  std::size_t i = at + 2;
  const bool braces = i < text.size() && text[i] == '{';
  if (braces) ++i;
  const std::size_t digits_max = braces ? 5 : 4;
  std::uint32_t value = 0;
  std::size_t digits = 0;
  for (; i < text.size() && digits < digits_max; ++i, ++digits) {
    const auto digit = hex_digit(text[i]);
    if (!digit) break;
    value = value * 16 + *digit;
  }
  if (braces) {
    if (digits == 0 || i == text.size() || text[i] != '}') return std::nullopt;
    ++i;
  } else if (digits != digits_max) {
    return std::nullopt;
  }
  at = i;
  return value;
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto c = read_escape(text, at)) {
      SEALANE_TRY(append_utf8(out, *c));
      continue;
    }
    // Solvers write ASCII alone; a byte beyond it is the character of that number.
    SEALANE_TRY(append_utf8(out, static_cast<unsigned char>(text[at])));
    ++at;
  }
  return out;
}

// `1`, `1.0`, `1.5`: as a fraction of whole numbers.
std::optional<std::string> fraction_of(std::string_view number) {
  const std::size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  if (!is_digits(whole)) return std::nullopt;
  if (point == std::string_view::npos) return std::string(whole);
  std::string_view rest = number.substr(point + 1);
  if (!is_digits(rest)) return std::nullopt;
  while (rest.ends_with('0')) rest.remove_suffix(1);
  if (rest.empty()) return std::string(whole);
  std::string over = std::string(whole) + std::string(rest);
  over.erase(0, std::min(over.find_first_not_of('0'), over.size() - 1));
  return over + "/1" + std::string(rest.size(), '0');
}

// A number with its sign and division.
std::optional<std::string> number_of(const Node& node) {
  if (node.kind == Node::Kind::Atom) return fraction_of(node.text);
  if (node.kind != Node::Kind::List || node.items.empty()) return std::nullopt;
  if (node.items.size() == 2 && node.items[0].is_atom("-")) {
    auto inner = number_of(node.items[1]);
    if (!inner || inner->starts_with('-')) return std::nullopt;
    return "-" + *inner;
  }
  if (node.items.size() == 3 && node.items[0].is_atom("/")) {
    const auto over = number_of(node.items[1]);
    const auto under = number_of(node.items[2]);
    const auto is_whole = [](const std::optional<std::string>& n) {
      return n && n->find('/') == std::string::npos;
    };
    if (!is_whole(over) || !is_whole(under) || under->starts_with('-') || *under == "0")
      return std::nullopt;
    return *over + "/" + *under;
  }
  return std::nullopt;
}

std::optional<std::string> bits_of(std::string_view atom) {
  if (atom.starts_with("#b") && atom.size() > 2) {
    const std::string_view bits = atom.substr(2);
    if (bits.find_first_not_of("01") != std::string_view::npos) return std::nullopt;
    return std::string(bits);
  }
  if (!atom.starts_with("#x") || atom.size() <= 2) return std::nullopt;
  std::string bits;
  for (const char c : atom.substr(2)) {
    const auto digit = hex_digit(c);
    if (!digit) return std::nullopt;
    for (unsigned mask = 8; mask != 0; mask >>= 1) bits += (*digit & mask) != 0 ? '1' : '0';
  }
  return bits;
}

std::string print(const Node& node) {
  if (node.kind == Node::Kind::Atom) return node.text;
  if (node.kind == Node::Kind::Text) return "\"" + node.text + "\"";
  std::string out = "(";
  for (const Node& item : node.items) out += (out.size() == 1 ? "" : " ") + print(item);
  return out + ")";
}

Result<Value> value_of(const Node& node) {
  if (node.kind == Node::Kind::Text) {
    SEALANE_ASSIGN(std::string text, unescape(node.text));
    return Value{Value::Kind::String, std::move(text)};
  }
  if (node.is_atom("true") || node.is_atom("false")) return Value{Value::Kind::Bool, node.text};
  if (auto number = number_of(node)) return Value{Value::Kind::Number, std::move(*number)};
  if (node.kind == Node::Kind::Atom)
    if (auto bits = bits_of(node.text)) return Value{Value::Kind::BitVector, std::move(*bits)};
  return Value{Value::Kind::Other, print(node)};
}

Result<Node> read_list(std::string_view answer, const AnswerLimits& limits) {
  if (answer.size() > limits.bytes_max)
    return fail(ErrorKind::TooLarge, "a solver's answer is too long");
  SEALANE_ASSIGN(Node list, Reader(answer, limits).read_whole());
  if (list.kind != Node::Kind::List)
    return fail(ErrorKind::Invalid, "a solver's answer is no list");
  if (list.items.size() > limits.values_max)
    return fail(ErrorKind::TooLarge, "a solver's answer has too many values");
  return list;
}

}  // namespace

Result<std::vector<Value>> parse_values(std::string_view answer, const AnswerLimits& limits) {
  SEALANE_ASSIGN(const Node list, read_list(answer, limits));
  std::vector<Value> values;
  values.reserve(list.items.size());
  for (const Node& pair : list.items) {
    if (pair.kind != Node::Kind::List || pair.items.size() != 2)
      return fail(ErrorKind::Invalid, "a solver's answer is no list of terms and values");
    SEALANE_ASSIGN(Value value, value_of(pair.items[1]));
    values.push_back(std::move(value));
  }
  return values;
}

Result<std::vector<std::string>> parse_symbols(std::string_view answer,
                                               const AnswerLimits& limits) {
  SEALANE_ASSIGN(const Node list, read_list(answer, limits));
  std::vector<std::string> symbols;
  symbols.reserve(list.items.size());
  for (const Node& item : list.items) {
    if (item.kind != Node::Kind::Atom)
      return fail(ErrorKind::Invalid, "a solver's answer is no list of symbols");
    symbols.push_back(item.text);
  }
  return symbols;
}

}  // namespace sealane::solver
