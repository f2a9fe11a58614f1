// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"

namespace sealane::json {

// A number as it was written: `1.10` stays `1.10`.
struct Number {
  std::string lexeme;
  friend bool operator==(const Number&, const Number&) = default;
};

struct Member;

// One JSON value with the place where it stands.  Members keep their order.
struct Value {
  using Array = std::vector<Value>;
  using Object = std::vector<Member>;
  std::variant<std::nullptr_t, bool, Number, std::string, Array, Object> data;  // null until set
  SourceSpan span;

  const std::string* text() const { return std::get_if<std::string>(&data); }
  const bool* boolean() const { return std::get_if<bool>(&data); }
  const Number* number() const { return std::get_if<Number>(&data); }
  const Array* array() const { return std::get_if<Array>(&data); }
  const Object* object() const { return std::get_if<Object>(&data); }
  // The member of that name; nullptr when this is no object or has none.
  const Value* find(std::string_view name) const;
  // The member's text; empty when absent or not text.
  std::string_view text_or_empty(std::string_view name) const;
};

struct Member {
  std::string name;
  SourceSpan span;  // of the name
  Value value;
};

struct ParseOptions {
  std::string file = "<input>";
  std::size_t bytes_max = 16u << 20;
  std::size_t depth_max = 64;
};

// Source:  RFC 8259; UTF-8 only.
// Errors:  syntax, a member name used twice in one object (at any depth), nesting deeper than
//          depth_max, text longer than bytes_max: each a Diagnostic with its place.
// Threads: pure.
Parsed<Value> parse(std::string_view text, const ParseOptions& options = {});

// Writes JSON.  Keys keep the order in which they are written; text must be UTF-8, other bytes
// are replaced by U+FFFD.
//
//   Writer w;
//   w.begin_object().key("hops").begin_array().value("a").end_array().end_object();
class Writer {
 public:
  // `indent` spaces for each level; 0 writes one line.
  explicit Writer(int indent = 0) : indent_(indent) {}

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(bool boolean);
  Writer& value(std::int64_t number);
  Writer& value(std::uint64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(double number);  // shortest form that reads back the same; not finite: null
  Writer& null();
  // Text that already is JSON.
  Writer& raw(std::string_view json);
  template <class T>
  Writer& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  const std::string& str() const { return out_; }

 private:
  void before_value();
  void close(char bracket);
  void new_line();

  std::string out_;
  std::vector<bool> has_items_;
  int indent_;
  bool after_key_ = false;
};

// `text` as a JSON string with its quotes.
std::string quote(std::string_view text);

}  // namespace sealane::json
