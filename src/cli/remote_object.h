// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "cli/provision.h"
#include "http/object_reader.h"
#include "net/https_client.h"

namespace sealane::cli {

// Whether a command's word names an object at an HTTPS server: `https://HOST[:PORT]/BUCKET/KEY`.
bool is_remote(std::string_view word);

struct RemoteName {
  tls::Endpoint endpoint;  // port 0: none was given
  std::string bucket;
  std::string key;
};
// Errors: Invalid.
Result<RemoteName> parse_remote(const std::string& word);

// An object of the lake, read by ranges under a consumer's identity over mutual TLS.  HOST is the
// store's name in the pipeline, or where it listens.
class RemoteObject final : public File {
 public:
  // `consumer` empty: the only one.  Later reads ask for at least `at_least_bytes`.
  // Errors: Invalid – no such name; NotFound – no such consumer or object; those of ObjectReader.
  static Result<std::unique_ptr<RemoteObject>> open(Env& env, const LoadedPipeline& loaded,
                                                    const std::string& consumer,
                                                    const std::string& word,
                                                    std::uint64_t at_least_bytes);
  // The consumer's exported keys, as `--key-file` takes them.
  const std::vector<std::string>& key_files() const { return key_files_; }
  const http::ObjectReadCounts& counts() const { return reader_->counts(); }

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteSpan to) override;
  Result<std::uint64_t> size() override { return reader_->size(); }
  Status append(ByteSpan data) override;
  Status sync() override;
  Status truncate(std::uint64_t size) override;

 private:
  RemoteObject() = default;
  std::unique_ptr<net::HttpsClient> client_;
  std::optional<http::ObjectReader> reader_;
  std::vector<std::string> key_files_;
};

}  // namespace sealane::cli
