// SPDX-License-Identifier: Apache-2.0
#include "cli/prove_inputs.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "base/json_text.h"
#include "cli/policy_files.h"

namespace sealane::cli {
namespace {

constexpr std::size_t kFilesMax = 100'000;

// What a pattern names that no shell has spelt out, in the order of the names.
std::vector<std::string> names_like(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> out;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) out.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return out;
}

Result<std::vector<std::string>> files_of(const std::string& word) {
  std::error_code code;
  if (!std::filesystem::exists(word, code) && word.find_first_of("*?[") != std::string::npos) {
    std::vector<std::string> files;
    for (const std::string& name : names_like(word)) {
      SEALANE_ASSIGN(const std::vector<std::string> some, files_of(name));
      files.insert(files.end(), some.begin(), some.end());
    }
    if (files.empty()) return fail(ErrorKind::NotFound, "no file is like `" + word + "`");
    return files;
  }
  if (!std::filesystem::is_directory(word, code)) return std::vector<std::string>{word};
  std::vector<std::string> files;
  std::filesystem::recursive_directory_iterator at(word, code);
  for (const std::filesystem::recursive_directory_iterator end; !code && at != end;
       at.increment(code)) {
    std::error_code kind;
    if (at->path().extension() != ".json" || !at->is_regular_file(kind)) continue;
    if (files.size() == kFilesMax)
      return fail(ErrorKind::TooLarge,
                  "`" + word + "` has more than " + std::to_string(kFilesMax) + " files");
    files.push_back(at->path().string());
  }
  if (code) return fail_errno(code.value(), "cannot read folder `" + word + "`");
  std::ranges::sort(files);
  return files;
}

void split(const std::string& file, std::string whole, std::vector<PolicyInput>& out) {
  const auto text = std::make_shared<const std::string>(std::move(whole));
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  const bool is_array = first != std::string::npos && (*text)[first] == '[';
  const auto parsed = is_array ? json::parse(*text, {.file = file}) : Parsed<json::Value>{{}, {}};
  if (!parsed.value) {
    out.push_back({file, file, text, 0, text->size(), {.file = file}});
    return;
  }
  const json::Value::Array& elements = *parsed.value->array();
  const std::vector<json::Extent> extents = json::items_of(*text, first);
  for (std::size_t i = 0; i < std::min(elements.size(), extents.size()); ++i)
    out.push_back({file + "[" + std::to_string(i) + "]", file, text, extents[i].begin,
                   extents[i].end, elements[i].span});
}

// From a place in the part to one in the file.
void shift(SourceSpan& span, const SourceSpan& origin) {
  if (span.line == 1) span.column += origin.column - 1;
  span.line += origin.line - 1;
}
void shift(std::vector<policy::SourceText>& texts, const SourceSpan& origin) {
  for (policy::SourceText& text : texts) shift(text.span, origin);
}

void shift(policy::Statement& statement, const SourceSpan& origin) {
  shift(statement.span, origin);
  shift(statement.actions, origin);
  shift(statement.resources, origin);
  if (statement.principals) {
    shift(statement.principals->span, origin);
    for (policy::PrincipalEntry& entry : statement.principals->entries)
      shift(entry.text.span, origin);
  }
  for (policy::Condition& condition : statement.conditions) {
    shift(condition.span, origin);
    shift(condition.values, origin);
  }
}

}  // namespace

Result<std::vector<PolicyInput>> read_policy_inputs(Env& env,
                                                    const std::vector<std::string>& words) {
  std::vector<PolicyInput> out;
  for (const std::string& word : words) {
    SEALANE_ASSIGN(const std::vector<std::string> files, files_of(word));
    for (const std::string& file : files) {
      SEALANE_ASSIGN(std::string text, read_text_file(env, file));
      split(file, std::move(text), out);
    }
  }
  if (out.empty())
    return fail(ErrorKind::NotFound, "there is no policy",
                "name files, folders with *.json files, or files with an array of policies");
  return out;
}

Parsed<policy::Document> parse_policy(const PolicyInput& input, policy::DocumentKind kind) {
  auto parsed = policy::parse_document(input.policy(), kind, input.file);
  for (Diagnostic& diagnostic : parsed.diagnostics) {
    shift(diagnostic.span, input.origin);
    if (diagnostic.severity == Severity::Error && diagnostic.hint.empty())
      diagnostic.hint = "a policy is one JSON object with `Version` and `Statement`";
  }
  if (parsed.value)
    for (policy::Statement& statement : parsed.value->statements) shift(statement, input.origin);
  return parsed;
}

}  // namespace sealane::cli
