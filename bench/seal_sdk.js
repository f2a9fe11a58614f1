// SPDX-License-Identifier: Apache-2.0
// What bench/seal_rate.cc measures, with the official AWS Encryption SDK for JavaScript (bench/run_seal.py).
"use strict";
const crypto = require("crypto");
const { buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier, NodeCachingMaterialsManager, getLocalCryptographicMaterialsCache } =
  require("@aws-crypto/client-node");

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const STREAM = 128 << 20;
const MESSAGES = 2000;
const options = { suiteId: 0x0478, frameLength: 65536, encryptionContext: { dataset: "d1", shard: "0" } };

async function timed(what, units, work) {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  const out = await work();
  const used = process.cpuUsage(cpu);
  const passed = Number(process.hrtime.bigint() - wall) / 1e9;
  console.log(JSON.stringify({
    what, per_cpu_second: Math.round(units / ((used.user + used.system) / 1e6)), per_wall_second: Math.round(units / passed),
  }));
  return out;
}

(async () => {
  const keyring = new RawAesKeyringNode({
    keyNamespace: "sealane", keyName: "training/1", unencryptedMasterKey: new Uint8Array(crypto.randomBytes(32)),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  });
  const cached = new NodeCachingMaterialsManager({
    backingMaterials: keyring, cache: getLocalCryptographicMaterialsCache(100), maxAge: 600000,
  });
  const plain = crypto.randomBytes(1024);
  await encrypt(cached, plain, { ...options, plaintextLength: 1024 });
  const sealed = await timed("seal 1 KiB with a cached data key, messages", MESSAGES, async () => {
    const out = [];
    for (let i = 0; i < MESSAGES; ++i) out.push((await encrypt(cached, plain, { ...options, plaintextLength: 1024 })).result);
    return out;
  });
  await timed("open 1 KiB with a cached data key, messages", MESSAGES, async () => {
    for (const message of sealed) await decrypt(cached, message);
  });
  const source = crypto.randomBytes(STREAM);
  const { result } = await timed("seal 1 GiB, bytes", STREAM, () => encrypt(keyring, source, options));
  await timed("open 1 GiB, bytes", STREAM, () => decrypt(keyring, result));
})();
