// SPDX-License-Identifier: Apache-2.0
#include "cli/dataset_reader.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/json.h"
#include "http/s3_list.h"
#include "http/s3_request.h"
#include "store/tar.h"

namespace sealane::cli {
namespace {

Error refused_by_lake(const std::string& what, const http::Response& response) {
  const ErrorKind kind = response.status == 403   ? ErrorKind::Denied
                         : response.status == 404 ? ErrorKind::NotFound
                         : response.status >= 500 ? ErrorKind::Unavailable
                                                  : ErrorKind::Invalid;
  return fail(kind, what + ": the lake answers " + std::to_string(response.status));
}

Result<std::vector<std::string>> list_keys(const DatasetSource& source, const std::string& prefix,
                                           std::uint64_t keys_max) {
  std::vector<std::string> out;
  http::ListObjectsV2 list{
      .bucket = source.pipeline, .prefix = prefix, .start_after = {}, .continuation_token = {}};
  for (;;) {
    SEALANE_ASSIGN(const http::Response response, source.lake.send(http::make_request(list)));
    if (response.status != 200) return refused_by_lake("listing `" + prefix + "`", response);
    SEALANE_ASSIGN(const http::ListResult page, http::decode_list_result(as_text(response.body)));
    for (const http::ListedObject& object : page.objects) {
      if (out.size() == keys_max)
        return fail(ErrorKind::TooLarge,
                    "`" + prefix + "` has more than " + std::to_string(keys_max) + " objects");
      out.push_back(object.key);
    }
    if (!page.truncated) return out;
    if (page.next_continuation_token.empty())
      return fail(ErrorKind::Corrupt, "the lake's list goes on without saying where");
    list.continuation_token = page.next_continuation_token;
  }
}

Result<Bytes> get_object(const DatasetSource& source, const std::string& key,
                         std::uint64_t bytes_max) {
  http::Request request = http::make_request(
      http::GetObject{.bucket = source.pipeline, .key = key, .range = std::nullopt});
  request.response_bytes_max = bytes_max;
  SEALANE_ASSIGN(http::Response response, source.lake.send(request));
  if (response.status != 200) return refused_by_lake("reading `" + key + "`", response);
  return std::move(response.body);
}

Result<std::uint64_t> object_size(const DatasetSource& source, const std::string& key) {
  SEALANE_ASSIGN(const http::Response response,
                 source.lake.send(http::make_request(http::HeadObject{source.pipeline, key})));
  if (response.status != 200) return refused_by_lake("reading `" + key + "`", response);
  const auto text = response.header("Content-Length");
  std::uint64_t size = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), size).ec != std::errc())
    return fail(ErrorKind::Corrupt, "the lake does not say how large `" + key + "` is");
  return size;
}

// Fetches an object up to byte `to` in ranges, appending it to `out`.
Status get_ranges(const DatasetSource& source, const std::string& key, std::uint64_t to,
                  std::uint64_t range_bytes, Bytes& out) {
  while (out.size() < to) {
    const std::uint64_t length = std::min<std::uint64_t>(range_bytes, to - out.size());
    http::Request request = http::make_request(
        http::GetObject{.bucket = source.pipeline,
                        .key = key,
                        .range = http::RangeSpec{out.size(), out.size() + length - 1}});
    request.response_bytes_max = length;
    SEALANE_ASSIGN(const http::Response response, source.lake.send(request));
    if (response.status != 206) return refused_by_lake("reading `" + key + "`", response);
    if (response.body.size() != length)
      return fail(ErrorKind::Corrupt,
                  "the lake sent another range of `" + key + "` than was asked for");
    append(out, response.body);
  }
  return {};
}

Error damaged(const std::string& what) { return fail(ErrorKind::Corrupt, what); }

// `<20 digits>.json` or `.bin`.
std::optional<std::uint64_t> sequence_of(std::string_view name, std::string_view suffix) {
  if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t out = 0;
  const std::string_view digits = name.substr(0, 20);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

Result<std::uint64_t> give_records(const keys::ManifestEntry& entry, ByteSpan archive,
                                   const OnRecord& on_record) {
  SEALANE_ASSIGN(const std::vector<store::TarMember> members, store::tar_read(archive));
  if (members.size() % 2 != 0) return damaged("a record without its payload");
  std::uint64_t expected = entry.first;
  for (std::size_t i = 0; i < members.size(); i += 2, ++expected) {
    const auto sequence = sequence_of(members[i].name, ".json");
    if (!sequence || sequence_of(members[i + 1].name, ".bin") != sequence)
      return damaged("`" + members[i].name + "` is no member of a bundle");
    if (*sequence != expected)
      return damaged("record " + std::to_string(expected) + " is missing or in another's place");
    const auto facts = json::parse(as_text(members[i].data), {.file = members[i].name});
    if (!facts.value)
      return damaged("the facts of record " + std::to_string(*sequence) + " are no JSON");
    const DatasetRecord record{.sequence = *sequence,
                               .thing = std::string(facts.value->text_or_empty("thing")),
                               .topic = std::string(facts.value->text_or_empty("topic")),
                               .received = std::string(facts.value->text_or_empty("received")),
                               .payload = members[i + 1].data};
    SEALANE_TRY(on_record(record));
  }
  if (expected != entry.last + 1)
    return damaged("it ends before record " + std::to_string(entry.last));
  return static_cast<std::uint64_t>(members.size() / 2);
}

Result<std::uint64_t> open_bundle(const DatasetSource& source, const BundleOf& bundle,
                                  keys::Opener& opener, const OnRecord& on_record,
                                  const DatasetLimits& limits) {
  const keys::ManifestEntry& entry = bundle.entry;
  if (entry.size > limits.bundle_bytes_max)
    return fail(ErrorKind::TooLarge, "bundle `" + entry.name + "` has " +
                                         std::to_string(entry.size) +
                                         " bytes, more than this reader takes");
  auto size = object_size(source, entry.name);
  if (!size.ok() && size.error().kind == ErrorKind::NotFound)
    return keys::to_error(entry, {keys::BundleFault::Missing, "is missing from the lake"});
  if (!size.ok()) return std::move(size).error();
  Bytes sealed;
  // The first range holds the header, which says what it is before the rest is fetched.
  SEALANE_TRY(get_ranges(source, entry.name, std::min(limits.range_bytes, *size),
                         limits.range_bytes, sealed));
  if (const auto finding = keys::judge_bundle(entry, *size, sealed, bundle.all))
    return keys::to_error(entry, *finding);
  sealed.reserve(*size);
  SEALANE_TRY(get_ranges(source, entry.name, *size, limits.range_bytes, sealed));
  auto opened = opener.open(sealed, keys::bundle_context(source.pipeline, entry));
  const bool signed_bytes = !entry.sha256 || crypto::sha256(sealed) == *entry.sha256;
  if (!signed_bytes)
    return keys::to_error(entry,
                          keys::judge_other_bytes(opened.ok() ? Status() : Status(opened.error())));
  if (!opened.ok()) return std::move(opened).error().within("bundle `" + entry.name + "`");
  SEALANE_TRY(keys::check_bundle(entry, sealed));
  auto records = give_records(entry, opened->plaintext, on_record);
  if (!records.ok()) return std::move(records).error().within("bundle `" + entry.name + "`");
  return records;
}

}  // namespace

Result<VerifiedManifest> read_manifest(const DatasetSource& source, const DatasetLimits& limits) {
  SEALANE_ASSIGN(auto key, crypto::Ed25519PublicKey::from_pem(source.manifest_key_pem));
  SEALANE_ASSIGN(std::vector<std::string> names,
                 list_keys(source, source.dataset + "/manifest/", limits.entries_max));
  std::sort(names.begin(), names.end());
  keys::ManifestVerifier verifier(source.dataset, std::move(key), source.known_head);
  VerifiedManifest out;
  for (const std::string& name : names) {
    SEALANE_ASSIGN(const Bytes file, get_object(source, name, limits.entry_bytes_max));
    auto entry = verifier.add(as_text(file));
    if (!entry.ok()) return std::move(entry).error().within("`" + name + "`");
    if (name != keys::manifest_object_key(source.dataset, entry->index))
      return damaged("`" + name + "` is the manifest's entry " + std::to_string(entry->index));
    out.entries.push_back(std::move(entry).value());
  }
  SEALANE_ASSIGN(out.summary, verifier.finish());
  return out;
}

Result<std::uint64_t> read_bundle(const DatasetSource& source, const BundleOf& bundle,
                                  keys::Opener& opener, const OnRecord& on_record,
                                  const DatasetLimits& limits) {
  return open_bundle(source, bundle, opener, on_record, limits);
}

Result<std::vector<std::string>> unlisted_bundles(const DatasetSource& source,
                                                  const VerifiedManifest& manifest,
                                                  const DatasetLimits& limits) {
  SEALANE_ASSIGN(const std::vector<std::string> names,
                 list_keys(source, source.dataset + "/bundles/", limits.entries_max));
  std::set<std::string_view> listed;
  for (const keys::ManifestEntry& entry : manifest.entries) listed.insert(entry.name);
  std::vector<std::string> out;
  for (const std::string& name : names)
    if (!listed.contains(name)) out.push_back(name);
  return out;
}

Result<DatasetRead> read_dataset(const DatasetSource& source, keys::Opener& opener,
                                 const OnRecord& on_record, const DatasetLimits& limits) {
  DatasetRead out;
  SEALANE_ASSIGN(out.manifest, read_manifest(source, limits));
  for (const keys::ManifestEntry& entry : out.manifest.entries) {
    SEALANE_ASSIGN(const std::uint64_t records,
                   read_bundle(source, {entry, out.manifest.entries}, opener, on_record, limits));
    out.records += records;
  }
  SEALANE_ASSIGN(out.unlisted, unlisted_bundles(source, out.manifest, limits));
  return out;
}

Result<std::optional<keys::ManifestHead>> load_head(Env& env, const std::string& path) {
  auto text = read_file(env, path, 4096);
  if (!text.ok()) {
    if (text.error().kind == ErrorKind::NotFound) return std::optional<keys::ManifestHead>();
    return std::move(text).error();
  }
  std::string_view line = as_text(*text);
  if (line.ends_with('\n')) line.remove_suffix(1);
  auto head = keys::parse_manifest_head(line);
  if (!head.ok())
    return fail(
        ErrorKind::Corrupt, "`" + path + "` holds no manifest head",
        "compare with the head that the gateway's operator gives you, then remove the file");
  return std::optional<keys::ManifestHead>(*head);
}

Status save_head(Env& env, const std::string& path, const keys::ManifestHead& head) {
  return write_file_atomic(env, path, as_bytes(keys::to_text(head) + "\n"), IfExists::Replace);
}

}  // namespace sealane::cli
