// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prove/confined_model_internal.h"

namespace sealane::prove {

// What a variable stands for.
struct Value {
  enum class Kind : std::uint8_t {
    Missing,
    Unsafe,  // it may not be substituted
    Known,
  };
  Kind kind = Kind::Missing;
  Elements elements;
  bool exact = true;  // else it is one of the texts of `elements`
};

// Own topics as patterns.
struct OwnPattern {
  Elements elements;
  bool no_dollar = false;  // begins with a wildcard
};
// `thing`: its name; nothing stands for any.
std::vector<OwnPattern> own_patterns(const std::vector<std::string>& own,
                                     std::optional<std::string_view> thing, mqtt::Profile profile);

// The partition, region and account that requests are for.
struct IotEndpoint {
  std::string partition;
  std::string region;
  std::string account;
  std::string head() const { return "arn:" + partition + ":iot:" + region + ":" + account + ":"; }
};

// The endpoints that the documents name, or the one that `resource` does.
// Errors: Invalid – `resource` is no such ARN; Unsupported – too many.
Result<std::vector<IotEndpoint>> endpoints_of(const Model& model, const std::string& resource);

// Turns statements into questions about texts, for requests of one case at one endpoint.
//
// Asked about every name (Symbolic) a question may have more answers than there are, never fewer:
// of what must match a pattern has every text that it could have, of what must not match only
// those that it has for certain.  Asked about one name (Concrete) it is exact.
class Asking {
 public:
  enum class Mode : std::uint8_t { Symbolic, Concrete };
  // What lets a request in: a Resource entry of an Allow; none of NotResource and `*`.
  struct Grant {
    const IotStatement* statement = nullptr;
    const policy::ResourcePattern* entry = nullptr;
  };
  struct Setting {
    const Model& model;
    const ConfinedOptions& options;
    const IotEndpoint& endpoint;
    const Case& one;
    std::vector<policy::Match> truths;
    Mode mode{};
    std::string client_id;  // Concrete
  };
  explicit Asking(Setting setting) : s_(std::move(setting)) {}

  // The names that patterns tell apart, of those that meet the same conditions as the case's.
  // Errors: TooLarge.
  Result<std::vector<TextClass>> names() const;

  std::string_view example() const { return s_.one.thing.example; }

  // What `${iot:ClientId}` stands for from now on.
  void set_client(Value client) { client_ = std::move(client); }

  std::vector<Grant> grants(IotAction action) const;
  // Statements that deny the action under the case's conditions.
  std::vector<const IotStatement*> denies(IotAction action) const;
  // Adds that the grant lets the text in.  `exact_names`: a thing's name inside of a level is that
  // name, which holds of one pattern at a time; else any name.  False: it lets nothing in.
  bool require(Question& question, const Grant& grant, IotAction action, bool exact_names) const;
  // Adds that no Deny applies.  False: one always does.
  bool require_undenied(Question& question, IotAction action) const;
  // The text that a Deny's entry takes in, at most.  Nothing: none.
  std::optional<Automaton> denied(const policy::ResourcePattern& entry, IotAction action) const;

  // What a client may call itself under a grant of Connect.  Nothing: nothing.
  std::optional<Value> client_of(const Grant& grant) const;
  // What the client may call itself by the case alone.  Nothing: anything.
  std::optional<Elements> client_ids() const;
  // What its id stands for in a pattern.
  Value client_value() const;

 private:
  bool at_endpoint(const policy::ResourcePattern& entry) const;
  Value value_of(const policy::PatternPiece& variable) const;
  Value text_value(const std::string& text, bool is_client) const;
  // The entry's pieces with their values; nothing: it matches nothing for certain.
  struct Instance {
    Value::Kind kind = Value::Kind::Known;
    Elements elements;
    bool exact = true;
  };
  Instance instance(const policy::ResourcePattern& entry) const;
  std::optional<Automaton> positive(const policy::ResourcePattern& entry, IotAction action,
                                    bool exact_names) const;
  std::optional<Automaton> negative(const policy::ResourcePattern& entry, IotAction action) const;
  bool lacks_value(const IotStatement& statement) const;
  Value guarded(Value value) const;

  Setting s_;
  Value client_;
};

// Names of things, one of each set that levels of the patterns tell apart, of those that
// `conditions` tell as little apart as `like`; that one is the first.
// Errors: TooLarge – kNamesMax.
Result<std::vector<TextClass>> name_classes(std::span<const Elements> patterns,
                                            std::span<const Elements> conditions,
                                            const std::string& like);
constexpr std::size_t kNamesMax = 256;

// Characters that questions tell apart, one more, and the symbol of the thing.
std::vector<Symbol> alphabet_of(const Model& model, const std::vector<std::string>& own,
                                Asking::Mode mode, std::string_view names);

}  // namespace sealane::prove
