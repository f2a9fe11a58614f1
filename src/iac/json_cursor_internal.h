// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iac/value.h"

namespace sealane::iac {

// Walks a JSON text from front to back, in place.
//
// Source:  RFC 8259.  The caller checks UTF-8.
// Input:   most of a plan is never looked at, so `skip` is as strict as reading and makes nothing:
//          a text that ends without failure is JSON, whatever was read of it.
// Errors:  the first one stays, with its offset; every call after it returns false.
// Bounds:  depth_max; one byte of state for each level.
// Threads: one at a time.
class JsonCursor {
 public:
  enum class Kind : std::uint8_t { Object, Array, Text, Number, Boolean, Null, Nothing };

  JsonCursor(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  // What comes next; Nothing after a failure, or where no value begins.
  Kind kind();
  // Where it begins.
  std::uint32_t offset();

  // Each takes the value that comes next and fails when it is of another kind.
  bool enter_object();
  bool enter_array();
  bool text(std::string& out);
  bool number(std::string_view& lexeme);
  bool boolean(bool& out);
  bool null();
  bool skip();

  // The next member's name, good until the next call, or false at the object's end, which is left.
  bool member(std::string_view& name);
  bool element();
  // Where the name of the last member begins.
  std::uint32_t member_offset() const { return member_offset_; }
  // True if nothing but white space is left.
  bool at_end();

  bool failed() const { return !message_.empty(); }
  const std::string& message() const { return message_; }
  std::uint32_t failed_at() const { return failed_at_; }
  bool fail(std::size_t offset, std::string message);

 private:
  void space();
  bool open(char bracket);
  bool separator(char close);
  bool literal(std::string_view word);
  bool scan_text(bool& escaped);
  bool unescape(std::size_t begin, std::size_t end, std::string& out);
  bool escape_at(std::size_t& at, std::size_t end, std::string& out);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_max_;
  std::vector<bool> first_;  // by level: nothing of it was read yet
  std::string name_;
  std::string message_;
  std::uint32_t failed_at_ = 0;
  std::uint32_t member_offset_ = 0;
};

// The value that comes next.  Fails on a member name that stands twice in one object.
bool read_value(JsonCursor& json, std::uint32_t document, Value& out);

}  // namespace sealane::iac
