// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/client_hello.h"

#include <gtest/gtest.h>

namespace sealane::cli::demo {
namespace {

const Bytes kRandomness(64, std::byte{0x5a});

bool offers(const Bytes& hello, std::string_view hex) {
  return to_hex(hello).find(hex) != std::string::npos;
}

TEST(ClientHello, LengthsOfRecordHandshakeAndExtensionsFit) {
  for (HelloOffer offer : {HelloOffer::Tls12Only, HelloOffer::Tls13}) {
    const Bytes hello = client_hello(offer, "edge", kRandomness);
    ASSERT_GT(hello.size(), 43u);
    EXPECT_EQ(load_be<std::uint16_t>(ByteSpan(hello).subspan(3, 2)), hello.size() - 5);
    EXPECT_EQ(load_be<std::uint32_t>(ByteSpan(hello).subspan(5, 4)),
              0x01000000u + hello.size() - 9);
    ByteReader reader(ByteSpan(hello).subspan(9 + 2 + 32 + 1));
    ASSERT_TRUE(reader.take(*reader.be<std::uint16_t>()));  // suites
    ASSERT_TRUE(reader.take(*reader.be<std::uint8_t>()));   // compression
    EXPECT_EQ(*reader.be<std::uint16_t>(), reader.left());
  }
}

TEST(ClientHello, OnlyTheRepairedOneOffersTls13) {
  const std::string versions = "002b0003020304";
  EXPECT_FALSE(offers(client_hello(HelloOffer::Tls12Only, "edge", kRandomness), versions));
  EXPECT_TRUE(offers(client_hello(HelloOffer::Tls13, "edge", kRandomness), versions));
}

TEST(HelloReply, ReadsTheProtocolVersionAlert) {
  auto reply = parse_hello_reply(*from_hex("15030300020246"));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(to_text(*reply), "alert protocol_version (70)");
}

TEST(HelloReply, ReadsTheVersionOfAServerHello) {
  const std::string random(64, 'a');
  auto tls13 =
      parse_hello_reply(*from_hex("1603030034"
                                  "02000030"
                                  "0303" +
                                  random +
                                  "00"
                                  "1301"
                                  "00"
                                  "0006"
                                  "002b00020304"));
  EXPECT_FALSE(tls13.ok()) << "lengths that do not fit are no answer";
  tls13 =
      parse_hello_reply(*from_hex("1603030032"
                                  "0200002e"
                                  "0303" +
                                  random +
                                  "00"
                                  "1301"
                                  "00"
                                  "0006"
                                  "002b00020304"));
  ASSERT_TRUE(tls13.ok()) << tls13.error().message;
  EXPECT_EQ(to_text(*tls13), "ServerHello of TLS 1.3");
  auto tls12 =
      parse_hello_reply(*from_hex("160303002a"
                                  "02000026"
                                  "0303" +
                                  random +
                                  "00"
                                  "c02b"
                                  "00"));
  ASSERT_TRUE(tls12.ok()) << tls12.error().message;
  EXPECT_EQ(to_text(*tls12), "ServerHello of TLS 1.2");
}

TEST(HelloReply, NothingAndNonsenseAreToldApart) {
  EXPECT_EQ(to_text(*parse_hello_reply({})), "closed without an answer");
  EXPECT_FALSE(parse_hello_reply(as_bytes("HTTP/1.1 400")).ok());
  const Bytes alert = *from_hex("15030300020246");
  for (std::size_t size = 1; size < alert.size(); ++size)
    EXPECT_FALSE(parse_hello_reply(ByteSpan(alert).first(size)).ok()) << size;
}

}  // namespace
}  // namespace sealane::cli::demo
