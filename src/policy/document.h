// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace sealane::policy {

// What a document is attached to.  It decides which elements the document may have and which part
// it takes in a decision.
enum class DocumentKind : std::uint8_t {
  IotDevice,    // a device's certificate; no Principal; the substitution rule of AWS IoT Core
  Identity,     // a user, a group of users or a role; no Principal
  Resource,     // a bucket, a queue, ...; Principal required
  Trust,        // a role: who may assume it; Principal required, no Resource
  Kms,          // a KMS key; Principal required; an account's identity policies count only by it
  Boundary,     // the permissions boundary of a user or role; limits and never grants
  Session,      // passed when a session was begun; limits and never grants
  Scp,          // an organization's service control policy; limits, by level
  Rcp,          // an organization's resource control policy; Denies alone
  VpcEndpoint,  // the endpoint that a request came through; limits
};
constexpr std::size_t kDocumentKinds = 10;
// `iot-device`, `identity`, ..., `vpc-endpoint`.
std::string_view to_string(DocumentKind kind);
std::optional<DocumentKind> parse_document_kind(std::string_view text);
// True for the kinds whose statements say whom they are about.
constexpr bool names_principals(DocumentKind kind) {
  return kind == DocumentKind::Resource || kind == DocumentKind::Trust ||
         kind == DocumentKind::Kms || kind == DocumentKind::Rcp ||
         kind == DocumentKind::VpcEndpoint;
}

enum class Effect : std::uint8_t { Allow, Deny };
enum class LanguageVersion : std::uint8_t { V2008, V2012 };  // variables exist in 2012 alone
enum class Polarity : std::uint8_t { Listed, NotListed };    // Action or NotAction, and so on

enum class Quantifier : std::uint8_t { None, ForAllValues, ForAnyValue };

// The operator without its quantifier, its negation and IfExists.
enum class Operator : std::uint8_t {
  StringEquals,
  StringEqualsIgnoreCase,
  StringLike,
  ArnLike,  // ArnEquals too: AWS gives both the same meaning
  NumericEquals,
  NumericLessThan,
  NumericLessThanEquals,
  NumericGreaterThan,
  NumericGreaterThanEquals,
  DateEquals,
  DateLessThan,
  DateLessThanEquals,
  DateGreaterThan,
  DateGreaterThanEquals,
  Bool,
  BinaryEquals,
  IpAddress,
  Null,
};

// Text of a document with its place.
struct SourceText {
  std::string text;
  SourceSpan span;
};

// One operator on one key.
struct Condition {
  Operator op{};
  Quantifier quantifier = Quantifier::None;
  bool negated = false;
  bool if_exists = false;
  std::string key;  // lower case
  std::vector<SourceText> values;
  SourceSpan span;            // of the key
  std::string operator_name;  // as AWS spells it: `ForAnyValue:StringLikeIfExists`
  std::string key_name;       // as the document spells it
};

// One value of Principal or NotPrincipal.
struct PrincipalEntry {
  enum class Type : std::uint8_t {
    Everyone,       // `*`
    Account,        // twelve digits, or an ARN that ends in `:root`
    Aws,            // the ARN of a user, a role, a session of a role, or a federated user
    Service,        // `s3.amazonaws.com`
    Federated,      // an issuer of web identities or SAML assertions
    CanonicalUser,  // S3's name of an account
    Nobody,         // the id that AWS leaves behind of a user or role that was deleted
  };
  Type type{};
  SourceText text;
};

struct Principals {
  Polarity polarity = Polarity::Listed;  // NotListed: NotPrincipal
  std::vector<PrincipalEntry> entries;
  SourceSpan span;
};

struct Statement {
  std::string sid;  // empty when the statement has none
  Effect effect = Effect::Deny;
  std::optional<Principals> principals;
  Polarity action_polarity = Polarity::Listed;
  std::vector<SourceText> actions;
  Polarity resource_polarity = Polarity::Listed;
  std::vector<SourceText> resources;  // none in a Trust document: it speaks of its role
  std::vector<Condition> conditions;
  SourceSpan span;
};

struct Document {
  DocumentKind kind{};
  LanguageVersion version = LanguageVersion::V2008;
  std::string id;
  std::string file;
  std::vector<Statement> statements;
  // Scp and Rcp: where in the organization the document is attached.  0 is the root, then each
  // organizational unit on the way down, last the account.  Set by the caller.
  std::uint32_t level = 0;
};

struct DocumentLimits {
  std::size_t bytes_max = 2u << 20;  // AWS's own largest has 157 KB
  std::size_t statements_max = 10'000;
  std::size_t values_max = 50'000;  // actions, resources and condition values together
  std::size_t keys_max = 256;       // condition keys and variables; KeySet::kKeysMax
  std::size_t pattern_bytes_max = 2'048;
  std::size_t pattern_pieces_max =
      48;  // runs of literal text, wildcards and variables in one pattern
};

// Reads one policy document.
//
// Source:  AWS IAM JSON policy grammar; the elements that each kind of policy may have; IoT Core
//          device policies.
// Result:  the document when nothing is wrong with it.  A document with an Error has no value and
//          cannot be evaluated: skipping what is not understood would widen Allows and Denies
//          alike.  Warnings mark what is legal and probably not meant.
// Errors:  duplicate members; unknown elements, operators and keys without a prefix; elements that
//          the kind forbids; values that are not of the operator's type; variables where none may
//          stand.
// Bounds:  limits; time and memory linear in the text.  A text longer than bytes_max is not read.
// Threads: pure.
Parsed<Document> parse_document(std::string_view text, DocumentKind kind, const std::string& file,
                                const DocumentLimits& limits = {});

}  // namespace sealane::policy
