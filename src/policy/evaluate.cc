// SPDX-License-Identifier: Apache-2.0
#include "policy/evaluate.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "policy/compile_internal.h"
#include "policy/glob.h"
#include "policy/operator_arn.h"
#include "policy/operator_date.h"
#include "policy/operator_numeric.h"
#include "policy/text_internal.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kActionMax = 128;
constexpr std::size_t kResourceMax = 16u << 10;
constexpr std::size_t kSubstitutionMax = 1'024;

// Whether something holds, or why that cannot be told.  `Unknown` never widens: it becomes
// NotEvaluable unless the rest of the statement is false anyway.
struct Truth {
  enum class Value : std::uint8_t { False, True, Unknown };
  Value value = Value::False;
  Obstacle obstacle = Obstacle::None;

  bool is_true() const { return value == Value::True; }
  bool is_false() const { return value == Value::False; }
  bool is_unknown() const { return value == Value::Unknown; }
};
constexpr Truth kTrue{Truth::Value::True, Obstacle::None};
constexpr Truth kFalse{Truth::Value::False, Obstacle::None};
constexpr Truth truth_of(bool value) { return value ? kTrue : kFalse; }
constexpr Truth unknown(Obstacle obstacle) { return {Truth::Value::Unknown, obstacle}; }
constexpr Truth negate(Truth truth) {
  return truth.is_unknown() ? truth : truth_of(truth.is_false());
}

// True if any holds; else unknown if any is; else false.
template <class Items, class Test>
Truth any_of(const Items& items, Test test) {
  Truth out = kFalse;
  for (const auto& item : items) {
    const Truth truth = test(item);
    if (truth.is_true()) return kTrue;
    if (truth.is_unknown()) out = truth;
  }
  return out;
}

template <class Items, class Test>
Truth all_of(const Items& items, Test test) {
  return negate(any_of(items, [&](const auto& item) { return negate(test(item)); }));
}

Truth compare_numbers(Operator op, const Decimal& request, const Decimal& policy) {
  const auto order = compare(request, policy);
  switch (op) {
    case Operator::NumericEquals: return truth_of(order == 0);
    case Operator::NumericLessThan: return truth_of(order < 0);
    case Operator::NumericLessThanEquals: return truth_of(order <= 0);
    case Operator::NumericGreaterThan: return truth_of(order > 0);
    default: return truth_of(order >= 0);
  }
}

Truth compare_dates(Operator op, Time request, Time policy) {
  switch (op) {
    case Operator::DateEquals: return truth_of(request == policy);
    case Operator::DateLessThan: return truth_of(request < policy);
    case Operator::DateLessThanEquals: return truth_of(request <= policy);
    case Operator::DateGreaterThan: return truth_of(request > policy);
    default: return truth_of(request >= policy);
  }
}

bool is_date(Operator op) {
  return op >= Operator::DateEquals && op <= Operator::DateGreaterThanEquals;
}

// AWS IoT Core, "Thing policy variables": values with these are not substituted.  `/` is one more:
// a thing of that name would reach into topics of others.
bool is_substitutable_in_iot(std::string_view value) {
  return value.size() <= kSubstitutionMax &&
         value.find_first_of("*$+?#/") == std::string_view::npos;
}

// The pieces of one pattern with the values of its variables.
struct Instance {
  enum class State : std::uint8_t { Ready, Missing, Unsafe };
  State state = State::Ready;
  std::array<GlobPiece, kPatternPiecesMax> pieces;
  std::size_t count = 0;
  std::span<const GlobPiece> span() const { return std::span(pieces).first(count); }
};

// The values of one key in this request.
struct KeyValues {
  enum class State : std::uint8_t { Missing, Single, Multi };
  State state = State::Missing;
  std::string_view single;
  std::span<const std::string> multi;
};

}  // namespace

// One request being decided.
class Evaluation {
 public:
  Evaluation(const Program& program, const Request& request)
      : program_(program),
        request_(request),
        decision_(Outcome::ImplicitlyDenied, Obstacle::None) {}

  Decision run() {
    if (program_.broken) return refuse(Obstacle::Document);
    if (request_.action.size() > kActionMax || request_.resource.size() > kResourceMax)
      return refuse(Obstacle::RequestTooLong);
    std::array<char, kActionMax> buffer;
    std::ranges::transform(request_.action, buffer.begin(), lower);
    const std::string_view action(buffer.data(), request_.action.size());
    if (!is_action(action)) return refuse(Obstacle::MalformedRequest);
    if (request_.resource != "*") {
      resource_ = split_arn(request_.resource);
      if (!resource_) return refuse(Obstacle::MalformedRequest);
    }
    const auto row =
        std::ranges::lower_bound(program_.action_rows, action, {}, &Program::ActionRow::action);
    if (row != program_.action_rows.end() && row->action == action) {
      for (const std::uint32_t index : row->statements)
        if (consider(program_.statements[index])) break;
    } else {
      for (const CompiledStatement& statement : program_.statements)
        if (matches_action(statement, action) && consider(statement)) break;
    }
    return decision_;
  }

 private:
  static bool is_action(std::string_view text) {
    const std::size_t colon = text.find(':');
    return colon != 0 && colon != std::string_view::npos && colon + 1 < text.size() &&
           text.find_first_of(" \t\r\n*?") == std::string_view::npos;
  }

  Decision refuse(Obstacle obstacle) {
    decision_.outcome_ = Outcome::NotEvaluable;
    decision_.obstacle_ = obstacle;
    return decision_;
  }

  void settle(Outcome outcome, Obstacle obstacle, const CompiledStatement& statement) {
    decision_.outcome_ = outcome;
    decision_.obstacle_ = obstacle;
    decision_.decided_by_ = Decision::Place{statement.document, statement.statement};
  }

  // True ends the evaluation.  INVARIANT: every Deny is considered before any Allow.
  bool consider(const CompiledStatement& statement) {
    const bool stuck = decision_.outcome_ == Outcome::NotEvaluable;
    if (statement.effect == Effect::Allow && stuck && denies_stuck_) return true;
    const Truth truth = applies(statement);
    if (truth.is_false()) return false;
    if (truth.is_unknown()) {
      if (!stuck) settle(Outcome::NotEvaluable, truth.obstacle, statement);
      if (statement.effect == Effect::Deny) denies_stuck_ = true;
      return false;
    }
    settle(statement.effect == Effect::Deny ? Outcome::ExplicitlyDenied : Outcome::Allowed,
           Obstacle::None, statement);
    return true;
  }

  // The action matches already.
  Truth applies(const CompiledStatement& statement) {
    if (!statement.principal_any &&
        std::ranges::find(statement.principal_arns, request_.principal_arn) ==
            statement.principal_arns.end())
      return kFalse;
    Truth out = resources_match(statement);
    if (out.is_false()) return out;
    for (const CompiledCondition& condition : statement.conditions) {
      const Truth truth = holds(condition, statement.kind);
      if (truth.is_false()) return truth;
      if (truth.is_unknown()) out = truth;
    }
    return out;
  }

  // --- resources

  Truth resources_match(const CompiledStatement& statement) {
    bool missing = false;
    bool unsafe = false;
    bool any = false;
    const bool listed = statement.resource_polarity == Polarity::Listed;
    for (const ResourcePattern& pattern : statement.resources) {
      if (pattern.everything) {
        any = true;
      } else if (!resource_) {
        continue;  // the request's resource is `*`: a literal `*` alone matches it
      } else {
        const bool head = head_matches(pattern);
        if (!head && listed) continue;
        Instance instance;
        instantiate(pattern.resource, statement.kind, instance);
        missing = missing || instance.state == Instance::State::Missing;
        if (!head || instance.state == Instance::State::Missing) continue;
        if (!glob_match(instance.span(), (*resource_)[5])) continue;
        if (instance.state == Instance::State::Unsafe)
          unsafe = true;
        else
          any = true;
      }
      if (any && listed) return kTrue;
    }
    if (listed) {
      // Would match if the value could be substituted: an Allow does not, a Deny cannot tell.
      return unsafe && statement.effect == Effect::Deny ? unknown(Obstacle::UnsafeVariable)
                                                        : kFalse;
    }
    // policy.md: an entry without its value matches nothing, and NotResource does not invert that.
    if (missing || any) return kFalse;
    if (unsafe)
      return statement.effect == Effect::Deny ? unknown(Obstacle::UnsafeVariable) : kFalse;
    return kTrue;
  }

  bool head_matches(const ResourcePattern& pattern) const {
    if (pattern.literal_head) return request_.resource.starts_with(*pattern.literal_head);
    for (std::size_t i = 0; i < pattern.head.size(); ++i)
      if (!match_plain(pattern.head[i], (*resource_)[i])) return false;
    return true;
  }

  // A pattern without variables.
  static bool match_plain(const Pattern& pattern, std::string_view text) {
    std::array<GlobPiece, kPatternPiecesMax> pieces;
    for (std::size_t i = 0; i < pattern.size(); ++i) pieces[i] = plain_piece(pattern[i]);
    return glob_match(std::span(pieces).first(pattern.size()), text);
  }
  static GlobPiece plain_piece(const PatternPiece& piece) {
    switch (piece.kind) {
      case PatternPiece::Kind::AnyRun: return {GlobPiece::Kind::AnyRun, {}};
      case PatternPiece::Kind::AnyOne: return {GlobPiece::Kind::AnyOne, {}};
      default: return {GlobPiece::Kind::Literal, piece.text};
    }
  }

  // --- variables

  // Values become literal text: a `*` in a value is no wildcard.  An unsafe value becomes `*`: what
  // the instance then does not match, no value would have made it match.
  void instantiate(const Pattern& pattern, DocumentKind kind, Instance& out) {
    for (const PatternPiece& piece : pattern) {
      if (piece.kind != PatternPiece::Kind::Variable) {
        out.pieces[out.count++] = plain_piece(piece);
        continue;
      }
      const KeyValues values = read(piece.key);
      if (KeySource source = program_.key_sources[piece.key];
          source == KeySource::CurrentTime || source == KeySource::EpochTime)
        changes_at(request_.now + Duration(1));
      std::string_view text;
      if (values.state == KeyValues::State::Single) {
        text = values.single;
      } else if (values.state == KeyValues::State::Missing && piece.fallback) {
        text = *piece.fallback;
      } else {
        // A key with several values cannot be substituted.
        out.state = Instance::State::Missing;
        continue;
      }
      if (kind == DocumentKind::IotDevice && values.state == KeyValues::State::Single &&
          !is_substitutable_in_iot(text)) {
        if (out.state == Instance::State::Ready) out.state = Instance::State::Unsafe;
        out.pieces[out.count++] = {GlobPiece::Kind::AnyRun, {}};
        continue;
      }
      out.pieces[out.count++] = {GlobPiece::Kind::Literal, text};
    }
  }

  // --- keys

  KeyValues read(std::size_t key) {
    decision_.keys_read_.add(key);
    KeyValues out;
    switch (program_.key_sources[key]) {
      case KeySource::CurrentTime: out = {KeyValues::State::Single, current_time_text(), {}}; break;
      case KeySource::EpochTime: out = {KeyValues::State::Single, epoch_text(), {}}; break;
      case KeySource::PrincipalArn:
        if (!request_.principal_arn.empty())
          out = {KeyValues::State::Single, request_.principal_arn, {}};
        break;
      case KeySource::Context:
        if (const Context::Entry* entry = request_.context.find(program_.keys[key]);
            entry != nullptr && !entry->values.empty()) {
          if (entry->arity == Context::Arity::Single)
            out = {KeyValues::State::Single, entry->values[0], {}};
          else
            out = {KeyValues::State::Multi, {}, entry->values};
        }
        break;
    }
    if (out.state == KeyValues::State::Missing) decision_.keys_missing_.add(key);
    return out;
  }

  std::string_view epoch_text() {
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(request_.now).time_since_epoch().count();
    const auto end = std::to_chars(epoch_.data(), epoch_.data() + epoch_.size(), seconds).ptr;
    return {epoch_.data(), static_cast<std::size_t>(end - epoch_.data())};
  }
  // `2026-01-02T03:04:05Z`
  std::string_view current_time_text() {
    using namespace std::chrono;
    const auto day = floor<days>(request_.now);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<seconds>(request_.now - day));
    std::size_t at = 0;
    auto put = [&](int value, int width) {
      for (int scale = width == 4 ? 1000 : 10; scale > 0; scale /= 10)
        current_time_[at++] = static_cast<char>('0' + value / scale % 10);
    };
    put(std::clamp(static_cast<int>(date.year()), 0, 9999), 4);
    current_time_[at++] = '-';
    put(static_cast<int>(static_cast<unsigned>(date.month())), 2);
    current_time_[at++] = '-';
    put(static_cast<int>(static_cast<unsigned>(date.day())), 2);
    current_time_[at++] = 'T';
    put(static_cast<int>(clock.hours().count()), 2);
    current_time_[at++] = ':';
    put(static_cast<int>(clock.minutes().count()), 2);
    current_time_[at++] = ':';
    put(static_cast<int>(clock.seconds().count()), 2);
    current_time_[at++] = 'Z';
    return {current_time_.data(), at};
  }

  void changes_at(Time when) {
    if (!decision_.changes_at_ || when < *decision_.changes_at_) decision_.changes_at_ = when;
  }

  // --- conditions

  Truth holds(const CompiledCondition& condition, DocumentKind kind) {
    if (condition.op == Operator::Null) return null_holds(condition);
    const KeySource source = program_.key_sources[condition.key];
    const bool is_time = source == KeySource::CurrentTime || source == KeySource::EpochTime;
    if (is_time) note_changes(condition);
    const KeyValues values = read(condition.key);
    const bool missing = values.state == KeyValues::State::Missing;
    auto base = [&](std::string_view value) { return base_holds(condition, kind, value, is_time); };
    switch (condition.quantifier) {
      case Quantifier::None:
        if (missing) return truth_of(condition.if_exists || condition.negated);
        // An operator without quantifier does not match a key of several values, negated or not.
        if (values.state == KeyValues::State::Multi) return kFalse;
        if (condition.values.empty() && condition.if_exists) return kFalse;
        return base(values.single);
      case Quantifier::ForAllValues:
        if (missing || is_null_set(values)) return kTrue;
        if (condition.values.empty()) return kFalse;
        if (values.state == KeyValues::State::Single) return base(values.single);
        return all_of(values.multi, base);
      case Quantifier::ForAnyValue:
        if (condition.values.empty()) return kFalse;
        if (missing) return truth_of(condition.if_exists);
        if (is_null_set(values)) return kFalse;
        if (values.state == KeyValues::State::Single) return base(values.single);
        return any_of(values.multi, base);
    }
    return kFalse;
  }

  // An empty text counts as no value for quantifiers.
  static bool is_null_set(const KeyValues& values) {
    if (values.state == KeyValues::State::Single) return values.single.empty();
    return std::ranges::all_of(values.multi,
                               [](const std::string& value) { return value.empty(); });
  }

  Truth null_holds(const CompiledCondition& condition) {
    if (condition.quantifier == Quantifier::ForAllValues) return kTrue;
    if (condition.quantifier == Quantifier::ForAnyValue) return kFalse;
    const bool missing = read(condition.key).state == KeyValues::State::Missing;
    return any_of(condition.values, [&](const Operand& operand) {
      const bool* wanted = std::get_if<bool>(&operand);
      return truth_of(wanted != nullptr && *wanted == missing);
    });
  }

  // One request value against all values of the condition; negation turns OR into NOR.
  Truth base_holds(const CompiledCondition& condition, DocumentKind kind, std::string_view value,
                   bool is_time) {
    const Truth any = any_of(condition.values, [&](const Operand& operand) {
      return operand_matches(condition.op, kind, operand, value, is_time);
    });
    return condition.negated ? negate(any) : any;
  }

  Truth operand_matches(Operator op, DocumentKind kind, const Operand& operand,
                        std::string_view value, bool is_time) {
    const Truth malformed = unknown(Obstacle::MalformedRequest);
    if (const auto* pattern = std::get_if<Pattern>(&operand))
      return pattern_matches(op, kind, *pattern, value);
    if (const auto* number = std::get_if<DecimalOperand>(&operand)) {
      const auto request = parse_decimal(value);
      const auto policy = parse_decimal(number->text);
      return request && policy ? compare_numbers(op, *request, *policy) : malformed;
    }
    if (const auto* date = std::get_if<Time>(&operand)) {
      const auto request = is_time ? std::optional(request_.now) : parse_date(value);
      return request ? compare_dates(op, *request, *date) : malformed;
    }
    if (const auto* range = std::get_if<Cidr>(&operand)) {
      const auto address = parse_ip(value);
      return address ? truth_of(contains(*range, *address)) : malformed;
    }
    const bool wanted = std::get<bool>(operand);
    if (equal_ignoring_case(value, "true")) return truth_of(wanted);
    if (equal_ignoring_case(value, "false")) return truth_of(!wanted);
    return malformed;
  }

  Truth pattern_matches(Operator op, DocumentKind kind, const Pattern& pattern,
                        std::string_view value) {
    std::optional<ArnParts> arn;
    if (op == Operator::ArnLike) {
      arn = split_arn(value);
      if (!arn) return unknown(Obstacle::MalformedRequest);
    }
    Instance instance;
    instantiate(pattern, kind, instance);
    // Without its value the text matches nothing: a negated operator then holds.
    if (instance.state == Instance::State::Missing) return kFalse;
    if (instance.state == Instance::State::Unsafe) return unknown(Obstacle::UnsafeVariable);
    if (arn) {
      const auto result = arn_match(instance.span(), *arn);
      return result ? truth_of(*result) : unknown(Obstacle::MalformedRequest);
    }
    const auto rule =
        op == Operator::StringEqualsIgnoreCase ? CaseRule::IgnoreAscii : CaseRule::Exact;
    return truth_of(glob_match(instance.span(), value, rule));
  }

  // When a condition on the time of the request may next turn.
  void note_changes(const CompiledCondition& condition) {
    for (const Operand& operand : condition.values) {
      const Time* threshold = std::get_if<Time>(&operand);
      if (!is_date(condition.op) || threshold == nullptr) {
        changes_at(request_.now + Duration(1));
        continue;
      }
      const Time after = *threshold + Duration(1);
      if (request_.now < *threshold)
        changes_at(*threshold);
      else if (request_.now < after)
        changes_at(after);
    }
  }

  const Program& program_;
  const Request& request_;
  Decision decision_;
  std::optional<ArnParts> resource_;
  bool denies_stuck_ = false;
  std::array<char, 24> epoch_{};
  std::array<char, 24> current_time_{};
};

bool matches(const ActionPattern& pattern, std::string_view action) {
  if (pattern.everything) return true;
  const std::size_t colon = action.find(':');
  if (action.substr(0, colon) != pattern.service) return false;
  const std::string_view name = action.substr(colon + 1);
  std::array<GlobPiece, kPatternPiecesMax> pieces;
  for (std::size_t i = 0; i < pattern.name.size(); ++i) {
    using enum PatternPiece::Kind;
    const PatternPiece& piece = pattern.name[i];
    pieces[i].kind = piece.kind == AnyRun   ? GlobPiece::Kind::AnyRun
                     : piece.kind == AnyOne ? GlobPiece::Kind::AnyOne
                                            : GlobPiece::Kind::Literal;
    pieces[i].text = piece.text;
  }
  return glob_match(std::span(pieces).first(pattern.name.size()), name);
}

bool matches_action(const CompiledStatement& statement, std::string_view lower_action) {
  const bool any = std::ranges::any_of(statement.actions, [&](const ActionPattern& pattern) {
    return matches(pattern, lower_action);
  });
  return any == (statement.action_polarity == Polarity::Listed);
}

Decision decide(const CompiledPolicies& policies, const Request& request) {
  return Evaluation(policies.program(), request).run();
}

bool decision_cacheable(const Decision& decision, const KeySet& constant_keys) {
  return !decision.changes_at() && decision.reads_only(constant_keys);
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Allowed: return "allowed";
    case Outcome::ExplicitlyDenied: return "explicitly-denied";
    case Outcome::ImplicitlyDenied: return "implicitly-denied";
    case Outcome::NotEvaluable: return "not-evaluable";
  }
  return "not-evaluable";
}

std::string explain(const CompiledPolicies& policies, const Decision& decision) {
  const Program& program = policies.program();
  std::string place;
  if (const auto at = decision.decided_by()) {
    const StatementName& name = program.names.at(at->document).at(at->statement);
    place = name.file + ":" + std::to_string(name.line) + " statement " +
            (name.sid.empty() ? std::to_string(at->statement + 1) : "`" + name.sid + "`");
  }
  switch (decision.outcome()) {
    case Outcome::Allowed: return "allowed by " + place;
    case Outcome::ExplicitlyDenied: return "denied by " + place;
    case Outcome::ImplicitlyDenied: return "no statement allows it";
    case Outcome::NotEvaluable: break;
  }
  switch (decision.obstacle()) {
    case Obstacle::Document:
      return "the policy cannot be evaluated: " + program.broken.value_or("");
    case Obstacle::MalformedRequest:
      return place.empty()
                 ? "the request's action or resource is malformed"
                 : "a value of the request is not of the type that " + place + " asks for";
    case Obstacle::UnsafeVariable:
      return "a value with `*`, `$`, `+`, `?`, `#` or `/` cannot be substituted in " + place;
    case Obstacle::RequestTooLong: return "the request's action or resource is too long";
    case Obstacle::None: break;
  }
  return "the policy cannot be evaluated";
}

}  // namespace sealane::policy
