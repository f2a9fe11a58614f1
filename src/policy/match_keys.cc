// SPDX-License-Identifier: Apache-2.0
// The values of keys, and patterns with the values of their variables.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

#include "policy/match_internal.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kSubstitutionMax = 1'024;
constexpr std::string_view kClientId = "iot:clientid";

// AWS IoT Core, "Thing policy variables": values with these are not substituted.  `/` is one more:
// a thing of that name would reach into topics of others.
bool is_substitutable_in_iot(std::string_view value) {
  return value.size() <= kSubstitutionMax &&
         value.find_first_of("*$+?#/") == std::string_view::npos;
}

}  // namespace

KeyValues Matcher::read(std::size_t key) {
  if (keys_read_.contains(key)) return values_[key].values;
  keys_read_.add(key);
  const KeyValues out = look_up(key);
  std::construct_at(&values_[key].values, out);
  if (out.state == KeyValues::State::Missing) keys_missing_.add(key);
  return out;
}

KeyValues Matcher::look_up(std::size_t key) {
  switch (program_.key_sources[key]) {
    case KeySource::CurrentTime: return {KeyValues::State::Single, current_time_text(), {}};
    case KeySource::EpochTime: return {KeyValues::State::Single, epoch_text(), {}};
    case KeySource::PrincipalArn: {
      const std::string_view arn = request_.principal.principal_arn();
      if (arn.empty()) return {};
      return {KeyValues::State::Single, arn, {}};
    }
    case KeySource::Context: break;
  }
  const Context::Entry* entry = request_.context.find(program_.keys[key]);
  if (entry == nullptr || entry->values.empty()) return {};
  if (entry->arity == Context::Arity::Multi) return {KeyValues::State::Multi, {}, entry->values};
  return {KeyValues::State::Single, entry->values[0], {}};
}

void Matcher::instantiate(const Pattern& pattern, DocumentKind kind, Instance& out) {
  for (const PatternPiece& piece : pattern.pieces) {
    if (piece.kind != PatternPiece::Kind::Variable) {
      out.pieces.add(plain_piece(piece));
      continue;
    }
    const KeyValues values = read(piece.key);
    if (KeySource source = program_.key_sources[piece.key];
        source == KeySource::CurrentTime || source == KeySource::EpochTime)
      note_next_second();
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
    const bool as_sent =
        request_.variables == VariableRule::AsSent && program_.keys[piece.key] == kClientId;
    if (kind == DocumentKind::IotDevice && values.state == KeyValues::State::Single && !as_sent &&
        !is_substitutable_in_iot(text)) {
      if (out.state == Instance::State::Ready) out.state = Instance::State::Unsafe;
      out.pieces.add({GlobPiece::Kind::AnyRun, {}});
      continue;
    }
    out.pieces.add({GlobPiece::Kind::Literal, text});
  }
}

std::string_view Matcher::epoch_text() {
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(request_.now).time_since_epoch().count();
  const auto end = std::to_chars(epoch_.data(), epoch_.data() + epoch_.size(), seconds).ptr;
  return {epoch_.data(), static_cast<std::size_t>(end - epoch_.data())};
}
// `2026-01-02T03:04:05Z`
std::string_view Matcher::current_time_text() {
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

// The texts of the time hold for a second.
void Matcher::note_next_second() {
  note_change(std::chrono::floor<std::chrono::seconds>(request_.now) + std::chrono::seconds(1));
}

}  // namespace sealane::policy
