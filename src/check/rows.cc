// SPDX-License-Identifier: Apache-2.0
#include "check/rows.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "check/rows_internal.h"

namespace sealane::check {
namespace {

// Where the documents of policies come from, and the guards of an organization.
constexpr std::array<std::string_view, 5> kOfPolicies = {
    "aws_iam_policy_document", "aws_organizations_policy", "aws_organizations_policy_attachment",
    "AWS::Organizations::Policy", "AWS::S3::BucketPolicy"};

}  // namespace

std::string_view to_string(Tls version) {
  switch (version) {
    case Tls::Unsaid: return "";
    case Tls::V10: return "1.0";
    case Tls::V11: return "1.1";
    case Tls::V12: return "1.2";
    case Tls::V13: return "1.3";
    case Tls::Verify: return "verify";
  }
  return "";
}

std::optional<Tls> tls_of(std::string_view text) {
  for (const Tls version : {Tls::V10, Tls::V11, Tls::V12, Tls::V13, Tls::Verify})
    if (to_string(version) == text) return version;
  return std::nullopt;
}

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::Unsaid: return "";
    case Transport::Tls: return "tls";
    case Transport::TlsUnverified: return "tls-unverified";
    case Transport::Either: return "either";
    case Transport::Plaintext: return "plaintext";
    case Transport::None: return "none";
    case Transport::Unknown: return "unknown";
  }
  return "";
}

const Rows& Rows::shipped() {
  static const Rows rows = [] {
    Parsed<Rows> parsed = from_texts(shipped_texts());
    // A test loads every file and shows what is wrong with it.
    SEALANE_CHECK(parsed.value.has_value());
    return std::move(*parsed.value);
  }();
  return rows;
}

void Rows::index() {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    for (const auto& [dialect, types] : row.types)
      for (const std::string& type : types) {
        by_type_[type].push_back(i);
        wanted_[type] = true;
      }
    if (row.via)
      for (const auto& [dialect, types] : row.via->types)
        for (const std::string& type : types) wanted_[type] = true;
  }
}

std::vector<const Row*> Rows::of_type(iac::Dialect dialect, std::string_view type) const {
  std::vector<const Row*> out;
  const auto found = by_type_.find(type);
  if (found == by_type_.end()) return out;
  for (const std::size_t at : found->second) {
    const Row& row = rows_[at];
    const auto types = row.types.find(dialect);
    if (types != row.types.end() && std::ranges::find(types->second, type) != types->second.end())
      out.push_back(&row);
  }
  return out;
}

bool Rows::wants(std::string_view type) const {
  return wanted_.contains(type) || std::ranges::find(kOfPolicies, type) != kOfPolicies.end();
}

const TlsPolicyTable* Rows::table(std::string_view name) const {
  const auto found = std::ranges::find(tables_, name, &TlsPolicyTable::name);
  return found == tables_.end() ? nullptr : &*found;
}

std::string Rows::citation(std::string_view cite) const {
  const auto found = cites_.find(cite);
  return found == cites_.end() ? std::string() : found->second;
}

}  // namespace sealane::check
