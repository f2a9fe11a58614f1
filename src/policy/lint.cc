// SPDX-License-Identifier: Apache-2.0
#include "policy/lint.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "policy/lint_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

constexpr std::array kSealaneKeys = {
    KeyFacts{"sealane:TlsVersion", ValueType::Numeric},
    KeyFacts{"sealane:TlsGroup", ValueType::String},
    KeyFacts{"sealane:TlsSuite", ValueType::String},
    KeyFacts{"sealane:PostQuantum", ValueType::Bool},
    KeyFacts{"sealane:Resumed", ValueType::Bool},
    KeyFacts{"sealane:CertificateAgeDays", ValueType::Numeric},
    KeyFacts{"sealane:CertificateSha256", ValueType::String},
    KeyFacts{"sealane:ThingGroups", ValueType::String, Context::Arity::Multi},
};

// Keys that say how a resource will encrypt its traffic.
constexpr std::array<std::string_view, 8> kTransitKeys = {
    "elasticache:transitencryptionenabled",
    "elasticloadbalancing:listenerprotocol",
    "elasticloadbalancing:securitypolicy",
    "fsx:nfsdatarepositoryencryptionintransitenabled",
    "memorydb:tlsenabled",
    "sagemaker:intercontainertrafficencryption",
    "transfer:requestsecuritypolicyname",
    "vpc-lattice:protocol"};

KnownKey look_up_key(const std::string& key, DocumentKind kind, const Catalogue& catalogue) {
  using enum KnownKey::Source;
  if (kind == DocumentKind::IotDevice)
    if (const KeyFacts* facts = find_iot_device_key(key)) return {IotDevice, *facts};
  if (const GlobalKey* global = find_global_key(key)) return {Global, global->facts};
  const auto own = std::ranges::find_if(
      kSealaneKeys, [&](const KeyFacts& facts) { return key_matches(facts.name, key); });
  if (own != kSealaneKeys.end()) return {Sealane, *own};
  if (const auto facts = catalogue.find_key(key)) return {Service, facts};
  // Issuers of web identities name keys after themselves: `oidc.example.com/id/1:sub`.
  if (key.substr(0, key.find(':')).contains('.')) return {Issuer, std::nullopt};
  return {};
}

// Where a place of `text` is, for findings about the text as a whole.
bool place_before(const SourceSpan& a, const SourceSpan& b) {
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

enum class IsJson : std::uint8_t { No, Yes };

std::string_view rule_of_error(std::string_view message, IsJson is_json) {
  const std::string_view rule = rule_of_parse_message(message);
  if (is_json == IsJson::No && rule != "duplicate-member" && rule != "limit" &&
      rule != "foreign-character")
    return "syntax";
  return rule.empty() ? "not-evaluable" : rule;
}

// What parse_document says, each under its rule.
void add_parse_findings(Linter& linter, const std::vector<Diagnostic>& diagnostics,
                        IsJson is_json) {
  for (const Diagnostic& diagnostic : diagnostics) {
    const std::string_view rule = diagnostic.severity == Severity::Error
                                      ? rule_of_error(diagnostic.message, is_json)
                                      : rule_of_parse_message(diagnostic.message);
    // A warning that has no rule is one that a rule of lint says better.
    if (rule.empty() || (diagnostic.severity != Severity::Error && rule == "not-evaluable"))
      continue;
    linter.report_as(diagnostic.severity, rule, diagnostic.span, diagnostic.message,
                     diagnostic.hint);
  }
}

// One finding for a rule and place; of an error and a warning the error.
void tidy(std::vector<LintFinding>& findings) {
  std::ranges::sort(findings, [](const LintFinding& a, const LintFinding& b) {
    if (a.diagnostic.span != b.diagnostic.span)
      return place_before(a.diagnostic.span, b.diagnostic.span);
    if (a.rule != b.rule) return a.rule < b.rule;
    if (a.diagnostic.severity != b.diagnostic.severity)
      return a.diagnostic.severity < b.diagnostic.severity;
    return a.diagnostic.message < b.diagnostic.message;
  });
  const auto twice = std::ranges::unique(findings, [](const LintFinding& a, const LintFinding& b) {
    return a.rule == b.rule && a.diagnostic.span == b.diagnostic.span;
  });
  findings.erase(twice.begin(), twice.end());
}

bool all_actions_start_with(const LintDocument& document, std::string_view service) {
  return std::ranges::all_of(document.statements, [&](const LintStatement& statement) {
    return !statement.actions.empty() &&
           std::ranges::all_of(statement.actions, [&](const SourceText& action) {
             return to_lower(action.text).starts_with(service);
           });
  });
}

DocumentKind kind_with_principals(const LintDocument& document) {
  const bool no_resource = std::ranges::all_of(
      document.statements, [](const LintStatement& s) { return s.resources.empty(); });
  if (no_resource && all_actions_start_with(document, "sts:")) return DocumentKind::Trust;
  return all_actions_start_with(document, "kms:") ? DocumentKind::Kms : DocumentKind::Resource;
}

}  // namespace

bool LintReport::has(Severity severity) const {
  return std::ranges::any_of(
      findings, [&](const LintFinding& f) { return f.diagnostic.severity == severity; });
}

void Linter::report(std::string_view rule, const SourceSpan& span, std::string message,
                    std::string hint) {
  report_as(lint_rule(rule).severity, rule, span, std::move(message), std::move(hint));
}

void Linter::report_as(Severity severity, std::string_view rule, const SourceSpan& span,
                       std::string message, std::string hint) {
  if (full()) return;
  findings_.push_back({lint_rule(rule).id,
                       {severity, span, one_line(std::move(message)), one_line(std::move(hint))}});
}

KnownKey Linter::known_key(const std::string& lower_key) {
  const auto [at, added] = keys_.try_emplace(lower_key);
  if (added) at->second = look_up_key(lower_key, document_.kind, catalogue_);
  return at->second;
}

Linter::Carriers Linter::carriers(const std::string& pattern, const std::string& lower_key) {
  const auto [at, added] = carriers_.try_emplace({to_lower(pattern), lower_key});
  if (!added) return at->second;
  Carriers& out = at->second;
  const auto actions = catalogue_.actions_matching(pattern);
  out.none_known = actions.empty();
  // Keys of requests that create something: another action of the same kind does not have them.
  const bool of_requests = std::ranges::find(kTransitKeys, lower_key) != kTransitKeys.end();
  for (const Catalogue::Action& action : actions) {
    const Carries how = catalogue_.carries(action, lower_key);
    out.any = how == Carries::Listed || (how == Carries::ByResource && !of_requests);
    if (out.any) break;
  }
  if (const auto service = catalogue_.find_service(pattern.substr(0, pattern.find(':'))))
    for (const KeyFacts& facts : catalogue_.keys_of(*service))
      out.by_service = out.by_service || key_matches(facts.name, lower_key);
  return out;
}

bool Linter::never_carried(const LintStatement& statement, const LintCondition& condition) {
  if (statement.action_polarity != Polarity::Listed || statement.actions.empty()) return false;
  if (!spend(16 * statement.actions.size())) return false;
  for (const SourceText& action : statement.actions) {
    if (is_everything(action.text)) return false;
    const Carriers found = carriers(action.text, condition.key);
    if (found.any || found.none_known) return false;
  }
  return true;
}

bool Linter::spend(std::size_t work) {
  if (work > budget_) {
    budget_ = 0;
    return false;
  }
  budget_ -= work;
  return true;
}

LintReport lint(std::string_view text, DocumentKind kind, const std::string& file,
                const Catalogue& catalogue) {
  const Parsed<Document> parsed = parse_document(text, kind, file);
  json::Value root;
  auto is_json = IsJson::No;
  const DocumentLimits limits;
  if (auto tree = json::parse(text, {.file = file, .bytes_max = limits.bytes_max, .depth_max = 16});
      tree.value) {
    root = std::move(*tree.value);
    is_json = IsJson::Yes;
  }
  const LintDocument document = read_lint_document(root, kind);
  Linter linter(document, catalogue);
  add_parse_findings(linter, parsed.diagnostics, is_json);
  if (root.object() != nullptr) {
    lint_elements(linter);
    lint_conditions(linter);
    lint_transit(linter);
    lint_iot(linter);
    lint_quota(linter, text);
  }
  tidy(linter.findings());
  return {std::move(linter.findings()), parsed.value.has_value()};
}

DocumentKind recognise_kind(std::string_view text) {
  const DocumentLimits limits;
  if (text.size() > limits.bytes_max) return DocumentKind::Identity;
  const auto tree = json::parse(text, {.file = "", .bytes_max = limits.bytes_max, .depth_max = 16});
  if (!tree.value) return DocumentKind::Identity;
  const LintDocument document = read_lint_document(*tree.value, DocumentKind::Identity);
  bool device = !document.statements.empty();
  for (const LintStatement& statement : document.statements) {
    if (statement.principal != nullptr || statement.not_principal != nullptr)
      return kind_with_principals(document);
    device = device && statement.action_polarity == Polarity::Listed &&
             !statement.actions.empty() &&
             std::ranges::all_of(statement.actions, [](const SourceText& a) {
               return is_device_action(a.text) || equal_ignoring_case(a.text, "iot:*");
             });
  }
  return device ? DocumentKind::IotDevice : DocumentKind::Identity;
}

}  // namespace sealane::policy
