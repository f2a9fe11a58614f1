// SPDX-License-Identifier: Apache-2.0
// Does the jobs of tests/interop/esdk_driver.cc with the official AWS Encryption SDK for Java.
//
//   java -cp JARS EsdkJobs.java JOBS
//
// Exit 1 when a job failed.

import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.amazonaws.encryptionsdk.CryptoResult;
import com.amazonaws.encryptionsdk.jce.JceMasterKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;

public final class EsdkJobs {
  private static byte[] der(byte[] pem) {
    String body = new String(pem).replaceAll("-----[^-]+-----", "").replaceAll("\\s", "");
    return Base64.getDecoder().decode(body);
  }

  private static JceMasterKey key(String wrap, String namespace, String name, String file, boolean seals)
      throws Exception {
    byte[] material = Files.readAllBytes(Path.of(file));
    if (wrap.equals("aes")) {
      return JceMasterKey.getInstance(new SecretKeySpec(material, "AES"), namespace, name, "AES/GCM/NoPadding");
    }
    String padding = wrap.equals("rsa-pkcs1")
        ? "RSA/ECB/PKCS1Padding"
        : "RSA/ECB/OAEPWithSHA-" + wrap.substring("rsa-oaep-sha".length()) + "AndMGF1Padding";
    KeyFactory factory = KeyFactory.getInstance("RSA");
    PublicKey open = seals ? factory.generatePublic(new X509EncodedKeySpec(der(material))) : null;
    PrivateKey secret = seals ? null : factory.generatePrivate(new PKCS8EncodedKeySpec(der(material)));
    return JceMasterKey.getInstance(open, secret, namespace, name, padding);
  }

  private static void work(String line) throws Exception {
    String[] f = line.split("\t");
    boolean seals = f[0].equals("seal");
    Map<String, String> context = new HashMap<>();
    if (!f[5].equals("-")) {
      for (String pair : f[5].split(",")) {
        context.put(pair.split("=", 2)[0], pair.split("=", 2)[1]);
      }
    }
    CryptoAlgorithm suite = f[3].equals("0x0578")
        ? CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
        : CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY;
    AwsCrypto crypto = AwsCrypto.builder()
        .withCommitmentPolicy(CommitmentPolicy.RequireEncryptRequireDecrypt)
        .withEncryptionAlgorithm(suite)
        .withEncryptionFrameSize(Integer.parseInt(f[4]))
        .build();
    JceMasterKey key = key(f[6], f[7], f[8], f[9], seals);
    byte[] input = Files.readAllBytes(Path.of(f[1]));
    CryptoResult<byte[], JceMasterKey> done =
        seals ? crypto.encryptData(key, input, context) : crypto.decryptData(key, input);
    if (!done.getEncryptionContext().entrySet().containsAll(context.entrySet())
        || done.getCryptoAlgorithm() != suite) {
      throw new IllegalStateException("another suite or context");
    }
    Files.write(Path.of(f[2]), done.getResult());
  }

  public static void main(String[] arguments) throws Exception {
    int failed = 0;
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      try {
        work(line);
      } catch (Exception error) {
        System.err.println(line + ": " + error);
        ++failed;
      }
    }
    System.exit(failed == 0 ? 0 : 1);
  }
}
