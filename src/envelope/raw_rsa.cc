// SPDX-License-Identifier: Apache-2.0
#include "envelope/raw_rsa.h"

#include "envelope/kms.h"

namespace sealane::envelope {

Result<EncryptedDataKey> wrap_data_key(const crypto::RsaPublicKey& key, crypto::RsaPadding padding,
                                       const WrappingKeyName& name, ByteSpan data_key) {
  if (name.key_namespace.starts_with(kKmsProvider))
    return fail(ErrorKind::Invalid, "a key namespace cannot begin with `aws-kms`");
  EncryptedDataKey out{
      .provider = name.key_namespace, .info = to_bytes(name.name), .ciphertext = {}};
  SEALANE_ASSIGN(out.ciphertext, key.encrypt(padding, data_key));
  return out;
}

Result<Secret> unwrap_data_key(const crypto::RsaPrivateKey& key, crypto::RsaPadding padding,
                               const WrappingKeyName& name, const EncryptedDataKey& edk,
                               std::size_t data_key_bytes) {
  if (edk.provider != name.key_namespace || as_text(edk.info) != name.name)
    return fail(ErrorKind::Corrupt, "the data key is not wrapped for `" + name.name + "`");
  auto out = key.decrypt(padding, edk.ciphertext, data_key_bytes);
  if (!out.ok())
    return fail(ErrorKind::Corrupt, "the data key does not unwrap under `" + name.name + "`");
  return out;
}

}  // namespace sealane::envelope
