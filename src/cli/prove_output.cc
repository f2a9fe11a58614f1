// SPDX-License-Identifier: Apache-2.0
#include "cli/prove_output.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "report/sarif.h"

namespace sealane::cli {
namespace {

using prove::Claim;
using prove::Outcome;

std::string id_of(const policy::Statement& statement, std::size_t number) {
  return statement.sid.empty() ? "#" + std::to_string(number + 1) : statement.sid;
}

std::string counted(std::size_t number, const char* noun) {
  return std::to_string(number) + " " + noun;
}

Claim claim_of(const ProvedPolicy& policy, const ProveSettings& settings) {
  return policy.devices ? policy.devices->claim : settings.options.claim;
}
// What the claim is about: a resource, or a thing's own topics.
std::string resource_of(const ProvedPolicy& policy) {
  if (!policy.devices) return policy.scope ? policy.scope->resource : "";
  std::string out;
  for (const std::string& own : policy.devices->own) out += (out.empty() ? "" : ", ") + own;
  return out;
}
std::string resource_type_of(const ProvedPolicy& policy) {
  if (policy.devices) return "iot";
  return policy.scope ? std::string(to_string(policy.scope->type)) : "";
}

// What it means that the claim holds.
std::string holds_words(const ProvedPolicy& policy, const ProveSettings& settings) {
  const Claim claim = claim_of(policy, settings);
  if (policy.devices && claim != Claim::Confined)
    return "there is no such request: " + std::string(policy.devices->inherent->text);
  switch (claim) {
    case Claim::Grant: return "grants nothing over plaintext; does not forbid it";
    case Claim::Enforce: return "every request over plaintext is denied explicitly";
    case Claim::Floor:
      return "every request over TLS below " + settings.options.min_tls +
             " is denied explicitly, or cannot be made";
    case Claim::GrantClosed: return "the policies together allow nothing over plaintext";
    case Claim::Confined: return "a thing reaches its own topics alone";
    case Claim::NoWiderThan: return "allows nothing that the reference does not allow";
    case Claim::Equivalent: return "allows what the other allows, and nothing else";
  }
  return "";
}

std::string decided_by(const ProvedPolicy& policy) {
  if (policy.devices) return policy.devices->claim == Claim::Confined ? "automata" : "table";
  return policy.proof->by_fast_path ? "text" : "solvers";
}

std::string assumption_text(const std::string& name) {
  const auto axiom = prove::parse_axiom(name);
  if (axiom) return std::string(facts_of(*axiom).text);
  return name == "single-solver" ? "one solver alone says so; the other gave no answer" : "";
}
std::string assumption_source(const std::string& name) {
  const auto axiom = prove::parse_axiom(name);
  return axiom ? std::string(facts_of(*axiom).source) : "";
}

const policy::Statement& statement_at(const ProvedPolicy& policy, std::size_t document,
                                      std::size_t statement) {
  return policy.documents[document].statements[statement];
}

// `#2 (line 7)`, of another document than the policy itself `#2 (scp.json, line 7)`.
std::string place_words(const ProvedPolicy& policy, std::size_t document, std::size_t statement) {
  const policy::Statement& one = statement_at(policy, document, statement);
  const std::string file = document == 0 ? "" : policy.documents[document].file + ", ";
  return id_of(one, statement) + " (" + file + "line " + std::to_string(one.span.line) + ")";
}

// --- text ---------------------------------------------------------------------------------------

std::string solver_words(const prove::SolverSaid& said) {
  std::string out = said.name + " ";
  if (said.answer == solver::Answer::Unknown)
    out += std::string(to_string(said.reason)) + (said.detail.empty() ? "" : ", " + said.detail);
  else
    out += to_string(said.answer);
  return out + " (" + std::to_string(said.spent.count() / 1000) + " ms)";
}

const char* wider_words(prove::Wider wider) {
  return wider == prove::Wider::Given ? "the policy allows it, the reference does not"
                                      : "the reference allows it, the policy does not";
}

std::string counterexample_text(const ProvedPolicy& policy) {
  const prove::Counterexample& example = *policy.proof->counterexample;
  std::string out = "  " + example.sentence + "\n";
  for (const policy::StatementExplanation& one : policy.statements) {
    const bool is_deny = one.effect == policy::Effect::Deny;
    if (is_deny == (one.matched == policy::Match::Yes)) continue;
    if (!is_deny && policy.proof->claim != Claim::Grant &&
        policy.proof->claim != Claim::GrantClosed && !compares(policy.proof->claim))
      continue;
    out += std::string(is_deny ? "  Deny " : "  Allow ") +
           place_words(policy, one.place.document, one.place.statement) +
           (is_deny ? " does not apply: " : " applies: ") + one.why + "\n";
  }
  if (policy.proof->wider) out += std::string("  ") + wider_words(*policy.proof->wider) + "\n";
  if (!policy.devices)
    out += "  request: " + prove::request_json(example.request, 0) + "\n";
  else
    for (const policy::RequestFile& step : policy.devices->steps)
      out += "  request: " + prove::request_json(step, 0) + "\n";
  if (!example.command.empty()) out += "  shown by: " + example.command + "\n";
  return out;
}

std::string repair_text(const ProvedPolicy& policy) {
  std::string out = "  repair, proved: " + policy.repair->what + "\n";
  if (!policy.repair->keeps_denies)
    out += "  requests over TLS that were denied by mistake are denied no longer\n";
  return out + policy.diff();
}

std::string basis_text(const ProvedPolicy& policy, bool verbose) {
  const prove::Proof& proof = *policy.proof;
  std::string out;
  for (const prove::Place& place : proof.carriers) {
    out += "  carried by Deny " + place_words(policy, place.document, place.statement) + "\n";
  }
  if (!proof.assumptions.empty()) {
    std::string names;
    for (const std::string& name : proof.assumptions) names += (names.empty() ? "" : ", ") + name;
    out += "  assumes " + names + (verbose ? "" : " (-v tells what they are)") + "\n";
  }
  if (!verbose) return out;
  for (const std::string& name : proof.assumptions)
    out += "    " + name + ": " + assumption_text(name) + "\n";
  out += "  decided by the " + decided_by(policy);
  for (const prove::SolverSaid& said : proof.solvers)
    out += (&said == &proof.solvers.front() ? ": " : ", ") + solver_words(said);
  return out + "\n";
}

std::string policy_text(const ProvedPolicy& policy, const ProveSettings& settings, bool verbose) {
  std::string out = policy.input.name + ": ";
  if (!policy.proof) {
    out += "unknown: " + reason_of(policy) + "\n";
    return out;
  }
  const prove::Proof& proof = *policy.proof;
  out += std::string(to_string(proof.outcome)) + ": " +
         std::string(to_string(claim_of(policy, settings)));
  if (const std::string resource = resource_of(policy); !resource.empty()) out += " of " + resource;
  if (proof.outcome == Outcome::Holds) out += ": " + holds_words(policy, settings);
  if (proof.outcome == Outcome::Unknown) out += ": " + reason_of(policy);
  out += "\n";
  if (proof.counterexample) out += counterexample_text(policy);
  out += basis_text(policy, verbose);
  for (const prove::Vacuous& one : proof.vacuous) {
    out += "  vacuous: " + place_words(policy, one.document, one.statement) + ": " + one.why + "\n";
  }
  for (const std::string& note : proof.notes) out += "  note: " + note + "\n";
  if (policy.devices && proof.verdict == pipeline::Verdict::Inherent)
    out += "  verdict: inherent: " + std::string(policy.devices->inherent->text) + " (" +
           std::string(policy.devices->inherent->source) + ")\n";
  if (policy.repair) out += repair_text(policy);
  return out;
}

// --- JSON ---------------------------------------------------------------------------------------

void write_text_or_null(json::Writer& out, std::string_view name, const std::string& text) {
  out.key(name);
  if (text.empty())
    out.null();
  else
    out.value(text);
}

void write_place(json::Writer& out, const ProvedPolicy& policy, std::size_t document,
                 std::size_t statement) {
  const policy::Statement& one = statement_at(policy, document, statement);
  out.field("file", policy.documents[document].file);
  out.field("statement", id_of(one, statement)).field("line", std::uint64_t{one.span.line});
  out.field("column", std::uint64_t{one.span.column});
}

void write_counterexample(json::Writer& out, const ProvedPolicy& policy) {
  out.key("counterexample");
  if (!policy.proof || !policy.proof->counterexample) {
    out.null();
    return;
  }
  const prove::Counterexample& example = *policy.proof->counterexample;
  out.begin_object().key("request").raw(prove::request_json(example.request, 0));
  out.field("sentence", example.sentence);
  write_text_or_null(out, "command", example.command);
  out.key("steps").begin_array();
  if (policy.devices)
    for (const policy::RequestFile& step : policy.devices->steps)
      out.raw(prove::request_json(step, 0));
  out.end_array();
  const auto wider = policy.proof->wider;
  write_text_or_null(out, "allowed_by",
                     !wider                          ? ""
                     : *wider == prove::Wider::Given ? "policy"
                                                     : "reference");
  out.key("statements").begin_array();
  for (const policy::StatementExplanation& one : policy.statements) {
    out.begin_object();
    write_place(out, policy, one.place.document, one.place.statement);
    out.field("effect", one.effect == policy::Effect::Allow ? "Allow" : "Deny");
    out.field("matched", one.matched == policy::Match::Yes).field("why", one.why).end_object();
  }
  out.end_array().end_object();
}

void write_proof(json::Writer& out, const ProvedPolicy& policy) {
  static const prove::Proof kNone;
  const prove::Proof& proof = policy.proof ? *policy.proof : kNone;
  out.key("carried_by").begin_array();
  for (const prove::Place& place : proof.carriers) {
    out.begin_object();
    write_place(out, policy, place.document, place.statement);
    out.end_object();
  }
  out.end_array().key("vacuous").begin_array();
  for (const prove::Vacuous& one : proof.vacuous) {
    out.begin_object();
    write_place(out, policy, one.document, one.statement);
    out.field("why", one.why).end_object();
  }
  out.end_array().key("assumptions").begin_array();
  for (const std::string& name : proof.assumptions)
    out.begin_object()
        .field("name", name)
        .field("text", assumption_text(name))
        .field("source", assumption_source(name))
        .end_object();
  out.end_array().key("solvers").begin_array();
  for (const prove::SolverSaid& said : proof.solvers) {
    out.begin_object().field("name", said.name).field("answer", to_string(said.answer));
    write_text_or_null(
        out, "reason",
        said.answer == solver::Answer::Unknown ? std::string(to_string(said.reason)) : "");
    write_text_or_null(out, "detail", said.detail);
    out.field("microseconds", static_cast<std::int64_t>(said.spent.count())).end_object();
  }
  out.end_array().key("notes").begin_array();
  for (const std::string& note : proof.notes) out.value(note);
  out.end_array();
}

void write_repair(json::Writer& out, const ProvedPolicy& policy) {
  out.key("repair");
  if (!policy.repair) {
    out.null();
    return;
  }
  out.begin_object().key("policy").raw(policy.repair->text);
  out.field("what", policy.repair->what).field("keeps_denies", policy.repair->keeps_denies);
  out.field("diff", policy.diff()).end_object();
}

void write_policy(json::Writer& out, const ProvedPolicy& policy, const ProveSettings& settings) {
  const Claim claim = claim_of(policy, settings);
  const std::string verdict = verdict_of(policy, claim);
  out.begin_object().field("policy", policy.input.name).field("claim", to_string(claim));
  write_text_or_null(out, "resource", resource_of(policy));
  write_text_or_null(out, "resource_type", resource_type_of(policy));
  out.field("result", to_string(policy.outcome()));
  write_text_or_null(out, "verdict", verdict);
  out.field("basis", to_string(policy.proof ? policy.proof->basis : pipeline::Basis::None));
  out.key("inherent");
  if (policy.devices)
    out.begin_object()
        .field("service", policy.devices->inherent->service)
        .field("text", policy.devices->inherent->text)
        .field("source", policy.devices->inherent->source)
        .field("read_on", policy.devices->inherent->read_on)
        .end_object();
  else
    out.null();
  write_text_or_null(out, "decided_by", policy.proof ? decided_by(policy) : "");
  write_text_or_null(out, "reason", reason_of(policy));
  write_proof(out, policy);
  write_counterexample(out, policy);
  write_repair(out, policy);
  out.key("diagnostics").begin_array();
  for (const Diagnostic& d : policy.diagnostics) {
    out.begin_object().field("severity", to_string(d.severity)).field("file", d.span.file);
    out.field("line", std::uint64_t{d.span.line}).field("column", std::uint64_t{d.span.column});
    out.field("message", d.message).field("hint", d.hint).end_object();
  }
  out.end_array().end_object();
}

// --- SARIF --------------------------------------------------------------------------------------

constexpr std::array kRules = {
    report::SarifRule{"bad-policy", Severity::Error, "the policy cannot be asked about"},
    report::SarifRule{"claim-holds", Severity::Note, "what was claimed is proved"},
    report::SarifRule{"grants-plaintext", Severity::Error,
                      "the policy grants a request over plaintext"},
    report::SarifRule{"not-confined", Severity::Error,
                      "a thing reaches topics that are not its own"},
    report::SarifRule{"not-equivalent", Severity::Error,
                      "the policies do not allow the same requests"},
    report::SarifRule{"plaintext-allowed", Severity::Error,
                      "the policies together allow a request over plaintext"},
    report::SarifRule{"plaintext-not-denied", Severity::Error,
                      "a request over plaintext is not denied"},
    report::SarifRule{"undecided", Severity::Warning, "the claim is neither proved nor refuted"},
    report::SarifRule{"vacuous-statement", Severity::Warning, "a Deny statement denies nothing"},
    report::SarifRule{"weak-tls-not-denied", Severity::Error,
                      "a request over TLS below the floor is not denied"},
    report::SarifRule{"wider-than-reference", Severity::Error,
                      "the policy allows a request that the reference does not allow"},
};

std::string_view failed_rule(Claim claim) {
  switch (claim) {
    case Claim::Grant: return "grants-plaintext";
    case Claim::Enforce: return "plaintext-not-denied";
    case Claim::Floor: return "weak-tls-not-denied";
    case Claim::GrantClosed: return "plaintext-allowed";
    case Claim::Confined: return "not-confined";
    case Claim::NoWiderThan: return "wider-than-reference";
    case Claim::Equivalent: return "not-equivalent";
  }
  return "";
}

bool speaks_of_transport(const policy::Statement& statement) {
  return std::ranges::any_of(statement.conditions, [](const policy::Condition& condition) {
    return condition.key == "aws:securetransport" || condition.key.ends_with(":tlsversion");
  });
}

// The statement that carries the claim or breaks it: the Allow that grants, the Deny that was meant
// to deny, or the policy itself.
SourceSpan place_of(const ProvedPolicy& policy, Claim claim) {
  if (policy.documents.empty() || !policy.proof) return policy.input.origin;
  const auto& statements = policy.documents.front().statements;
  for (const prove::Place& place : policy.proof->carriers)
    if (place.document == 0) return statements[place.statement].span;
  if (claim != Claim::Enforce && claim != Claim::Floor)
    for (const policy::StatementExplanation& one : policy.statements)
      if (one.effect == policy::Effect::Allow && one.matched == policy::Match::Yes &&
          one.place.document == 0)
        return statements[one.place.statement].span;
  for (const policy::Statement& statement : statements)
    if (statement.effect == policy::Effect::Deny && speaks_of_transport(statement))
      return statement.span;
  return statements.empty() ? policy.input.origin : statements.front().span;
}

void add_results(const ProvedPolicy& policy, const ProveSettings& settings,
                 std::vector<report::SarifResult>& out) {
  const Claim claim = claim_of(policy, settings);
  for (const Diagnostic& d : policy.diagnostics)
    if (d.severity == Severity::Error)
      out.push_back({"bad-policy", d.severity, d.span, d.message, d.hint});
  if (policy.is_bad()) return;
  const SourceSpan place = place_of(policy, claim);
  switch (policy.outcome()) {
    case Outcome::Holds:
      out.push_back({"claim-holds", Severity::Note, place, holds_words(policy, settings), ""});
      break;
    case Outcome::Fails:
      out.push_back({std::string(failed_rule(claim)), Severity::Error, place,
                     policy.proof->counterexample->sentence, ""});
      break;
    case Outcome::Unknown:
      out.push_back({"undecided", Severity::Warning, place, reason_of(policy), ""});
      break;
  }
  if (!policy.proof) return;
  for (const prove::Vacuous& one : policy.proof->vacuous)
    if (one.document == 0)
      out.push_back({"vacuous-statement", Severity::Warning,
                     statement_at(policy, 0, one.statement).span, one.why, ""});
}

}  // namespace

std::string verdict_of(const ProvedPolicy& policy, Claim claim) {
  if (policy.proof)
    return policy.proof->verdict ? std::string(to_string(*policy.proof->verdict)) : "";
  return claim == Claim::Enforce || claim == Claim::Floor || claim == Claim::GrantClosed ? "unknown"
                                                                                         : "";
}

std::string reason_of(const ProvedPolicy& policy) {
  if (!policy.not_here.empty()) return "not-in-this-version: " + policy.not_here;
  for (const Diagnostic& d : policy.diagnostics)
    if (d.severity == Severity::Error) return "bad-policy: " + d.message;
  if (!policy.proof || policy.proof->outcome != Outcome::Unknown) return "";
  return std::string(to_string(policy.proof->doubt)) + ": " + policy.proof->detail;
}

std::string prove_text(std::span<const ProvedPolicy> policies, const ProveSettings& settings,
                       bool verbose) {
  std::string out;
  std::array<std::size_t, 3> counts{};
  for (const ProvedPolicy& policy : policies) {
    out += policy_text(policy, settings, verbose);
    ++counts[static_cast<std::size_t>(policy.outcome())];
  }
  if (policies.size() > 1)
    out += counted(counts[0], "hold") + ", " + counted(counts[1], "fail") + ", " +
           counted(counts[2], "unknown") + "\n";
  return out;
}

std::string prove_json(std::span<const ProvedPolicy> policies, const ProveSettings& settings) {
  json::Writer out(2);
  std::array<std::uint64_t, 3> counts{};
  out.begin_object().key("policies").begin_array();
  for (const ProvedPolicy& policy : policies) {
    write_policy(out, policy, settings);
    ++counts[static_cast<std::size_t>(policy.outcome())];
  }
  out.end_array().key("summary").begin_object();
  out.field("holds", counts[0]).field("fails", counts[1]).field("unknown", counts[2]);
  return out.end_object().end_object().str() + "\n";
}

std::string prove_sarif(std::span<const ProvedPolicy> policies, const ProveSettings& settings) {
  std::vector<report::SarifResult> results;
  std::vector<report::SarifFile> files;
  bool successful = true;
  for (const ProvedPolicy& policy : policies) {
    if (files.empty() || files.back().name != policy.input.file)
      files.push_back({policy.input.file, *policy.input.text});
    successful = successful && !policy.is_bad() &&
                 !(policy.proof && policy.proof->doubt == prove::Doubt::Disagreement);
    add_results(policy, settings, results);
  }
  return report::sarif_json({.tool_version = SEALANE_VERSION,
                             .rules = kRules,
                             .results = results,
                             .files = files,
                             .successful = successful});
}

}  // namespace sealane::cli
