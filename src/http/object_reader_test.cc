// SPDX-License-Identifier: Apache-2.0
#include "http/object_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "http/testing/fake_http_client.h"

namespace sealane::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bytes counted(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 7);
  return out;
}

std::string header_of(const Request& request, std::string_view name) {
  for (const OwnedHeader& header : request.headers)
    if (header.name == name) return header.value;
  return "";
}

// A server that answers ranges as it must.
struct Server {
  Bytes object = counted(100'000);
  std::string etag = "\"one\"";

  Response answer(const Request& request) const {
    const std::string wanted = header_of(request, "If-Match");
    if (!wanted.empty() && wanted != etag) return {.status = 412};
    const auto spec = parse_range(header_of(request, "Range"));
    if (!spec.ok()) return {.status = 200, .headers = {{"ETag", etag}}, .body = object};
    const auto range = resolve_range(*spec, object.size());
    if (!range.ok()) return {.status = 416};
    return {
        .status = 206,
        .headers = {{"ETag", etag}, {"Content-Range", content_range_header(*range, object.size())}},
        .body = to_bytes(ByteSpan(object).subspan(range->offset, range->length))};
  }
};

class Reading : public testing::Test {
 protected:
  Result<ObjectReader> open(const ObjectReaderOptions& options = {}) {
    return ObjectReader::open(client_, "lake", "training/a b", options);
  }
  std::vector<std::string> ranges() const {
    std::vector<std::string> out;
    for (const Request& request : client_.requests()) out.push_back(header_of(request, "Range"));
    return out;
  }
  // Opens, then reads 1,000 bytes while every later answer is changed by `lie`.
  Error reason(const std::function<void(Response&)>& lie) {
    change_ = nullptr;
    auto reader = open().value();
    change_ = lie;
    Bytes to(1000);
    const Status read = reader.read(50'000, to);
    change_ = nullptr;
    EXPECT_FALSE(read.ok());
    EXPECT_EQ(to, Bytes(1000)) << "bytes of a refused answer were given away";
    return read.ok() ? Error{} : read.error();
  }

  Server server_;
  std::function<void(Response&)> change_;
  FakeHttpClient client_{[this](const Request& request) -> Result<Response> {
    Response response = server_.answer(request);
    if (change_) change_(response);
    return response;
  }};
};

TEST_F(Reading, AsksForTheRangeAndNothingElse) {
  auto reader = open().value();
  EXPECT_EQ(reader.size(), 100'000u);
  EXPECT_EQ(reader.etag(), "\"one\"");
  Bytes to(1000);
  for (const std::uint64_t at : {0u, 3096u, 3097u, 50'000u, 99'000u}) {
    ASSERT_TRUE(reader.read(at, to).ok());
    EXPECT_EQ(to, to_bytes(ByteSpan(server_.object).subspan(at, 1000)));
  }
  // What the first answer held is not asked for again.
  EXPECT_THAT(ranges(), ElementsAre("bytes=0-4095", "bytes=3097-4096", "bytes=50000-50999",
                                    "bytes=99000-99999"));
  EXPECT_EQ(reader.counts().requests, 4u);
  EXPECT_EQ(reader.counts().bytes, 4096u + 3000u);
  EXPECT_EQ(client_.requests()[0].target, "/lake/training/a%20b");
  EXPECT_EQ(header_of(client_.requests()[0], "If-Match"), "");
  EXPECT_EQ(header_of(client_.requests()[3], "If-Match"), "\"one\"");
}

TEST_F(Reading, ReadsAheadAsFarAsThereIs) {
  auto reader = open({.first_bytes = 10, .at_least_bytes = 60'000}).value();
  Bytes to(10);
  ASSERT_TRUE(reader.read(10, to).ok());
  ASSERT_TRUE(reader.read(60'010, to).ok());
  ASSERT_TRUE(reader.read(99'990, to).ok());
  EXPECT_EQ(to, to_bytes(ByteSpan(server_.object).last(10)));
  EXPECT_THAT(ranges(), ElementsAre("bytes=0-9", "bytes=10-60009", "bytes=60010-99999"));
}

TEST_F(Reading, BeyondTheEndIsRefusedWithoutARequest) {
  auto reader = open().value();
  Bytes to(10);
  for (const std::uint64_t at :
       {std::uint64_t{99'991}, std::uint64_t{100'000}, ~std::uint64_t{0}}) {
    EXPECT_EQ(reader.read(at, to).error().kind, ErrorKind::Corrupt);
  }
  EXPECT_TRUE(reader.read(100'000, {}).ok());
  EXPECT_EQ(reader.counts().requests, 1u);
}

TEST_F(Reading, AnObjectSmallerThanTheFirstRangeIsReadInOneRequest) {
  server_.object = counted(100);
  auto reader = open().value();
  Bytes to(100);
  ASSERT_TRUE(reader.read(0, to).ok());
  EXPECT_EQ(to, server_.object);
  EXPECT_EQ(reader.counts().requests, 1u);
  server_.object.clear();
  EXPECT_EQ(open().error().message, "the object is empty");
}

TEST_F(Reading, EveryAnswerThatDoesNotFitIsRefusedForItsReason) {
  const auto set = [](std::string_view name, std::string_view value) {
    return [=](Response& response) {
      for (OwnedHeader& header : response.headers)
        if (header.name == name) header.value = value;
    };
  };
  struct Case {
    std::function<void(Response&)> lie;
    ErrorKind kind;
    std::string reason;
  };
  const std::string whole = "the server sends the whole where a range was asked for";
  const std::string changed = "the object changed while it was read";
  const std::string other = "the server sends another range than was asked for";
  const std::vector<Case> cases = {
      {[](Response& r) { r.status = 200; }, ErrorKind::Unsupported, whole},
      {[&](Response& r) { r = {.status = 200, .headers = {}, .body = server_.object}; },
       ErrorKind::Unsupported, whole},
      {set("ETag", "\"two\""), ErrorKind::Conflict, changed},
      {[](Response& r) { r.headers.erase(r.headers.begin()); }, ErrorKind::Conflict, changed},
      {[](Response& r) { r = {.status = 412}; }, ErrorKind::Conflict, changed},
      {[](Response& r) { r = {.status = 416}; }, ErrorKind::Conflict, changed},
      {set("Content-Range", "bytes 50000-50999/100001"), ErrorKind::Conflict, changed},
      {set("Content-Range", "bytes 50001-51000/100000"), ErrorKind::Corrupt, other},
      {set("Content-Range", "bytes 50000-50998/100000"), ErrorKind::Corrupt, other},
      {set("Content-Range", "bytes 50000-51000/100000"), ErrorKind::Corrupt, other},
      {set("Content-Range", "bytes 0-999/100000"), ErrorKind::Corrupt, other},
      {set("Content-Range", "bytes 50000-50999/*"), ErrorKind::Corrupt,
       "the Content-Range is not one of bytes"},
      {[](Response& r) { r.headers.pop_back(); }, ErrorKind::Corrupt,
       "the server does not say which range it sends"},
      {[](Response& r) { r.body.pop_back(); }, ErrorKind::Corrupt,
       "the server sends 999 bytes and calls them 1000"},
      {[](Response& r) { r.body.push_back({}); }, ErrorKind::Corrupt,
       "the server sends 1001 bytes and calls them 1000"},
      {[](Response& r) { r = {.status = 403}; }, ErrorKind::Denied, "the server answers 403"},
      {[](Response& r) { r = {.status = 404}; }, ErrorKind::NotFound, "the server answers 404"},
      {[](Response& r) { r = {.status = 503}; }, ErrorKind::Unavailable, "the server answers 503"},
      {[](Response& r) { r = {.status = 301}; }, ErrorKind::Invalid, "the server answers 301"},
  };
  for (const Case& each : cases) {
    const Error error = reason(each.lie);
    EXPECT_EQ(error.kind, each.kind) << each.reason;
    EXPECT_EQ(error.message, each.reason);
  }
}

TEST_F(Reading, AnObjectReplacedBetweenTwoRequestsIsRefusedByTheServerAlready) {
  auto reader = open().value();
  server_.etag = "\"two\"";
  Bytes to(10);
  EXPECT_EQ(reader.read(5000, to).error().kind, ErrorKind::Conflict);
}

TEST_F(Reading, WithoutAStrongTagTheSizeAndTheTagAreComparedAlone) {
  for (const std::string_view tag : {"", "W/\"one\""}) {
    server_.etag = tag;
    auto reader = open().value();
    Bytes to(10);
    ASSERT_TRUE(reader.read(5000, to).ok());
    EXPECT_EQ(header_of(client_.requests().back(), "If-Match"), "");
    server_.object.push_back({});
    EXPECT_EQ(reader.read(6000, to).error().kind, ErrorKind::Conflict);
    server_.object.pop_back();
  }
}

}  // namespace
}  // namespace sealane::http
