// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::crypto {

// A P-256 private key for certificates.
//
// Threads: immutable; copies share one key.
// Secrets: OpenSSL wipes the key with the last copy; PEM goes in and out as Secret.
class CertificateKey {
 public:
  static Result<CertificateKey> generate();
  // Input:  PKCS#8 PEM without a passphrase.
  // Errors: Invalid – no such PEM, or not a P-256 key.
  static Result<CertificateKey> from_pem(const Secret& pem);
  // Input:  PKCS#8 PEM as to_encrypted_pem writes it.
  // Errors: Invalid – no such PEM; Denied – the passphrase does not open it.
  static Result<CertificateKey> from_encrypted_pem(ByteSpan pem, const Secret& passphrase);

  Result<Secret> to_pem() const;
  // Source: PKCS#8 EncryptedPrivateKeyInfo, PBES2 with scrypt (N 2^15, r 8, p 1) and AES-256-CBC.
  Result<Bytes> to_encrypted_pem(const Secret& passphrase) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit CertificateKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// What a certificate says.  Nothing here has been verified.
struct CertificateFacts {
  std::string subject;        // RFC 2253 form
  std::string common_name{};  // empty when there is none
  std::string issuer;
  std::string serial;  // lower-case hex
  Time not_before{};
  Time not_after{};
  std::vector<std::string> uris{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
  bool server_auth = false;  // extended key usage names it
  bool client_auth = false;
  bool is_ca = false;
  std::string sha256;    // of the DER, lower-case hex
  std::string key_type;  // `P-256`, `RSA-2048`, `Ed25519`, …
};

// A certificate: its DER and what it says.
class Certificate {
 public:
  // Errors: Invalid – not a certificate; TooLarge – over 64 KiB.
  static Result<Certificate> from_pem(ByteSpan pem);
  static Result<Certificate> from_der(ByteSpan der);

  const CertificateFacts& facts() const { return facts_; }
  ByteSpan der() const { return der_; }
  std::string to_pem() const;

 private:
  Bytes der_;
  CertificateFacts facts_;
};

// A certificate signing request whose signature by its own key was verified.  Only its key is
// used; names in it are a wish that the issuer ignores.
class CertificateRequest {
 public:
  // Errors: Invalid – not a request, signature wrong, or a key other than P-256, P-384, Ed25519
  //         and RSA of at least 2048 bits; TooLarge – over 64 KiB.
  static Result<CertificateRequest> from_pem(ByteSpan pem);
  static Result<CertificateRequest> create(const CertificateKey& key,
                                           const std::string& common_name);

  const std::string& common_name() const { return common_name_; }
  ByteSpan der() const { return der_; }
  std::string to_pem() const;

 private:
  static Result<CertificateRequest> from_der(ByteSpan der);
  Bytes der_;
  std::string common_name_;
};

enum class KeyUse { ServerAuth, ClientAuth };

// What an issuer puts into a certificate.
struct CertificateProfile {
  std::string common_name{};
  std::vector<std::string> uris{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
  std::vector<KeyUse> uses{};
  Time not_before{};
  Time not_after{};
};

// A self-signed CA certificate: basicConstraints CA, path length 0; keyUsage keyCertSign, cRLSign.
Result<Certificate> make_ca_certificate(const CertificateKey& key,
                                        const CertificateProfile& profile);

// Issues a certificate for the key of `request` with exactly the names of `profile`: random
// 127-bit serial, basicConstraints CA:FALSE (critical), keyUsage digitalSignature (critical),
// the profile's extended key usages, subject and authority key identifiers.
// Errors: Invalid – a name is empty, has a control character, or is no IP address; or `ca_key` is
//         not the key of `ca`.
Result<Certificate> issue_certificate(const Certificate& ca, const CertificateKey& ca_key,
                                      const CertificateRequest& request,
                                      const CertificateProfile& profile);

}  // namespace sealane::crypto
