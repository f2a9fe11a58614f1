// SPDX-License-Identifier: Apache-2.0
// The request that nobody has chosen yet: its caller, transport and target, and the axioms about
// it.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "policy/operator_arn.h"
#include "prove/encode_internal.h"
#include "solver/smt_text.h"

namespace sealane::prove {
namespace {

// What callers are called, and the rest of the request that a question may not speak of.  A role's
// ARN has its path, a session's has not.  Source: IAM User Guide, "IAM identifiers".
struct NameFacts {
  std::string_view term;
  std::string_view sort;
  std::string_view holds;      // of it
  std::string_view otherwise;  // when nothing depends on it
};
constexpr std::string_view kNameLanguage =
    "(re.union (re.range \"0\" \"9\") (re.range \"A\" \"Z\") (re.range \"a\" \"z\") (str.to_re "
    "\"-\") (str.to_re \".\") (str.to_re \"@\") (str.to_re \"_\") (str.to_re \"+\") (str.to_re "
    "\"=\") (str.to_re \",\"))";
constexpr std::array<NameFacts, 22> kNames = {{
    {"account", "String", "(str.in_re account ((_ re.^ 12) (re.range \"0\" \"9\")))",
     "111122223333"},
    {"user", "String", "(str.in_re user (re.+ (re.union NAME (str.to_re \"/\"))))", "alice"},
    {"role_path", "String",
     "(str.in_re role_path (re.opt (re.++ (re.* (re.union NAME (str.to_re \"/\"))) (str.to_re "
     "\"/\"))))",
     ""},
    {"role_name", "String", "(str.in_re role_name (re.+ NAME))", "trainer"},
    {"session", "String", "(str.in_re session (re.+ NAME))", "run"},
    {"of_user", "Bool", "true", "false"},
    {"service", "String",
     "(str.in_re service (re.++ (re.+ (re.union (re.range \"a\" \"z\") (str.to_re \"-\"))) "
     "(str.to_re \".amazonaws.com\")))",
     "logging.s3.amazonaws.com"},
    {"canonical", "String",
     "(str.in_re canonical ((_ re.^ 64) (re.union (re.range \"0\" \"9\") (re.range \"a\" "
     "\"f\"))))",
     ""},
    {"now", "Real", "(and (>= now 0.0) (< now 253402300799.0))", "1798761600"},
    {"tail", "String", "(> (str.len tail) 0)", "data.csv"},
    // Of ARNs that are templates.
    {"owner", "String", "(str.in_re owner ((_ re.^ 12) (re.range \"0\" \"9\")))", "111122223333"},
    {"region", "String",
     "(str.in_re region (re.+ (re.union (re.range \"a\" \"z\") (re.range \"0\" \"9\") (str.to_re "
     "\"-\"))))",
     "eu-central-1"},
    {"vendor", "String", "(str.in_re vendor (re.+ (re.range \"a\" \"z\")))", "aws"},
    {"part0", "String", "(str.in_re part0 (re.+ NAME))", "example"},
    {"part1", "String", "(str.in_re part1 (re.+ NAME))", "example"},
    {"part2", "String", "(str.in_re part2 (re.+ NAME))", "example"},
    {"part3", "String", "(str.in_re part3 (re.+ NAME))", "example"},
    {"part4", "String", "(str.in_re part4 (re.+ NAME))", "example"},
    {"part5", "String", "(str.in_re part5 (re.+ NAME))", "example"},
    {"part6", "String", "(str.in_re part6 (re.+ NAME))", "example"},
    {"part7", "String", "(str.in_re part7 (re.+ NAME))", "example"},
    {"part8", "String", "(str.in_re part8 (re.+ NAME))", "example"},
}};

// `name` as a word of its own.
bool speaks_of(const std::string& text, std::string_view name) {
  constexpr std::string_view kEnds = " ()\n";
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || kEnds.find(text[at - 1]) != std::string_view::npos;
    const bool ends = end == text.size() || kEnds.find(text[end]) != std::string_view::npos;
    if (begins && ends) return true;
  }
  return false;
}

std::string number(std::size_t value) { return std::to_string(value); }

}  // namespace

Term caller_is(std::initializer_list<Caller> callers) {
  std::vector<Term> terms;
  for (const Caller caller : callers)
    terms.push_back("(= caller " + number(static_cast<std::size_t>(caller)) + ")");
  return disj(terms);
}

Term principal_arn_term(const Scope& scope) {
  const std::string iam = "\"arn:" + scope.partition + ":iam::\"";
  const std::string sts = "\"arn:" + scope.partition + ":sts::\"";
  return "(ite " + caller_is({Caller::Root}) + " (str.++ " + iam + " account \":root\") (ite " +
         caller_is({Caller::User}) + " (str.++ " + iam + " account \":user/\" user) (ite " +
         caller_is({Caller::RoleSession}) + " (str.++ " + iam +
         " account \":role/\" role_path role_name) (str.++ " + sts +
         " account \":federated-user/\" session))))";
}

Term Encoder::callers_in_scope() const {
  using enum Caller;
  switch (scope_.callers) {
    case Callers::Anybody: break;
    case Callers::Members: return caller_is({Root, User, RoleSession, FederatedUser});
    case Callers::Identities: return caller_is({User, RoleSession, FederatedUser});
  }
  return "true";
}

Result<Term> Encoder::binds(policy::DocumentKind kind) const {
  using enum policy::DocumentKind;
  using enum Caller;
  switch (kind) {
    case Identity:
    case Boundary:
    case Session: return caller_is({User, RoleSession, FederatedUser});
    case Scp: return caller_is({Root, User, RoleSession, FederatedUser});
    case Rcp: {
      std::vector<bool> bound;
      for (const ActionClass& c : classes_) bound.push_back(c.in_rcps);
      return class_in(bound);
    }
    case Resource:
    case Trust:
    case Kms:
    case VpcEndpoint: return Term("true");
    case IotDevice: break;
  }
  return fail(ErrorKind::Unsupported, "policies of IoT devices beside others");
}

namespace {

// The account of a class's resources: a text, `owner`, or nothing.
std::string owner_of(const Scope& scope, const ActionClass& one) {
  if (!scope.account.empty()) return scope.account;
  const ArnShape& shape = scope.shapes[one.shape];
  if (shape.is_any()) return "";
  if (!shape.head_variables[4].empty()) return shape.head_variables[4];
  const std::string any_arn = shape.head + "x";
  const auto parts = policy::split_arn(any_arn);
  if (!parts || (*parts)[4].empty()) return "owner";
  return (*parts)[4] == "aws" ? "" : std::string((*parts)[4]);
}

}  // namespace

bool Encoder::owner_is_open(const ActionClass& one) const {
  return scope_.account.empty() && !scope_.shapes[one.shape].is_any() &&
         scope_.shapes[one.shape].head_variables[4].empty() && owner_of(scope_, one) == "owner";
}

Term Encoder::is_cross_account() const {
  std::map<std::string, std::vector<bool>> by_owner;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    auto& chosen = by_owner[owner_of(scope_, classes_[i])];
    chosen.resize(classes_.size());
    chosen[i] = true;
  }
  std::vector<Term> any;
  for (const auto& [owner, chosen] : by_owner) {
    if (owner.empty()) continue;
    const Term term = owner == "owner" ? owner : "\"" + owner + "\"";
    any.push_back(conj({class_in(chosen), "(not (= account " + term + "))"}));
  }
  return conj({caller_is({Caller::Root, Caller::User, Caller::RoleSession, Caller::FederatedUser}),
               disj(any)});
}

Term Encoder::weak(std::string_view min_tls) const {
  return min_tls == "1.3" ? "(and (<= 1 transport) (< transport 4))"
                          : "(and (<= 1 transport) (< transport 3))";
}
Term Encoder::over_tls_at_least(std::string_view min_tls) const {
  return min_tls == "1.3" ? "(= transport 4)" : "(<= 3 transport)";
}

Term Encoder::class_in(const std::vector<bool>& chosen) const {
  if (std::ranges::all_of(chosen, [](bool c) { return c; })) return "true";
  std::vector<Term> terms;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) terms.push_back("(= class " + number(i) + ")");
  return disj(terms);
}

Term Encoder::in_catalogue() const {
  std::vector<bool> chosen;
  for (const ActionClass& c : classes_) chosen.push_back(c.in_catalogue);
  return class_in(chosen);
}

std::string Encoder::preamble() const {
  std::string out =
      "(declare-const class Int)\n(assert (and (<= 0 class) (< class " + number(classes_.size()) +
      ")))\n(declare-const transport Int)\n(assert (and (<= 0 transport) (<= transport 4)))\n"
      "(declare-const caller Int)\n(assert (and (<= 0 caller) (< caller " +
      number(kCallers) + ")))\n(declare-const endpoint Bool)\n";
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!declared_.empty() && !declared_[i]) continue;
    std::string holds(kNames[i].holds);
    for (std::size_t at = holds.find("NAME"); at != std::string::npos; at = holds.find("NAME"))
      holds.replace(at, 4, kNameLanguage);
    out += "(declare-const " + std::string(kNames[i].term) + " " + std::string(kNames[i].sort) +
           ")\n(assert " + holds + ")\n";
  }
  out += declarations_;
  for (const auto& [axiom, terms] : axioms_) {
    const std::string name(facts_of(axiom).name);
    out += "(declare-const " + name + " Bool)\n(assert (=> " + name + " " + conj(terms) + "))\n";
  }
  return out;
}

void Encoder::note_names(const Term& question) {
  std::string all = question + " " + declarations_;
  for (const auto& [lower, key] : keys_) all += " " + key.value + " ";
  for (const auto& [axiom, terms] : axioms_) all += " " + conj(terms) + " ";
  declared_.clear();
  for (const NameFacts& name : kNames) declared_.push_back(speaks_of(all, name.term));
}

std::vector<Encoder::Name> Encoder::names() const {
  std::vector<Name> out;
  for (std::size_t i = 0; i < kNames.size(); ++i)
    out.push_back({kNames[i].term, declared_.empty() || declared_[i], kNames[i].otherwise});
  return out;
}

bool Encoder::declares(std::string_view name) const {
  const auto all = names();
  const auto at = std::ranges::find(all, name, &Name::term);
  return at != all.end() && at->declared;
}

std::vector<std::string> Encoder::axiom_names(const AxiomSet& on) const {
  std::vector<std::string> names;
  for (const auto& [axiom, terms] : axioms_)
    if (on.contains(axiom)) names.emplace_back(facts_of(axiom).name);
  return names;
}

void Encoder::require(Axiom axiom, const Term& term) {
  if (!is_true(term)) axioms_[axiom].push_back(term);
}

const KeyModel* Encoder::find(std::string_view lower) const {
  const auto at = keys_.find(std::string(lower));
  return at == keys_.end() ? nullptr : &at->second;
}

void Encoder::add_axioms() {
  add_tls_axioms();
  add_caller_axioms();
}

void Encoder::add_tls_axioms() {
  require(Axiom::A1, find("aws:securetransport")->present);
  // Also of connections whose key nobody asks for.
  require(Axiom::A5, "(or (= transport 0) (<= 3 transport))");
  for (const auto& [lower, key] : keys_) {
    if (!lower.ends_with(":tlsversion")) continue;
    require(Axiom::A3, implies(plain(), negate(key.present)));
    std::vector<bool> carries;
    for (const ActionClass& c : classes_)
      carries.push_back(!c.tls_version_of.empty() && lower == c.tls_version_of + ":tlsversion");
    const Term listed = class_in(carries);
    const Term over_tls = negate(plain());
    require(Axiom::A4, "(=> " + over_tls + " (= " + key.present + " " + listed + "))");
    for (std::size_t i = 0; i < key.is.size(); ++i)
      require(Axiom::A4,
              implies(conj({key.present, "(= transport " + number(i + 1) + ")"}), key.is[i]));
  }
}

void Encoder::add_caller_axioms() {
  const Term anonymous = caller_is({Caller::Anonymous});
  const Term service = caller_is({Caller::Service});
  if (const KeyModel* key = find("aws:principalisawsservice")) {
    require(Axiom::A6, "(= " + key->present + " " + negate(anonymous) + ")");
    require(Axiom::A6, "(= " + key->is[0] + " " + service + ")");
  }
  // Names of the service that asks.
  for (const char* name : {"aws:principalservicename", "aws:principalservicenameslist"})
    if (const KeyModel* key = find(name)) require(Axiom::A6, implies(key->present, service));
  const KeyModel* via = find("aws:viaawsservice");
  if (via != nullptr) {
    require(Axiom::A7, via->present);
    require(Axiom::A7, implies(via->is[0], negate(disj({anonymous, service}))));
  }
  if (const KeyModel* called = find("aws:calledvia")) {
    require(Axiom::A7, implies(called->present, negate(disj({anonymous, service}))));
    if (via != nullptr) require(Axiom::A7, implies(called->present, via->is[0]));
  }
  if (const KeyModel* key = find("aws:sourceip"))
    require(Axiom::A8, "(= " + key->present + " (not endpoint))");
  for (const char* name : {"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"})
    if (const KeyModel* key = find(name)) require(Axiom::A8, "(= " + key->present + " endpoint)");
  for (const auto& [lower, key] : keys_) {
    const bool of_principal =
        lower.starts_with("aws:principaltag/") || lower.starts_with("aws:principalorg") ||
        lower == "aws:username" || lower == "aws:tokenissuetime" ||
        lower.starts_with("aws:multifactorauth") || lower == "aws:federatedprovider";
    if (of_principal) require(Axiom::A9, implies(anonymous, negate(key.present)));
    const std::string_view nobody = lower == "aws:principaltype" ? "\"Anonymous\""
                                    : lower == "aws:userid"      ? "\"anonymous\""
                                                                 : "";
    if (!nobody.empty() && key.sort == KeySort::Text)
      require(Axiom::A9, implies(conj({anonymous, key.present}), apply("=", {key.value, nobody})));
    if (lower == "aws:username")
      require(Axiom::A9, implies(key.present, caller_is({Caller::User})));
  }
}

}  // namespace sealane::prove
