// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "base/yaml.h"
#include "check/rows.h"

namespace sealane::check {

using json::Value;
using Names = std::vector<std::string>;

// Reads the files one after the other and collects what is wrong with them.
class RowsLoader {
 public:
  void load(const Rows::Text& text);
  Parsed<Rows> finish();

 private:
  void error(const SourceSpan& span, std::string message, std::string hint = {}) {
    diagnostics_.push_back({Severity::Error, span, std::move(message), std::move(hint)});
  }
  // Reports members that are not among `known`; false when `value` is no mapping.
  bool check_members(const Value& value, std::string_view what, const Names& known);
  std::string text(const Value& value, std::string_view what);
  std::string scalar(const Value& value);
  Names texts(const Value& value, std::string_view what);
  bool flag(const Value& value);
  PerDialect per_dialect(const Value& value);
  PathsPerDialect paths(const Value& value);
  Effect effect(const Value& value);
  std::optional<Tls> version(const Value& value);
  std::optional<pipeline::Basis> basis_of(const Value& value);

  void load_row(const Value& value, const std::string& service);
  void load_reading(const Value& value, Row& row);
  void load_omitted(const Value& value, Row& row);
  When load_when(const Value& value);
  Via load_via(const Value& value);
  Target load_target(const Value& value);
  void load_verdicts(const Value& value, Row& row);
  void load_table(const json::Member& member);
  void load_cites(const Value& value);
  void check_cites();

  Rows rows_;
  std::vector<Diagnostic> diagnostics_;
  std::vector<std::pair<std::string, SourceSpan>> cited_;
};

namespace {

constexpr std::size_t kFileBytesMax = 1u << 20;

std::optional<iac::Dialect> dialect_of(std::string_view name) {
  for (const iac::Dialect dialect :
       {iac::Dialect::Terraform, iac::Dialect::CloudFormation, iac::Dialect::Pulumi,
        iac::Dialect::Arm, iac::Dialect::Kubernetes})
    if (iac::to_string(dialect) == name) return dialect;
  return std::nullopt;
}

template <class Enum, std::size_t N>
std::optional<Enum> word_of(std::string_view text, const std::array<Enum, N>& all) {
  for (const Enum one : all)
    if (to_string(one) == text) return one;
  return std::nullopt;
}

constexpr std::array kTransports = {Transport::Tls,    Transport::TlsUnverified,
                                    Transport::Either, Transport::Plaintext,
                                    Transport::None,   Transport::Unknown};
constexpr std::array kVerdicts = {pipeline::Verdict::Enforced, pipeline::Verdict::Inherent,
                                  pipeline::Verdict::Open, pipeline::Verdict::Unknown,
                                  pipeline::Verdict::NotApplicable};
constexpr std::array kBases = {pipeline::Basis::Inherent,   pipeline::Basis::Configuration,
                               pipeline::Basis::DenyPolicy, pipeline::Basis::OrgGuard,
                               pipeline::Basis::ClientDuty, pipeline::Basis::None};

}  // namespace

bool RowsLoader::check_members(const Value& value, std::string_view what, const Names& known) {
  if (value.object() == nullptr) {
    error(value.span, std::string(what) + " is a mapping");
    return false;
  }
  for (const json::Member& member : *value.object())
    if (std::ranges::find(known, member.name) == known.end()) {
      const auto near = nearest(member.name, known);
      error(member.span, std::string(what) + " has no `" + member.name + "`",
            near ? "did you mean `" + *near + "`?" : "");
    }
  return true;
}

std::string RowsLoader::text(const Value& value, std::string_view what) {
  if (const std::string* found = value.text(); found != nullptr && !found->empty()) return *found;
  error(value.span, std::string(what) + " is a text");
  return "";
}

std::string RowsLoader::scalar(const Value& value) {
  if (const std::string* found = value.text()) return *found;
  if (const json::Number* number = value.number()) return number->lexeme;
  if (const bool* boolean = value.boolean()) return *boolean ? "true" : "false";
  error(value.span, "a text, a number or a boolean is wanted");
  return "";
}

Names RowsLoader::texts(const Value& value, std::string_view what) {
  if (value.array() == nullptr) return {scalar(value)};
  Names out;
  for (const Value& one : *value.array()) out.push_back(scalar(one));
  if (out.empty()) error(value.span, std::string(what) + " is an empty list");
  return out;
}

bool RowsLoader::flag(const Value& value) {
  if (const bool* boolean = value.boolean()) return *boolean;
  error(value.span, "true or false is wanted");
  return false;
}

PathsPerDialect RowsLoader::paths(const Value& value) {
  PathsPerDialect out;
  if (value.object() == nullptr) {
    error(value.span, "one text for each dialect is wanted: { terraform: … }");
    return out;
  }
  for (const json::Member& member : *value.object()) {
    const auto dialect = dialect_of(member.name);
    if (!dialect)
      error(member.span, "there is no dialect `" + member.name + "`");
    else
      out[*dialect] = texts(member.value, member.name);
  }
  return out;
}

PerDialect RowsLoader::per_dialect(const Value& value) {
  PerDialect out;
  for (const auto& [dialect, all] : paths(value)) {
    if (all.size() != 1) error(value.span, "one text for each dialect is wanted");
    if (!all.empty()) out[dialect] = all.front();
  }
  return out;
}

std::optional<Tls> RowsLoader::version(const Value& value) {
  const auto found = value.text() ? tls_of(*value.text()) : std::nullopt;
  if (!found) error(value.span, "a TLS version is wanted, in quotes, or verify");
  return found;
}

std::optional<pipeline::Basis> RowsLoader::basis_of(const Value& value) {
  const auto found = word_of(text(value, "basis"), kBases);
  if (!found) error(value.span, "there is no such basis");
  return found;
}

Effect RowsLoader::effect(const Value& value) {
  Effect out;
  const Value* transport = &value;
  if (value.text() == nullptr) {
    if (!check_members(value, "an effect",
                       {"transport", "min_tls", "verify", "says", "value", "basis"}))
      return out;
    transport = value.find("transport");
    if (const Value* min = value.find("min_tls")) out.min_tls = version(*min).value_or(out.min_tls);
    if (const Value* verify = value.find("verify")) out.verify = flag(*verify);
    if (const Value* says = value.find("says")) out.says = text(*says, "says");
    if (const Value* basis = value.find("basis")) out.basis = basis_of(*basis);
  }
  if (transport == nullptr) {
    if (out.min_tls == Tls::Unsaid)
      error(value.span, "the effect says neither transport nor min_tls");
    return out;
  }
  const auto found = transport->text() ? word_of(*transport->text(), kTransports) : std::nullopt;
  if (!found)
    error(transport->span, "transport is tls, tls-unverified, either, plaintext, none or unknown");
  out.transport = found.value_or(Transport::Unknown);
  return out;
}

When RowsLoader::load_when(const Value& value) {
  When out;
  if (!check_members(value, "a condition", {"property", "is", "not", "above", "given", "omitted"}))
    return out;
  if (const Value* property = value.find("property")) out.property = paths(*property);
  if (out.property.empty()) error(value.span, "the condition names no property");
  if (const Value* is = value.find("is")) out.is = texts(*is, "is");
  if (const Value* is_not = value.find("not")) out.is_not = texts(*is_not, "not");
  if (const Value* given = value.find("given")) out.given = flag(*given);
  if (const Value* omitted = value.find("omitted")) out.omitted = scalar(*omitted);
  if (const Value* above = value.find("above")) {
    const std::string digits = scalar(*above);
    std::int64_t number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc())
      error(above->span, "above is a number");
    out.above = number;
  }
  if (out.is.empty() && out.is_not.empty() && !out.above && !out.given)
    error(value.span, "the condition tests nothing", "say is, not, above or given");
  return out;
}

Via RowsLoader::load_via(const Value& value) {
  Via out;
  if (!check_members(value, "via", {"types", "by", "reverse", "shared", "missing"})) return out;
  if (const Value* types = value.find("types")) out.types = paths(*types);
  if (const Value* by = value.find("by")) out.by = per_dialect(*by);
  if (const Value* reverse = value.find("reverse")) out.reverse = flag(*reverse);
  if (const Value* shared = value.find("shared")) out.shared = flag(*shared);
  if (const Value* missing = value.find("missing")) out.missing = effect(*missing);
  if (out.types.empty() || out.by.empty()) error(value.span, "via says types and by");
  return out;
}

Target RowsLoader::load_target(const Value& value) {
  Target out;
  if (!check_members(value, "to", {"property", "label", "hop", "reads", "self"})) return out;
  if (const Value* property = value.find("property")) out.property = paths(*property);
  if (const Value* label = value.find("label")) out.label = text(*label, "label");
  if (const Value* hop = value.find("hop")) out.hop = text(*hop, "hop");
  if (const Value* reads = value.find("reads")) out.reads = flag(*reads);
  if (const Value* self = value.find("self")) out.self = flag(*self);
  if (out.label.empty() && !out.self) error(value.span, "to has no label");
  return out;
}

void RowsLoader::load_verdicts(const Value& value, Row& row) {
  for (const std::string& word : texts(value, "verdicts")) {
    const auto verdict = word_of(word, kVerdicts);
    if (!verdict)
      error(value.span, "there is no verdict `" + word + "`");
    else
      row.verdicts.push_back(*verdict);
  }
}

void RowsLoader::load_omitted(const Value& value, Row& row) {
  const Value* named = value.find("value");
  if (named == nullptr) {
    row.omitted = effect(value);
    return;
  }
  row.omitted_value = scalar(*named);
  if (value.find("transport") != nullptr || value.find("min_tls") != nullptr) {
    row.omitted = effect(value);
    return;
  }
  const auto found =
      std::ranges::find(row.values, row.omitted_value, &std::pair<std::string, Effect>::first);
  if (found == row.values.end()) {
    if (row.reading != Reading::TlsPolicy)
      error(named->span, "`" + row.omitted_value + "` is not among the values");
    if (const Value* basis = value.find("basis")) row.omitted_basis = basis_of(*basis);
    return;
  }
  row.omitted = found->second;
  if (const Value* verify = value.find("verify")) row.omitted->verify = flag(*verify);
  if (const Value* says = value.find("says")) row.omitted->says = text(*says, "says");
  if (const Value* basis = value.find("basis")) row.omitted->basis = basis_of(*basis);
}

void RowsLoader::load_reading(const Value& value, Row& row) {
  int readings = 0;
  for (const auto& [name, reading] :
       {std::pair{"values", Reading::Values}, std::pair{"url", Reading::Url}})
    if (const Value* found = value.find(name)) {
      ++readings;
      row.reading = reading;
      if (found->object() == nullptr) {
        error(found->span, std::string(name) + " is a mapping");
        continue;
      }
      for (const json::Member& member : *found->object())
        row.values.emplace_back(member.name, effect(member.value));
    }
  for (const auto& [name, reading] :
       {std::pair{"tls-policy", Reading::TlsPolicy}, std::pair{"policy", Reading::Policy},
        std::pair{"guard", Reading::Guard}})
    if (const Value* found = value.find(name)) {
      ++readings;
      row.reading = reading;
      row.table = text(*found, name);
    }
  if (const Value* found = value.find("always")) {
    ++readings;
    row.reading = Reading::Always;
    row.always = effect(*found);
    row.basis = pipeline::Basis::Inherent;
  }
  if (readings != 1)
    error(value.span, "a row has one reading", "values, url, tls-policy, policy, guard or always");
  if (row.reading == Reading::Policy) row.basis = pipeline::Basis::DenyPolicy;
  if (row.reading == Reading::Guard) row.basis = pipeline::Basis::OrgGuard;
  if (row.reading != Reading::Always && row.reading != Reading::Guard && row.property.empty())
    error(value.span, "the row names no property");
}

void RowsLoader::load_row(const Value& value, const std::string& service) {
  static const Names kKnown = {"row",        "side",
                               "type",       "each",
                               "key",        "hop",
                               "from",       "when",
                               "property",   "via",
                               "to",         "values",
                               "other",      "url",
                               "tls-policy", "policy",
                               "guard",      "always",
                               "omitted",    "basis",
                               "floor-max",  "not-enforceable",
                               "verdicts",   "fix",
                               "controls",   "equivalents",
                               "cite"};
  if (!check_members(value, "a row", kKnown)) return;
  Row row;
  row.service = service;
  row.span = value.span;
  if (const Value* id = value.find("row")) row.id = text(*id, "row");
  if (row.id.empty()) error(value.span, "the row has no name", "say row: NAME");
  const std::string side = std::string(value.text_or_empty("side"));
  if (side != "server" && side != "client") error(value.span, "side is server or client");
  row.side = side == "client" ? Side::Client : Side::Server;
  if (const Value* type = value.find("type")) row.types = paths(*type);
  if (row.types.empty()) error(value.span, "the row speaks of no type");
  if (const Value* each = value.find("each")) row.each = paths(*each);
  if (const Value* key = value.find("key")) row.key = per_dialect(*key);
  if (const Value* hop = value.find("hop")) row.hop = text(*hop, "hop");
  if (const Value* from = value.find("from")) row.from = text(*from, "from");
  if (const Value* when = value.find("when")) {
    if (when->array() == nullptr)
      row.when.push_back(load_when(*when));
    else
      for (const Value& one : *when->array()) row.when.push_back(load_when(one));
  }
  if (const Value* property = value.find("property")) row.property = paths(*property);
  if (const Value* via = value.find("via")) row.via = load_via(*via);
  if (const Value* to = value.find("to")) row.to = load_target(*to);
  load_reading(value, row);
  if (const Value* other = value.find("other")) row.other = effect(*other);
  if (const Value* omitted = value.find("omitted")) load_omitted(*omitted, row);
  if (const Value* basis = value.find("basis")) row.basis = basis_of(*basis).value_or(row.basis);
  if (const Value* most = value.find("floor-max"))
    row.floor_max = version(*most).value_or(Tls::Unsaid);
  if (const Value* cannot = value.find("not-enforceable")) row.not_enforceable = flag(*cannot);
  // What needs no setting has none for more.
  const bool fixed = row.reading == Reading::Always && row.always.transport == Transport::Tls &&
                     row.always.min_tls != Tls::Unsaid && row.always.min_tls != Tls::Verify;
  if (fixed && row.floor_max == Tls::Unsaid) row.floor_max = row.always.min_tls;
  if (const Value* verdicts = value.find("verdicts")) load_verdicts(*verdicts, row);
  if (row.verdicts.empty()) error(value.span, "the row says no verdicts");
  if (const Value* fix = value.find("fix")) row.fix = per_dialect(*fix);
  if (const Value* controls = value.find("controls")) row.controls = texts(*controls, "controls");
  if (const Value* same = value.find("equivalents")) row.equivalents = texts(*same, "equivalents");
  if (const Value* cite = value.find("cite")) row.cite = text(*cite, "cite");
  if (row.cite.empty()) error(value.span, "the row cites nothing");
  if (row.side == Side::Client && !row.to) error(value.span, "a client's row says `to`");
  cited_.emplace_back(row.cite, value.span);
  const auto same = std::ranges::find(rows_.rows_, row.id, &Row::id);
  if (same != rows_.rows_.end())
    error(value.span, "there are two rows `" + row.id + "`",
          "the other stands in " + same->span.file + ":" + std::to_string(same->span.line));
  rows_.rows_.push_back(std::move(row));
}

void RowsLoader::load_table(const json::Member& member) {
  TlsPolicyTable table{.name = member.name, .policies = {}, .cite = {}};
  if (!check_members(member.value, "a table", {"policies", "prefixes", "cite"})) return;
  for (const auto& [name, prefix] : {std::pair{"policies", false}, std::pair{"prefixes", true}})
    if (const Value* all = member.value.find(name); all != nullptr && all->object() != nullptr)
      for (const json::Member& one : *all->object()) {
        const Effect what = effect(one.value);
        table.policies.push_back({one.name, prefix, what.min_tls, what.verify});
      }
  if (const Value* cite = member.value.find("cite")) table.cite = text(*cite, "cite");
  cited_.emplace_back(table.cite, member.span);
  rows_.tables_.push_back(std::move(table));
}

void RowsLoader::load_cites(const Value& value) {
  if (value.object() == nullptr) return error(value.span, "cites is a mapping");
  for (const json::Member& member : *value.object()) {
    if (!check_members(member.value, "a citation", {"title", "url", "read", "verify"})) continue;
    std::string words(member.value.text_or_empty("title"));
    if (words.empty()) error(member.span, "the citation has no title");
    if (const auto url = member.value.text_or_empty("url"); !url.empty())
      words += ", " + std::string(url);
    if (const Value* read = member.value.find("read")) words += " (read " + scalar(*read) + ")";
    if (const Value* verify = member.value.find("verify"); verify != nullptr && flag(*verify))
      words += " (not confirmed)";
    if (const auto found = rows_.cites_.find(member.name);
        found != rows_.cites_.end() && found->second != words)
      error(member.span, "there is another citation `" + member.name + "`");
    rows_.cites_[member.name] = std::move(words);
  }
}

void RowsLoader::load(const Rows::Text& file) {
  auto parsed = yaml::parse(file.text, {.file = file.name, .bytes_max = kFileBytesMax});
  diagnostics_.insert(diagnostics_.end(), parsed.diagnostics.begin(), parsed.diagnostics.end());
  if (!parsed.value) return;
  const Value& root = *parsed.value;
  if (!check_members(root, "a file of rows", {"service", "rows", "tables", "cites"})) return;
  const std::string service(root.text_or_empty("service"));
  if (const Value* rows = root.find("rows")) {
    if (service.empty()) error(root.span, "the file names no service");
    if (rows->array() == nullptr) return error(rows->span, "rows is a list");
    for (const Value& row : *rows->array()) load_row(row, service);
  }
  if (const Value* tables = root.find("tables")) {
    if (tables->object() == nullptr) return error(tables->span, "tables is a mapping");
    for (const json::Member& table : *tables->object()) load_table(table);
  }
  if (const Value* cites = root.find("cites")) load_cites(*cites);
}

Parsed<Rows> RowsLoader::finish() {
  for (const auto& [cite, span] : cited_)
    if (!cite.empty() && !rows_.cites_.contains(cite))
      error(span, "there is no citation `" + cite + "`", "add it to cites");
  for (const Row& row : rows_.rows_)
    if (row.reading == Reading::TlsPolicy && rows_.table(row.table) == nullptr)
      error(row.span, "there is no table `" + row.table + "`");
  rows_.index();
  if (!diagnostics_.empty()) return {std::nullopt, std::move(diagnostics_)};
  return {std::move(rows_), {}};
}

Parsed<Rows> Rows::from_texts(std::span<const Text> texts) {
  RowsLoader loader;
  for (const Text& text : texts) loader.load(text);
  return loader.finish();
}

}  // namespace sealane::check
