// SPDX-License-Identifier: Apache-2.0
#include "http/s3_request.h"

#include <string>

#include <gtest/gtest.h>

#include "http/s3_error.h"
#include "http/s3_list.h"
#include "http/testing/fake_http_client.h"

namespace sealane::http {
namespace {

RequestHead head(Method method, std::string_view target, std::vector<Header> headers = {}) {
  RequestHead out;
  out.method = method;
  out.target = target;
  out.headers = std::move(headers);
  if (method == Method::Put) {
    out.has_content_length = true;
    out.content_length = 5;
  }
  return out;
}

// `ok`, or the error's name.
std::string outcome(const RequestHead& request) {
  const auto parsed = parse_s3_request(request);
  return parsed.ok() ? "ok" : std::string(name_of(parsed.error().code));
}

TEST(S3Request, PutSaysCreateOnlyAndChecksums) {
  const Bytes digest(32, std::byte{0xab});
  const std::string base64 = to_base64(digest);
  const std::string md5 = to_base64(Bytes(16, std::byte{1}));
  const auto parsed = parse_s3_request(
      head(Method::Put, "/lake/training/a%20b",
           {{"If-None-Match", "*"}, {"x-amz-checksum-sha256", base64}, {"Content-MD5", md5}}));
  ASSERT_TRUE(parsed.ok());
  const auto& put = std::get<PutObject>(*parsed);
  EXPECT_EQ(put.bucket, "lake");
  EXPECT_EQ(put.key, "training/a b");
  EXPECT_EQ(put.content_length, 5U);
  EXPECT_TRUE(put.create_only);
  EXPECT_EQ(to_bytes(*put.checksum_sha256), digest);
  EXPECT_TRUE(put.content_md5.has_value());
  EXPECT_EQ(policy_action(*parsed), "s3:PutObject");
}

TEST(S3Request, PayloadHashOfSigV4IsAChecksum) {
  const std::string hex(64, '0');
  const auto parsed =
      parse_s3_request(head(Method::Put, "/lake/k", {{"x-amz-content-sha256", hex}}));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(to_bytes(*std::get<PutObject>(*parsed).checksum_sha256), Bytes(32));
  const std::string other = to_base64(Bytes(32, std::byte{1}));
  EXPECT_EQ(outcome(head(Method::Put, "/lake/k",
                         {{"x-amz-content-sha256", hex}, {"x-amz-checksum-sha256", other}})),
            "BadDigest");
  EXPECT_EQ(outcome(head(Method::Put, "/lake/k", {{"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}})),
            "ok");
  EXPECT_EQ(outcome(head(Method::Put, "/lake/k",
                         {{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}})),
            "NotImplemented");
}

TEST(S3Request, GetReadsARangeAndIgnoresOneItCannotRead) {
  const auto get = [](std::string_view range) {
    return std::get<GetObject>(*parse_s3_request(head(Method::Get, "/lake/k", {{"Range", range}})))
        .range;
  };
  EXPECT_EQ(get("bytes=0-9"), (RangeSpec{0, 9}));
  EXPECT_EQ(get("bytes=0-9,20-"), std::nullopt);
  const auto tagged = parse_s3_request(head(Method::Get, "/lake/k", {{"If-Match", "\"x1\""}}));
  ASSERT_TRUE(tagged.ok());
  EXPECT_EQ(std::get<GetObject>(*tagged).if_match, "\"x1\"");
  const auto plain = parse_s3_request(head(Method::Head, "/lake/k"));
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(std::holds_alternative<HeadObject>(*plain));
  EXPECT_EQ(policy_action(*plain), "s3:GetObject");
}

TEST(S3Request, ListReadsItsParameters) {
  const auto parsed = parse_s3_request(
      head(Method::Get,
           "/lake/?list-type=2&prefix=a%2Fb&start-after=x&continuation-token=t&max-keys=5000"));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(std::get<ListObjectsV2>(*parsed), (ListObjectsV2{"lake", "a/b", "x", "t", 1000}));
  EXPECT_EQ(policy_action(*parsed), "s3:ListBucket");
}

TEST(S3Request, RefusesByName) {
  EXPECT_EQ(outcome(head(Method::Get, "/")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Get, "/lake")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Get, "/lake?list-type=2&delimiter=%2F")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Get, "/lake?list-type=2&max-keys=0")), "InvalidArgument");
  EXPECT_EQ(outcome(head(Method::Get, "/lake?list-type=2&list-type=2")), "InvalidURI");
  EXPECT_EQ(outcome(head(Method::Put, "/lake")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Delete, "/lake/k")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Post, "/lake/k?uploads")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Other, "/lake/k")), "MethodNotAllowed");
  EXPECT_EQ(outcome(head(Method::Get, "/Lake/k")), "InvalidBucketName");
  EXPECT_EQ(outcome(head(Method::Get, "//k")), "InvalidBucketName");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/a%00")), "InvalidURI");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/%ff")), "InvalidURI");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/a/../b")), "InvalidArgument");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/%2e%2E/b")), "InvalidArgument");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/..%2Fb")), "InvalidArgument");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/a%0Ab")), "InvalidArgument");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/k?versionId=1")), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/k?x-id=GetObject")), "ok");
  for (const auto tag : {"x", "*", "\"a\", \"b\"", "W/\"a\"", "\"", ""})
    EXPECT_EQ(outcome(head(Method::Get, "/lake/k", {{"If-Match", tag}})), "NotImplemented") << tag;
  EXPECT_EQ(outcome(head(Method::Head, "/lake/k", {{"If-Match", "\"x\""}})), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Get, "/lake?list-type=2", {{"If-Match", "\"x\""}})),
            "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/k", {{"Range", "bytes=0-"}, {"range", "bytes=1-"}})),
            "InvalidRequest");
  RequestHead with_body = head(Method::Get, "/lake/k");
  with_body.content_length = 1;
  EXPECT_EQ(outcome(with_body), "InvalidRequest");
  RequestHead no_length = head(Method::Put, "/lake/k");
  no_length.has_content_length = false;
  EXPECT_EQ(outcome(no_length), "MissingContentLength");
}

TEST(S3Request, NothingThatChangesAPutIsIgnored) {
  for (const std::string_view name :
       {"x-amz-copy-source", "x-amz-server-side-encryption", "x-amz-acl", "x-amz-meta-a",
        "x-amz-tagging", "x-amz-trailer", "x-amz-checksum-crc32", "x-amz-expected-bucket-owner",
        "If-Match", "Content-Encoding"})
    EXPECT_EQ(outcome(head(Method::Put, "/lake/k", {{name, "v"}})), "NotImplemented") << name;
  EXPECT_EQ(outcome(head(Method::Put, "/lake/k", {{"If-None-Match", "\"x\""}})), "NotImplemented");
  EXPECT_EQ(outcome(head(Method::Put, "/lake/k", {{"Content-MD5", "AA=="}})), "InvalidDigest");
  EXPECT_EQ(outcome(head(Method::Put, "/lake/k", {{"x-amz-checksum-sha256", "no"}})),
            "InvalidDigest");
}

TEST(S3Request, KeysAreBoundedInBytes) {
  EXPECT_EQ(outcome(head(Method::Get, "/lake/" + std::string(1024, 'k'))), "ok");
  EXPECT_EQ(outcome(head(Method::Get, "/lake/" + std::string(1025, 'k'))), "KeyTooLongError");
}

TEST(S3Request, BucketNamesAreThoseOfS3) {
  for (const auto good : {"abc", "weather-forecast", "a.b.c", "1234"})
    EXPECT_TRUE(valid_bucket_name(good)) << good;
  for (const auto bad : {"ab", "Abc", "-abc", "abc-", "a..b", "a_b", "192.168.0.1", "a/b", ""})
    EXPECT_FALSE(valid_bucket_name(bad)) << bad;
}

// What the client writes is what the server reads.
TEST(S3Request, MadeRequestsParseToThemselves) {
  const auto again = [](const Request& request) {
    std::vector<Header> headers;
    for (const OwnedHeader& header : request.headers)
      headers.push_back({header.name, header.value});
    Bytes bytes;
    headers.push_back({"Host", "h"});
    const std::string length = std::to_string(request.body.size());
    headers.push_back({"Content-Length", length});
    EXPECT_TRUE(encode_request_head({request.method, request.target, headers}, bytes).ok());
    const auto decoded = decode_request_head(bytes, HeadLimits{});
    EXPECT_TRUE(decoded.ok());
    auto parsed = parse_s3_request(decoded->head);
    EXPECT_TRUE(parsed.ok());
    return std::move(parsed).value();
  };
  PutObject put{"lake", "a b/\xc3\xa9+%/~", 3, true, {}, {}};
  put.checksum_sha256.emplace().fill(std::byte{7});
  EXPECT_EQ(again(make_request(put, to_bytes("abc"))), S3Request(put));
  const GetObject get{"lake", "k?&=#", RangeSpec{0, 9}};
  EXPECT_EQ(again(make_request(get)), S3Request(get));
  const HeadObject head_object{"lake", "k"};
  EXPECT_EQ(again(make_request(head_object)), S3Request(head_object));
  const ListObjectsV2 list{"lake", "a/&", "s+ t", "t=/", 7};
  EXPECT_EQ(again(make_request(list)), S3Request(list));
}

TEST(S3Error, DocumentGoesThereAndBack) {
  const S3Error error{S3Code::NoSuchKey, "no `<a & b>`"};
  const std::string document = encode_s3_error(error, "/lake/<k>");
  EXPECT_NE(document.find("<Resource>/lake/&lt;k&gt;</Resource>"), std::string::npos);
  const auto decoded = decode_s3_error(document);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->code, S3Code::NoSuchKey);
  EXPECT_EQ(decoded->message, error.message);
  EXPECT_EQ(status_of(S3Code::PreconditionFailed), 412);
  EXPECT_EQ(status_of(S3Code::InvalidRange), 416);
  EXPECT_EQ(s3_code_of(ErrorKind::Conflict), S3Code::PreconditionFailed);
}

TEST(S3Error, UnknownCodeKeepsItsName) {
  const auto decoded = decode_s3_error("<Error><Code>SlowDown</Code></Error>");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->code, S3Code::InternalError);
  EXPECT_EQ(decoded->message, "SlowDown");
}

TEST(S3List, DocumentGoesThereAndBack) {
  ListResult result{"lake", "a/", 1000, {}, true, "next<>"};
  result.objects.push_back(
      {"a/ b&'\"<", 5, "etag", Time{std::chrono::milliseconds(1767323045678)}});
  result.objects.push_back({"a/\xc3\xa9 ", 0, "", Time{}});
  const auto decoded = decode_list_result(encode_list_result(result));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, result);
}

TEST(S3List, ReadsADocumentAsAwsWritesIt) {
  const auto decoded = decode_list_result(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Name>lake</Name><Prefix/><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</"
      "IsTruncated>"
      "<Contents><Key>k</Key><LastModified>2009-10-12T17:50:30.000Z</"
      "LastModified><ETag>&#34;abc&#34;</ETag>"
      "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><Size>434234</Size><StorageClass>STANDARD</"
      "StorageClass></Contents>"
      "</ListBucketResult>\n");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->objects.at(0).etag, "abc");
  EXPECT_EQ(decoded->objects.at(0).size, 434234U);
  EXPECT_EQ(to_rfc3339(decoded->objects.at(0).last_modified), "2009-10-12T17:50:30.000000Z");
}

TEST(S3List, RefusesWhatIsNotAList) {
  const std::string good =
      encode_list_result({"lake", "", 1000, {{"k", 1, "e", Time{}}}, false, ""});
  ASSERT_TRUE(decode_list_result(good).ok());
  const auto with = [&good](std::string_view from, std::string_view to) {
    std::string out = good;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() - 3), good + "x", with("<Key>k</Key>", ""),
        with("<Key>k", "<Key>../k"), with("<Size>1", "<Size>-1"),
        with("<KeyCount>1", "<KeyCount>2"), with("false", "true"), with("false", "no"),
        with("<Key>k", "<Key>&x;"), with("<Key>k", "<Key>&#0;"), with("<Key>k", "<Key>\xff"),
        with("<Key>k", "<Key><!--x-->k"), with("<Key>k", "<Key><![CDATA[k]]>"),
        with("<Name>", "<!DOCTYPE x><Name>"), with("<Contents>", "text<Contents>"),
        with("1970-01-01", "1970-13-01"), with("</Key>", "</Kez>")})
    EXPECT_FALSE(decode_list_result(bad).ok()) << bad;
  EXPECT_FALSE(decode_list_result(good, 0).ok());
  std::string deep;
  for (int i = 0; i < 9; ++i) deep += "<a>";
  for (int i = 0; i < 9; ++i) deep += "</a>";
  EXPECT_FALSE(decode_list_result(deep).ok());
}

TEST(FakeHttpClient, KeepsRequestsAndTheBoundOnBodies) {
  FakeHttpClient client(
      [](const Request&) { return Result<Response>(Response{200, {{"ETag", "x"}}, Bytes(10)}); });
  Request request = make_request(HeadObject{"lake", "k"});
  const auto response = client.send(request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->header("etag"), "x");
  request.response_bytes_max = 9;
  EXPECT_EQ(client.send(request).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(client.requests().size(), 2U);
}

}  // namespace
}  // namespace sealane::http
