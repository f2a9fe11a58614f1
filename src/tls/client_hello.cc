// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "tls/client_hello_internal.h"

namespace sealane::tls {
namespace {

constexpr std::size_t kExtensionBytesMax = 512;
constexpr std::size_t kNamedMax = 32;
constexpr std::size_t kServerNameBytesMax = 255;

struct Name {
  std::uint16_t number;
  std::string_view text;
};

constexpr std::array kVersions = std::to_array<Name>({
    {0x0304, "TLSv1.3"},
    {0x0303, "TLSv1.2"},
    {0x0302, "TLSv1.1"},
    {0x0301, "TLSv1"},
    {0x0300, "SSLv3"},
});
constexpr std::array kGroupNames = std::to_array<Name>({
    {0x0017, "P-256"},
    {0x0018, "P-384"},
    {0x0019, "P-521"},
    {0x001d, "X25519"},
    {0x001e, "X448"},
    {0x0100, "ffdhe2048"},
    {0x0101, "ffdhe3072"},
    {0x0102, "ffdhe4096"},
    {0x11eb, "SecP256r1MLKEM768"},
    {0x11ec, "X25519MLKEM768"},
    {0x11ed, "SecP384r1MLKEM1024"},
});
constexpr std::array kSignatureNames = std::to_array<Name>({
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
});

// RFC 8701 §2.
bool is_reserved(std::uint16_t number) {
  return (number & 0x0f0fu) == 0x0a0au && (number >> 8) == (number & 0xffu);
}

std::string name_of(std::uint16_t number, std::span<const Name> names) {
  const auto found = std::ranges::find(names, number, &Name::number);
  if (found != names.end()) return std::string(found->text);
  Bytes raw;
  put_be(raw, number);
  return "0x" + to_hex(raw);
}

// The numbers of two bytes that follow a length of `length_bytes`.
std::vector<std::string> names_in(ByteSpan list, std::size_t length_bytes,
                                  std::span<const Name> names) {
  std::vector<std::string> out;
  list = list.subspan(std::min(list.size(), length_bytes));
  for (; list.size() >= 2 && out.size() < kNamedMax; list = list.subspan(2)) {
    const auto number = load_be<std::uint16_t>(list);
    if (!is_reserved(number)) out.push_back(name_of(number, names));
  }
  return out;
}

// One entry of type host_name.
std::string host_in(ByteSpan extension) {
  if (extension.size() < 5 || extension[2] != std::byte{0}) return {};
  const std::size_t size = load_be<std::uint16_t>(extension.subspan(3));
  if (size > kServerNameBytesMax || extension.size() - 5 < size) return {};
  std::string name = to_text(extension.subspan(5, size));
  const bool printable = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
  return printable ? name : std::string();
}

Bytes extension_of(SSL* ssl, unsigned int type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return {};
  return to_bytes(std::as_bytes(std::span(data, std::min(size, kExtensionBytesMax))));
}

}  // namespace

RawHello copy_hello(SSL* ssl) {
  return {.legacy_version =
              static_cast<std::uint16_t>(SSL_client_hello_get0_legacy_version(ssl) & 0xffffu),
          .server_name = extension_of(ssl, TLSEXT_TYPE_server_name),
          .versions = extension_of(ssl, TLSEXT_TYPE_supported_versions),
          .groups = extension_of(ssl, TLSEXT_TYPE_supported_groups),
          .signatures = extension_of(ssl, TLSEXT_TYPE_signature_algorithms)};
}

ClientHelloFacts read_hello(const RawHello& hello) {
  ClientHelloFacts facts;
  facts.server_name = host_in(hello.server_name);
  facts.versions = names_in(hello.versions, 1, kVersions);
  // A client from before TLS 1.3 says the highest that it speaks.
  if (facts.versions.empty()) facts.versions = {name_of(hello.legacy_version, kVersions)};
  facts.groups = names_in(hello.groups, 2, kGroupNames);
  facts.signature_algorithms = names_in(hello.signatures, 2, kSignatureNames);
  return facts;
}

}  // namespace sealane::tls
