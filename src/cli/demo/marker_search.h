// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/env.h"
#include "base/result.h"

namespace sealane::cli::demo {

using Marker = std::array<std::byte, 16>;

// The 22 characters of a marker's base64 that carry its bytes (the padding after them carries
// none).
std::string marker_text(const Marker& marker);

// What a search found.  A marker counts for `distinct` once, however often and in whatever form.
struct MarkerCount {
  std::set<std::size_t> distinct;  // positions in the list of markers
  std::uint64_t total = 0;
  std::uint64_t bytes = 0;  // searched

  MarkerCount& operator+=(const MarkerCount& other);
};

// Finds many random markers in bytes at once.
//
// A marker is looked for as its 16 raw bytes and as the base64 text in which a record carries it;
// each of the two raw, in lower and upper hex, in base64 at all three alignments with both
// alphabets, and as JSON escapes (\u00xx, lower and upper).
//
// Bounds:  memory O(markers), about 2 KiB for each; one table lookup for each byte searched.  Every
// form has at least
//          kWindow bytes; its first kWindow bytes choose the candidates.
// Threads: searches of one MarkerSearch may run at the same time; it does not change.
class MarkerSearch {
 public:
  explicit MarkerSearch(const std::vector<Marker>& markers);

  // Searches a stream of bytes that arrives in pieces; a marker may be split over pieces.
  class Stream {
   public:
    explicit Stream(const MarkerSearch& search) : search_(search) {}
    void feed(ByteSpan piece);
    // Ends the stream and returns what was found.
    MarkerCount finish();

   private:
    const MarkerSearch& search_;
    Bytes held_;  // bytes at the end in which a form may still begin
    MarkerCount found_;
  };

  MarkerCount search(ByteSpan bytes) const;
  // The file's bytes as they are and, when it is a capture, the payload of each direction of each
  // connection as well, put together by sequence number.
  Result<MarkerCount> search_file(Env& env, const std::string& path) const;
  // Every file below `folder`, however deep.
  Result<MarkerCount> search_folder(Env& env, const std::string& folder) const;

 private:
  static constexpr std::size_t kWindow = 12;

  void add_forms_of(ByteSpan bytes, std::size_t marker);
  void add_form(std::string form, std::size_t marker);
  void build_filter();
  // Looks for forms that begin in the first `begins` bytes.
  void scan(ByteSpan bytes, std::size_t begins, MarkerCount& found) const;
  void check_candidate(ByteSpan rest, MarkerCount& found) const;
  std::size_t length_max() const { return lengths_.empty() ? kWindow : lengths_.back(); }

  // Two bits for each form; its size is a power of two.  Almost every position is passed over here.
  std::vector<std::uint64_t> filter_;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> forms_;
  std::vector<std::size_t> lengths_;  // distinct lengths of the forms, ascending
};

}  // namespace sealane::cli::demo
