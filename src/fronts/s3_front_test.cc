// SPDX-License-Identifier: Apache-2.0
#include "fronts/s3_front.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/testing/fake_clock.h"
#include "base/testing/fault_env.h"
#include "crypto/hash.h"
#include "http/object_reader.h"
#include "http/s3_error.h"
#include "http/s3_list.h"
#include "net/https_client.h"
#include "net/listener.h"
#include "policy/document.h"
#include "tls/testing/pki.h"

namespace sealane::fronts {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPolicy = R"({
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:role/edge" },
      "Action": "s3:PutObject", "Resource": "arn:aws:s3:::weather/training/*" },
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:role/trainer" },
      "Action": "s3:GetObject", "Resource": "arn:aws:s3:::weather/*" },
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:role/trainer" },
      "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::weather" }
  ]
})";

class S3FrontTest : public testing::Test {
 protected:
  void SetUp() override {
    objects_ = store::ObjectStore::open(env_, "./objects").value();
    auto parsed = policy::parse_document(kPolicy, policy::DocumentKind::Resource, "test");
    ASSERT_TRUE(parsed.value);
    policies_ = std::make_shared<PolicySnapshot>(policy::compile(std::span(&*parsed.value, 1)));
    S3FrontOptions options;
    options.listener = "https";
    options.bucket = "weather";
    options.bucket_arn = "arn:aws:s3:::weather";
    options.put_bytes_max = 20u << 20;
    front_ = std::make_unique<S3Front>(
        options, snapshot(),
        [](const std::string& uri) {
          const std::size_t at = uri.find("/node/");
          return at == std::string::npos ? ""
                                         : "arn:aws:iam::000000000000:role/" + uri.substr(at + 6);
        },
        *objects_, clock_, refusals_);
    listener_ = net::TlsListener::open(loop_, {.name = "https"},
                                       tls::Context::server(pki_.server("lake")).value())
                    .value();
    listener_->start([this](net::TlsStream stream) { return front_->serve(std::move(stream)); },
                     [](const std::string&, const tls::Refusal&) {});
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~S3FrontTest() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  std::unique_ptr<net::HttpsClient> client(const std::string& node) {
    return client_with(pki_.node(node));
  }
  std::unique_ptr<net::HttpsClient> client_with(
      std::shared_ptr<const tls::Credentials> credentials) {
    return net::HttpsClient::create({.endpoint = {"127.0.0.1", listener_->port()},
                                     .policy = pki_.client(std::move(credentials), "lake"),
                                     .connect_timeout = 20s,
                                     .io_timeout = 20s})
        .value();
  }
  static http::Request put(const std::string& key, Bytes body) {
    http::PutObject put;
    put.bucket = "weather";
    put.key = key;
    put.create_only = true;
    put.checksum_sha256 = crypto::sha256(body);
    return http::make_request(put, std::move(body));
  }
  static http::Request get(const std::string& key, const std::string& range = "") {
    http::Request request{.target = "/weather/" + key};
    if (!range.empty()) request.headers.push_back({"Range", range});
    return request;
  }
  // Status, or 0 with the test failed.
  static std::uint16_t status_of(net::HttpsClient& client, const http::Request& request) {
    auto response = client.send(request);
    EXPECT_TRUE(response.ok()) << response.error().message;
    return response.ok() ? response->status : std::uint16_t{0};
  }
  static std::string code_of(const http::Response& response) {
    auto told = http::decode_s3_error(as_text(response.body));
    return told.ok() ? std::string(http::name_of(told->code)) : "";
  }

  std::shared_ptr<const FrontSnapshot> snapshot(
      decltype(FrontSnapshot::ended) ended = nullptr) const {
    return std::make_shared<const FrontSnapshot>(
        FrontSnapshot{.policies = policies_, .ended = std::move(ended)});
  }

  tls::Pki pki_;
  FaultEnv env_;
  FakeClock clock_;
  RefusalLog refusals_;
  std::shared_ptr<const PolicySnapshot> policies_;
  net::Loop loop_;
  std::unique_ptr<store::ObjectStore> objects_;
  std::unique_ptr<S3Front> front_;
  std::unique_ptr<net::TlsListener> listener_;
  std::thread thread_;
};

TEST_F(S3FrontTest, WhomTheSnapshotEndsIsNotServedThoughTheHandshakeWasGood) {
  std::promise<void> applied;
  loop_.post([&] {
    front_->apply(snapshot([](const crypto::CertificateFacts&, Time) {
      return std::optional(
          tls::Refusal{.reason = tls::RefusalReason::Revoked, .detail = "its issuer revoked it"});
    }));
    applied.set_value();
  });
  applied.get_future().wait();
  auto edge = client("edge");
  EXPECT_FALSE(edge->send(put("training/one", to_bytes("1"))).ok());
  EXPECT_FALSE(objects_->head("training/one").ok());
  EXPECT_EQ(refusals_.find({.name = "edge"}).size(), 1u);
}

TEST_F(S3FrontTest, AnObjectIsWrittenOnceAndReadBack) {
  auto edge = client("edge");
  const Bytes body = to_bytes("ten bytes!");
  auto created = edge->send(put("training/a", body));
  ASSERT_TRUE(created.ok()) << created.error().message;
  EXPECT_EQ(created->status, 200);
  auto again = edge->send(put("training/a", to_bytes("others")));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->status, 412);
  EXPECT_EQ(again->header("x-amz-checksum-sha256"), to_base64(crypto::sha256(body)));
  auto trainer = client("trainer");
  auto read = trainer->send(get("training/a"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->status, 200);
  EXPECT_TRUE(read->body == body);
}

TEST_F(S3FrontTest, AConflictReachesAClientThatSendsALargeBody) {
  ASSERT_TRUE(objects_->put("training/a", as_bytes("there"), clock_.now()).ok());
  const Bytes body(16u << 20, std::byte{'x'});
  for (int i = 0; i < 5; ++i) {
    auto edge = client("edge");
    auto answer = edge->send(put("training/a", body));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->status, 412);
  }
}

TEST_F(S3FrontTest, AnOverwriteIsRefused) {
  auto edge = client("edge");
  http::Request request = put("training/a", to_bytes("x"));
  std::erase_if(request.headers, [](const auto& h) { return h.name == "If-None-Match"; });
  auto answer = edge->send(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(code_of(*answer), "InvalidRequest");
  EXPECT_EQ(objects_->head("training/a").error().kind, ErrorKind::NotFound);
}

TEST_F(S3FrontTest, ABodyThatIsNotWhatItsDigestSaysIsNotStored) {
  auto edge = client("edge");
  http::Request request = put("training/a", to_bytes("right"));
  request.body = to_bytes("wrong");
  auto answer = edge->send(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(code_of(*answer), "BadDigest");
  EXPECT_EQ(objects_->head("training/a").error().kind, ErrorKind::NotFound);
}

TEST_F(S3FrontTest, TooLargeAnObjectIsRefused) {
  auto edge = client("edge");
  auto answer = edge->send(put("training/a", Bytes((20u << 20) + 1)));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(code_of(*answer), "EntityTooLarge");
}

TEST_F(S3FrontTest, AReaderOfRangesGetsThemOfOneObjectAlone) {
  auto edge = client("edge");
  Bytes body(300'000);
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<std::byte>(i % 251);
  ASSERT_EQ(status_of(*edge, put("training/r", body)), 200);
  auto trainer = client("trainer");
  auto reader = http::ObjectReader::open(*trainer, "weather", "training/r").value();
  EXPECT_EQ(reader.size(), body.size());
  Bytes to(70'000);
  ASSERT_TRUE(reader.read(200'000, to).ok());
  EXPECT_EQ(to, to_bytes(ByteSpan(body).subspan(200'000, to.size())));
  EXPECT_EQ(reader.counts().bytes, 4096u + to.size());
  http::Request other = get("training/r", "bytes=0-9");
  other.headers.push_back({"If-Match", reader.etag()});
  EXPECT_EQ(status_of(*trainer, other), 206);
  other.headers.back().value = "\"another\"";
  EXPECT_EQ(status_of(*trainer, other), 412);
  EXPECT_EQ(http::ObjectReader::open(*trainer, "weather", "training/none").error().kind,
            ErrorKind::NotFound);
}

TEST_F(S3FrontTest, RangesAreExactAndRefusedOutside) {
  ASSERT_TRUE(objects_->put("training/a", as_bytes("0123456789"), clock_.now()).ok());
  ASSERT_TRUE(objects_->put("training/empty", {}, clock_.now()).ok());
  auto trainer = client("trainer");
  const auto read = [&](const std::string& range) {
    auto answer = trainer->send(get("training/a", range));
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? std::to_string(answer->status) + " " + std::string(as_text(answer->body))
                       : "";
  };
  EXPECT_EQ(read("bytes=0-0"), "206 0");
  EXPECT_EQ(read("bytes=3-5"), "206 345");
  EXPECT_EQ(read("bytes=8-18446744073709551615"), "206 89");
  EXPECT_EQ(read("bytes=-3"), "206 789");
  EXPECT_EQ(read("bytes=-99"), "206 0123456789");
  EXPECT_EQ(status_of(*trainer, get("training/a", "bytes=10-")), 416);
  EXPECT_EQ(status_of(*trainer, get("training/a", "bytes=-0")), 416);
  EXPECT_EQ(status_of(*trainer, get("training/empty")), 200);
  EXPECT_EQ(status_of(*trainer, get("training/empty", "bytes=0-")), 416);
}

TEST_F(S3FrontTest, HeadHasTheSizeAndNoBody) {
  ASSERT_TRUE(objects_->put("training/a", as_bytes("0123456789"), clock_.now()).ok());
  auto trainer = client("trainer");
  http::Request request = get("training/a");
  request.method = "HEAD";
  for (int i = 0; i < 2; ++i) {
    auto answer = trainer->send(request);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->header("Content-Length"), "10");
    EXPECT_TRUE(answer->body.empty());
  }
  request.target = "/weather/training/b";
  EXPECT_EQ(status_of(*trainer, request), 404);
  EXPECT_EQ(status_of(*trainer, get("training/a")), 200);
}

TEST_F(S3FrontTest, ListsArePagedWithoutLossOrRepetition) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 7; ++i) {
    wanted.push_back("training/" + std::to_string(i) + "/a&b");
    ASSERT_TRUE(objects_->put(wanted.back(), as_bytes("x"), clock_.now()).ok());
  }
  ASSERT_TRUE(objects_->put("other/1", as_bytes("x"), clock_.now()).ok());
  auto trainer = client("trainer");
  http::ListObjectsV2 list;
  list.bucket = "weather";
  list.prefix = "training/";
  list.keys_max = 3;
  std::vector<std::string> keys;
  for (int page = 0; page < 9; ++page) {
    auto answer = trainer->send(http::make_request(list));
    ASSERT_TRUE(answer.ok());
    auto result = http::decode_list_result(as_text(answer->body));
    ASSERT_TRUE(result.ok()) << as_text(answer->body);
    EXPECT_LE(result->objects.size(), 3u);
    for (const auto& object : result->objects) keys.push_back(object.key);
    if (!result->truncated) break;
    list.continuation_token = result->next_continuation_token;
  }
  EXPECT_EQ(keys, wanted);
}

TEST_F(S3FrontTest, EachPeerHasItsVerbsAlone) {
  ASSERT_TRUE(objects_->put("training/a", as_bytes("x"), clock_.now()).ok());
  auto edge = client("edge");
  EXPECT_EQ(status_of(*edge, get("training/a")), 403);
  EXPECT_EQ(status_of(*edge, put("other/b", to_bytes("x"))), 403);
  EXPECT_EQ(status_of(*edge, {.target = "/weather?list-type=2"}), 403);
  auto trainer = client("trainer");
  EXPECT_EQ(status_of(*trainer, put("training/b", to_bytes("x"))), 403);
  EXPECT_EQ(status_of(*trainer, {.target = "/others/training/a"}), 403);
  EXPECT_EQ(status_of(*trainer, get("training/a")), 200);
  auto nobody = client("stranger");
  EXPECT_EQ(status_of(*nobody, get("training/a")), 403);
  auto device = client_with(pki_.device("edge"));
  EXPECT_EQ(status_of(*device, put("training/b", to_bytes("x"))), 403);
  EXPECT_EQ(objects_->head("training/b").error().kind, ErrorKind::NotFound);
}

TEST_F(S3FrontTest, KeysThatClimbAreRefused) {
  auto edge = client("edge");
  for (const char* key :
       {"training/../../x", "training/%2e%2e/x", "training/..%2f..%2fx", "training/a%00b"}) {
    http::Request request = put("training/a", to_bytes("x"));
    request.target = std::string("/weather/") + key;
    auto answer = edge->send(request);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->status, 400) << key;
  }
  EXPECT_TRUE(objects_->list({})->objects.empty());
}

}  // namespace
}  // namespace sealane::fronts
