// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/marker_search.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/json.h"
#include "cli/demo/pcap.h"

namespace sealane::cli::demo {
namespace {

std::vector<Marker> random_markers(std::size_t count) {
  std::mt19937_64 random(42);
  std::vector<Marker> out(count);
  for (Marker& marker : out)
    for (std::byte& byte : marker) byte = static_cast<std::byte>(random() & 0xff);
  return out;
}

Bytes random_bytes(std::size_t count) {
  std::mt19937_64 random(7);
  Bytes out(count);
  for (std::byte& byte : out) byte = static_cast<std::byte>(random() & 0xff);
  return out;
}

std::string json_escaped(ByteSpan bytes) {
  std::string out;
  for (std::byte byte : bytes) out += "\\u00" + to_hex(ByteSpan(&byte, 1));
  return out;
}

class MarkerSearchTest : public testing::Test {
 protected:
  std::vector<Marker> markers_ = random_markers(5000);
  MarkerSearch search_{markers_};

  void expect_found(std::string_view bytes, std::size_t marker, const std::string& what) {
    const MarkerCount found = search_.search(as_bytes(bytes));
    EXPECT_TRUE(found.distinct.contains(marker)) << what;
    EXPECT_EQ(found.total, 1u) << what;
  }
};

TEST_F(MarkerSearchTest, FindsEveryFormOfTheRawBytesAndOfTheirText) {
  const Marker& marker = markers_[1234];
  const std::string text = marker_text(marker);
  for (ByteSpan form : {ByteSpan(marker), as_bytes(text)}) {
    const std::string what = form.size() == 16 ? "raw" : "text";
    const std::string hex = to_hex(form);
    std::string upper = hex;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    expect_found("x" + std::string(as_text(form)) + "y", 1234, what);
    expect_found("x" + hex + "y", 1234, what + " hex");
    expect_found("x" + upper + "y", 1234, what + " HEX");
    expect_found("x" + json_escaped(form) + "y", 1234, what + " escapes");
  }
}

TEST_F(MarkerSearchTest, FindsAPayloadInBase64AtEveryAlignmentAndBothAlphabets) {
  for (std::size_t before = 0; before < 6; ++before) {
    for (std::size_t after = 0; after < 3; ++after) {
      Bytes raw(before, std::byte{0xfb});
      append(raw, markers_[7]);
      raw.insert(raw.end(), after, std::byte{0xff});
      std::string base64 = to_base64(raw);
      expect_found(base64, 7, "base64 " + std::to_string(before));
      std::replace(base64.begin(), base64.end(), '+', '-');
      std::replace(base64.begin(), base64.end(), '/', '_');
      expect_found(base64, 7, "url-safe base64 " + std::to_string(before));
      const std::string record(before, '{');
      expect_found(to_base64(as_bytes(record + marker_text(markers_[7]) + "==\"}")), 7,
                   "base64 of a record");
      expect_found(to_hex(as_bytes(record + marker_text(markers_[7]) + "==\"}")), 7,
                   "hex of a record");
    }
  }
}

TEST_F(MarkerSearchTest, RandomBytesHoldNone) {
  const MarkerCount found = search_.search(random_bytes(4 << 20));
  EXPECT_EQ(found.total, 0u);
  EXPECT_EQ(found.bytes, 4u << 20);
}

TEST_F(MarkerSearchTest, CountsDistinctAndTotal) {
  std::string bytes;
  for (std::size_t marker : {3u, 4u, 3u, 5u}) bytes += to_hex(markers_[marker]) + " ";
  const MarkerCount found = search_.search(as_bytes(bytes));
  EXPECT_EQ(found.distinct, (std::set<std::size_t>{3, 4, 5}));
  EXPECT_EQ(found.total, 4u);
}

TEST_F(MarkerSearchTest, FindsAMarkerSplitOverPiecesAtEveryCutOnce) {
  const std::string bytes =
      "before" + json_escaped(markers_[9]) + "after" + std::string(as_text(markers_[10]));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    MarkerSearch::Stream stream(search_);
    stream.feed(as_bytes(bytes).first(cut));
    stream.feed(as_bytes(bytes).subspan(cut));
    const MarkerCount found = stream.finish();
    EXPECT_EQ(found.distinct, (std::set<std::size_t>{9, 10})) << cut;
    EXPECT_EQ(found.total, 2u) << cut;
  }
}

class MarkerSearchFileTest : public MarkerSearchTest {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sealane-markers-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, ByteSpan bytes) {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(folder_of(path));
    EXPECT_TRUE(write_file_atomic(env_, path, bytes, IfExists::Refuse).ok());
    return path;
  }
  std::string folder_;
  PosixEnv env_;
};

TEST_F(MarkerSearchFileTest, FindsAMarkerSplitOverTwoSegmentsOfACapture) {
  Bytes file = capture_head();
  FlowRecorder flow({0x7f000001, 1}, {0x7f000001, 2});
  flow.open({}, file);
  flow.payload({}, Direction::ToListener, ByteSpan(markers_[0]).first(5), file);
  flow.payload({}, Direction::ToClient, as_bytes("between"), file);
  flow.payload({}, Direction::ToListener, ByteSpan(markers_[0]).subspan(5), file);
  EXPECT_EQ(search_.search(file).total, 0u) << "the raw file alone does not show it";
  auto found = search_.search_file(env_, write("x.pcap", file));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->distinct, (std::set<std::size_t>{0}));
  EXPECT_EQ(found->total, 1u);
}

TEST_F(MarkerSearchFileTest, SearchesFoldersToAnyDepthAndLargeFilesAcrossPieces) {
  Bytes large = random_bytes((1 << 20) - 7);
  append(large, markers_[1]);
  write("a/b/c/large", large);
  write("a/small", as_bytes(to_hex(markers_[2])));
  auto found = search_.search_folder(env_, folder_);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->distinct, (std::set<std::size_t>{1, 2}));
  EXPECT_EQ(found->bytes, large.size() + 32);
}

TEST_F(MarkerSearchFileTest, ABrokenCaptureIsAnErrorAndNotASearchWithoutFindings) {
  Bytes file = capture_head();
  file.resize(file.size() + 5);
  auto found = search_.search_file(env_, write("x.pcap", file));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sealane::cli::demo
