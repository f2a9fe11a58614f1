// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "mqtt/packet.h"

namespace sealane::mqtt::testdata {

struct Refusal {
  DecodeErrorKind kind;
};

// One packet of the catalogue.
struct CatalogueEntry {
  std::string_view name;  // also the name of its seed file
  std::string_view bytes;
  std::variant<Packet, Refusal> want;
  std::string_view clause;  // what it shows; for a Malformed entry the clause the decoder cites
  bool canonical = true;    // whether the encoder writes exactly these bytes
};

inline const std::vector<CatalogueEntry>& catalogue() {
  using namespace std::string_view_literals;
  using enum DecodeErrorKind;
  static const std::vector<CatalogueEntry> kCatalogue = [] {
    const auto no = [](DecodeErrorKind kind) { return Refusal{kind}; };
    const auto connect = [](auto change) {
      ConnectPacket packet;
      packet.client_id = "c1";
      packet.keep_alive_s = 60;
      change(packet);
      return Packet(packet);
    };
    return std::vector<CatalogueEntry>{
        // CONNECT
        {"connect", "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2c1"sv, connect([](auto&) {}), "MQTT-3.1.3-1"},
        {"connect-no-clean", "\x10\x0e\0\4MQTT\4\0\0\x3c\0\2c1"sv,
         connect([](auto& p) { p.clean_session = false; }), "§3.1.2.4"},
        {"connect-empty-id", "\x10\x0c\0\4MQTT\4\2\0\x3c\0\0"sv,
         connect([](auto& p) { p.client_id = ""; }), "MQTT-3.1.3-6"},
        {"connect-user", "\x10\x11\0\4MQTT\4\x82\0\x3c\0\2c1\0\1u"sv,
         connect([](auto& p) { p.user_name = "u"; }), "MQTT-3.1.2-19"},
        {"connect-user-password", "\x10\x14\0\4MQTT\4\xc2\0\x3c\0\2c1\0\1u\0\1p"sv,
         connect([](auto& p) {
           p.user_name = "u";
           p.password = as_bytes("p");
         }),
         "MQTT-3.1.2-21"},
        {"connect-will", "\x10\x15\0\4MQTT\4\x2e\0\x3c\0\2c1\0\2wt\0\1m"sv,
         connect([](auto& p) { p.will = Will{"wt", as_bytes("m"), Qos::AtLeastOnce, true}; }),
         "MQTT-3.1.2-9"},
        {"connect-all", "\x10\x1b\0\4MQTT\4\xee\0\x3c\0\2c1\0\2wt\0\1m\0\1u\0\1p"sv,
         connect([](auto& p) {
           p.will = Will{"wt", as_bytes("m"), Qos::AtLeastOnce, true};
           p.user_name = "u";
           p.password = as_bytes("p");
         }),
         "MQTT-3.1.3-1"},
        {"connect-other-name", "\x10\x0e\0\4MQTX\4\2\0\x3c\0\2c1"sv, no(Malformed), "MQTT-3.1.2-1"},
        {"connect-level-5", "\x10\x0f\0\4MQTT\5\2\0\x3c\0\0\2c1"sv, no(Unsupported),
         "MQTT-3.1.2-2"},
        {"connect-level-3", "\x10\x10\0\6MQIsdp\3\2\0\x3c\0\2c1"sv, no(Unsupported),
         "MQTT-3.1.2-2"},
        {"connect-reserved-flag", "\x10\x0e\0\4MQTT\4\3\0\x3c\0\2c1"sv, no(Malformed),
         "MQTT-3.1.2-3"},
        {"connect-will-qos-no-will", "\x10\x0e\0\4MQTT\4\x0a\0\x3c\0\2c1"sv, no(Malformed),
         "MQTT-3.1.2-13"},
        {"connect-will-qos-3", "\x10\x15\0\4MQTT\4\x1e\0\x3c\0\2c1\0\2wt\0\1m"sv, no(Malformed),
         "MQTT-3.1.2-14"},
        {"connect-will-retain-no-will", "\x10\x0e\0\4MQTT\4\x22\0\x3c\0\2c1"sv, no(Malformed),
         "MQTT-3.1.2-15"},
        {"connect-password-no-user", "\x10\x11\0\4MQTT\4\x42\0\x3c\0\2c1\0\1p"sv, no(Malformed),
         "MQTT-3.1.2-22"},
        {"connect-flags-nonzero", "\x11\x0e\0\4MQTT\4\2\0\x3c\0\2c1"sv, no(Malformed),
         "MQTT-2.2.2-2"},
        {"connect-no-id", "\x10\x0a\0\4MQTT\4\2\0\x3c"sv, no(Malformed), "MQTT-3.1.3-3"},
        {"connect-id-not-utf8", "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2\xc3\x28"sv, no(Malformed),
         "MQTT-1.5.3-1"},
        {"connect-id-surrogate", "\x10\x0f\0\4MQTT\4\2\0\x3c\0\3\xed\xa0\x80"sv, no(Malformed),
         "MQTT-1.5.3-1"},
        {"connect-id-nul", "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2a\0"sv, no(Malformed), "MQTT-1.5.3-2"},
        {"connect-user-missing", "\x10\x0e\0\4MQTT\4\x82\0\x3c\0\2c1"sv, no(Malformed),
         "MQTT-3.1.3-11"},
        {"connect-will-topic-missing", "\x10\x0e\0\4MQTT\4\x2e\0\x3c\0\2c1"sv, no(Malformed),
         "MQTT-3.1.3-10"},
        {"connect-trailing", "\x10\x0f\0\4MQTT\4\2\0\x3c\0\2c1x"sv, no(Malformed), "MQTT-3.1.3-1"},
        {"connect-cut", "\x10\x0e\0\4MQTT\4\2\0"sv, no(NeedMore), ""},
        // CONNACK
        {"connack", "\x20\2\0\0"sv, Packet(ConnackPacket{}), "MQTT-3.2.0-1"},
        {"connack-present", "\x20\2\1\0"sv, Packet(ConnackPacket{true, ConnectCode::Accepted}),
         "§3.2.2.2"},
        {"connack-refused", "\x20\2\0\5"sv,
         Packet(ConnackPacket{false, ConnectCode::NotAuthorized}), "MQTT-3.2.2-5"},
        {"connack-refused-present", "\x20\2\1\5"sv, no(Malformed), "MQTT-3.2.2-4"},
        {"connack-reserved-code", "\x20\2\0\6"sv, no(Malformed), "§3.2.2.3"},
        // PUBLISH
        {"publish-qos0", "\x30\x07\0\3a/bhi"sv,
         Packet(PublishPacket{.topic = "a/b", .payload = as_bytes("hi")}), "MQTT-2.3.1-5"},
        {"publish-qos1", "\x32\x09\0\3a/b\0\x0ahi"sv,
         Packet(PublishPacket{
             .topic = "a/b", .payload = as_bytes("hi"), .qos = Qos::AtLeastOnce, .packet_id = 10}),
         "MQTT-2.3.1-1"},
        {"publish-qos1-dup", "\x3a\x09\0\3a/b\0\x0ahi"sv,
         Packet(PublishPacket{.topic = "a/b",
                              .payload = as_bytes("hi"),
                              .qos = Qos::AtLeastOnce,
                              .dup = true,
                              .packet_id = 10}),
         "§3.3.1.1"},
        {"publish-qos2", "\x34\x09\0\3a/b\0\x0ahi"sv,
         Packet(PublishPacket{
             .topic = "a/b", .payload = as_bytes("hi"), .qos = Qos::ExactlyOnce, .packet_id = 10}),
         "§3.3"},
        {"publish-retain", "\x31\x07\0\3a/bhi"sv,
         Packet(PublishPacket{.topic = "a/b", .payload = as_bytes("hi"), .retain = true}),
         "§3.3.1.3"},
        {"publish-empty-payload", "\x30\x05\0\3a/b"sv, Packet(PublishPacket{.topic = "a/b"}),
         "§3.3.3"},
        {"publish-long-form-length", "\x30\x87\0\0\3a/bhi"sv,
         Packet(PublishPacket{.topic = "a/b", .payload = as_bytes("hi")}), "§2.2.3", false},
        {"publish-utf8", "\x30\x07\0\5\xc3\xa9/\xc3\xbc"sv, Packet(PublishPacket{.topic = "é/ü"}),
         "MQTT-3.3.2-1"},
        {"publish-bom", "\x30\x05\0\3\xef\xbb\xbf"sv,
         Packet(PublishPacket{.topic = "\xef\xbb\xbf"}), "MQTT-1.5.3-3"},
        {"publish-qos3", "\x36\x09\0\3a/b\0\x0ahi"sv, no(Malformed), "MQTT-3.3.1-4"},
        {"publish-qos0-dup", "\x38\x07\0\3a/bhi"sv, no(Malformed), "MQTT-3.3.1-2"},
        {"publish-plus", "\x30\x05\0\3a/+"sv, no(Malformed), "MQTT-3.3.2-2"},
        {"publish-hash", "\x30\x05\0\3a/#"sv, no(Malformed), "MQTT-3.3.2-2"},
        {"publish-empty-topic", "\x30\x02\0\0"sv, no(Malformed), "MQTT-4.7.3-1"},
        {"publish-topic-nul", "\x30\x05\0\3a\0b"sv, no(Malformed), "MQTT-1.5.3-2"},
        {"publish-topic-not-utf8", "\x30\x05\0\3a\xffz"sv, no(Malformed), "MQTT-1.5.3-1"},
        {"publish-topic-too-long-for-packet",
         "\x30\x05\0\x09"
         "a/b"sv,
         no(Malformed), "MQTT-3.3.2-1"},
        {"publish-id-0", "\x32\x07\0\3a/b\0\0"sv, no(Malformed), "MQTT-2.3.1-1"},
        {"publish-no-id", "\x32\x05\0\3a/b"sv, no(Malformed), "MQTT-2.3.1-1"},
        {"publish-cut", "\x30\x07\0\3a/b"sv, no(NeedMore), ""},
        // The packets of an id
        {"puback", "\x40\2\0\x0a"sv, Packet(PubackPacket{10}), "MQTT-2.3.1-6"},
        {"pubrec", "\x50\2\0\x0a"sv, Packet(PubrecPacket{10}), "MQTT-2.3.1-6"},
        {"pubrel", "\x62\2\0\x0a"sv, Packet(PubrelPacket{10}), "MQTT-3.6.1-1"},
        {"pubcomp", "\x70\2\0\x0a"sv, Packet(PubcompPacket{10}), "MQTT-2.3.1-6"},
        {"unsuback", "\xb0\2\0\x0a"sv, Packet(UnsubackPacket{10}), "MQTT-2.3.1-7"},
        {"puback-id-0", "\x40\2\0\0"sv, no(Malformed), "MQTT-2.3.1-6"},
        {"puback-trailing", "\x40\3\0\x0ax"sv, no(Malformed), "§3.4"},
        {"puback-flags", "\x41\2\0\x0a"sv, no(Malformed), "MQTT-2.2.2-2"},
        {"pubrel-flags", "\x60\2\0\x0a"sv, no(Malformed), "MQTT-3.6.1-1"},
        // SUBSCRIBE, SUBACK, UNSUBSCRIBE
        {"subscribe", "\x82\x08\0\1\0\3a/#\1"sv,
         Packet(SubscribePacket{1, {{"a/#", Qos::AtLeastOnce}}}), "MQTT-3.8.3-1"},
        {"subscribe-two", "\x82\x0c\0\1\0\3a/#\0\0\1+\2"sv,
         Packet(SubscribePacket{1, {{"a/#", Qos::AtMostOnce}, {"+", Qos::ExactlyOnce}}}), "§3.8.3"},
        {"subscribe-flags", "\x80\x08\0\1\0\3a/#\1"sv, no(Malformed), "MQTT-3.8.1-1"},
        {"subscribe-id-0", "\x82\x08\0\0\0\3a/#\1"sv, no(Malformed), "MQTT-2.3.1-1"},
        {"subscribe-empty", "\x82\x02\0\1"sv, no(Malformed), "MQTT-3.8.3-3"},
        {"subscribe-qos3", "\x82\x08\0\1\0\3a/#\3"sv, no(Malformed), "MQTT-3.8.3-4"},
        {"subscribe-reserved-bits", "\x82\x08\0\1\0\3a/#\x81"sv, no(Malformed), "MQTT-3.8.3-4"},
        {"subscribe-no-qos", "\x82\x07\0\1\0\3a/#"sv, no(Malformed), "MQTT-3.8.3-4"},
        {"subscribe-empty-filter", "\x82\x05\0\1\0\0\1"sv, no(Malformed), "MQTT-4.7.3-1"},
        {"subscribe-nine",
         "\x82\x26\0\1\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0"sv,
         no(TooLarge), ""},
        {"suback", "\x90\x04\0\1\1\x80"sv,
         Packet(SubackPacket{1, {SubscribeCode::GrantedAtLeastOnce, SubscribeCode::Failure}}),
         "MQTT-3.9.3-1"},
        {"suback-reserved-code", "\x90\x03\0\1\3"sv, no(Malformed), "MQTT-3.9.3-2"},
        {"suback-empty", "\x90\x02\0\1"sv, no(Malformed), "MQTT-3.8.4-5"},
        {"unsubscribe", "\xa2\x07\0\1\0\3a/#"sv, Packet(UnsubscribePacket{1, {"a/#"}}),
         "MQTT-3.10.3-1"},
        {"unsubscribe-flags", "\xa0\x07\0\1\0\3a/#"sv, no(Malformed), "MQTT-3.10.1-1"},
        {"unsubscribe-empty", "\xa2\x02\0\1"sv, no(Malformed), "MQTT-3.10.3-2"},
        // A fixed header alone
        {"pingreq", "\xc0\0"sv, Packet(PingreqPacket{}), "§3.12"},
        {"pingresp", "\xd0\0"sv, Packet(PingrespPacket{}), "§3.13"},
        {"disconnect", "\xe0\0"sv, Packet(DisconnectPacket{}), "§3.14"},
        {"pingreq-body", "\xc0\1x"sv, no(Malformed), "§2.2.3"},
        {"pingreq-flags", "\xc4\0"sv, no(Malformed), "MQTT-2.2.2-2"},
        {"disconnect-flags", "\xe1\0"sv, no(Malformed), "MQTT-3.14.1-1"},
        {"type-0", "\0\0"sv, no(Malformed), "§2.2.1"},
        {"type-15", "\xf0\0"sv, no(Malformed), "§2.2.1"},
        {"tls-client-hello", "\x16\x03\x01\x02\x00\x01"sv, no(Malformed), "MQTT-2.2.2-2"},
        {"http-request", "GET / HTTP/1.1\r\n"sv, no(Malformed), "MQTT-2.2.2-2"},
        // Remaining Length
        {"length-fifth-byte", "\x30\xff\xff\xff\xff\x7f"sv, no(Malformed), "§2.2.3"},
        {"length-too-large", "\x30\xff\xff\xff\x7f"sv, no(TooLarge), ""},
        {"length-cut", "\x30\xff"sv, no(NeedMore), ""},
    };
  }();
  return kCatalogue;
}

}  // namespace sealane::mqtt::testdata
