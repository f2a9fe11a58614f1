// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "tls/policy.h"

namespace sealane::fronts {

enum class RefusalKind {
  Handshake,  // no connection came about
  Request,    // policy said no
};

// One refusal, for `sealane device why`.  Texts of peers are cut to the limits of the log.
struct RefusalRecord {
  Time at{};
  RefusalKind kind = RefusalKind::Handshake;
  std::string listener{};
  std::string peer{};  // `ip:port`
  // The thing or node that was refused.  `proven`: a trusted certificate says so; otherwise the
  // peer only claims it.
  std::string name{};
  bool proven = false;
  std::string reason{};  // a word of `connection-refused`, or `policy`
  std::string detail{};  // one line; of a request, which statement decided and why

  // What the certificate that was shown says.
  struct Certificate {
    std::string subject, issuer, serial, uri, sha256, key_type;
    Time not_before{};
    Time not_after{};
  };
  std::optional<Certificate> certificate{};
  struct Offered {
    std::string server_name;
    std::vector<std::string> versions, groups;
  };
  std::optional<Offered> offered{};

  std::string action{};  // of a request
  std::string resource{};
  struct Statement {
    std::uint32_t document = 0, statement = 0;  // both from 0
  };
  std::optional<Statement> statement{};  // that decided; nothing: none allowed
};

// The record of a refused handshake.
RefusalRecord record_of(Time at, const std::string& listener, const std::string& peer,
                        const tls::Refusal& refusal);
// Appends the record as an object (docs/formats/admin-socket.md).
void write_record(json::Writer& w, const RefusalRecord& record);

// The last refusals of a node, in memory.  Proven names have rings of their own, and share a budget
// that peers without a trusted certificate cannot touch; those have rings by address.  When a
// budget is full the fullest ring gives up its oldest record, so that one noisy device does not
// evict the others.
//
// Bounds:  limits; about 2 KiB a record.
// Threads: any; one lock, taken for refusals and questions alone.
class RefusalLog {
 public:
  struct Limits {
    std::size_t proven_max = 3072;
    std::size_t unproven_max = 1024;
    std::size_t per_ring_max = 64;
    std::size_t text_bytes_max = 256;  // of each text that a peer chooses
    std::size_t detail_bytes_max = 1024;
  };
  explicit RefusalLog(Limits limits) : limits_(limits) {}
  RefusalLog() : RefusalLog(Limits()) {}

  void add(RefusalRecord record);

  struct Query {
    std::string name{};  // thing or node, proven or claimed
    std::string peer{};  // an address without port; together with `name`: either
    std::size_t last = 20;
  };
  // Oldest first.
  std::vector<RefusalRecord> find(const Query& query) const;

  struct Counts {
    std::uint64_t recorded = 0;
    std::uint64_t dropped = 0;  // no longer kept
    std::size_t kept = 0;
  };
  Counts counts() const;

 private:
  struct Numbered {
    std::uint64_t number = 0;
    RefusalRecord record;
  };
  using Rings = std::map<std::string, std::deque<Numbered>, std::less<>>;
  struct Group {
    Rings rings;
    std::size_t size = 0;
  };
  void add_to(Group& group, std::size_t most, const std::string& key, Numbered record);
  void cut(RefusalRecord& record) const;

  const Limits limits_;
  mutable std::mutex mutex_;
  Group proven_;
  Group unproven_;
  std::uint64_t recorded_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sealane::fronts
