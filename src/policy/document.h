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

// What a document is attached to.  It decides which elements the document may have.
enum class DocumentKind : std::uint8_t {
  IotDevice,  // a device's certificate; no Principal; the substitution rule of AWS IoT Core
  Identity,   // a role or user; no Principal
  Resource,   // a bucket; Principal required
};
std::string_view to_string(DocumentKind kind);

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
  SourceSpan span;  // of the key
};

struct Principals {
  bool everyone = false;
  std::vector<SourceText> arns;
};

struct Statement {
  std::string sid;  // empty when the statement has none
  Effect effect = Effect::Deny;
  std::optional<Principals> principals;
  Polarity action_polarity = Polarity::Listed;
  std::vector<SourceText> actions;
  Polarity resource_polarity = Polarity::Listed;
  std::vector<SourceText> resources;
  std::vector<Condition> conditions;
  SourceSpan span;
};

struct Document {
  DocumentKind kind{};
  LanguageVersion version = LanguageVersion::V2008;
  std::string id;
  std::string file;
  std::vector<Statement> statements;
};

struct DocumentLimits {
  std::size_t bytes_max = 256u << 10;  // AWS's own largest has 157 KB
  std::size_t statements_max = 1'000;
  std::size_t values_max = 10'000;  // actions, resources and condition values together
  std::size_t pattern_bytes_max = 2'048;
  std::size_t pattern_pieces_max =
      48;  // runs of literal text, wildcards and variables in one pattern
};

// Reads one policy document.
//
// Source:  AWS IAM JSON policy grammar; IoT Core device policies.
// Result:  the document when nothing is wrong with it.  A document with an Error has no value and
//          cannot be evaluated: skipping what is not understood would widen Allows and Denies
//          alike.  Warnings mark what is legal and probably not meant.
// Errors:  duplicate members; unknown elements, operators and keys without a prefix; elements that
//          the kind forbids; values that are not of the operator's type; variables where none may
//          stand; `not in this version` for principals other than `*` and exact ARNs.
// Bounds:  limits; linear in the text.
// Threads: pure.
Parsed<Document> parse_document(std::string_view text, DocumentKind kind, const std::string& file,
                                const DocumentLimits& limits = {});

}  // namespace sealane::policy
