// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "iac/path_internal.h"

namespace sealane::iac {
namespace {

class PathParser {
 public:
  explicit PathParser(std::string_view path) : path_(path) {}

  Result<std::vector<PathStep>> run() {
    if (path_.empty()) return fail(ErrorKind::Invalid, "an empty path names nothing");
    if (path_[0] != '[' && path_[0] != '|') SEALANE_TRY(name());
    while (at_ < path_.size()) {
      const char c = path_[at_++];
      if (c == '.')
        SEALANE_TRY(name());
      else if (c == '[')
        SEALANE_TRY(bracket());
      else if (c == '|')
        SEALANE_TRY(document());
    }
    return std::move(steps_);
  }

 private:
  Error wrong(std::string_view what) const {
    return fail(ErrorKind::Invalid, fmt::format("`{}`, character {}: {}", path_, at_ + 1, what));
  }

  Status name() {
    const std::string_view word = take_word();
    if (word == "**") {
      if (at_ == path_.size() || path_[at_] != '.') return wrong("a name must follow `**.`");
      ++at_;
      const std::string_view wanted = take_word();
      if (wanted.empty()) return wrong("a name must follow `**.`");
      steps_.push_back({PathStep::Kind::Deep, std::string(wanted), {}, 0});
      return {};
    }
    if (word.empty()) return wrong("a name is missing");
    steps_.push_back({PathStep::Kind::Name, std::string(word), {}, 0});
    return {};
  }

  std::string_view take_word() {
    const std::size_t end = std::min(path_.find_first_of(".[|", at_), path_.size());
    const std::string_view word = path_.substr(at_, end - at_);
    at_ = end;
    return word;
  }

  Status bracket() {
    if (at_ < path_.size() && path_[at_] == '"') {
      const std::size_t end = path_.find("\"]", at_ + 1);
      if (end == std::string_view::npos) return wrong("the quotes are not closed");
      steps_.push_back(
          {PathStep::Kind::Name, std::string(path_.substr(at_ + 1, end - at_ - 1)), {}, 0});
      at_ = end + 2;
      return {};
    }
    const std::size_t end = path_.find(']', at_);
    if (end == std::string_view::npos) return wrong("the bracket is not closed");
    const std::string_view inside = path_.substr(at_, end - at_);
    const std::size_t equals = inside.find('=');
    std::size_t index = 0;
    if (inside.empty()) {
      steps_.push_back({PathStep::Kind::Every, {}, {}, 0});
    } else if (inside == "*") {
      steps_.push_back({PathStep::Kind::Field, {}, {}, 0});
    } else if (equals != std::string_view::npos && equals > 0) {
      steps_.push_back({PathStep::Kind::Select, std::string(inside.substr(0, equals)),
                        std::string(inside.substr(equals + 1)), 0});
    } else if (std::from_chars(inside.data(), inside.data() + inside.size(), index).ptr ==
               inside.data() + inside.size()) {
      steps_.push_back({PathStep::Kind::Index, {}, {}, index});
    } else {
      return wrong(
          "between brackets stands nothing, `*`, a number, `name=text` or a name in quotes");
    }
    at_ = end + 1;
    return {};
  }

  Status document() {
    const std::string_view word = take_word();
    if (word == "json")
      steps_.push_back({PathStep::Kind::Json, {}, {}, 0});
    else if (word == "properties")
      steps_.push_back({PathStep::Kind::Properties, {}, {}, 0});
    else
      return wrong("`|json` or `|properties` is meant");
    return {};
  }

  std::string_view path_;
  std::size_t at_ = 0;
  std::vector<PathStep> steps_;
};

}  // namespace

Result<std::vector<PathStep>> parse_path(std::string_view path) { return PathParser(path).run(); }

}  // namespace sealane::iac
