// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "cli/policy_command.h"
#include "cli/policy_files.h"
#include "policy/evaluate.h"
#include "policy/request_json.h"

namespace sealane::cli {
namespace {

using policy::DocumentKind;

// One option and the kind of its documents.
struct KindOption {
  const char* name;
  DocumentKind kind;
  const char* help;
};
constexpr std::array kKindOptions = {
    KindOption{"--identity", DocumentKind::Identity, "policies of the user or role"},
    KindOption{"--resource-policy", DocumentKind::Resource, "the resource's policy"},
    KindOption{"--trust", DocumentKind::Trust, "the trust policy of the role that is asked for"},
    KindOption{"--key-policy", DocumentKind::Kms, "the KMS key's policy"},
    KindOption{"--boundary", DocumentKind::Boundary, "the permissions boundary"},
    KindOption{"--session", DocumentKind::Session, "session policies"},
    KindOption{"--scp", DocumentKind::Scp, "service control policies, the root's first"},
    KindOption{"--rcp", DocumentKind::Rcp, "resource control policies, the root's first"},
    KindOption{"--vpc-endpoint", DocumentKind::VpcEndpoint, "the VPC endpoint's policy"},
    KindOption{"--iot", DocumentKind::IotDevice, "policies of an IoT device"},
};

struct EvalArguments {
  std::vector<std::string> policies;  // of any kind, recognised by their content
  std::array<std::vector<std::string>, kKindOptions.size()> by_kind;
  std::string request;
  OutputFormat format = OutputFormat::Text;
};

struct LoadedPolicy {
  std::string file;
  DocumentKind kind{};
  std::uint32_t level = 0;
  std::optional<policy::Document> document;
  std::vector<policy::LintFinding> findings;
};

bool has_levels(DocumentKind kind) {
  return kind == DocumentKind::Scp || kind == DocumentKind::Rcp;
}

// `2=guard.json`; without a level the place among its likes.
LoadedPolicy place_of(const std::string& word, DocumentKind kind, std::uint32_t position) {
  LoadedPolicy out{.file = word, .kind = kind, .level = 0, .document = {}, .findings = {}};
  if (!has_levels(kind)) return out;
  out.level = position;
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) return out;
  std::uint32_t level = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + equals, level);
  if (error != std::errc() || end != word.data() + equals) return out;
  out.level = level;
  out.file = word.substr(equals + 1);
  return out;
}

// A document of IoT actions that nobody gave a kind belongs to a device, unless an IAM principal
// asks: then it is read as that principal's.
DocumentKind kind_for(DocumentKind recognised, const policy::Principal& principal) {
  using enum policy::PrincipalKind;
  const bool iam = principal.kind != Device && principal.kind != Anonymous;
  return recognised == DocumentKind::IotDevice && iam ? DocumentKind::Identity : recognised;
}

void load(const policy::Catalogue& catalogue, DocumentKind lint_kind, const std::string& text,
          LoadedPolicy& out) {
  auto parsed = policy::parse_document(text, out.kind, out.file);
  out.findings = policy::lint(text, lint_kind, out.file, catalogue).findings;
  if (parsed.value) {
    out.document = std::move(*parsed.value);
    out.document->level = out.level;
  }
}

Result<std::vector<LoadedPolicy>> load_all(Env& env, const policy::Catalogue& catalogue,
                                           const EvalArguments& arguments,
                                           const policy::Principal& principal) {
  std::vector<LoadedPolicy> out;
  for (const std::string& file : arguments.policies) {
    SEALANE_ASSIGN(const std::string text, read_text_file(env, file));
    const DocumentKind recognised = policy::recognise_kind(text);
    LoadedPolicy& loaded = out.emplace_back(place_of(file, kind_for(recognised, principal), 0));
    load(catalogue, recognised, text, loaded);
  }
  for (std::size_t i = 0; i < kKindOptions.size(); ++i)
    for (std::uint32_t n = 0; n < arguments.by_kind[i].size(); ++n) {
      LoadedPolicy& loaded =
          out.emplace_back(place_of(arguments.by_kind[i][n], kKindOptions[i].kind, n));
      SEALANE_ASSIGN(const std::string text, read_text_file(env, loaded.file));
      load(catalogue, loaded.kind, text, loaded);
    }
  return out;
}

policy::CompiledPolicies compile_all(const std::vector<LoadedPolicy>& loaded) {
  std::vector<policy::Document> documents;
  for (const LoadedPolicy& one : loaded) {
    if (!one.document)
      return policy::CompiledPolicies::not_evaluable("`" + one.file + "` cannot be evaluated");
    documents.push_back(*one.document);
  }
  return policy::compile(documents);
}

std::string_view decision_name(policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::Allowed: return "allow";
    case policy::Outcome::ExplicitlyDenied: return "explicit-deny";
    case policy::Outcome::ImplicitlyDenied: return "implicit-deny";
    case policy::Outcome::NotEvaluable: return "not-evaluable";
  }
  return "not-evaluable";
}

// In JSON a gate has the name of its kind of documents.
std::string_view gate_name(policy::Gate gate) {
  switch (gate) {
    case policy::Gate::None: break;
    case policy::Gate::Scp: return to_string(DocumentKind::Scp);
    case policy::Gate::Resource: return to_string(DocumentKind::Resource);
    case policy::Gate::Identity: return to_string(DocumentKind::Identity);
    case policy::Gate::Device: return to_string(DocumentKind::IotDevice);
    case policy::Gate::Boundary: return to_string(DocumentKind::Boundary);
    case policy::Gate::Session: return to_string(DocumentKind::Session);
    case policy::Gate::VpcEndpoint: return to_string(DocumentKind::VpcEndpoint);
  }
  return "";
}

struct Evaluated {
  const std::vector<LoadedPolicy>& loaded;
  const policy::CompiledPolicies& policies;
  const policy::Decision& decision;
  std::vector<policy::StatementExplanation> statements;

  // As the documents spell them.
  std::vector<std::string> keys(const policy::KeySet& set) const {
    std::map<std::string, std::string> spelt;
    for (const LoadedPolicy& one : loaded)
      if (one.document)
        for (const policy::Statement& statement : one.document->statements)
          for (const policy::Condition& condition : statement.conditions)
            spelt.emplace(condition.key, condition.key_name);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < policies.keys().size(); ++i) {
      const std::string& key = policies.keys()[i];
      const auto found = spelt.find(key);
      if (set.contains(i)) out.push_back(found == spelt.end() ? key : found->second);
    }
    std::ranges::sort(out);
    return out;
  }
  std::string id(const policy::StatementExplanation& statement) const {
    return statement.sid.empty() ? "#" + std::to_string(statement.place.statement + 1)
                                 : statement.sid;
  }
};

void write_texts(json::Writer& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const std::string& text : texts) out.value(text);
  out.end_array();
}

std::string json_of(const Evaluated& e) {
  json::Writer out(2);
  out.begin_object().field("decision", decision_name(e.decision.outcome()));
  out.field("reason", policy::explain(e.policies, e.decision)).key("gate");
  if (e.decision.gate() == policy::Gate::None)
    out.null();
  else
    out.value(gate_name(e.decision.gate()));
  out.key("documents").begin_array();
  for (const LoadedPolicy& one : e.loaded) {
    out.begin_object().field("file", one.file).field("kind", to_string(one.kind));
    out.field("evaluable", one.document.has_value()).end_object();
  }
  out.end_array().key("statements").begin_array();
  for (const policy::StatementExplanation& statement : e.statements) {
    out.begin_object().field("id", e.id(statement)).field("file", statement.file);
    out.field("line", std::uint64_t{statement.line}).field("kind", to_string(statement.kind));
    out.field("effect", statement.effect == policy::Effect::Allow ? "Allow" : "Deny");
    out.key("matched");
    if (statement.matched == policy::Match::Unknown)
      out.null();
    else
      out.value(statement.matched == policy::Match::Yes);
    out.field("why", statement.why).end_object();
  }
  out.end_array();
  write_texts(out, "keys_read", e.keys(e.decision.keys_read()));
  write_texts(out, "keys_missing", e.keys(e.decision.keys_missing()));
  out.field("account_assumed", e.decision.account_assumed()).key("changes_at");
  if (e.decision.changes_at())
    out.value(to_rfc3339(*e.decision.changes_at()));
  else
    out.null();
  out.key("warnings").begin_array();
  for (const LoadedPolicy& one : e.loaded)
    for (const policy::LintFinding& finding : one.findings) write_finding(out, finding);
  return out.end_array().end_object().str() + "\n";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::string text_of(const Evaluated& e) {
  std::string out = std::string(decision_name(e.decision.outcome())) + ": " +
                    policy::explain(e.policies, e.decision) + "\n";
  for (const policy::StatementExplanation& statement : e.statements) {
    const char* matched = statement.matched == policy::Match::Yes  ? "applies"
                          : statement.matched == policy::Match::No ? "does not apply"
                                                                   : "cannot be told";
    out += "  " + statement.file + ":" + std::to_string(statement.line) + " " +
           (statement.effect == policy::Effect::Allow ? "Allow " : "Deny ") + e.id(statement) +
           " " + matched + ": " + statement.why + "\n";
  }
  const auto read = e.keys(e.decision.keys_read());
  const auto missing = e.keys(e.decision.keys_missing());
  if (!read.empty()) out += "keys read: " + joined(read) + "\n";
  if (!missing.empty()) out += "the request does not have: " + joined(missing) + "\n";
  if (e.decision.changes_at())
    out += "may be decided otherwise from " + to_rfc3339(*e.decision.changes_at()) + "\n";
  if (e.decision.account_assumed())
    out += "nobody said who owns the resource; it was taken for the principal's own account\n";
  for (const LoadedPolicy& one : e.loaded)
    for (const policy::LintFinding& finding : one.findings) out += finding_text(finding);
  return out;
}

Result<int> run_eval(const EvalArguments& arguments) {
  PosixEnv env;
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  SEALANE_ASSIGN(const std::string text, read_text_file(env, arguments.request));
  const auto request = policy::parse_request(text, arguments.request, catalogue);
  if (const int code = report_diagnostics(request.diagnostics, arguments.format); code != kOk)
    return code;
  SEALANE_ASSIGN(const std::vector<LoadedPolicy> loaded,
                 load_all(env, catalogue, arguments, request.value->principal));
  if (loaded.empty())
    return fail(ErrorKind::Invalid, "there is no policy to decide by",
                "name one with --policy FILE, or with the option of its kind");
  const policy::CompiledPolicies policies = compile_all(loaded);
  const policy::Request asked = request.value->at(SystemClock().now());
  const policy::Decision decision = policy::decide(policies, asked);
  const Evaluated evaluated{loaded, policies, decision,
                            policy::explain_statements(policies, asked)};
  print(arguments.format == OutputFormat::Json ? json_of(evaluated) : text_of(evaluated));
  if (std::ranges::any_of(loaded, [](const LoadedPolicy& one) { return !one.document; }))
    return static_cast<int>(kUsage);
  return static_cast<int>(decision.allowed() ? kOk : kOpen);
}

}  // namespace

void add_policy_eval_command(CLI::App& policy, Chosen& chosen) {
  auto a = std::make_shared<EvalArguments>();
  CLI::App* command = add_command(
      policy, "eval", "Decide one request by policies, and say why",
      "  sealane policy eval --policy station.json --request publish.json\n"
      "  sealane policy eval --identity role.json --resource-policy bucket.json --scp root.json\n"
      "      --scp 1=team.json --request get.json --format json\n"
      "A request: {\"principal\": \"arn:aws:iam::123456789012:role/edge\", \"action\": "
      "\"s3:GetObject\",\n"
      "  \"resource\": \"arn:aws:s3:::b/k\", \"context\": {\"aws:SecureTransport\": true}}\n"
      "Exit codes: 0 allowed, 1 denied, 2 an input that cannot be read; what cannot be evaluated "
      "is denied.");
  command
      ->add_option("--policy", a->policies,
                   "policies of any kind, recognised by their content: with principals a "
                   "resource's, of IoT devices' actions a device's, else an identity's")
      ->type_name("FILE");
  for (std::size_t i = 0; i < kKindOptions.size(); ++i)
    command->add_option(kKindOptions[i].name, a->by_kind[i], kKindOptions[i].help)
        ->type_name(has_levels(kKindOptions[i].kind) ? "[LEVEL=]FILE" : "FILE");
  command->add_option("--request", a->request, "the request, as JSON")
      ->required()
      ->type_name("FILE");
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_eval(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
