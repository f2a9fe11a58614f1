// SPDX-License-Identifier: Apache-2.0
#include "fronts/connection_log.h"

#include "base/log.h"

namespace sealane::fronts {

void log_connection_open(const std::string& listener, const std::string& peer,
                         const std::string& identity, const tls::PeerFacts& facts) {
  log::write(log::Level::Info, "connection-open",
             {{"listener", listener},
              {"peer", peer},
              {"identity", identity},
              {"tls", facts.version},
              {"group", facts.group},
              {"suite", facts.suite},
              {"resumed", facts.resumed}});
}

void log_connection_refused(const std::string& listener, const std::string& peer,
                            const tls::Refusal& refusal, Time now, RefusalLog& refusals,
                            const KnownPeer& known) {
  log::write(log::Level::Warning, "connection-refused",
             {{"listener", listener},
              {"peer", peer},
              {"bytes", refusal.bytes},
              {"reason", std::string(tls::to_string(refusal.reason))},
              {"detail", refusal.detail}});
  RefusalRecord record = record_of(now, listener, peer, refusal);
  if (!known.thing.empty())
    record.name = known.thing;
  else if (known.foreign)
    record.proven = false;
  refusals.add(std::move(record));
}

namespace {

void write_unlogged(const std::string& listener, const std::string& peer,
                    const std::string& identity, std::uint64_t count) {
  if (count == 0) return;
  log::write(log::Level::Warning, "requests-denied-unlogged",
             {{"listener", listener}, {"peer", peer}, {"identity", identity}, {"count", count}});
}

}  // namespace

void log_denied_unlogged(const std::string& listener, const std::string& peer,
                         const std::string& identity, const DenialBudget& budget) {
  write_unlogged(listener, peer, identity, budget.suppressed());
}

void log_request_denied(const DeniedRequest& denied, Time now, RefusalLog& refusals,
                        DenialBudget& budget) {
  std::string why = policy::explain(denied.policies, denied.decision);
  if (const auto unlogged = budget.take(now)) {
    write_unlogged(denied.listener, denied.peer, denied.identity, *unlogged);
    log::write(log::Level::Warning, "request-denied",
               {{"listener", denied.listener},
                {"peer", denied.peer},
                {"identity", denied.identity},
                {"action", denied.action},
                {"resource", denied.resource},
                {"reason", why}});
  }
  RefusalRecord record{.at = now,
                       .kind = RefusalKind::Request,
                       .listener = denied.listener,
                       .peer = denied.peer,
                       .name = denied.name,
                       .proven = true,
                       .reason = "policy",
                       .detail = std::move(why)};
  record.action = denied.action;
  record.resource = denied.resource;
  if (const auto place = denied.decision.decided_by())
    record.statement = RefusalRecord::Statement{place->document, place->statement};
  refusals.add(std::move(record));
}

}  // namespace sealane::fronts
