// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "crypto/x509.h"

// OpenSSL's X509, named without its headers.
struct x509_st;

namespace sealane::crypto {

// What a certificate says that OpenSSL parsed during a handshake: parsing its DER once more takes
// as long as a signature.  For `tls` alone. Errors: Invalid – as Certificate::from_der.
Result<CertificateFacts> facts_of(x509_st& certificate);

}  // namespace sealane::crypto
