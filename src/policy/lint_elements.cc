// SPDX-License-Identifier: Apache-2.0
// Rules about versions, principals, actions and resources.
#include <algorithm>
#include <array>
#include <set>

#include "policy/lint_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

bool has_wildcard_character(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

void lint_version(Linter& linter) {
  const LintDocument& document = linter.document();
  if (!document.version)
    linter.report("missing-version", document.span, "the document has no `Version`",
                  "write \"Version\": \"2012-10-17\"; without it variables are plain text");
}

// --- variables where they mean nothing ----------------------------------------------------------

void lint_dead_variable(Linter& linter, const SourceText& text, const char* where) {
  for (std::string_view variable : variables_in(text.text)) {
    if (variable == "*" || variable == "?" || variable == "$") continue;
    if (where != nullptr)
      linter.report("variable-in-element", text.span,
                    "`${" + std::string(variable) + "}` is plain text in " + where,
                    "variables work in resources and in values of string and ARN operators");
    else
      linter.report(
          "variable-in-2008", text.span,
          "`${" + std::string(variable) + "}` is plain text: the document " +
              (linter.document().version ? "has Version \"2008-10-17\"" : "has no `Version`"),
          "write \"Version\": \"2012-10-17\"");
    return;
  }
}

void lint_variables(Linter& linter, const LintStatement& statement) {
  for (const SourceText& action : statement.actions)
    lint_dead_variable(linter, action, "an action");
  if (linter.document().has_variables()) return;
  for (const SourceText& resource : statement.resources)
    lint_dead_variable(linter, resource, nullptr);
  for (const LintCondition& condition : statement.conditions)
    for (const SourceText& value : condition.values) lint_dead_variable(linter, value, nullptr);
}

// --- principals ---------------------------------------------------------------------------------

void lint_principals(Linter& linter, const LintStatement& statement) {
  if (statement.not_principal == nullptr) return;
  if (statement.allows())
    linter.report("allow-not-principal", statement.not_principal->span,
                  "`Allow` with `NotPrincipal` allows everybody else, anonymous callers included",
                  "name the principals in `Principal`");
  else if (statement.denies())
    linter.report("deny-not-principal", statement.not_principal->span,
                  "`NotPrincipal` must list the account, the role and each session, or they are "
                  "denied all the same",
                  "use `Principal` \"*\" and a condition `ArnNotEquals` on `aws:PrincipalArn`");
}

// --- actions ------------------------------------------------------------------------------------

void lint_action(Linter& linter, const SourceText& action) {
  if (is_everything(action.text)) return;
  const std::size_t colon = action.text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == action.text.size()) return;
  const std::string service = action.text.substr(0, colon);
  const Catalogue& catalogue = linter.catalogue();
  if (has_wildcard_character(service)) return;
  if (!catalogue.find_service(service)) {
    const auto near = catalogue.closest_service(service);
    return linter.report("unknown-service", action.span,
                         "AWS documents no service `" + service + "`",
                         near ? "did you mean `" + *near + "`?" : "");
  }
  if (catalogue.any_action_matches(action.text) || is_device_action(action.text)) return;
  const auto near = catalogue.closest_action(action.text);
  linter.report(
      "unknown-action", action.span,
      has_wildcard_character(action.text) ? "`" + action.text + "` takes in no documented action"
                                          : "AWS documents no action `" + action.text + "`",
      near && !has_wildcard_character(action.text) ? "did you mean `" + *near + "`?" : "");
}

// --- resources ----------------------------------------------------------------------------------

void lint_arn(Linter& linter, const SourceText& resource) {
  const std::string& text = resource.text;
  if (!text.starts_with("arn:")) return;
  std::array<std::string_view, 6> parts;
  std::size_t count = 0;
  std::string_view rest = text;
  while (count < parts.size()) {
    const std::size_t colon = count + 1 < parts.size() ? rest.find(':') : std::string_view::npos;
    parts[count++] = rest.substr(0, colon);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (count < parts.size() && text.find('*') != std::string::npos)
    linter.report("short-arn", resource.span,
                  "`" + text + "` has fewer than six parts; the missing ones are taken as `*`",
                  "write `arn:partition:service:region:account:resource`");
  if (std::ranges::any_of(parts[2], [](char c) { return c >= 'A' && c <= 'Z'; }))
    linter.report("arn-service-case", resource.span,
                  "the service `" + std::string(parts[2]) + "` of the ARN has upper case",
                  "write `" + to_lower(parts[2]) + "`");
}

// One element of a pattern for comparing two of them.
struct Token {
  enum class Kind : std::uint8_t { Literal, One, Run };
  Kind kind{};
  char character = 0;  // a literal; what a run does not take in, 0 when it takes in everything
};

// What a hole does not take in: the first five parts of an ARN have no colon.
class Parts {
 public:
  explicit Parts(std::string_view text) : is_arn_(text.starts_with("arn:")) {}
  void pass(char c) { colons_ += c == ':' ? 1 : 0; }
  char excluded() const { return is_arn_ && colons_ < 5 ? ':' : '\0'; }

 private:
  bool is_arn_;
  int colons_ = 0;
};

// A resource of a policy: wildcards and variables.
std::vector<Token> policy_tokens(std::string_view text, bool variables) {
  std::vector<Token> out;
  Parts parts(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t close =
        variables && text.substr(i).starts_with("${") ? text.find('}', i) : std::string_view::npos;
    if (close != std::string_view::npos) {
      out.push_back({Token::Kind::Run, parts.excluded()});
      i = close;
    } else if (text[i] == '*') {
      out.push_back({Token::Kind::Run, parts.excluded()});
    } else if (text[i] == '?') {
      out.push_back({Token::Kind::One});
    } else {
      parts.pass(text[i]);
      out.push_back({Token::Kind::Literal, text[i]});
    }
  }
  return out;
}

// An ARN of the catalogue: a bucket's name has no slash, everything else of the last part may.
std::vector<Token> template_tokens(std::string_view text) {
  std::vector<Token> out;
  Parts parts(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t close = text.substr(i).starts_with("${") ? text.find('}', i) : text.npos;
    if (close != text.npos) {
      const bool bucket = text.substr(i, close - i) == "${BucketName";
      out.push_back({Token::Kind::Run, bucket ? '/' : parts.excluded()});
      i = close;
    } else {
      parts.pass(text[i]);
      out.push_back({Token::Kind::Literal, text[i]});
    }
  }
  return out;
}

bool is_run(const Token& token) { return token.kind == Token::Kind::Run; }
bool run_takes(const Token& run, const Token& other) {
  return other.kind != Token::Kind::Literal || run.character == 0 ||
         other.character != run.character;
}

// True if some text matches both.
bool overlap(const std::vector<Token>& a, const std::vector<Token>& b) {
  std::vector<char> row(b.size() + 1, 0);
  std::vector<char> next(b.size() + 1, 0);
  // next[j]: the rest of `a` from i + 1 and of `b` from j have a text in common.
  for (std::size_t i = a.size() + 1; i-- > 0;) {
    for (std::size_t j = b.size() + 1; j-- > 0;) {
      const bool a_ends = i == a.size();
      const bool b_ends = j == b.size();
      bool both = a_ends && b_ends;
      if (!a_ends && is_run(a[i]))
        both = next[j] != 0 || (!b_ends && run_takes(a[i], b[j]) && row[j + 1] != 0);
      if (!both && !b_ends && is_run(b[j]))
        both = row[j + 1] != 0 || (!a_ends && run_takes(b[j], a[i]) && next[j] != 0);
      if (!both && !a_ends && !b_ends && !is_run(a[i]) && !is_run(b[j]))
        both =
            next[j + 1] != 0 && (a[i].kind == Token::Kind::One || b[j].kind == Token::Kind::One ||
                                 a[i].character == b[j].character);
      row[j] = both ? 1 : 0;
    }
    std::swap(row, next);
  }
  return next[0] != 0;
}

// A single action, named without wildcards, against the resources beside it.
void lint_action_resource(Linter& linter, const LintStatement& statement,
                          const SourceText& action_text) {
  if (has_wildcard_character(action_text.text)) return;
  const auto action = linter.catalogue().find_action(action_text.text);
  if (!action) return;
  const auto& resources = statement.resources;
  if (std::ranges::any_of(resources, [](const SourceText& r) { return is_everything(r.text); }))
    return;
  const auto kinds = linter.catalogue().kinds_of(*action);
  const std::string name = std::string(action->service) + ":" + std::string(action->name);
  if (kinds.empty())
    return linter.report("action-without-resource", action_text.span,
                         "`" + name + "` is asked about no resource; only \"*\" takes it in",
                         "put it in a statement of its own with `Resource` \"*\"");
  for (const Catalogue::Kind& kind : kinds) {
    const std::vector<Token> arn = template_tokens(kind.arn);
    for (const SourceText& resource : resources) {
      if (!linter.spend(arn.size() * resource.text.size())) return;
      if (overlap(policy_tokens(resource.text, linter.document().has_variables()), arn)) return;
    }
  }
  linter.report("action-resource-mismatch", action_text.span,
                "none of the resources is of a kind that `" + name + "` is asked about",
                "it is asked about `" + std::string(kinds[0].arn) + "`");
}

void lint_resources(Linter& linter, const LintStatement& statement) {
  for (const SourceText& resource : statement.resources) lint_arn(linter, resource);
  if (statement.resource_polarity != Polarity::Listed ||
      statement.action_polarity != Polarity::Listed || statement.resources.empty())
    return;
  for (const SourceText& action : statement.actions)
    lint_action_resource(linter, statement, action);
}

void lint_broad_allow(Linter& linter, const LintStatement& statement) {
  if (!statement.allows()) return;
  const auto everything = std::ranges::find_if(
      statement.resources, [](const SourceText& r) { return is_everything(r.text); });
  if (everything == statement.resources.end() || statement.resource_polarity != Polarity::Listed)
    return;
  const bool device = linter.document().kind == DocumentKind::IotDevice;
  if (statement.action_polarity == Polarity::NotListed) {
    linter.report("broad-allow", statement.span,
                  "`Allow` with `NotAction` on `*` allows every action of every other service",
                  "list the actions that are needed");
    return;
  }
  for (const SourceText& action : statement.actions) {
    const bool devices = device || equal_ignoring_case(action.text, "iot:*");
    const bool broad = is_everything(action.text) || (devices && takes_in_service(action.text));
    if (!broad) continue;
    linter.report("broad-allow", action.span,
                  "`" + action.text + "` on `*` is over-broad: " +
                      (devices ? "every device may do everything with every topic, thing and job"
                               : "everything is allowed"),
                  devices ? "allow `iot:Connect`, `iot:Publish`, `iot:Subscribe` and `iot:Receive` "
                            "on the device's own topics, with `${iot:Connection.Thing.ThingName}`"
                          : "list the actions and resources that are needed");
    return;
  }
}

}  // namespace

void lint_elements(Linter& linter) {
  lint_version(linter);
  for (const LintStatement& statement : linter.document().statements) {
    if (linter.full()) return;
    lint_variables(linter, statement);
    lint_principals(linter, statement);
    for (const SourceText& action : statement.actions) lint_action(linter, action);
    lint_resources(linter, statement);
    lint_broad_allow(linter, statement);
  }
}

}  // namespace sealane::policy
