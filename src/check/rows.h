// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "iac/system.h"
#include "pipeline/verdict.h"

namespace sealane::check {

// TLS versions in their order.  Verify: there is a least one, and no source says which.
enum class Tls : std::uint8_t { Unsaid, V10, V11, V12, V13, Verify };
std::string_view to_string(Tls version);  // `1.2`
std::optional<Tls> tls_of(std::string_view text);

// What a setting does to one side of a hop.
enum class Transport : std::uint8_t {
  Unsaid,         // speaks of something else: a least version, a certificate
  Tls,            // no plaintext; a client verifies its peer as well
  TlsUnverified,  // a client's alone: no plaintext, and any certificate will do
  Either,
  Plaintext,
  None,     // no data goes this way
  Unknown,  // cannot be told from the setting
};
std::string_view to_string(Transport transport);  // `tls-unverified`

struct Effect {
  Transport transport = Transport::Unsaid;
  Tls min_tls = Tls::Unsaid;
  bool verify = false;  // the knowledge is not confirmed: where it would decide, unknown
  std::optional<pipeline::Basis> basis{};  // other than the row's: a default that is inherent
  std::string says{};                      // one sentence; empty: made from property and value
};

// A text for each dialect that knows the row.
using PerDialect = std::map<iac::Dialect, std::string>;
using PathsPerDialect = std::map<iac::Dialect, std::vector<std::string>>;

enum class Side : std::uint8_t { Server, Client };
enum class Reading : std::uint8_t { Values, Url, TlsPolicy, Policy, Guard, Always };

// A test that a resource must pass for a row to speak of it.
struct When {
  PathsPerDialect property;
  std::vector<std::string> is;      // one of them, as text
  std::vector<std::string> is_not;  // none of them
  std::optional<std::int64_t> above;
  std::optional<bool> given;
  std::string omitted;  // the value when nobody says
};

// Reads the property of another resource that is linked with this one.
struct Via {
  PathsPerDialect types;
  PerDialect by;         // the linking property: of this resource, or of the other (`reverse`)
  bool reverse = false;  // the other names this one
  bool shared = false;   // both name a third, which a policy there protects
  std::optional<Effect> missing;  // there is none; nothing: the row says nothing then
};

// Where a client goes, or comes from when it reads.
struct Target {
  PathsPerDialect property;     // a reference, an ARN, a name or an address
  std::string label;            // when the property says nothing or there is none
  std::string hop = "clients";  // the server's hop that it meets
  bool reads = false;           // data flows from the target to the resource
  bool self = false;            // to the resource itself
};

// One row of knowledge (../../docs/formats/service-rows.md).
struct Row {
  std::string id;
  std::string service;
  Side side = Side::Server;
  PathsPerDialect types;  // several spellings of one type: `aws_lb_listener`, `aws_alb_listener`
  PathsPerDialect each;   // the elements that are a side each; empty: the resource is one
  PerDialect key;         // of an element: the property that names it
  std::string hop = "clients";
  std::string from;  // label of a server's clients
  std::vector<When> when;
  PathsPerDialect property;
  std::optional<Via> via;
  std::optional<Target> to;

  Reading reading = Reading::Always;
  std::vector<std::pair<std::string, Effect>> values;  // Values, Url by scheme
  std::optional<Effect> other;    // Values and Url: every other value; nothing: unknown
  std::string table;              // TlsPolicy: the table; Policy, Guard: the kind of resource
  Effect always;                  // Always
  std::optional<Effect> omitted;  // when nobody says; nothing: unknown
  std::string omitted_value;
  std::optional<pipeline::Basis> omitted_basis;  // TlsPolicy

  pipeline::Basis basis = pipeline::Basis::Configuration;
  Tls floor_max = Tls::Unsaid;   // the service cannot be held to more
  bool not_enforceable = false;  // there is no setting that would close it
  std::vector<pipeline::Verdict> verdicts;
  PerDialect fix;
  std::vector<std::string> controls;
  std::vector<std::string> equivalents;
  std::string cite;
  SourceSpan span;
};

// What a named TLS policy accepts.
struct TlsPolicy {
  std::string name;  // or the beginning of names, when `prefix`
  bool prefix = false;
  Tls min_tls = Tls::Unsaid;
  bool verify = false;
};
struct TlsPolicyTable {
  std::string name;  // `elb`
  std::vector<TlsPolicy> policies;
  std::string cite;
};

// All that is known, of the program or of a test.
class Rows {
 public:
  // The files of data/services, which the program has inside.
  static const Rows& shipped();
  struct Text {
    std::string name;
    std::string_view text;
  };
  // Errors: syntax, unknown keys and words, two rows of one id, a citation that is not there, a row
  // without verdicts; each with its place.
  static Parsed<Rows> from_texts(std::span<const Text> texts);

  std::span<const Row> rows() const { return rows_; }
  // The rows that speak of a type.
  std::vector<const Row*> of_type(iac::Dialect dialect, std::string_view type) const;
  // True for every type that a row or a link of one names.
  bool wants(std::string_view type) const;
  const TlsPolicyTable* table(std::string_view name) const;
  // `title, read date`; empty when there is none of that name.
  std::string citation(std::string_view cite) const;

 private:
  friend class RowsLoader;
  void index();

  std::vector<Row> rows_;
  std::vector<TlsPolicyTable> tables_;
  std::map<std::string, std::string, std::less<>> cites_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_type_;
  std::map<std::string, bool, std::less<>> wanted_;
};

}  // namespace sealane::check
