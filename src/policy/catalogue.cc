// SPDX-License-Identifier: Apache-2.0
#include "policy/catalogue.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/diagnostic.h"
#include "policy/catalogue_text_internal.h"
#include "policy/glob.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kPatternPiecesMax = 256;

// -1, 0, 1 by the bytes of the lower-case texts.
int compare_ignoring_case(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto x = static_cast<unsigned char>(lower(a[i]));
    const auto y = static_cast<unsigned char>(lower(b[i]));
    if (x != y) return x < y ? -1 : 1;
  }
  if (a.size() == b.size()) return 0;
  return a.size() < b.size() ? -1 : 1;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// The number at the front of `text`, which loses it.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Calls `visit` with each number of `1,2,3` at the front of `text`.
template <class Visit>
bool any_number(std::string_view& text, Visit&& visit) {
  while (const auto number = take_number(text)) {
    if (visit(*number)) return true;
    if (!take(text, ',')) break;
  }
  return false;
}

struct UsedKind {
  std::uint32_t kind = 0;
  bool required = false;
  std::string_view keys;
};

// Calls `visit` with each of `1!:2,3;4`.
template <class Visit>
bool any_kind(std::string_view text, Visit&& visit) {
  while (const auto number = take_number(text)) {
    UsedKind used{.kind = *number, .required = take(text, '!'), .keys = {}};
    if (take(text, ':')) {
      used.keys = text.substr(0, text.find(';'));
      text.remove_prefix(used.keys.size());
    }
    if (visit(used)) return true;
    if (!take(text, ';')) break;
  }
  return false;
}

std::optional<ValueType> value_type(char code) {
  switch (code) {
    case 'S': return ValueType::String;
    case 'B': return ValueType::Bool;
    case 'N': return ValueType::Numeric;
    case 'D': return ValueType::Date;
    case 'A': return ValueType::Arn;
    case 'I': return ValueType::IpAddress;
    case 'X': return ValueType::Binary;
    default: return std::nullopt;
  }
}

AccessLevel access_level(char code) {
  switch (code) {
    case 'l': return AccessLevel::List;
    case 'r': return AccessLevel::Read;
    case 't': return AccessLevel::Tagging;
    case 'p': return AccessLevel::Permissions;
    default: return AccessLevel::Write;
  }
}

std::optional<std::string> nearest_name(std::string_view word,
                                        const std::vector<std::string_view>& names) {
  std::vector<std::string> lower_names;
  lower_names.reserve(names.size());
  for (std::string_view name : names) lower_names.push_back(to_lower(name));
  const auto near = nearest(to_lower(word), lower_names);
  if (!near) return std::nullopt;
  const auto at = std::ranges::find(lower_names, *near);
  return std::string(names[static_cast<std::size_t>(at - lower_names.begin())]);
}

}  // namespace

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::String: return "string";
    case ValueType::Bool: return "boolean";
    case ValueType::Numeric: return "number";
    case ValueType::Date: return "date";
    case ValueType::Arn: return "ARN";
    case ValueType::IpAddress: return "IP address";
    case ValueType::Binary: return "binary";
  }
  return "string";
}

bool key_matches(std::string_view key_template, std::string_view name) {
  while (true) {
    const std::size_t open = key_template.find_first_of("$<");
    if (open == std::string_view::npos) return equal_ignoring_case(key_template, name);
    if (!starts_with_ignoring_case(name, key_template.substr(0, open))) return false;
    const std::size_t close = key_template.find(key_template[open] == '$' ? '}' : '>', open);
    if (close == std::string_view::npos) return equal_ignoring_case(key_template, name);
    key_template.remove_prefix(close + 1);
    name.remove_prefix(open);
    if (name.empty()) return false;
    if (key_template.empty()) return true;
    // What follows the hole begins where its first character next stands; holes are few and
    // templates are ours, so the first place that fits is looked for from the left.
    bool fits = false;
    for (std::size_t i = 1; i < name.size() && !fits; ++i)
      fits = key_matches(key_template, name.substr(i));
    return fits;
  }
}

Catalogue Catalogue::shipped() {
  auto loaded = from_text(shipped_catalogue_text());
  SEALANE_CHECK(loaded.ok());  // a test reads the same text
  return std::move(*loaded);
}

Result<Catalogue> Catalogue::from_text(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() / 2)
    return fail(ErrorKind::TooLarge, "the catalogue is too long");
  Catalogue out(text);
  SEALANE_TRY(out.index());
  return out;
}

Status Catalogue::index() {
  constexpr std::string_view kOrder = "=krsa";
  lines_.reserve(static_cast<std::size_t>(std::ranges::count(text_, '\n')) + 1);
  std::size_t at = 0;
  char last = 0;
  while (at < text_.size()) {
    const auto number = static_cast<std::uint32_t>(lines_.size());
    const char mark = text_[at];
    lines_.push_back(static_cast<std::uint32_t>(at));
    at = std::min(text_.find('\n', at), text_.size() - 1) + 1;
    if (mark == '#' && services_.empty()) continue;
    const std::size_t place = kOrder.find(mark);
    const bool in_order = place == 0 || (last != 0 && place >= kOrder.find(last));
    if (place == std::string_view::npos || !in_order)
      return fail(ErrorKind::Invalid, "line " + std::to_string(number + 1) + " is out of order");
    last = mark;
    if (mark == '=') services_.emplace_back().head = number;
    Row& row = services_.back();
    if (place < 2) row.kinds = number + 1;
    if (place < 3) row.shapes = number + 1;
    if (place < 4) row.actions = number + 1;
    row.end = number + 1;
    action_count_ += mark == 'a' ? 1 : 0;
  }
  lines_.push_back(static_cast<std::uint32_t>(text_.size()));
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (i > 0 && field(services_[i - 1].head, 0) >= field(services_[i].head, 0))
      return fail(ErrorKind::Invalid, "services are not sorted");
    SEALANE_TRY(check_row(services_[i]));
  }
  return {};
}

Status Catalogue::check_row(const Row& row) const {
  auto wrong = [&](std::uint32_t number) {
    return fail(ErrorKind::Invalid, "line " + std::to_string(number + 1) + " names nothing");
  };
  const std::uint32_t keys = row.kinds - row.head - 1;
  const std::uint32_t kinds = row.shapes - row.kinds;
  auto bad_key = [&](std::uint32_t key) { return key >= keys; };
  for (std::uint32_t i = row.head + 1; i < row.kinds; ++i)
    if (field(i, 1).empty() || !value_type(field(i, 1)[0])) return wrong(i);
  for (std::uint32_t i = row.kinds; i < row.shapes; ++i) {
    std::string_view list = field(i, 2);
    if (any_number(list, bad_key) || !list.empty()) return wrong(i);
  }
  for (std::uint32_t i = row.shapes; i < row.actions; ++i) {
    std::string_view list = field(i, 0);
    if (any_number(list, bad_key) || !list.empty()) return wrong(i);
    if (any_kind(field(i, 1), [&](UsedKind used) {
          return used.kind >= kinds || any_number(used.keys, bad_key);
        }))
      return wrong(i);
  }
  for (std::uint32_t i = row.actions; i < row.end; ++i) {
    std::string_view shape = field(i, 2);
    const auto number = take_number(shape);
    if (!number || *number >= row.actions - row.shapes || field(i, 1).empty()) return wrong(i);
    if (i > row.actions && compare_ignoring_case(field(i - 1, 0), field(i, 0)) >= 0)
      return fail(ErrorKind::Invalid, "line " + std::to_string(i + 1) + " is not sorted");
  }
  return {};
}

// Without its mark and its end.
std::string_view Catalogue::line(std::uint32_t number) const {
  std::string_view text = text_.substr(lines_[number], lines_[number + 1] - lines_[number]);
  if (text.ends_with('\n')) text.remove_suffix(1);
  text.remove_prefix(1);
  return text;
}

std::string_view Catalogue::field(std::uint32_t number, std::size_t column) const {
  std::string_view text = line(number);
  for (; column > 0; --column) {
    const std::size_t tab = text.find('\t');
    if (tab == std::string_view::npos) return {};
    text.remove_prefix(tab + 1);
  }
  return text.substr(0, text.find('\t'));
}

KeyFacts Catalogue::key_at(std::uint32_t number) const {
  const std::string_view code = field(number, 1);
  return {.name = field(number, 0),
          .type = value_type(code[0]).value_or(ValueType::String),
          .arity = code.ends_with('*') ? Context::Arity::Multi : Context::Arity::Single};
}

Catalogue::Action Catalogue::action_at(std::uint32_t row, std::uint32_t number) const {
  std::string_view shape = field(number, 2);
  return {.service = field(services_[row].head, 0),
          .name = field(number, 0),
          .access = access_level(field(number, 1)[0]),
          .row = row,
          .shape = take_number(shape).value_or(0)};
}

Catalogue::Service Catalogue::service_at(std::size_t index) const {
  const std::uint32_t head = services_.at(index).head;
  return {.prefix = field(head, 0),
          .title = field(head, 2),
          .in_rcps = field(head, 1) == "rcp",
          .row = static_cast<std::uint32_t>(index)};
}

std::optional<Catalogue::Service> Catalogue::find_service(std::string_view prefix) const {
  const auto at = std::ranges::partition_point(services_, [&](const Row& row) {
    return compare_ignoring_case(field(row.head, 0), prefix) < 0;
  });
  if (at == services_.end() || !equal_ignoring_case(field(at->head, 0), prefix))
    return std::nullopt;
  return service_at(static_cast<std::size_t>(at - services_.begin()));
}

std::optional<Catalogue::Action> Catalogue::find_action(std::string_view name) const {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto service = find_service(name.substr(0, colon));
  if (!service) return std::nullopt;
  name.remove_prefix(colon + 1);
  const Row& row = services_[service->row];
  std::uint32_t first = row.actions;
  std::uint32_t last = row.end;
  while (first < last) {
    const std::uint32_t middle = first + (last - first) / 2;
    const int order = compare_ignoring_case(field(middle, 0), name);
    if (order == 0) return action_at(service->row, middle);
    if (order < 0)
      first = middle + 1;
    else
      last = middle;
  }
  return std::nullopt;
}

// Calls `visit` until it returns true.
template <class Visit>
void Catalogue::each_action(std::string_view pattern, Visit&& visit) const {
  std::uint32_t first = 0;
  auto last = static_cast<std::uint32_t>(services_.size());
  std::string_view name = "*";
  if (pattern != "*") {
    const std::size_t colon = pattern.find(':');
    if (colon == std::string_view::npos) return;
    const auto service = find_service(pattern.substr(0, colon));
    if (!service) return;
    first = service->row;
    last = first + 1;
    name = pattern.substr(colon + 1);
  }
  std::vector<GlobPiece> pieces;
  for (std::size_t i = 0; i < name.size();) {
    const bool wild = name[i] == '*' || name[i] == '?';
    const std::size_t end = wild ? i + 1 : std::min(name.find_first_of("*?", i), name.size());
    const auto kind = name[i] == '*' ? GlobPiece::Kind::AnyRun : GlobPiece::Kind::AnyOne;
    if (wild)
      pieces.push_back({kind, {}});
    else
      pieces.push_back({GlobPiece::Kind::Literal, name.substr(i, end - i)});
    i = end;
    if (pieces.size() > kPatternPiecesMax) return;
  }
  for (std::uint32_t row = first; row < last; ++row)
    for (std::uint32_t i = services_[row].actions; i < services_[row].end; ++i)
      if (glob_match(pieces, field(i, 0), CaseRule::IgnoreAscii) && visit(action_at(row, i)))
        return;
}

std::vector<Catalogue::Action> Catalogue::actions_matching(std::string_view pattern) const {
  std::vector<Action> out;
  each_action(pattern, [&](const Action& action) {
    out.push_back(action);
    return false;
  });
  return out;
}

bool Catalogue::any_action_matches(std::string_view pattern) const {
  bool found = false;
  each_action(pattern, [&](const Action&) { return found = true; });
  return found;
}

std::optional<KeyFacts> Catalogue::find_key(std::string_view name) const {
  auto look_in = [&](const Row& row) -> std::optional<KeyFacts> {
    for (std::uint32_t i = row.head + 1; i < row.kinds; ++i)
      if (key_matches(field(i, 0), name)) return key_at(i);
    return std::nullopt;
  };
  if (const auto service = find_service(name.substr(0, name.find(':'))))
    if (const auto found = look_in(services_[service->row])) return found;
  for (const Row& row : services_)
    if (const auto found = look_in(row)) return found;
  return std::nullopt;
}

template <class Visit>
bool Catalogue::any_key(const Action& action, Visit&& visit) const {
  const Row& row = services_[action.row];
  auto listed = [&](std::uint32_t key) { return visit(row.head + 1 + key, Carries::Listed); };
  auto by_kind = [&](std::uint32_t key) { return visit(row.head + 1 + key, Carries::ByResource); };
  const std::uint32_t shape = row.shapes + action.shape;
  std::string_view own = field(shape, 0);
  if (any_number(own, listed)) return true;
  if (any_kind(field(shape, 1), [&](UsedKind used) { return any_number(used.keys, listed); }))
    return true;
  return any_kind(field(shape, 1), [&](UsedKind used) {
    std::string_view of_kind = field(row.kinds + used.kind, 2);
    return any_number(of_kind, by_kind);
  });
}

Carries Catalogue::carries(const Action& action, std::string_view key) const {
  Carries found = Carries::No;
  any_key(action, [&](std::uint32_t number, Carries how) {
    if (!key_matches(field(number, 0), key)) return false;
    found = how;
    return true;
  });
  return found;
}

std::vector<KeyFacts> Catalogue::keys_of(const Action& action) const {
  std::vector<std::uint32_t> numbers;
  any_key(action, [&](std::uint32_t number, Carries) {
    numbers.push_back(number);
    return false;
  });
  std::ranges::sort(numbers);
  const auto twice = std::ranges::unique(numbers);
  numbers.erase(twice.begin(), twice.end());
  std::vector<KeyFacts> out;
  for (std::uint32_t number : numbers) out.push_back(key_at(number));
  return out;
}

std::vector<Catalogue::Kind> Catalogue::kinds_of(const Action& action) const {
  const Row& row = services_[action.row];
  std::vector<Kind> out;
  any_kind(field(row.shapes + action.shape, 1), [&](UsedKind used) {
    const std::uint32_t number = row.kinds + used.kind;
    out.push_back({.name = field(number, 0), .arn = field(number, 1), .required = used.required});
    return false;
  });
  return out;
}

std::vector<KeyFacts> Catalogue::keys_of(const Service& service) const {
  const Row& row = services_[service.row];
  std::vector<KeyFacts> out;
  for (std::uint32_t i = row.head + 1; i < row.kinds; ++i) out.push_back(key_at(i));
  return out;
}

std::vector<Catalogue::Kind> Catalogue::kinds_of(const Service& service) const {
  const Row& row = services_[service.row];
  std::vector<Kind> out;
  for (std::uint32_t i = row.kinds; i < row.shapes; ++i)
    out.push_back({.name = field(i, 0), .arn = field(i, 1), .required = false});
  return out;
}

std::optional<std::string> Catalogue::closest_service(std::string_view prefix) const {
  std::vector<std::string_view> names;
  for (const Row& row : services_) names.push_back(field(row.head, 0));
  return nearest_name(prefix, names);
}

std::optional<std::string> Catalogue::closest_action(std::string_view action) const {
  const std::size_t colon = action.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto service = find_service(action.substr(0, colon));
  if (!service) return std::nullopt;
  const Row& row = services_[service->row];
  std::vector<std::string_view> names;
  for (std::uint32_t i = row.actions; i < row.end; ++i) names.push_back(field(i, 0));
  const auto near = nearest_name(action.substr(colon + 1), names);
  if (!near) return std::nullopt;
  return std::string(service->prefix) + ":" + *near;
}

std::optional<std::string> Catalogue::closest_key(std::string_view key) const {
  // A tag's own name is not misspelt: only what stands before it is compared.
  const std::string_view stem = key.substr(0, key.find('/'));
  const std::string_view prefix = key.substr(0, key.find(':'));
  std::vector<std::string_view> names;
  auto add = [&](std::string_view name) { names.push_back(name.substr(0, name.find('/'))); };
  for (const GlobalKey& global : global_keys()) add(global.facts.name);
  if (const auto service = find_service(prefix))
    for (const KeyFacts& facts : keys_of(*service)) add(facts.name);
  for (const KeyFacts& facts : iot_device_keys()) add(facts.name);
  auto near = nearest_name(stem, names);
  if (near && stem.size() != key.size()) *near += key.substr(stem.size());
  return near;
}

}  // namespace sealane::policy
