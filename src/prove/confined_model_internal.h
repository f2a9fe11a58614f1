// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "policy/elements.h"
#include "policy/evaluate.h"
#include "prove/confined.h"
#include "prove/confined_automaton_internal.h"

namespace sealane::prove {

enum class IotAction : std::uint8_t { Connect, Publish, Subscribe, Receive };
constexpr std::array kIotActions = {IotAction::Connect, IotAction::Publish, IotAction::Subscribe,
                                    IotAction::Receive};
std::string_view to_string(IotAction action);         // `iot:Connect`
std::string_view resource_type_of(IotAction action);  // `client/`, `topic/`, `topicfilter/`

constexpr std::string_view kClientIdKey = "iot:clientid";
constexpr std::string_view kThingNameKey = "iot:connection.thing.thingname";
constexpr std::string_view kAttachedKey = "iot:connection.thing.isattached";
constexpr std::string_view kThingKeys = "iot:connection.thing.";

// A statement that is about one of the actions.
struct IotStatement {
  policy::Effect effect{};
  bool listed = true;       // Resource, not NotResource
  bool everything = false;  // a literal `*` stands there
  std::vector<policy::ResourcePattern> entries;
  std::array<bool, kIotActions.size()> takes{};
  policy::CompiledPolicies conditions;  // allows what meets the conditions
  const policy::Statement* source = nullptr;

  bool takes_in(IotAction action) const { return takes[static_cast<std::size_t>(action)]; }
};

// A value that a key may have, or that it is absent.
struct KeyChoice {
  enum class Likeness : std::uint8_t {
    Absent,
    Other,    // stands for many: `values` is one of them
    Literal,  // `values` alone
    Thing,    // the thing's name
    Client,   // the client's id
  };
  Likeness likeness = Likeness::Absent;
  std::vector<std::string> values;
};

// Texts that no condition tells apart.
struct TextClass {
  std::string example;
  bool is_literal = false;  // it is the only one
};

// Requests that conditions do not tell apart.
struct Case {
  enum class Who : std::uint8_t {
    Itself,     // the client's id is the thing's name
    Stranger,   // it is not, and there are no thing variables
    Exclusive,  // whatever it is, there are those of the certificate's thing
    Impostor,   // it is the name of another thing, whose variables there are
    Https,      // there is no client
  };
  Who who{};
  TextClass thing;
  TextClass client;
  std::map<std::string, KeyChoice> keys;
};

// What documents say about the actions, and the requests that their conditions tell apart.
struct Model {
  std::vector<IotStatement> statements;
  std::vector<Case> cases;
  std::vector<Elements> name_patterns;  // of conditions on the thing's name and the client's id
  std::string thing;                    // names that stand for any
  std::string other;
};
// Errors: Unsupported – a condition without an exact form; TooLarge – kCasesMax.
Result<Model> read_model(std::span<const policy::Document> documents,
                         const ConfinedOptions& options);

// The facts of a request of the case, by a client of that id.
policy::Context context_of(const Case& one, const std::string& client);
// Whether each statement's conditions are met.
std::vector<policy::Match> truths_of(const Model& model, const Case& one, const std::string& client,
                                     policy::VariableRule rule);

// Texts that stand for all of a set of characters, one for each of the sets of texts that the
// patterns tell apart; `preferred` where it can be.
Result<std::vector<TextClass>> classes_of(std::span<const Elements> patterns,
                                          std::span<const std::string> preferred,
                                          Element::Set within);

// The pieces of a pattern that has no variables.
Elements elements_of(const policy::Pattern& pattern);

}  // namespace sealane::prove
