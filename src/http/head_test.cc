// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "http/testdata/heads.h"

namespace sealane::http {
namespace {

using testdata::RequestEntry;
using testdata::requests;

TEST(RequestHeadDecode, EveryEntryOfTheCatalogueIsAnsweredAsItSays) {
  for (const RequestEntry& entry : requests()) {
    SCOPED_TRACE(entry.name);
    const auto decoded = decode_request_head(as_bytes(entry.bytes), HeadLimits{});
    EXPECT_EQ(decoded.ok() ? 0 : decoded.error().status, entry.status)
        << (decoded.ok() ? "" : decoded.error().message);
    if (decoded.ok()) {
      EXPECT_EQ(decoded->bytes, entry.bytes.find("\r\n\r\n") + 4);
    }
  }
}

TEST(RequestHeadDecode, EveryPrefixOfAnAcceptedHeadNeedsMore) {
  for (const RequestEntry& entry : requests()) {
    if (entry.status != 0) continue;
    SCOPED_TRACE(entry.name);
    for (std::size_t size = 0; size < entry.bytes.find("\r\n\r\n") + 4; ++size) {
      const auto decoded = decode_request_head(as_bytes(entry.bytes.substr(0, size)), HeadLimits{});
      ASSERT_FALSE(decoded.ok());
      EXPECT_EQ(decoded.error().kind, HeadErrorKind::NeedMore) << size;
    }
  }
}

TEST(RequestHeadDecode, SaysWhatTheHeadSays) {
  const std::string_view text =
      "PUT /b/k%20x?a=1 HTTP/1.1\r\nHost: lake:9443\r\ncontent-length:  5 \r\nExpect: "
      "100-Continue\r\n"
      "Connection: close\r\nX-Empty:\r\n\r\nhello";
  const auto decoded = decode_request_head(as_bytes(text), HeadLimits{});
  ASSERT_TRUE(decoded.ok());
  const RequestHead& head = decoded->head;
  EXPECT_EQ(text.substr(decoded->bytes), "hello");
  EXPECT_EQ(head.method, Method::Put);
  EXPECT_EQ(head.target, "/b/k%20x?a=1");
  EXPECT_EQ(head.content_length, 5U);
  EXPECT_TRUE(head.has_content_length);
  EXPECT_TRUE(head.expect_continue);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.header("HOST"), "lake:9443");
  EXPECT_EQ(head.header("Content-Length"), "5");
  EXPECT_EQ(head.header("x-empty"), "");
  EXPECT_FALSE(head.header("x-none").has_value());
  EXPECT_EQ(head.target.data(), text.data() + 4);
  EXPECT_EQ(head.headers.size(), 5U);
}

TEST(RequestHeadDecode, Http10ClosesUnlessItAsksToStay) {
  const auto keeps = [](std::string_view text) {
    const auto decoded = decode_request_head(as_bytes(text), HeadLimits{});
    return decoded.ok() && decoded->head.keep_alive;
  };
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(
      keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: Close\r\n\r\n"));
}

std::uint16_t status_for(const std::string& text, const HeadLimits& limits = {}) {
  const auto decoded = decode_request_head(as_bytes(text), limits);
  return decoded.ok() ? std::uint16_t{0} : decoded.error().status;
}

TEST(RequestHeadDecode, LimitsAreExact) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  std::string headers = start;
  for (int i = 0; i < 63; ++i) headers += "X: y\r\n";
  EXPECT_EQ(status_for(headers + "\r\n"), 0);
  EXPECT_EQ(status_for(headers + "X: y\r\n\r\n"), 431);

  const std::string tail = "\r\n\r\n";
  const std::size_t room = 16 * 1024 - start.size() - 3 - tail.size();
  EXPECT_EQ(status_for(start + "X: " + std::string(room, 'v') + tail), 0);
  EXPECT_EQ(status_for(start + "X: " + std::string(room + 1, 'v') + tail), 431);
  EXPECT_EQ(status_for(start + "X: " + std::string(20'000, 'v')), 431);

  HeadLimits limits;
  limits.target_bytes_max = 4;
  EXPECT_EQ(status_for("GET /abc HTTP/1.1\r\nHost: h\r\n\r\n", limits), 0);
  EXPECT_EQ(status_for("GET /abcd HTTP/1.1\r\nHost: h\r\n\r\n", limits), 414);
}

TEST(ResponseHeadDecode, SaysWhatTheHeadSays) {
  const std::string_view text =
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nETag: \"x\"\r\n\r\n";
  const auto decoded = decode_response_head(as_bytes(text), HeadLimits{});
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->bytes, text.size());
  EXPECT_EQ(decoded->head.status, 206);
  EXPECT_EQ(decoded->head.reason, "Partial Content");
  EXPECT_EQ(decoded->head.content_length, 10U);
  EXPECT_TRUE(decoded->head.keep_alive);
  const auto interim = decode_response_head(as_bytes(kContinue), HeadLimits{});
  ASSERT_TRUE(interim.ok());
  EXPECT_EQ(interim->head.status, 100);
}

TEST(ResponseHeadDecode, RefusesAmbiguousFraming) {
  for (const std::string_view text :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1 20 x\r\n\r\n",
        "SSH-2.0-x\r\n\r\n"})
    EXPECT_FALSE(decode_response_head(as_bytes(text), HeadLimits{}).ok()) << text;
}

TEST(HeadEncode, DecodesToTheSame) {
  Bytes out;
  ASSERT_TRUE(
      encode_request_head({"PUT", "/b/k", {{"Host", "h"}, {"Content-Length", "3"}, {"X", ""}}}, out)
          .ok());
  EXPECT_EQ(as_text(out), "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nX: \r\n\r\n");
  const auto request = decode_request_head(out, HeadLimits{});
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->head.headers,
            (std::vector<Header>{{"Host", "h"}, {"Content-Length", "3"}, {"X", ""}}));
  out.clear();
  ASSERT_TRUE(encode_response_head({404, {{"Content-Length", "0"}}}, out).ok());
  EXPECT_EQ(as_text(out), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(decode_response_head(out, HeadLimits{}).ok());
  out.clear();
  ASSERT_TRUE(encode_response_head({299, {}}, out).ok());
  EXPECT_TRUE(decode_response_head(out, HeadLimits{}).ok());
}

TEST(HeadEncode, NothingCanSplitAHead) {
  Bytes out;
  const auto refused = [&out](const RequestHeadFields& fields) {
    return !encode_request_head(fields, out).ok();
  };
  EXPECT_TRUE(refused({"GET ", "/", {}}));
  EXPECT_TRUE(refused({"", "/", {}}));
  EXPECT_TRUE(refused({"GET", "/ HTTP/1.1\r\nX: y", {}}));
  EXPECT_TRUE(refused({"GET", "b", {}}));
  EXPECT_TRUE(refused({"GET", "/", {{"X", "a\r\nY: b"}}}));
  EXPECT_TRUE(refused({"GET", "/", {{"X:", "a"}}}));
  EXPECT_TRUE(refused({"GET", "/", {{"", "a"}}}));
  EXPECT_TRUE(refused({"GET", "/", {{"X", " padded"}}}));
  EXPECT_FALSE(encode_response_head({200, {{"X", "\n"}}}, out).ok());
  EXPECT_FALSE(encode_response_head({99, {}}, out).ok());
  EXPECT_TRUE(out.empty());
}

TEST(HeadCatalogue, IsTheFuzzersSeedCorpus) {
  for (const RequestEntry& entry : requests()) {
    const std::string path = "testdata/fuzz/http_head_fuzz/" + std::string(entry.name);
    if (std::getenv("UPDATE_GOLDEN") != nullptr)
      std::ofstream(path, std::ios::binary) << entry.bytes;
    std::ifstream file(path, std::ios::binary);
    const std::string seed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(seed, entry.bytes) << path << ": write it with UPDATE_GOLDEN=1";
  }
}

}  // namespace
}  // namespace sealane::http
