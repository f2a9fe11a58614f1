// SPDX-License-Identifier: Apache-2.0
#include "cli/source_places.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <optional>

#include "base/bytes.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kFileBytesMax = 16u << 20;
constexpr std::size_t kFilesMax = 100'000;

struct Line {
  std::string text;
  std::uint32_t number = 0;
};
struct Block {
  std::string file;
  std::vector<Line> lines;  // from `resource` to the closing brace
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

// `aws_s3_bucket.raw` of `resource "aws_s3_bucket" "raw" {`; empty for every other line.
std::string address_in(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with("resource")) return "";
  std::string out;
  for (int i = 0; i < 2; ++i) {
    const std::size_t begin = line.find('"');
    if (begin == std::string_view::npos) return "";
    const std::size_t end = line.find('"', begin + 1);
    if (end == std::string_view::npos) return "";
    out += (i == 0 ? "" : ".") + std::string(line.substr(begin + 1, end - begin - 1));
    line.remove_prefix(end + 1);
  }
  return out;
}

void collect(const std::string& file, std::string_view text,
             std::multimap<std::string, Block>& blocks) {
  std::multimap<std::string, Block>::iterator open = blocks.end();
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (std::string address = address_in(line); !address.empty())
      open = blocks.emplace(std::move(address), Block{file, {}});
    if (open == blocks.end()) continue;
    open->second.lines.push_back({line, number});
    // As `terraform fmt` writes it, a block's closing brace begins its line.
    if (line.starts_with('}')) open = blocks.end();
  }
}

// The address without modules and instance keys: `module.lake["a"].aws_s3_bucket.raw[0]`.
std::string block_name(std::string_view address) {
  std::string bare;
  bool inside = false;
  for (const char c : address) {
    if (c == '[') inside = true;
    if (!inside) bare += c;
    if (c == ']') inside = false;
  }
  const std::size_t name = bare.rfind('.');
  if (name == std::string::npos || name == 0) return "";
  const std::size_t type = bare.rfind('.', name - 1);
  return type == std::string::npos ? bare : bare.substr(type + 1);
}

std::string last_name(std::string_view property) {
  std::string bare;
  bool inside = false;
  for (const char c : property) {
    if (c == '[') inside = true;
    if (!inside) bare += c;
    if (c == ']') inside = false;
  }
  return bare.substr(bare.rfind('.') + 1);
}

SourceSpan place_in(const Block& block, const std::string& property) {
  const std::string name = last_name(property);
  if (!name.empty())
    for (const Line& line : block.lines) {
      const std::string_view text = trimmed(line.text);
      const bool follows = text.starts_with(name) && text.size() > name.size() &&
                           (text[name.size()] == ' ' || text[name.size()] == '=');
      if (follows)
        return {block.file, line.number,
                static_cast<std::uint32_t>(line.text.size() - text.size() + 1)};
    }
  return {block.file, block.lines.front().number, 1};
}

}  // namespace

Status find_source_places(Env& env, const std::string& root,
                          std::vector<pipeline::Finding>& findings) {
  std::multimap<std::string, Block> blocks;
  std::error_code code;
  std::size_t files = 0;
  std::filesystem::recursive_directory_iterator at(root, code);
  for (const std::filesystem::recursive_directory_iterator end; !code && at != end;
       at.increment(code)) {
    std::error_code kind;
    if (at->path().filename().string().starts_with('.')) {
      if (at->is_directory(kind)) at.disable_recursion_pending();
      continue;
    }
    if (at->path().extension() != ".tf" || !at->is_regular_file(kind)) continue;
    if (++files > kFilesMax)
      return fail(ErrorKind::TooLarge,
                  "`" + root + "` has more than " + std::to_string(kFilesMax) + " files");
    SEALANE_ASSIGN(const Bytes text, read_file(env, at->path().string(), kFileBytesMax));
    // What a checkout calls it, so that annotations find it.
    collect(at->path().lexically_normal().string(), as_text(text), blocks);
  }
  if (code) return fail_errno(code.value(), "cannot read folder `" + root + "`");
  const auto block_of = [&](const std::string& address) -> const Block* {
    const std::string name = block_name(address);
    return blocks.count(name) == 1 ? &blocks.find(name)->second : nullptr;
  };
  for (pipeline::Finding& finding : findings) {
    for (pipeline::Fact& fact : finding.facts)
      if (const Block* block = block_of(fact.resource))
        fact.location = place_in(*block, fact.property);
    if (!finding.facts.empty()) finding.location = finding.facts.front().location;
  }
  return {};
}

}  // namespace sealane::cli
