// SPDX-License-Identifier: Apache-2.0
#include "keys/manifest.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "envelope/frames.h"
#include "envelope/message.h"

namespace sealane::keys {
namespace {

constexpr std::string_view kSigned[] = {"sealane manifest v1\n", "sealane manifest v2\n"};
constexpr std::size_t kFileBytesMax = 16u << 10;

std::string encode(const ManifestEntry& entry) {
  json::Writer w;
  w.begin_object()
      .field("dataset", entry.dataset)
      .field("index", entry.index)
      .field("name", entry.name)
      .field("size", entry.size)
      .field("first", entry.first)
      .field("last", entry.last)
      .field("epoch", std::uint64_t{entry.epoch});
  if (entry.sha256) w.field("sha256", to_hex(*entry.sha256));
  w.field("header_sha256", to_hex(entry.header_sha256))
      .field("final_frame_tag", to_hex(entry.final_frame_tag))
      .field("previous", to_hex(entry.previous))
      .end_object();
  return w.str();
}

bool read_number(const json::Value& object, std::string_view name, std::uint64_t& out) {
  const json::Value* member = object.find(name);
  if (member == nullptr || member->number() == nullptr) return false;
  const std::string& digits = member->number()->lexeme;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return code == std::errc() && end == digits.data() + digits.size();
}

bool read_hex(const json::Value& object, std::string_view name, MutableByteSpan out) {
  const auto bytes = from_hex(object.text_or_empty(name));
  if (!bytes || bytes->size() != out.size()) return false;
  copy_bytes(out, *bytes);
  return true;
}

std::optional<ManifestEntry> decode(std::string_view line) {
  auto parsed =
      json::parse(line, {.file = "manifest entry", .bytes_max = kFileBytesMax, .depth_max = 2});
  if (!parsed.value) return std::nullopt;
  const json::Value& object = *parsed.value;
  ManifestEntry out;
  out.dataset = object.text_or_empty("dataset");
  out.name = object.text_or_empty("name");
  std::uint64_t epoch = 0;
  if (!read_number(object, "index", out.index) || !read_number(object, "size", out.size) ||
      !read_number(object, "first", out.first) || !read_number(object, "last", out.last) ||
      !read_number(object, "epoch", epoch) || epoch > 0xffffffff ||
      !read_hex(object, "header_sha256", out.header_sha256) ||
      !read_hex(object, "final_frame_tag", out.final_frame_tag) ||
      !read_hex(object, "previous", out.previous))
    return std::nullopt;
  out.epoch = static_cast<std::uint32_t>(epoch);
  if (object.find("sha256") != nullptr && !read_hex(object, "sha256", out.sha256.emplace()))
    return std::nullopt;
  // There is one way to write an entry; anything else, another field included, is no entry.
  if (encode(out) != line) return std::nullopt;
  return out;
}

Bytes signed_bytes(bool with_hash, std::string_view line) {
  Bytes out = to_bytes(kSigned[with_hash ? 1 : 0]);
  append(out, line);
  return out;
}

// The two lines of an entry's file; nothing when there are not two.
struct Lines {
  std::string_view entry;
  std::string_view signature;
};
std::optional<Lines> split(std::string_view file) {
  const std::size_t first = file.find('\n');
  if (first == std::string_view::npos || !file.ends_with('\n')) return std::nullopt;
  Lines out{.entry = file.substr(0, first), .signature = file.substr(first + 1)};
  if (out.signature.empty()) return std::nullopt;
  out.signature.remove_suffix(1);
  return out;
}

Error no_entry() { return fail(ErrorKind::Corrupt, "not a manifest entry"); }

}  // namespace

std::string manifest_object_key(std::string_view dataset, std::uint64_t index) {
  return std::string(dataset) + "/manifest/" + twenty_digits(index) + ".json";
}

std::string bundle_object_key(std::string_view dataset, std::uint64_t first, std::uint64_t last) {
  return std::string(dataset) + "/bundles/" + twenty_digits(first) + "-" + twenty_digits(last) +
         ".tar.esdk";
}

Status describe_bundle(ByteSpan sealed, ManifestEntry& entry) {
  SEALANE_ASSIGN(const auto decoded, envelope::decode_header(sealed));
  if (!decoded) return fail(ErrorKind::Corrupt, "the bundle is cut short in its header");
  SEALANE_ASSIGN(const auto layout, envelope::layout_for_body(sealed.size() - decoded->size,
                                                              decoded->header.frame_length));
  entry.size = decoded->size + layout.body_bytes;
  entry.header_sha256 = crypto::sha256(sealed.first(decoded->size));
  copy_bytes(entry.final_frame_tag, sealed.last(entry.final_frame_tag.size()));
  entry.sha256 = crypto::sha256(sealed);
  return {};
}

std::string sign_manifest_entry(const ManifestEntry& entry, const crypto::Ed25519PrivateKey& key) {
  std::string out = encode(entry);
  const crypto::Ed25519Signature signature = key.sign(signed_bytes(entry.sha256.has_value(), out));
  out += '\n';
  out += to_base64(signature);
  out += '\n';
  return out;
}

Result<ManifestEntry> verify_manifest_entry(std::string_view file,
                                            const crypto::Ed25519PublicKey& key) {
  if (file.size() > kFileBytesMax) return fail(ErrorKind::TooLarge, "a manifest entry is too long");
  const auto lines = split(file);
  if (!lines) return no_entry();
  const auto signature = from_base64(lines->signature);
  if (!signature || signature->size() != sizeof(crypto::Ed25519Signature)) return no_entry();
  // Before the entry is parsed: nothing of a file that somebody else wrote is interpreted.
  const auto signed_as = [&](bool with_hash) {
    return key.verify(signed_bytes(with_hash, lines->entry), *signature);
  };
  const bool with_hash = signed_as(true);
  if (!with_hash && !signed_as(false))
    return fail(ErrorKind::Corrupt, "is foreign: the signature is not by the manifest's key");
  auto entry = decode(lines->entry);
  if (!entry || entry->sha256.has_value() != with_hash) return no_entry();
  return std::move(*entry);
}

Result<ManifestEntry> read_unverified_entry(std::string_view file) {
  if (file.size() > kFileBytesMax) return fail(ErrorKind::TooLarge, "a manifest entry is too long");
  const auto lines = split(file);
  auto entry = lines ? decode(lines->entry) : std::nullopt;
  if (!entry) return no_entry();
  return std::move(*entry);
}

std::string to_text(const ManifestHead& head) {
  return std::to_string(head.index) + ":" + to_hex(head.sha256);
}

Result<ManifestHead> parse_manifest_head(std::string_view text) {
  const Error wrong = fail(ErrorKind::Invalid, "not a manifest head: `" + std::string(text) + "`",
                           "a head is `<index>:<64 hex digits>`");
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return wrong;
  ManifestHead out;
  const auto [end, code] = std::from_chars(text.data(), text.data() + colon, out.index);
  const auto hash = from_hex(text.substr(colon + 1));
  if (code != std::errc() || end != text.data() + colon || !hash ||
      hash->size() != out.sha256.size())
    return wrong;
  copy_bytes(out.sha256, *hash);
  if (to_text(out) != text) return wrong;
  return out;
}

std::string_view to_string(Freshness freshness) {
  return freshness == Freshness::Unknown ? "unknown" : "at-least-as-new-as-head";
}

ManifestVerifier::ManifestVerifier(std::string dataset, crypto::Ed25519PublicKey key,
                                   std::optional<ManifestHead> known_head)
    : dataset_(std::move(dataset)), key_(std::move(key)), known_head_(known_head) {}

Error ManifestVerifier::refuse(std::string message) {
  failed_ = fail(ErrorKind::Corrupt,
                 "manifest entry " + std::to_string(next_index_) + ": " + std::move(message));
  return *failed_;
}

Result<ManifestEntry> ManifestVerifier::add(std::string_view file) {
  if (failed_) return *failed_;
  auto verified = verify_manifest_entry(file, key_);
  if (!verified.ok()) return refuse(verified.error().message);
  ManifestEntry entry = std::move(verified).value();
  if (entry.dataset != dataset_)
    return refuse("belongs to data set `" + entry.dataset + "`, not `" + dataset_ + "`");
  if (entry.index > next_index_)
    return refuse("is missing: entry " + std::to_string(entry.index) + " stands in its place");
  if (entry.index < next_index_)
    return refuse("is entry " + std::to_string(entry.index) + " once more, or swapped");
  if (entry.previous != previous_)
    return refuse("does not follow the entry before it: one of the two was replaced");
  if (entry.first > entry.last || (last_sequence_ && entry.first <= *last_sequence_))
    return refuse("its sequence numbers go back");
  if (entry.name != bundle_object_key(dataset_, entry.first, entry.last))
    return refuse("names another object than its sequence numbers say");
  const crypto::Sha256 hash = crypto::sha256(as_bytes(file));
  if (known_head_ && known_head_->index == entry.index && known_head_->sha256 != hash)
    return refuse("is not the entry that was verified before: rolled back or replaced");
  previous_ = hash;
  last_sequence_ = entry.last;
  ++next_index_;
  return entry;
}

Result<ManifestSummary> ManifestVerifier::finish() {
  if (failed_) return *failed_;
  if (known_head_ && known_head_->index >= next_index_)
    return refuse("is missing: the manifest was verified up to entry " +
                  std::to_string(known_head_->index) + " before; rolled back or truncated");
  ManifestSummary out;
  out.entries = next_index_;
  if (next_index_ > 0) out.head = ManifestHead{.index = next_index_ - 1, .sha256 = previous_};
  out.freshness = known_head_ ? Freshness::AtLeastAsNewAsHead : Freshness::Unknown;
  return out;
}

std::string_view to_string(BundleFault fault) {
  switch (fault) {
    case BundleFault::Missing: return "missing";
    case BundleFault::Truncated: return "truncated";
    case BundleFault::TooLong: return "too-long";
    case BundleFault::Swapped: return "swapped";
    case BundleFault::Foreign: return "foreign";
    case BundleFault::Damaged: return "damaged";
  }
  return "damaged";
}

Error to_error(const ManifestEntry& entry, const BundleFinding& finding) {
  return fail(ErrorKind::Corrupt, "bundle `" + entry.name + "` " + finding.detail);
}

std::optional<BundleFinding> judge_bundle(const ManifestEntry& entry, std::uint64_t size,
                                          ByteSpan header_bytes,
                                          std::span<const ManifestEntry> all) {
  const std::string sizes = "it has " + std::to_string(size) +
                            " bytes where its manifest entry says " + std::to_string(entry.size);
  const auto decoded = envelope::decode_header(header_bytes);
  const bool whole = decoded.ok() && decoded->has_value();
  // The header first: another bundle has another size too, and is to be called what it is.
  if (whole) {
    const crypto::Sha256 hash = crypto::sha256(header_bytes.first((*decoded)->size));
    if (hash != entry.header_sha256) {
      for (const ManifestEntry& other : all)
        if (other.header_sha256 == hash)
          return BundleFinding{BundleFault::Swapped,
                               "is swapped: it is bundle `" + other.name + "`"};
      return BundleFinding{BundleFault::Foreign,
                           "is foreign: its header is none that the manifest's key has signed"};
    }
  }
  if (size < entry.size) return BundleFinding{BundleFault::Truncated, "is truncated: " + sizes};
  if (!whole)
    return BundleFinding{
        BundleFault::Damaged,
        "is damaged in its header" + (decoded.ok() ? "" : ": " + decoded.error().message)};
  if (size > entry.size) return BundleFinding{BundleFault::TooLong, "is too long: " + sizes};
  return std::nullopt;
}

BundleFinding judge_other_bytes(const Status& opened) {
  if (!opened.ok()) return {BundleFault::Damaged, "is damaged: " + opened.error().message};
  return {BundleFault::Foreign,
          "is foreign: it opens under the data set key, and is not what the manifest's key has "
          "signed"};
}

Status check_bundle(const ManifestEntry& entry, std::uint64_t size, ByteSpan header_bytes,
                    const crypto::GcmTag& final_frame_tag) {
  if (const auto finding = judge_bundle(entry, size, header_bytes))
    return to_error(entry, *finding);
  if (final_frame_tag != entry.final_frame_tag)
    return to_error(entry,
                    {BundleFault::Damaged, "is damaged or another one (its final frame differs)"});
  SEALANE_ASSIGN(const auto decoded, envelope::decode_header(header_bytes));
  return envelope::require_context(decoded->header.context,
                                   {{"dataset", entry.dataset},
                                    {"first", std::to_string(entry.first)},
                                    {"last", std::to_string(entry.last)},
                                    {"epoch", std::to_string(entry.epoch)}});
}

Status check_bundle(const ManifestEntry& entry, ByteSpan sealed) {
  const auto tag = envelope::final_frame_tag(sealed);
  SEALANE_TRY(check_bundle(entry, sealed.size(), sealed, tag.value_or(crypto::GcmTag{})));
  if (entry.sha256 && crypto::sha256(sealed) != *entry.sha256)
    return to_error(entry, {BundleFault::Foreign,
                            "is damaged or foreign: its bytes are not those that were signed"});
  return {};
}

envelope::EncryptionContext bundle_context(std::string_view pipeline, const ManifestEntry& entry) {
  return {{"pipeline", std::string(pipeline)},
          {"dataset", entry.dataset},
          {"first", std::to_string(entry.first)},
          {"last", std::to_string(entry.last)},
          {"epoch", std::to_string(entry.epoch)}};
}

}  // namespace sealane::keys
