// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/catalogue.h"
#include "policy/document.h"
#include "policy/elements.h"
#include "policy/pattern.h"
#include "prove/axioms.h"
#include "prove/glob_term_internal.h"
#include "prove/scope.h"
#include "prove/term_internal.h"

namespace sealane::prove {

// Targets that every statement treats alike: same shape, same statements match the action.
struct ActionClass {
  std::vector<std::size_t> targets;  // of the scope
  std::size_t shape = 0;             // of its targets the first one's; all are treated alike
  std::string tls_version_of;        // the service whose TlsVersion key requests carry; or empty
  bool in_catalogue = true;
  bool in_rcps = true;  // resource control policies bind it
  std::string service;  // not in the catalogue: whose action it is
};

// How the values of a condition key are expressed.
enum class KeySort : std::uint8_t {
  Enumerated,  // one of a few texts
  Number,      // Real
  Date,        // Real, seconds since 1970
  Ip,          // a family and bit-vectors of 32 and 128
  Text,        // String
  TextSet,     // several values: slots of String
};

struct KeyModel {
  std::string name;  // as it is spelt in documents of AWS, or as the document spells it
  std::string lower;
  KeySort sort = KeySort::Text;
  Term present;
  Term value;                       // Number, Date, Text
  std::vector<std::string> domain;  // Enumerated
  std::vector<Term> is;             // Enumerated: which of the domain it is
  Term is_v4, bits4, bits6;         // Ip
  struct Slot {
    Term used;
    Term text;
  };
  std::vector<Slot> slots;  // TextSet
};

// The kinds of callers, as values of `caller`.
enum class Caller : std::uint8_t { Anonymous, Root, User, RoleSession, FederatedUser, Service };
inline constexpr std::size_t kCallers = 6;

// The transport of a request, as values of `transport`.
inline constexpr int kTransportPlain = 0;  // 1 to 4: TLS 1.0 to 1.3
inline constexpr std::string_view kTlsVersions[] = {"1.0", "1.1", "1.2", "1.3"};

// Turns documents into terms over one request that nobody has chosen yet.
//
// Source:  the rules of policy/evaluate.h; the encoding: README.md.
// Result:  exact, but for what is refused with Unsupported; nothing is approximated in silence.
class Encoder {
 public:
  // Looks through the documents for the keys, values and actions that they tell apart.
  // Errors: Unsupported – a construct that has no exact encoding; says which and where.
  static Result<Encoder> create(const policy::Catalogue& catalogue, const Scope& scope,
                                std::span<const policy::Document> documents);

  // The statement applies to the request.  Where the evaluator could not tell it is false.
  Result<Term> matches(const policy::Document& document, const policy::Statement& statement);
  // The action and the resource are the statement's.
  Result<Term> target(const policy::Document& document, const policy::Statement& statement);
  // The statements of documents of this kind bind whoever asks.
  // Errors: Unsupported – IotDevice.
  Result<Term> binds(policy::DocumentKind kind) const;
  // How a statement names whoever asks; it decides which gates an Allow passes by.
  struct Naming {
    Term direct = "false";         // everyone, or exactly this caller
    Term by_session = "false";     // its role, or the user of a federated user
    Term account_level = "false";  // its account
  };
  Result<Naming> naming(const policy::Statement& statement) const;
  // The caller is of another account than the resource.
  Term is_cross_account() const;

  Term plain() const { return "(= transport 0)"; }
  // TLS below 1.2 or 1.3.
  Term weak(std::string_view min_tls) const;
  Term over_tls_at_least(std::string_view min_tls) const;
  Term in_catalogue() const;
  // The callers that the scope is about.
  Term callers_in_scope() const;
  // The resource's owner where the ARN does not say and the scope neither; a term in questions.
  bool owner_is_open(const ActionClass& one) const;

  // Says which names of callers the terms of a question speak of: the others are not declared, for
  // they would only cost the solvers time.
  void note_names(const Term& question);
  // The value of a name that is not declared.
  struct Name {
    std::string_view term;
    bool declared;
    std::string_view otherwise;
  };
  std::vector<Name> names() const;
  bool declares(std::string_view name) const;

  // Declarations, ranges, and every axiom behind its name.
  std::string preamble() const;
  // The axioms that say something in this encoding.
  std::vector<std::string> axiom_names(const AxiomSet& on) const;

  const Scope& scope() const { return scope_; }
  bool has_rcps() const { return has_rcps_; }
  const std::vector<ActionClass>& classes() const { return classes_; }
  const std::map<std::string, KeyModel>& keys() const { return keys_; }

 private:
  Encoder(const policy::Catalogue& catalogue, const Scope& scope)
      : catalogue_(catalogue), scope_(scope) {}
  Status survey(std::span<const policy::Document> documents);
  Status survey_condition(const policy::Document& document, const policy::Condition& condition);
  Status note_key(const std::string& lower, const std::string& name, KeySort wanted);
  Status note_variables(const policy::Pattern& pattern);
  Status make_classes(std::span<const policy::Document> documents);
  void declare_keys();
  void declare_special(KeyModel& key);
  void declare_general(KeyModel& key);
  void add_axioms();
  void add_tls_axioms();
  void add_caller_axioms();
  void require(Axiom axiom, const Term& term);
  const KeyModel* find(std::string_view lower) const;

  Term class_in(const std::vector<bool>& chosen) const;
  std::vector<bool> action_classes(const policy::Statement& statement) const;
  Result<Term> resource(const policy::Document& document, const policy::Statement& statement,
                        const ArnShape& shape);
  Result<Naming> named_by(const policy::PrincipalEntry& entry) const;
  Result<bool> head_matches(const policy::ResourcePattern& pattern, const ArnShape& shape,
                            std::vector<Term>& conditions) const;
  Result<Term> condition(const policy::Document& document, const policy::Condition& condition);
  Result<Term> one_value(const policy::Document& document, const policy::Condition& condition,
                         const KeyModel& key, const Term& text);
  Result<Term> operand(const policy::Document& document, const policy::Condition& condition,
                       const KeyModel& key, const Term& text, const std::string& value);

  Term text_of(const KeyModel& key) const;
  Result<VariableTerm> variable(const policy::PatternPiece& piece) const;
  Result<Term> tail_matches(const policy::Pattern& pattern, const std::string& begin,
                            const Term& subject) const;

  const policy::Catalogue& catalogue_;
  const Scope& scope_;
  std::vector<ActionClass> classes_;
  std::map<std::string, KeyModel> keys_;
  std::map<std::string, std::size_t> set_atoms_;  // by key: how many quantified conditions
  std::string declarations_;
  std::vector<bool> declared_;  // by name of callers
  bool has_rcps_ = false;
  std::map<Axiom, std::vector<Term>> axioms_;
};

// The ARN of a shape.  Errors: Invalid – text that the theory of strings has not.
Result<Term> own_part_term(const ArnShape& shape);

// Terms of the caller that other parts need as well.
Term caller_is(std::initializer_list<Caller> callers);
Term principal_arn_term(const Scope& scope);

}  // namespace sealane::prove
