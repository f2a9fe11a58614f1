// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tls/client_hello_internal.h"

namespace sealane::tls {
namespace {

Bytes hex(std::string_view text) { return *from_hex(text); }

using Names = std::vector<std::string>;

TEST(ClientHello, ListsAreNamedAndReservedValuesLeftOut) {
  const auto facts = read_hello({.legacy_version = 0x0303,
                                 .server_name = hex("000e00000b6578616d706c652e636f6d"),
                                 .versions = hex("080a0a030403030302"),
                                 .groups = hex("000a1a1a11ec001d00170999"),
                                 .signatures = hex("000604030804fafa")});
  EXPECT_EQ(facts.server_name, "example.com");
  EXPECT_EQ(facts.versions, (Names{"TLSv1.3", "TLSv1.2", "TLSv1.1"}));
  EXPECT_EQ(facts.groups, (Names{"X25519MLKEM768", "X25519", "P-256", "0x0999"}));
  EXPECT_EQ(facts.signature_algorithms, (Names{"ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"}));
}

TEST(ClientHello, AnOldClientsVersionIsTheOneItSays) {
  EXPECT_EQ(read_hello({.legacy_version = 0x0301}).versions, Names{"TLSv1"});
  EXPECT_TRUE(read_hello({.legacy_version = 0x0303}).groups.empty());
}

TEST(ClientHello, WhatIsCutOrCannotBePrintedIsLeftOut) {
  for (const char* name : {"", "00", "000e00000b6578616d706c", "000401000178", "0004000001",
                           "00040000010a", "000500000278ff"}) {
    EXPECT_EQ(read_hello({.server_name = hex(name)}).server_name, "") << name;
  }
  EXPECT_TRUE(read_hello({.groups = hex("0004")}).groups.empty());
  EXPECT_EQ(read_hello({.groups = hex("0006001d00")}).groups, Names{"X25519"});
  EXPECT_EQ(read_hello({.groups = Bytes(2000, std::byte{0x11})}).groups.size(), 32u);
}

}  // namespace
}  // namespace sealane::tls
