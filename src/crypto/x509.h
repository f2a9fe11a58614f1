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

// One attribute of a subject or an issuer, in the order of the certificate.
struct NameAttribute {
  std::string type;   // OpenSSL's long name: `commonName`, `organizationName`, …
  std::string value;  // UTF-8 as it stands in the certificate, whatever its characters
  friend bool operator==(const NameAttribute&, const NameAttribute&) = default;
};

// Alternative names beside those in CertificateFacts, or those of the issuer.
struct AlternativeNames {
  std::vector<std::string> emails{};  // rfc822Name
  std::vector<std::string> dns_names{};
  std::vector<std::string> directories{};  // directoryName, RFC 2253 form
  std::vector<std::string> uris{};
  std::vector<std::string> ip_addresses{};
};

// What a certificate says.  Nothing here has been verified.
struct CertificateFacts {
  std::string subject;        // RFC 2253 form
  std::string common_name{};  // empty when there is none
  std::string issuer;
  std::string serial;  // lower-case hex of the number, `-` in front when negative; 0 is `00`
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
  unsigned key_bits = 0;
  std::vector<NameAttribute> subject_attributes{};
  std::vector<NameAttribute> issuer_attributes{};
  AlternativeNames subject_names{};  // all of them; the three above are the same names
  AlternativeNames issuer_names{};
  std::string subject_key_id{};    // lower-case hex; empty when there is none
  std::string authority_key_id{};  // the same, of the issuer's key
};

// The keys that certificates of devices may have: P-256, P-384, Ed25519, RSA of 2,048 bits or more.
bool is_strong_key(const CertificateFacts& facts);

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

// Whether `issuer` signed `certificate`, which is good for clients at `now`: signature, dates of
// both, a CA that may sign certificates, clientAuth among the extended key usages.  `issuer` is
// trusted as it is, self-signed or not.  Revocation is not looked at.
// Errors: Denied – it is not, and why.
Status verify_client_certificate(const Certificate& certificate, const Certificate& issuer,
                                 Time now);

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
