// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/attempts_wire.h"

#include <utility>

#include "cli/demo/client_hello.h"
#include "cli/demo/interrupt.h"
#include "cli/demo/mqtt_device.h"
#include "cli/demo/socket.h"
#include "crypto/random.h"
#include "http/s3_request.h"
#include "net/https_client.h"

namespace sealane::cli::demo {
namespace {

constexpr std::chrono::milliseconds kLimit{10'000};

DeviceOptions device_options(const WireCast& cast, const std::string& client_id,
                             CredentialsPtr credentials) {
  DeviceOptions out;
  out.to = cast.edge.endpoint();
  out.policy.credentials = std::move(credentials);
  out.policy.trusted_ca_pem = cast.ca_pem;
  out.policy.expected_uri = cast.edge.uri;
  out.client_id = client_id;
  return out;
}

Status connect_device(const DeviceOptions& options) {
  SEALANE_ASSIGN(MqttDevice device, MqttDevice::connect(options));
  device.close();
  return {};
}

Status publish_one(const DeviceOptions& options, const std::string& topic) {
  SEALANE_ASSIGN(MqttDevice device, MqttDevice::connect(options));
  bool given = false;
  auto acknowledged = device.publish_all([&]() -> std::optional<Message> {
    if (std::exchange(given, true)) return std::nullopt;
    return Message{topic, std::string(kAttemptPayload)};
  });
  if (!acknowledged.ok()) return std::move(acknowledged).error();
  device.close();
  return {};
}

// Sends bytes without TLS.  Succeeds when the listener answers in MQTT.
Status connect_in_clear(const WireCast& cast) {
  mqtt::ClientSession session({.client_id = cast.station});
  Bytes connect;
  SEALANE_TRY(session.connect(connect));
  SEALANE_ASSIGN(const Descriptor socket, connect_tcp(cast.edge.relay.address(), kLimit));
  SEALANE_TRY(send_all(socket, connect, kLimit));
  SEALANE_ASSIGN(const Received answer, receive_until_closed(socket, 4, kLimit));
  if (answer.bytes.size() >= 4 && answer.bytes[0] == std::byte{0x20}) return {};  // CONNACK
  return fail(ErrorKind::Denied, "no CONNACK");
}

// Shows a ClientHello and reads the first answer.  Succeeds when it is a ServerHello.
Status say_hello(const WireCast& cast, HelloOffer offer, std::string& answer_text) {
  const Secret randomness = crypto::random_secret(64);
  SEALANE_ASSIGN(const Descriptor socket, connect_tcp(cast.edge.relay.address(), kLimit));
  SEALANE_TRY(send_all(socket, client_hello(offer, "", randomness.reveal()), kLimit));
  // A record's head tells how much of the answer is to come.
  SEALANE_ASSIGN(Received answer, receive_until_closed(socket, 5, kLimit));
  if (answer.bytes.size() == 5) {
    const std::size_t rest = load_be<std::uint16_t>(ByteSpan(answer.bytes).subspan(3, 2));
    SEALANE_ASSIGN(const Received fragment, receive_until_closed(socket, rest, kLimit));
    append(answer.bytes, fragment.bytes);
  }
  SEALANE_ASSIGN(const HelloReply reply, parse_hello_reply(answer.bytes));
  answer_text = to_text(reply);
  if (std::holds_alternative<HelloAccepted>(reply)) return {};
  return fail(ErrorKind::Denied, answer_text);
}

void plaintext_client(WireCast& cast, Attempt& out) {
  judge(out, watch_refusal(cast.edge, [&] { return connect_in_clear(cast); }), {"plaintext"});
  judge_repaired(out, connect_device(device_options(cast, cast.station, cast.station_credentials)),
                 "the same CONNECT over mutual TLS is accepted");
}

void no_certificate(WireCast& cast, Attempt& out) {
  judge(out,
        watch_refusal(cast.edge,
                      [&] { return connect_device(device_options(cast, cast.station, nullptr)); }),
        {"no-certificate"});
  judge_repaired(out, connect_device(device_options(cast, cast.station, cast.station_credentials)),
                 "with its certificate the same client is accepted");
}

void self_signed(WireCast& cast, Attempt& out) {
  judge(out,
        watch_refusal(cast.edge,
                      [&] {
                        return connect_device(
                            device_options(cast, cast.station, cast.self_signed_credentials));
                      }),
        {"untrusted-issuer"});
  judge_repaired(out, connect_device(device_options(cast, cast.station, cast.station_credentials)),
                 "with a certificate of the pipeline's authority the same client is accepted");
}

void revoked_device(WireCast& cast, Attempt& out) {
  judge(out,
        watch_refusal(cast.edge,
                      [&] {
                        return connect_device(
                            device_options(cast, cast.renewed_station, cast.revoked_credentials));
                      }),
        {"revoked"});
  judge_repaired(
      out, connect_device(device_options(cast, cast.renewed_station, cast.renewed_credentials)),
      "with its new certificate the same device is accepted");
}

void another_station(WireCast& cast, Attempt& out) {
  const DeviceOptions options = device_options(cast, cast.station, cast.station_credentials);
  judge(out, watch_refusal(cast.edge, [&] { return publish_one(options, cast.other_topic); }),
        {"request-denied"});
  judge_repaired(out, publish_one(options, cast.station_topic),
                 "to its own topic the same publish is acknowledged");
}

void old_tls(WireCast& cast, Attempt& out) {
  std::string answer;
  judge(out,
        watch_refusal(cast.edge, [&] { return say_hello(cast, HelloOffer::Tls12Only, answer); }),
        {"tls-version"});
  if (!answer.empty()) out.proof += "; it answered " + answer;
  std::string repaired;
  judge_repaired(out, say_hello(cast, HelloOffer::Tls13, repaired),
                 "offering TLS 1.3 as well, the same hello gets a ");
  if (out.repaired_succeeds) out.repaired += repaired;
}

using S3Call = std::function<http::Request()>;

Status call_lake(const WireCast& cast, CredentialsPtr credentials, const S3Call& call) {
  net::HttpsClient::Options options;
  options.endpoint = cast.lake.endpoint();
  options.policy.credentials = std::move(credentials);
  options.policy.trusted_ca_pem = cast.ca_pem;
  options.policy.expected_uri = cast.lake.uri;
  SEALANE_ASSIGN(const auto client, net::HttpsClient::create(std::move(options)));
  SEALANE_ASSIGN(const http::Response response, client->send(call()));
  if (response.status == 200) return {};
  return fail(ErrorKind::Denied, "the lake answers " + std::to_string(response.status));
}

void station_reads(WireCast& cast, Attempt& out) {
  const S3Call list = [&] {
    return http::make_request(http::ListObjectsV2{.bucket = cast.bucket,
                                                  .prefix = cast.dataset + "/",
                                                  .start_after = {},
                                                  .continuation_token = {}});
  };
  judge(out,
        watch_refusal(cast.lake, [&] { return call_lake(cast, cast.station_credentials, list); }),
        {"wrong-role", "request-denied"});
  judge_repaired(out, call_lake(cast, cast.trainer_credentials, list),
                 "with the trainer's certificate it may list");
}

S3Call put_call(const WireCast& cast, const std::string& name) {
  return [&cast, name] {
    const std::string body = "no bundle";
    http::PutObject put{.bucket = cast.bucket,
                        .key = cast.dataset + "/attempts/" + name,
                        .content_length = body.size(),
                        .create_only = true,
                        .checksum_sha256 = std::nullopt,
                        .content_md5 = std::nullopt};
    return http::make_request(put, to_bytes(body));
  };
}

void trainer_writes(WireCast& cast, Attempt& out) {
  const S3Call put = put_call(cast, "by-trainer");
  judge(out,
        watch_refusal(cast.lake, [&] { return call_lake(cast, cast.trainer_credentials, put); }),
        {"request-denied"});
  judge_repaired(out, call_lake(cast, cast.edge_credentials, put),
                 "with the edge's certificate it may write");
}

void device_as_edge(WireCast& cast, Attempt& out) {
  const S3Call put = put_call(cast, "by-device");
  judge(out,
        watch_refusal(cast.lake, [&] { return call_lake(cast, cast.station_credentials, put); }),
        {"wrong-role", "request-denied"});
  judge_repaired(out, call_lake(cast, cast.edge_credentials, put),
                 "with the edge's certificate it may write");
}

using Run = void (*)(WireCast&, Attempt&);
struct Named {
  std::string_view name;
  Run run;
};

std::vector<Attempt> run_all(WireCast& cast, const Progress& progress,
                             std::initializer_list<Named> attempts) {
  std::vector<Attempt> out;
  for (const Named& attempt : attempts) {
    if (interrupted()) break;
    progress(std::string(attempt.name));
    Attempt& entry = out.emplace_back();
    entry.name = attempt.name;
    attempt.run(cast, entry);
  }
  return out;
}

}  // namespace

std::vector<Attempt> attempt_edge(WireCast& cast, const Progress& progress) {
  return run_all(cast, progress,
                 {{"plaintext client", plaintext_client},
                  {"no certificate", no_certificate},
                  {"self-signed certificate", self_signed},
                  {"revoked device", revoked_device},
                  {kPublishAttempt, another_station},
                  {"TLS 1.2 client under the 1.3 floor", old_tls}});
}

std::vector<Attempt> attempt_lake(WireCast& cast, const Progress& progress) {
  return run_all(cast, progress,
                 {{"a station reading from the lake", station_reads},
                  {"the trainer writing to the lake", trainer_writes},
                  {"a device certificate posing as the edge", device_as_edge}});
}

}  // namespace sealane::cli::demo
