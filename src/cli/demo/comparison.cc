// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/comparison.h"

#include <algorithm>

#include "base/json.h"

namespace sealane::cli::demo {

Comparer::Comparer(std::vector<Sent> sent) : sent_(std::move(sent)), seen_(sent_.size()) {
  for (std::size_t i = 0; i < sent_.size(); ++i) by_payload_[sent_[i].payload].push_back(i);
}

void Comparer::take(std::string_view thing, std::string_view topic, ByteSpan payload) {
  ++out_.records;
  const auto same = by_payload_.find(as_text(payload));
  if (same == by_payload_.end())
    return problem("record " + std::to_string(out_.records) + " from `" + std::string(thing) +
                   "` was never sent");
  const auto next = std::find_if(same->second.begin(), same->second.end(),
                                 [&](std::size_t i) { return !seen_[i]; });
  if (next == same->second.end())
    return problem("record " + std::to_string(out_.records) + " from `" + std::string(thing) +
                   "` came out twice");
  seen_[*next] = true;
  const Sent& sent = sent_[*next];
  if (sent.thing != thing || sent.topic != topic)
    return problem("a record of `" + sent.thing + "` came out as one of `" + std::string(thing) +
                   "` on `" + std::string(topic) + "`");
  const auto [last, first] = last_of_thing_.try_emplace(sent.thing, *next);
  if (!first && last->second > *next)
    problem("records of `" + sent.thing + "` came out in another order");
  last->second = *next;
  if (sent.origin == Origin::Attempt) ++out_.attempts;
  if (sent.origin == Origin::Simulated) ++out_.simulated;
  if (sent.origin == Origin::Real) {
    ++out_.real;
    keep(as_text(payload));
  }
}

// Enters a real record into the data, from its payload alone.
void Comparer::keep(std::string_view payload) {
  const auto parsed = json::parse(payload, {.file = "record"});
  const json::Value::Object* members = parsed.value ? parsed.value->object() : nullptr;
  if (members == nullptr) return problem("a record is no JSON object");
  Observation row;
  std::vector<std::string> columns;
  std::string date;
  for (const json::Member& member : *members) {
    if (member.name == "marker") continue;
    const json::Number* number = member.value.number();
    const std::string* text = member.value.text();
    columns.push_back(member.name);
    row.cells.push_back(number != nullptr ? number->lexeme : text != nullptr ? *text : "");
    if (member.name == "location") row.location = row.cells.back();
    if (member.name == "date") date = row.cells.back();
  }
  const auto day = date_of(date);
  if (!day) return problem("a record has no date");
  if (out_.data.columns.empty()) out_.data.columns = columns;
  if (columns != out_.data.columns)
    return problem("a record of " + date + " has other columns than the first");
  row.date = *day;
  out_.data.rows.push_back(std::move(row));
}

Comparison Comparer::finish() && {
  const auto missing = static_cast<std::size_t>(std::count(seen_.begin(), seen_.end(), false));
  if (missing > 0) problem(std::to_string(missing) + " records that were sent did not come out");
  return std::move(out_);
}

void Comparer::problem(std::string text) {
  if (out_.problems.size() < kProblemsMax) out_.problems.push_back(std::move(text));
}

}  // namespace sealane::cli::demo
