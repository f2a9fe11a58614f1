// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/json.h"
#include "check/testing/cases.h"

// The verdicts are only worth something if the facts that are said to decide really do: each of
// them is turned round in the input's text, and `enforced` must go.
namespace sealane::check {
namespace {

using pipeline::Finding;
using pipeline::Verdict;

struct Flip {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
  std::string row;
};

std::size_t offset_of(const std::string& text, const SourceSpan& span) {
  std::size_t at = 0;
  for (std::uint32_t line = 1; line < span.line; ++line) at = text.find('\n', at) + 1;
  return at + span.column - 1;
}

// The end of the JSON value that begins at `at`.
std::size_t value_end(const std::string& text, std::size_t at) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      if (c == '"' && depth == 0) return i + 1;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth == 0 && (c == '}' || c == ']')) return i + 1;
    if (depth < 0 || (depth == 0 && (c == ',' || c == '\n'))) return i;
  }
  return text.size();
}

const Row* row_of(const std::string& id) {
  for (const Row& row : Rows::shipped().rows())
    if (row.id == id) return &row;
  return nullptr;
}

// A value of the row that lets plaintext, or an old version, through.
std::string opposite(const Row& row) {
  for (const auto& [value, effect] : row.values)
    if (effect.transport == Transport::Either || effect.transport == Transport::Plaintext ||
        effect.transport == Transport::TlsUnverified)
      return row.reading == Reading::Url ? value + "://example.com/" : value;
  if (row.reading == Reading::TlsPolicy)
    for (const TlsPolicy& policy : Rows::shipped().table(row.table)->policies)
      if (policy.min_tls < Tls::V12 && !policy.verify && !policy.prefix) return policy.name;
  return "";
}

std::optional<Flip> flip_of(const pipeline::Fact& fact, const std::string& text) {
  const Row* row = row_of(fact.row);
  // Which row speaks is no setting to turn round.
  if (fact.meaning.starts_with("the row `")) return {};
  if (row == nullptr || fact.property.empty() || fact.value.starts_with("not set")) return {};
  const std::size_t at = offset_of(text, fact.location);
  const std::string old = text.substr(at, value_end(text, at) - at);
  Flip out{at, at + old.size(), "", fact.row};
  if (row->reading == Reading::Policy || row->reading == Reading::Guard) {
    const std::string none =
        R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "none:None", "Resource": "*"}]})";
    out.text = old.starts_with('"') ? json::quote(none) : none;
    return out;
  }
  const bool is_text = old == json::quote(fact.value);
  if (!is_text && old != fact.value && !old.starts_with('[')) return {};  // inside another text
  const std::string other = opposite(*row);
  if (other.empty()) return {};
  out.text = old == "true" || old == "false" ? other : json::quote(other);
  if (old.starts_with('[')) out.text = "[" + out.text + "]";
  return out;
}

std::string flipped(std::string text, std::vector<Flip> flips) {
  std::ranges::sort(flips, std::ranges::greater(), &Flip::begin);
  std::size_t before = text.size() + 1;
  for (const Flip& flip : flips) {
    if (flip.end > before) continue;
    text.replace(flip.begin, flip.end - flip.begin, flip.text);
    before = flip.begin;
  }
  return text;
}

const Finding* named(const std::vector<Finding>& findings, const std::string& id) {
  const auto found = std::ranges::find(findings, id, &Finding::id);
  return found == findings.end() ? nullptr : &*found;
}

TEST(Mutation, WhatIsSaidToDecideDecides) {
  std::size_t mutants = 0;
  std::size_t killed = 0;
  std::size_t survivors = 0;
  std::size_t fixed = 0;
  for (const Case& one : all_cases()) {
    if (one.files.size() != 1 || !one.files[0].ends_with("template.json")) continue;
    const std::string text = text_of(one.files[0]);
    for (const Finding& finding : findings_of({{one.files[0], text}}, one.options)) {
      if (finding.verdict != Verdict::Enforced) continue;
      std::vector<Flip> flips;
      for (const pipeline::Fact& fact : finding.facts)
        if (auto flip = fact.decides ? flip_of(fact, text) : std::nullopt)
          flips.push_back(std::move(*flip));
      if (flips.empty()) {
        ++fixed;  // a default decides, or a value inside another text
        continue;
      }
      const auto after = [&](const std::vector<Flip>& some) {
        return findings_of({{one.files[0], flipped(text, some)}}, one.options);
      };
      const auto is_enforced = [&](const std::vector<Finding>& findings) {
        const Finding* there = named(findings, finding.id);
        return there != nullptr && there->verdict == Verdict::Enforced;
      };
      ++mutants;
      const bool dead = !is_enforced(after(flips));
      killed += dead ? 1 : 0;
      EXPECT_TRUE(dead) << one.name << ": " << finding.id << " is enforced whatever decides";
      if (flips.size() == 1) continue;
      for (const Flip& flip : flips) {
        const auto findings = after({flip});
        if (!is_enforced(findings)) continue;
        ++survivors;
        std::string others;
        for (const pipeline::Fact& fact : named(findings, finding.id)->facts)
          if (fact.decides && fact.row != flip.row) others += " " + fact.row;
        EXPECT_FALSE(others.empty()) << one.name << ": " << finding.id;
        std::cout << one.name << ": " << finding.id << " without " << flip.row << ": held by"
                  << others << "\n";
      }
    }
  }
  std::cout << "kill rate " << (mutants == 0 ? 0 : killed * 100 / mutants) << " % of " << mutants
            << " hops; " << survivors << " single facts with a second control; " << fixed
            << " hops without a value to turn round\n";
  EXPECT_EQ(killed, mutants);
  EXPECT_GT(mutants, 50u);
}

}  // namespace
}  // namespace sealane::check
