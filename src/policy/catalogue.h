// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/context.h"

namespace sealane::policy {

// What a condition key's values are.
enum class ValueType : std::uint8_t { String, Bool, Numeric, Date, Arn, IpAddress, Binary };
std::string_view to_string(ValueType type);

// Whether requests for an action have a key.
enum class Carries : std::uint8_t {
  No,
  ByResource,  // the key is listed for a kind of resource that the action is asked about
  Listed,      // it is listed for the action
};

enum class AccessLevel : std::uint8_t { List, Read, Write, Tagging, Permissions };

// A condition key as AWS documents it.  `name` may be a template: `aws:RequestTag/${TagKey}`.
struct KeyFacts {
  std::string_view name;
  ValueType type = ValueType::String;
  Context::Arity arity = Context::Arity::Single;
};

// When a request has a key.
enum class Presence : std::uint8_t { Always, Sometimes };

// A key that any service may send, or that one service's principals carry to all others.
struct GlobalKey {
  KeyFacts facts;
  Presence presence = Presence::Sometimes;
  std::string_view when;  // the documented condition, one clause
};
std::span<const GlobalKey> global_keys();
// Upper and lower case are one; `aws:PrincipalTag/team` finds `aws:PrincipalTag/${TagKey}`.
const GlobalKey* find_global_key(std::string_view name);

// The keys of an IoT device policy: no action is listed with one, they are policy variables.
std::span<const KeyFacts> iot_device_keys();
const KeyFacts* find_iot_device_key(std::string_view name);

// True if `name` is the template or one of what it stands for: each `${...}` or `<...>` takes one
// character or more.  Case does not matter.
bool key_matches(std::string_view key_template, std::string_view name);

// The services of AWS, their actions, kinds of resources and condition keys, as documented.
//
// Source:  the AWS Service Authorization Reference through data/catalogue/aws.txt, whose head says
//          version, date and licence; docs/formats/catalogue.md.  It is not proof: a name that is
//          missing may be newer than the table.
// Result:  every view points into the text, which must outlive the catalogue and what it returned.
// Bounds:  lookups of one name allocate nothing and are logarithmic within their service; the
//          catalogue keeps four bytes for each line of the text.
// Threads: any.
class Catalogue {
 public:
  // The table that is built into the program.
  static Catalogue shipped();
  // Errors: Invalid – a line out of order, an index that hits nothing, text that is too long.
  static Result<Catalogue> from_text(std::string_view text);

  struct Service {
    std::string_view prefix;  // `s3`
    std::string_view title;
    bool in_rcps = false;  // resource control policies reach it
    std::uint32_t row = 0;
  };
  struct Action {
    std::string_view service;
    std::string_view name;
    AccessLevel access{};
    std::uint32_t row = 0;    // the service's
    std::uint32_t shape = 0;  // actions of a service with the same keys and kinds share it
  };
  // A kind of resource that an action may be asked about.
  struct Kind {
    std::string_view name;
    std::string_view arn;   // `arn:${Partition}:s3:::${BucketName}`
    bool required = false;  // the action names one of this kind
  };

  std::size_t service_count() const { return services_.size(); }
  std::size_t action_count() const { return action_count_; }
  Service service_at(std::size_t index) const;
  std::optional<Service> find_service(std::string_view prefix) const;
  // `s3:getobject`, in any case.
  std::optional<Action> find_action(std::string_view name) const;
  // The actions that a policy's pattern takes in: `s3:Get*`, `*`.  The service has no wildcard.
  std::vector<Action> actions_matching(std::string_view pattern) const;
  bool any_action_matches(std::string_view pattern) const;

  // A key that some service declares; those of its own prefix first.
  std::optional<KeyFacts> find_key(std::string_view name) const;
  // How the action is documented with the key.  Keys of requests are listed for some of the actions
  // of a kind of resource and may stand in the kind's row for all of them: for these ByResource is
  // little.  Global keys, but for those on tags, are listed nowhere.
  Carries carries(const Action& action, std::string_view key) const;

  std::vector<KeyFacts> keys_of(const Action& action) const;
  std::vector<Kind> kinds_of(const Action& action) const;
  std::vector<KeyFacts> keys_of(const Service& service) const;
  std::vector<Kind> kinds_of(const Service& service) const;

  // What was probably meant, as AWS spells it; nothing when no name is near.
  std::optional<std::string> closest_service(std::string_view prefix) const;
  std::optional<std::string> closest_action(std::string_view action) const;
  std::optional<std::string> closest_key(std::string_view key) const;

 private:
  // Lines of one service, as places in lines_: keys, kinds, shapes, actions, in this order.
  struct Row {
    std::uint32_t head = 0;
    std::uint32_t kinds = 0;
    std::uint32_t shapes = 0;
    std::uint32_t actions = 0;
    std::uint32_t end = 0;
  };

  explicit Catalogue(std::string_view text) : text_(text) {}
  Status index();
  Status check_row(const Row& row) const;
  std::string_view line(std::uint32_t number) const;
  std::string_view field(std::uint32_t number, std::size_t column) const;
  KeyFacts key_at(std::uint32_t number) const;
  Action action_at(std::uint32_t row, std::uint32_t number) const;
  // Calls `visit` with each key of the action, and whether it is listed for it, until it returns
  // true.
  template <class Visit>
  bool any_key(const Action& action, Visit&& visit) const;
  template <class Visit>
  void each_action(std::string_view pattern, Visit&& visit) const;

  std::string_view text_;
  std::vector<std::uint32_t> lines_;  // where lines begin; one more for the end
  std::vector<Row> services_;         // INVARIANT: sorted by prefix
  std::size_t action_count_ = 0;
};

}  // namespace sealane::policy
