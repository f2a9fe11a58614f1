// SPDX-License-Identifier: Apache-2.0
// Does the jobs of tests/interop/esdk_driver.cc with the official AWS Encryption SDK for JavaScript.
//
//   node esdk_jobs.js JOBS
//
// Needs the npm package `@aws-crypto/client-node`, found through NODE_PATH.  Exit 1 when a job failed.
"use strict";
const fs = require("fs");
const { constants } = require("crypto");
const { buildClient, CommitmentPolicy, RawAesKeyringNode, RawRsaKeyringNode, RawAesWrappingSuiteIdentifier } =
  require("@aws-crypto/client-node");

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

function keyring(wrap, keyNamespace, keyName, file, seals) {
  const material = fs.readFileSync(file);
  if (wrap === "aes") {
    return new RawAesKeyringNode({
      keyNamespace, keyName, unencryptedMasterKey: new Uint8Array(material),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    });
  }
  const rsaKey = seals ? { publicKey: material.toString() } : { privateKey: material.toString() };
  if (wrap === "rsa-pkcs1") {
    return new RawRsaKeyringNode({ keyNamespace, keyName, rsaKey, padding: constants.RSA_PKCS1_PADDING });
  }
  return new RawRsaKeyringNode({
    keyNamespace, keyName, rsaKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: wrap.slice("rsa-oaep-".length),
  });
}

async function work(line) {
  const [job, source, target, suite, frameLength, context, wrap, namespace, name, file] = line.split("\t");
  const key = keyring(wrap, namespace, name, file, job === "seal");
  const pairs = context === "-" ? {} : Object.fromEntries(context.split(",").map((pair) => pair.split("=")));
  const input = fs.readFileSync(source);
  if (job === "seal") {
    const { result } = await encrypt(key, input, {
      suiteId: Number(suite), encryptionContext: pairs, frameLength: Number(frameLength),
    });
    fs.writeFileSync(target, result);
    return;
  }
  const { plaintext, messageHeader } = await decrypt(key, input);
  for (const [k, v] of Object.entries(pairs)) {
    if (messageHeader.encryptionContext[k] !== v) throw new Error("another context");
  }
  if (messageHeader.suiteId !== Number(suite)) throw new Error("another suite");
  fs.writeFileSync(target, plaintext);
}

(async () => {
  for (const line of fs.readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
    try {
      await work(line);
    } catch (error) {
      console.error(`${line}: ${error.name}: ${error.message}`);
      process.exitCode = 1;
    }
  }
})();
