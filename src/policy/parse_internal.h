// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "policy/document.h"
#include "policy/pattern.h"
#include "policy/vocabulary_internal.h"

namespace sealane::policy {

// Reads the JSON tree of one document into its statements, collecting every finding.
// Lifetime: one document.
class Reader {
 public:
  Reader(DocumentKind kind, const DocumentLimits& limits) : limits_(limits) {
    document_.kind = kind;
  }

  Parsed<Document> run(const json::Value& root, const std::string& file);

 private:
  // parse.cc
  void error(const SourceSpan& span, std::string message, std::string hint = {});
  void error(const SourceSpan& span, Error e) {
    error(span, std::move(e.message), std::move(e.hint));
  }
  void warn(const SourceSpan& span, std::string message, std::string hint = {});
  void add(Severity severity, const SourceSpan& span, std::string message, std::string hint);
  // True when nothing more can be shown: what follows is not worth reading.
  bool has_enough() const;
  void unknown_element(const json::Member& member, const std::vector<std::string>& known);
  void read_document(const json::Value& root);
  void read_version(const json::Value* value, const SourceSpan& document);
  void read_id(const json::Member& member);
  void read_statements(const json::Value& value);
  void read_statement(const json::Value& value);
  void read_element(const json::Member& member, Statement& out);
  void read_effect(const json::Value& value, Statement& out);
  void read_sid(const json::Value& value, Statement& out);
  void read_actions(const json::Member& member, Statement& out);
  void read_resources(const json::Member& member, Statement& out);
  void require_one(const json::Value& statement, const char* listed, const char* not_listed);
  void check_rcp(const json::Value& value, const Statement& statement);
  // A text or an array of texts: the same value everywhere in the language.
  void read_texts(const json::Member& member, std::vector<SourceText>& out);
  void take_text(std::string text, const SourceSpan& span, std::vector<SourceText>& out);
  // Whether the text may stand in a policy at all.
  bool is_clean(std::string_view text, const SourceSpan& span);
  void check_variables(const Pattern& pattern, const SourceSpan& span);
  void note_key(std::string_view lower_key, const SourceSpan& span);

  // parse_principal.cc
  void read_principals(const json::Member& member, Statement& out);
  void read_principal_map(const json::Value& value, Principals& out);

  // parse_condition.cc
  void read_conditions(const json::Value& value, Statement& out);
  void read_operator(const json::Member& block, std::set<std::string>& operators, Statement& out);
  void read_condition(const OperatorName& name, const json::Member& entry, Statement& out);
  void read_value(const json::Value& value, Condition& out);
  void check_endpoint_key(const Condition& condition);

  const DocumentLimits& limits_;
  Document document_;
  std::set<std::string> sids_;
  std::set<std::string, std::less<>> keys_;
  std::size_t values_ = 0;
  std::size_t errors_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace sealane::policy
