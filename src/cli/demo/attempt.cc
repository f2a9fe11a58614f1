// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/attempt.h"

#include <algorithm>

namespace sealane::cli::demo {
namespace {

constexpr std::chrono::milliseconds kEventLimit{10'000};

}  // namespace

tls::Endpoint Target::endpoint() const {
  return {address_text(relay.address()), relay.address().port};
}

Result<Refused> watch_refusal(Target& target, const std::function<Status()>& act) {
  SEALANE_ASSIGN(const std::size_t relay_mark, target.relay.mark());
  SEALANE_TRY(target.process.refresh());
  const std::size_t mark = target.process.mark();
  if (act().ok()) return fail(ErrorKind::Invalid, "the client got through");
  SEALANE_ASSIGN(const Relayed opened, target.relay.next_opened(relay_mark));
  const std::string peer = to_text(opened.seen_as);
  SEALANE_ASSIGN(const json::Value line, target.process.wait_for(
                                             mark, "a refusal of " + peer,
                                             [&peer](const json::Value& l) {
                                               return (is_event(l, "connection-refused") ||
                                                       is_event(l, "request-denied")) &&
                                                      l.text_or_empty("peer") == peer;
                                             },
                                             kEventLimit));
  SEALANE_ASSIGN(const Relayed closed, target.relay.closed(opened.seen_as));
  Refused out{.event = std::string(line.text_or_empty("event")),
              .reason = std::string(line.text_or_empty("reason")),
              .detail = std::string(line.text_or_empty("detail")),
              .bytes = closed.to_listener,
              .counted = number_in(line, "bytes")};
  if (out.event == "request-denied")
    out.detail = std::string(line.text_or_empty("action")) + " on " +
                 std::string(line.text_or_empty("resource"));
  return out;
}

void judge(Attempt& attempt, const Result<Refused>& refused,
           std::initializer_list<std::string_view> expected) {
  if (!refused.ok()) {
    attempt.reason = refused.error().message;
    return;
  }
  const auto is_expected = [&](std::string_view word) {
    return std::find(expected.begin(), expected.end(), word) != expected.end();
  };
  attempt.refused =
      refused->bytes > 0 && (is_expected(refused->reason) || is_expected(refused->event));
  attempt.reason = refused->reason;
  if (!refused->detail.empty()) attempt.reason += ": " + refused->detail;
  attempt.proof = "the relay passed " + std::to_string(refused->bytes) +
                  " bytes to the listener, which logged " + refused->event;
  if (refused->counted > 0)
    attempt.proof += " after " + std::to_string(refused->counted) + " bytes";
}

void judge_repaired(Attempt& attempt, const Status& outcome, const std::string& success) {
  attempt.repaired_succeeds = outcome.ok();
  attempt.repaired = outcome.ok() ? success : outcome.error().message;
}

}  // namespace sealane::cli::demo
