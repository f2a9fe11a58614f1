// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "crypto/crl.h"
#include "crypto/x509.h"
#include "tls/policy.h"

namespace sealane::tls {

// A certificate authority for tests, with the names and uses of the real one.
class Pki {
 public:
  explicit Pki(std::string pipeline = "test");

  const std::string& ca_pem() const { return ca_pem_; }
  // serverAuth and clientAuth, `localhost` and 127.0.0.1, valid now.
  std::shared_ptr<const Credentials> node(const std::string& name) const;
  // clientAuth alone, valid now.
  std::shared_ptr<const Credentials> device(const std::string& thing) const;
  std::shared_ptr<const Credentials> issue(const crypto::CertificateProfile& profile) const;
  // A certificate that signs itself.
  static std::shared_ptr<const Credentials> self_signed(const std::string& name);

  // A revocation list of the CA.
  std::string crl_pem(const crypto::CrlProfile& profile) const;

  std::string node_uri(const std::string& name) const {
    return "spiffe://" + pipeline_ + "/node/" + name;
  }
  std::string device_uri(const std::string& thing) const {
    return "spiffe://" + pipeline_ + "/device/" + thing;
  }
  crypto::CertificateProfile node_profile(const std::string& name) const;
  crypto::CertificateProfile device_profile(const std::string& thing) const;

  enum class Weakness { Rsa1024, P224, Sha1 };
  // A device whose certificate is signed by the CA and weak.  No Context of ours takes it.
  std::shared_ptr<const Credentials> weak_device(const std::string& thing, Weakness weakness) const;

  ServerPolicy server(const std::string& node_name) const;
  ClientPolicy client(std::shared_ptr<const Credentials> credentials,
                      const std::string& server_name) const;

 private:
  std::string pipeline_;
  crypto::CertificateKey key_;
  crypto::Certificate ca_;
  std::string ca_pem_;
};

}  // namespace sealane::tls
