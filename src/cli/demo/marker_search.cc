// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/marker_search.h"

#include <algorithm>
#include <bit>
#include <filesystem>

#include "cli/demo/pcap.h"

namespace sealane::cli::demo {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kFilterBitsLeast = std::size_t{1} << 16;
constexpr std::size_t kFilterBitsForEach = 64;

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string json_escapes(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) out.append("\\u00").append(hex, i, 2);
  return out;
}

// The characters of base64 that `bytes` alone decide when `before` bytes (0, 1 or 2) precede them
// in their group of three.
std::string base64_inside(ByteSpan bytes, std::size_t before) {
  Bytes shifted(before);
  append(shifted, bytes);
  const std::size_t first = (before * 8 + 5) / 6;
  const std::size_t last = shifted.size() * 8 / 6;
  return to_base64(shifted).substr(first, last - first);
}

std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

struct Probes {
  std::size_t first, second;  // bits of the filter
};

// Two independent-looking bit positions from the first 12 bytes.
inline Probes probes_of(const std::byte* at, std::size_t mask) {
  const auto load = [at](std::size_t from, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value |= std::to_integer<std::uint64_t>(at[from + i]) << (8 * i);
    return value;
  };
  std::uint64_t h = load(0, 8) * 0x9E3779B97F4A7C15u;
  h ^= h >> 29;
  h = (h + load(8, 4)) * 0xBF58476D1CE4E5B9u;
  h ^= h >> 32;
  // The second bit comes from the high half: the low half has made the first.
  return {static_cast<std::size_t>(h) & mask,
          static_cast<std::size_t>((h * 0x94D049BB133111EBu) >> 32) & mask};
}

}  // namespace

std::string marker_text(const Marker& marker) { return to_base64(marker).substr(0, 22); }

MarkerCount& MarkerCount::operator+=(const MarkerCount& other) {
  distinct.insert(other.distinct.begin(), other.distinct.end());
  total += other.total;
  bytes += other.bytes;
  return *this;
}

MarkerSearch::MarkerSearch(const std::vector<Marker>& markers) {
  for (std::size_t i = 0; i < markers.size(); ++i) {
    add_forms_of(markers[i], i);
    const std::string text = marker_text(markers[i]);
    add_forms_of(as_bytes(text), i);
  }
  std::sort(lengths_.begin(), lengths_.end());
  build_filter();
}

void MarkerSearch::build_filter() {
  filter_.resize(std::bit_ceil(std::max(kFilterBitsLeast, forms_.size() * kFilterBitsForEach)) /
                 64);
  for (const auto& [form, marker] : forms_) {
    const Probes probes = probes_of(as_bytes(form).data(), filter_.size() * 64 - 1);
    filter_[probes.first / 64] |= std::uint64_t{1} << (probes.first % 64);
    filter_[probes.second / 64] |= std::uint64_t{1} << (probes.second % 64);
  }
}

void MarkerSearch::add_forms_of(ByteSpan bytes, std::size_t marker) {
  const std::string hex = to_hex(bytes);
  add_form(std::string(as_text(bytes)), marker);
  add_form(hex, marker);
  add_form(upper(hex), marker);
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string base64 = base64_inside(bytes, before);
    add_form(base64, marker);
    add_form(url_safe(base64), marker);
  }
  add_form(json_escapes(hex), marker);
  add_form(json_escapes(upper(hex)), marker);
}

void MarkerSearch::add_form(std::string form, std::size_t marker) {
  SEALANE_CHECK(form.size() >= kWindow);
  if (std::find(lengths_.begin(), lengths_.end(), form.size()) == lengths_.end())
    lengths_.push_back(form.size());
  forms_.emplace(std::move(form), marker);
}

void MarkerSearch::check_candidate(ByteSpan rest, MarkerCount& found) const {
  for (const std::size_t length : lengths_) {
    if (length > rest.size()) return;
    const auto form = forms_.find(as_text(rest.first(length)));
    if (form == forms_.end()) continue;
    found.distinct.insert(form->second);
    ++found.total;
    return;
  }
}

void MarkerSearch::scan(ByteSpan bytes, std::size_t begins, MarkerCount& found) const {
  if (bytes.size() < kWindow) return;
  const std::size_t end = std::min(begins, bytes.size() - kWindow + 1);
  const std::size_t mask = filter_.size() * 64 - 1;
  for (std::size_t i = 0; i < end; ++i) {
    const Probes probes = probes_of(bytes.data() + i, mask);
    if ((filter_[probes.first / 64] >> (probes.first % 64) & 1) == 0) continue;
    if ((filter_[probes.second / 64] >> (probes.second % 64) & 1) == 0) continue;
    check_candidate(bytes.subspan(i), found);
  }
}

void MarkerSearch::Stream::feed(ByteSpan piece) {
  found_.bytes += piece.size();
  append(held_, piece);
  const std::size_t keep = search_.length_max() - 1;
  if (held_.size() <= keep) return;
  const std::size_t begins = held_.size() - keep;
  search_.scan(held_, begins, found_);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(begins));
}

MarkerCount MarkerSearch::Stream::finish() {
  search_.scan(held_, held_.size(), found_);
  held_.clear();
  return std::move(found_);
}

MarkerCount MarkerSearch::search(ByteSpan bytes) const {
  MarkerCount found;
  found.bytes = bytes.size();
  scan(bytes, bytes.size(), found);
  return found;
}

Result<MarkerCount> MarkerSearch::search_file(Env& env, const std::string& path) const {
  SEALANE_ASSIGN(const auto file, env.open(path, OpenMode::Read));
  Stream stream(*this);
  Bytes piece(kPieceBytes);
  bool capture = false;
  for (std::uint64_t offset = 0;;) {
    SEALANE_ASSIGN(const std::size_t got, file->read_at(offset, piece));
    if (got == 0) break;
    if (offset == 0) capture = is_capture(ByteSpan(piece).first(got));
    stream.feed(ByteSpan(piece).first(got));
    offset += got;
  }
  MarkerCount found = stream.finish();
  if (!capture) return found;

  SEALANE_ASSIGN(const Bytes all, read_file(env, path, kCaptureBytesMax));
  auto streams = read_capture(all);
  if (!streams.ok()) return std::move(streams).error().within("`" + path + "`");
  MarkerCount in_streams;
  for (const CapturedStream& captured : *streams) in_streams += search(captured.payload);
  // Both look at the same bytes: what each finds is joined, not added up.
  found.distinct.merge(in_streams.distinct);
  found.total = std::max(found.total, in_streams.total);
  return found;
}

Result<MarkerCount> MarkerSearch::search_folder(Env& env, const std::string& folder) const {
  MarkerCount found;
  std::error_code code;
  for (std::filesystem::recursive_directory_iterator it(folder, code), end; !code && it != end;
       it.increment(code)) {
    if (!it->is_regular_file(code) || it->is_symlink()) continue;
    SEALANE_ASSIGN(const MarkerCount in_file, search_file(env, it->path().string()));
    found += in_file;
  }
  if (code) return fail_errno(code.value(), "cannot list `" + folder + "`");
  return found;
}

}  // namespace sealane::cli::demo
