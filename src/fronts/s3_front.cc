// SPDX-License-Identifier: Apache-2.0
#include "fronts/s3_front.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "crypto/compare.h"
#include "fronts/connection_log.h"
#include "http/range.h"
#include "http/s3_list.h"
#include "identity/identity.h"

namespace sealane::fronts {
namespace {

using http::S3Code;
using http::S3Error;

std::vector<http::OwnedHeader> object_headers(const store::ObjectInfo& info) {
  return {{"ETag", "\"" + info.etag + "\""},
          {"Content-Type", "application/octet-stream"},
          {"Accept-Ranges", "bytes"},
          {"x-amz-checksum-sha256", to_base64(info.sha256)}};
}

const std::string& bucket_of(const http::S3Request& request) {
  return std::visit([](const auto& r) -> const std::string& { return r.bucket; }, request);
}

// The resource that a request is decided for: the bucket for a list, the object otherwise.
std::string resource_of(const std::string& bucket_arn, const http::S3Request& request) {
  return std::visit(
      [&](const auto& r) {
        if constexpr (requires { r.key; }) {
          return bucket_arn + "/" + r.key;
        } else {
          return bucket_arn;
        }
      },
      request);
}

}  // namespace

S3Front::S3Front(S3FrontOptions options, std::shared_ptr<const FrontSnapshot> snapshot,
                 PrincipalOf principal_of, store::ObjectStore& store, const Clock& clock,
                 RefusalLog& refusals)
    : options_(std::move(options)),
      snapshot_(std::move(snapshot)),
      principal_of_(std::move(principal_of)),
      store_(store),
      clock_(clock),
      refusals_(refusals) {}

net::Task<> S3Front::serve(net::TlsStream stream) {
  // The handshake may have begun under an older snapshot.
  if (const auto& certificate = stream.facts().certificate; certificate && snapshot_->ended) {
    if (auto refusal = snapshot_->ended(*certificate, clock_.now())) {
      refusal->bytes = stream.bytes_received();
      refusal->certificate = certificate;
      refusal->verified = true;
      log_connection_refused(options_.listener, stream.peer_address(), *refusal, clock_.now(),
                             refusals_);
      stream.close();
      co_return;
    }
  }
  log_connection_open(options_.listener, stream.peer_address(), stream.facts().identity,
                      stream.facts());
  const std::string peer = stream.peer_address();
  const std::string identity = stream.facts().identity;
  DenialBudget denials;
  net::HttpHandler handler = [this, &denials](net::HttpExchange& exchange) {
    return handle(exchange, denials);
  };
  const std::uint64_t id = next_id_++;
  open_.emplace(id, Open{stream, clock_.now()});
  co_await net::serve_http(std::move(stream), std::move(handler), net::HttpServerLimits{});
  open_.erase(id);
  log_denied_unlogged(options_.listener, peer, identity, denials);
}

std::size_t S3Front::apply(std::shared_ptr<const FrontSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  if (!snapshot_->ended) return 0;
  std::size_t closed = 0;
  for (auto& [id, one] : open_) {
    const auto& certificate = one.stream.facts().certificate;
    if (!one.stream.is_open() || !certificate) continue;
    const auto refusal = snapshot_->ended(*certificate, clock_.now());
    if (!refusal) continue;
    log::write(log::Level::Warning, "connection-closed",
               {{"listener", options_.listener},
                {"peer", one.stream.peer_address()},
                {"identity", one.stream.facts().identity},
                {"reason", std::string(tls::to_string(refusal->reason)) + ": " + refusal->detail}});
    one.stream.close();
    ++closed;
  }
  return closed;
}

std::size_t S3Front::connections(std::vector<ConnectionInfo>& out, std::size_t most) const {
  std::size_t count = 0;
  for (const auto& [id, one] : open_) {
    if (!one.stream.is_open()) continue;
    ++count;
    if (out.size() < most)
      out.push_back(ConnectionInfo::of(one.stream.facts(), one.stream.peer_address(), one.since));
  }
  return count;
}

net::Task<Status> S3Front::handle(net::HttpExchange& exchange, DenialBudget& denials) {
  auto parsed = http::parse_s3_request(exchange.head());
  if (!parsed.ok()) co_return co_await answer_error(exchange, parsed.error());
  const http::S3Request request = *parsed;
  if (bucket_of(request) != options_.bucket || !may(exchange, request, denials))
    co_return co_await answer_error(exchange, {S3Code::AccessDenied, "Access Denied"});
  if (const auto* r = std::get_if<http::PutObject>(&request)) co_return co_await put(exchange, *r);
  if (const auto* r = std::get_if<http::GetObject>(&request)) co_return co_await get(exchange, *r);
  if (const auto* r = std::get_if<http::HeadObject>(&request))
    co_return co_await head(exchange, *r);
  co_return co_await list(exchange, std::get<http::ListObjectsV2>(request));
}

bool S3Front::may(const net::HttpExchange& exchange, const http::S3Request& request,
                  DenialBudget& denials) {
  const Time now = clock_.now();
  const policy::Context connection =
      connection_context({exchange.peer(), ip_of(exchange.peer_address()), now});
  policy::Context context = policy::Context::in_front_of(connection);
  if (const auto* list = std::get_if<http::ListObjectsV2>(&request))
    context.set("s3:prefix", list->prefix);
  // The service's own name of the TLS version, so that a bucket policy means here what it means
  // there.
  if (const auto* version = connection.find("sealane:tlsversion"); version != nullptr)
    context.set("s3:TlsVersion", version->values.front());
  const auto principal = policy::parse_principal(principal_of_(exchange.peer().identity));
  const std::string action(http::policy_action(request));
  const std::string resource = resource_of(options_.bucket_arn, request);
  const policy::Principal& who = principal ? *principal : policy::Principal::anonymous();
  const policy::CompiledPolicies& policies = snapshot_->policies->policies;
  const policy::Decision decision = policy::decide(policies, {who, action, resource, context, now});
  if (decision.allowed() && principal) return true;
  const auto known = identity::parse_uri(exchange.peer().identity);
  log_request_denied({.listener = options_.listener,
                      .peer = exchange.peer_address(),
                      .identity = exchange.peer().identity,
                      .name = known ? known->name : std::string(),
                      .action = action,
                      .resource = resource,
                      .policies = policies,
                      .decision = decision},
                     now, refusals_, denials);
  return false;
}

net::Task<Status> S3Front::put(net::HttpExchange& exchange, http::PutObject put) {
  if (!put.create_only)
    co_return co_await answer_error(
        exchange, {S3Code::InvalidRequest, "Objects are create-only: send If-None-Match: *"});
  if (put.content_length > options_.put_bytes_max)
    co_return co_await answer_error(exchange, {S3Code::EntityTooLarge, "The object is too large"});
  auto begun = store_.begin_put(put.key);
  if (!begun.ok() && begun.error().kind == ErrorKind::Conflict) {
    auto existing = store_.head(put.key);
    std::vector<http::OwnedHeader> headers;
    if (existing.ok()) headers = object_headers(*existing);
    headers.push_back({"Content-Type", "application/xml"});
    std::erase_if(headers,
                  [](const http::OwnedHeader& h) { return h.value == "application/octet-stream"; });
    const std::string document = http::encode_s3_error(
        {S3Code::PreconditionFailed, "An object of that name exists"}, put.key);
    co_return co_await exchange.respond(412, std::move(headers), to_bytes(document));
  }
  if (!begun.ok())
    co_return co_await answer_error(exchange, {http::s3_code_of(begun.error().kind), "Not stored"});
  Bytes piece(options_.piece_bytes);
  std::uint64_t received = 0;
  for (;;) {
    auto got = co_await exchange.read_some(piece);
    if (!got.ok()) co_return std::move(got).error();
    if (*got == 0) break;
    const ByteSpan data = ByteSpan(piece).first(*got);
    received += data.size();
    if (Status stored = (*begun)->append(data); !stored.ok())
      co_return co_await answer_error(exchange,
                                      {http::s3_code_of(stored.error().kind), "Not stored"});
  }
  if (received != put.content_length)
    co_return fail(ErrorKind::Unavailable, "the body ended early");
  const store::ObjectDigests& digests = (*begun)->digests();
  const bool sha256_differs =
      put.checksum_sha256 && !crypto::equal_constant_time(digests.sha256, *put.checksum_sha256);
  const bool md5_differs =
      put.content_md5 && !crypto::equal_constant_time(digests.md5, *put.content_md5);
  if (sha256_differs || md5_differs)
    co_return co_await answer_error(exchange,
                                    {S3Code::BadDigest, "The digest does not match the body"});
  auto committed = (*begun)->commit(clock_.now());
  if (!committed.ok()) {
    const S3Code code = committed.error().kind == ErrorKind::Conflict
                            ? S3Code::PreconditionFailed
                            : http::s3_code_of(committed.error().kind);
    co_return co_await answer_error(exchange, {code, "Not stored"});
  }
  co_return co_await exchange.respond(200, object_headers(*committed), {});
}

net::Task<Status> S3Front::get(net::HttpExchange& exchange, http::GetObject get) {
  auto info = store_.head(get.key);
  if (!info.ok())
    co_return co_await answer_error(exchange, {http::s3_code_of(info.error().kind), get.key});
  if (!get.if_match.empty() && get.if_match != "\"" + info->etag + "\"")
    co_return co_await answer_error(
        exchange, {S3Code::PreconditionFailed, "The object has another entity tag"});
  http::ByteRange range{0, info->size};
  std::uint16_t status = 200;
  std::vector<http::OwnedHeader> headers = object_headers(*info);
  if (get.range) {
    auto resolved = http::resolve_range(*get.range, info->size);
    if (!resolved.ok())
      co_return co_await answer_error(exchange,
                                      {S3Code::InvalidRange, "The range is not satisfiable"});
    range = *resolved;
    status = 206;
    headers.push_back({"Content-Range", http::content_range_header(range, info->size)});
  }
  auto file = store_.open_object(get.key);
  if (!file.ok())
    co_return co_await answer_error(exchange, {http::s3_code_of(file.error().kind), get.key});
  SEALANE_CO_TRY(co_await exchange.begin(status, std::move(headers), range.length));
  std::uint64_t left = range.length;
  while (left > 0) {
    Bytes piece(static_cast<std::size_t>(std::min<std::uint64_t>(left, options_.piece_bytes)));
    auto got = (*file)->read_at(range.offset + range.length - left, piece);
    if (!got.ok()) co_return std::move(got).error();
    if (*got == 0) co_return fail(ErrorKind::Corrupt, "the object's file is shorter than its size");
    piece.resize(*got);
    left -= *got;
    SEALANE_CO_TRY(co_await exchange.write(std::move(piece)));
  }
  co_return Status();
}

net::Task<Status> S3Front::head(net::HttpExchange& exchange, http::HeadObject head) {
  auto info = store_.head(head.key);
  if (!info.ok())
    co_return co_await answer_error(exchange, {http::s3_code_of(info.error().kind), head.key});
  co_return co_await exchange.begin(200, object_headers(*info), info->size);
}

net::Task<Status> S3Front::list(net::HttpExchange& exchange, http::ListObjectsV2 list) {
  const std::string& after =
      list.continuation_token.empty() ? list.start_after : list.continuation_token;
  auto page = store_.list({.prefix = list.prefix, .start_after = after, .max_keys = list.keys_max});
  if (!page.ok())
    co_return co_await answer_error(exchange, {http::s3_code_of(page.error().kind), list.prefix});
  http::ListResult result;
  result.bucket = options_.bucket;
  result.prefix = list.prefix;
  result.keys_max = list.keys_max;
  for (const store::ObjectInfo& info : page->objects)
    result.objects.push_back({info.key, info.size, info.etag,
                              std::chrono::floor<std::chrono::milliseconds>(info.created)});
  result.truncated = page->truncated;
  if (page->truncated && !page->objects.empty())
    result.next_continuation_token = page->objects.back().key;
  co_return co_await exchange.respond(200, {{"Content-Type", "application/xml"}},
                                      to_bytes(http::encode_list_result(result)));
}

net::Task<Status> S3Front::answer_error(net::HttpExchange& exchange, http::S3Error error) {
  const std::string document = http::encode_s3_error(error, exchange.head().target);
  exchange.close_after();
  co_return co_await exchange.respond(http::status_of(error.code),
                                      {{"Content-Type", "application/xml"}}, to_bytes(document));
}

}  // namespace sealane::fronts
