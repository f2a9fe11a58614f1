// SPDX-License-Identifier: Apache-2.0
#include "cli/remote_object.h"

#include <algorithm>

#include "cli/endpoint_option.h"
#include "cli/reader_setup.h"
#include "http/uri.h"

namespace sealane::cli {
namespace {

constexpr std::string_view kScheme = "https://";

Error not_written() { return fail(ErrorKind::Unsupported, "an object of a lake is only read"); }

// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`.
Result<tls::Endpoint> parse_host(std::string_view text) {
  tls::Endpoint out;
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t closing = text.find(']');
    if (closing == std::string_view::npos) return fail(ErrorKind::Invalid, "no `]`");
    out.host = text.substr(1, closing - 1);
    end = closing + 1 == text.size() ? std::string_view::npos : closing + 1;
    if (end != std::string_view::npos && text[end] != ':')
      return fail(ErrorKind::Invalid, "no port after `]`");
  } else {
    out.host = text.substr(0, end);
  }
  if (out.host.empty()) return fail(ErrorKind::Invalid, "no host");
  if (end == std::string_view::npos) return out;
  SEALANE_ASSIGN(out.port, parse_port(text.substr(end + 1)));
  return out;
}

}  // namespace

bool is_remote(std::string_view word) { return word.starts_with(kScheme); }

Result<RemoteName> parse_remote(const std::string& word) {
  const Error wrong =
      fail(ErrorKind::Invalid, "`" + word + "` names no object", "write https://HOST/BUCKET/KEY");
  std::string_view rest(word);
  rest.remove_prefix(std::min(kScheme.size(), rest.size()));
  const std::size_t host_end = rest.find('/');
  if (!is_remote(word) || host_end == std::string_view::npos) return wrong;
  auto endpoint = parse_host(rest.substr(0, host_end));
  rest.remove_prefix(host_end + 1);
  const std::size_t bucket_end = rest.find('/');
  if (!endpoint.ok() || bucket_end == std::string_view::npos ||
      rest.find_first_of("?#") != std::string_view::npos)
    return wrong;
  const auto bucket = http::percent_decode(rest.substr(0, bucket_end));
  const auto key = http::percent_decode(rest.substr(bucket_end + 1));
  if (!bucket.ok() || !key.ok() || !http::valid_bucket_name(*bucket) ||
      !http::valid_object_key(*key))
    return wrong;
  return RemoteName{std::move(*endpoint), *bucket, *key};
}

Result<std::unique_ptr<RemoteObject>> RemoteObject::open(Env& env, const LoadedPipeline& loaded,
                                                         const std::string& consumer,
                                                         const std::string& word,
                                                         std::uint64_t at_least_bytes) {
  const SystemClock clock;
  SEALANE_ASSIGN(RemoteName name, parse_remote(word));
  ReaderRequest request{.consumer = consumer, .lake = {}};
  // A store's name stands for the place that the pipeline gives it.
  const pipeline::Node* node = loaded.pipeline.find_node(name.endpoint.host);
  if (node == nullptr || node->kind != pipeline::NodeKind::Store) {
    if (name.endpoint.port == 0) name.endpoint.port = 443;
    request.lake = name.endpoint;
  } else if (name.endpoint.port != 0) {
    request.lake = tls::Endpoint{node->address, name.endpoint.port};
  }
  SEALANE_ASSIGN(ReaderSetup setup, set_up_reader(env, loaded, request, clock));
  auto out = std::unique_ptr<RemoteObject>(new RemoteObject());
  out->client_ = std::move(setup.client);
  SEALANE_ASSIGN(out->reader_, http::ObjectReader::open(*out->client_, name.bucket, name.key,
                                                        {.at_least_bytes = at_least_bytes}));
  const std::string folder = loaded.node_folder(setup.consumer);
  SEALANE_ASSIGN(const auto keys, load_exported_keys(env, folder, setup.dataset));
  for (const keys::ExportedKey& key : keys) {
    const std::string epoch = std::to_string(key.epoch);
    out->key_files_.push_back(key.name + "/" + epoch + "=" + folder + "/" + key.name + "-" + epoch +
                              ".key");
  }
  return out;
}

Result<std::size_t> RemoteObject::read_at(std::uint64_t offset, MutableByteSpan to) {
  const std::uint64_t size = reader_->size();
  if (offset >= size) return std::size_t{0};
  const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), size - offset));
  SEALANE_TRY(reader_->read(offset, to.first(there)));
  return there;
}

Status RemoteObject::append(ByteSpan) { return not_written(); }
Status RemoteObject::sync() { return not_written(); }
Status RemoteObject::truncate(std::uint64_t) { return not_written(); }

}  // namespace sealane::cli
