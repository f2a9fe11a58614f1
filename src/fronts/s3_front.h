// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fronts/connection_info.h"
#include "fronts/denial_budget.h"
#include "fronts/front_snapshot.h"
#include "fronts/refusal_log.h"
#include "http/s3_request.h"
#include "net/https_server.h"
#include "store/object_store.h"

namespace sealane::fronts {

struct S3FrontOptions {
  std::string listener;  // for log lines
  std::string bucket;
  std::string bucket_arn;  // `arn:aws:s3:::bucket`
  std::uint64_t put_bytes_max = 512ull << 20;
  std::size_t piece_bytes = 256u << 10;
};

// The S3 API of the lake for the connections of one loop: GET with Range, HEAD, ListObjectsV2 and
// create-only PUT of one bucket.  Every request is decided by policy; who asks is the client
// certificate's node.
//
// Source:  Amazon S3 API; the subset is http/s3_request.h.
// Owner:   assemble.cc; outlives its connections.
// Threads: the loop's.
class S3Front {
 public:
  // The principal's ARN for a node's URI SAN; empty: nobody this store knows.
  using PrincipalOf = std::function<std::string(const std::string& identity)>;

  S3Front(S3FrontOptions options, std::shared_ptr<const FrontSnapshot> snapshot,
          PrincipalOf principal_of, store::ObjectStore& store, const Clock& clock,
          RefusalLog& refusals);

  // One connection, from its handshake to its end.
  net::Task<> serve(net::TlsStream stream);

  // Decides by `snapshot` from now on, and closes the connections whose certificate is no longer
  // good.  Result: how many.
  std::size_t apply(std::shared_ptr<const FrontSnapshot> snapshot);
  // Appends the open connections, until `out` has `most`; returns how many there are.
  std::size_t connections(std::vector<ConnectionInfo>& out, std::size_t most) const;

 private:
  struct Open {
    net::TlsStream stream;
    Time since;
  };
  net::Task<Status> handle(net::HttpExchange& exchange, DenialBudget& denials);
  net::Task<Status> put(net::HttpExchange& exchange, http::PutObject put);
  net::Task<Status> get(net::HttpExchange& exchange, http::GetObject get);
  net::Task<Status> head(net::HttpExchange& exchange, http::HeadObject head);
  net::Task<Status> list(net::HttpExchange& exchange, http::ListObjectsV2 list);
  net::Task<Status> answer_error(net::HttpExchange& exchange, http::S3Error error);
  bool may(const net::HttpExchange& exchange, const http::S3Request& request,
           DenialBudget& denials);

  S3FrontOptions options_;
  std::shared_ptr<const FrontSnapshot> snapshot_;
  PrincipalOf principal_of_;
  store::ObjectStore& store_;
  const Clock& clock_;
  RefusalLog& refusals_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t next_id_ = 1;
};

}  // namespace sealane::fronts
