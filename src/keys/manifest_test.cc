// SPDX-License-Identifier: Apache-2.0
#include "keys/manifest.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "crypto/testing/seeded_random.h"
#include "envelope/message.h"
#include "envelope/testdata/known_answer.h"

namespace sealane::keys {
namespace {

class ManifestTest : public testing::Test {
 protected:
  ManifestTest() : key_(crypto::Ed25519PrivateKey::from_raw(Bytes(32, std::byte{7})).value()) {
    for (std::uint64_t i = 0; i < 5; ++i) files_.push_back(next(i));
  }
  ManifestEntry entry(std::uint64_t i) const {
    ManifestEntry out;
    out.dataset = "training";
    out.index = i;
    out.first = i * 100 + 1;
    out.last = i * 100 + 100;
    out.epoch = 1;
    out.size = 1000 + i;
    out.name = bundle_object_key("training", out.first, out.last);
    out.header_sha256 = crypto::sha256(as_bytes(std::to_string(i)));
    if (!files_.empty()) out.previous = crypto::sha256(as_bytes(files_.back()));
    return out;
  }
  std::string next(std::uint64_t i) const { return sign_manifest_entry(entry(i), key_); }

  ManifestVerifier verifier(std::optional<ManifestHead> head = std::nullopt) const {
    return ManifestVerifier("training", key_.public_key(), head);
  }
  ManifestHead head_of(std::size_t i) const {
    return {.index = i, .sha256 = crypto::sha256(as_bytes(files_[i]))};
  }
  // The first error of feeding these files and finishing; empty when there is none.
  std::string verify(const std::vector<std::string>& files,
                     std::optional<ManifestHead> head = std::nullopt) const {
    ManifestVerifier v = verifier(head);
    for (const std::string& file : files)
      if (auto added = v.add(file); !added.ok()) return added.error().message;
    auto end = v.finish();
    return end.ok() ? "" : end.error().message;
  }

  crypto::Ed25519PrivateKey key_;
  std::vector<std::string> files_;
};

// docs/formats/manifest.md, worked example.
TEST_F(ManifestTest, FirstEntryHasTheDocumentedBytes) {
  EXPECT_EQ(
      files_[0].substr(files_[0].find('\n') + 1),
      "3ZGgIfynBdnvg2OEhEPYdjX028czzpcI6ks/eObK7qwuIH5FcLzzozrY9LP8zP9WWgTZ5KOmpnjWOi1Wg91WCw==\n");
  EXPECT_EQ(to_hex(head_of(0).sha256),
            "bc73c7bb51f75561014283ec9d857c78b8ebdbd3368e104ebefad7c8b05437f5");
  ManifestEntry second = verify_manifest_entry(files_[0], key_.public_key()).value();
  second.sha256 = crypto::sha256(as_bytes("bundle"));
  const std::string file = sign_manifest_entry(second, key_);
  EXPECT_EQ(
      file.substr(file.find('\n') + 1),
      "kJCSh0BQbUZmCwfudkqoENvB5Z4TG/ONdDPcOX+kV8zCB5lhmRWhjx2CevEogXXNdgWRWJTn0hzzgmxe3DrlAg==\n");
  EXPECT_EQ(to_hex(crypto::sha256(as_bytes(file))),
            "0a4a1009db73c4ef89634817a5e54a14e3cda7ff6095ec252adf476e6848467f");
}

TEST_F(ManifestTest, ChainVerifiesAndSaysHowFreshItIs) {
  ManifestVerifier v = verifier();
  for (std::size_t i = 0; i < files_.size(); ++i) EXPECT_EQ(v.add(files_[i])->index, i);
  const ManifestSummary summary = v.finish().value();
  EXPECT_EQ(summary.entries, 5u);
  EXPECT_EQ(summary.head, head_of(4));
  EXPECT_EQ(summary.freshness, Freshness::Unknown);
  ManifestVerifier again = verifier(head_of(2));
  for (const std::string& file : files_) EXPECT_TRUE(again.add(file).ok());
  EXPECT_EQ(again.finish()->freshness, Freshness::AtLeastAsNewAsHead);
  EXPECT_EQ(verifier().finish()->entries, 0u);
}

TEST_F(ManifestTest, EveryAttackIsNamed) {
  const auto& f = files_;
  EXPECT_EQ(verify({f[0], f[2]}), "manifest entry 1: is missing: entry 2 stands in its place");
  EXPECT_EQ(verify({f[1]}), "manifest entry 0: is missing: entry 1 stands in its place");
  EXPECT_EQ(verify({f[0], f[1], f[0]}), "manifest entry 2: is entry 0 once more, or swapped");
  EXPECT_EQ(verify({f[0], f[1], f[2]}, head_of(4)),
            "manifest entry 3: is missing: the manifest was verified up to entry 4 before; rolled "
            "back or truncated");
  EXPECT_EQ(verify({}, head_of(0)),
            "manifest entry 0: is missing: the manifest was verified up to entry 0 before; rolled "
            "back or truncated");
  ManifestHead other = head_of(1);
  other.sha256[0] ^= std::byte{1};
  EXPECT_EQ(verify(f, other),
            "manifest entry 1: is not the entry that was verified before: rolled back or replaced");
  const auto stranger = crypto::Ed25519PrivateKey::generate();
  EXPECT_EQ(verify({sign_manifest_entry(verify_manifest_entry(f[0], key_.public_key()).value(),
                                        stranger)}),
            "manifest entry 0: is foreign: the signature is not by the manifest's key");
}

// The same key signed all of these: what is wrong is what they say.
TEST_F(ManifestTest, EntryOfAnotherHistoryOrDataSetIsRefused) {
  ManifestEntry replaced = verify_manifest_entry(files_[1], key_.public_key()).value();
  replaced.size += 1;
  EXPECT_EQ(verify({files_[0], sign_manifest_entry(replaced, key_), files_[2]}),
            "manifest entry 2: does not follow the entry before it: one of the two was replaced");
  ManifestEntry foreign = verify_manifest_entry(files_[0], key_.public_key()).value();
  foreign.dataset = "other";
  EXPECT_EQ(verify({sign_manifest_entry(foreign, key_)}),
            "manifest entry 0: belongs to data set `other`, not `training`");
  ManifestEntry overlapping = verify_manifest_entry(files_[1], key_.public_key()).value();
  overlapping.first = 100;
  EXPECT_EQ(verify({files_[0], sign_manifest_entry(overlapping, key_)}),
            "manifest entry 1: its sequence numbers go back");
  ManifestEntry misnamed = verify_manifest_entry(files_[0], key_.public_key()).value();
  misnamed.name = bundle_object_key("training", 2, 100);
  EXPECT_EQ(verify({sign_manifest_entry(misnamed, key_)}),
            "manifest entry 0: names another object than its sequence numbers say");
}

TEST_F(ManifestTest, VerifierKeepsRefusingAfterAnError) {
  ManifestVerifier v = verifier();
  EXPECT_FALSE(v.add(files_[1]).ok());
  EXPECT_FALSE(v.add(files_[0]).ok());
  EXPECT_FALSE(v.finish().ok());
}

TEST_F(ManifestTest, EveryChangedByteOfAFileIsRefused) {
  for (std::size_t i = 0; i < files_[0].size(); ++i) {
    std::string changed = files_[0];
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(verify_manifest_entry(changed, key_.public_key()).ok()) << i;
  }
  for (std::size_t i = 0; i < files_[0].size(); ++i)
    EXPECT_FALSE(verify_manifest_entry(files_[0].substr(0, i), key_.public_key()).ok()) << i;
  EXPECT_FALSE(verify_manifest_entry(files_[0] + "x\n", key_.public_key()).ok());
  EXPECT_FALSE(verify_manifest_entry(files_[0] + "\n", key_.public_key()).ok());
}

TEST_F(ManifestTest, HeadReadsBackOnlyWhatIsWritten) {
  const ManifestHead head = head_of(3);
  EXPECT_EQ(parse_manifest_head(to_text(head)).value(), head);
  for (const char* wrong : {"", "3", "3:", "3:00", ":00", "x:00"})
    EXPECT_EQ(parse_manifest_head(wrong).error().kind, ErrorKind::Invalid) << wrong;
  EXPECT_FALSE(parse_manifest_head("0" + to_text(head)).ok());
}

struct SealedBundle {
  ManifestEntry entry;
  Bytes sealed;
  explicit SealedBundle(std::uint64_t first, std::uint64_t seed = 1) {
    entry.dataset = "training";
    entry.first = first;
    entry.last = first + 9;
    entry.epoch = 1;
    entry.name = bundle_object_key("training", entry.first, entry.last);
    const envelope::KnownAnswer known;
    envelope::HeaderPlan plan = known.plan();
    plan.context = bundle_context("weather", entry);
    plan.message_id[0] = static_cast<std::byte>(seed);
    envelope::Cipher cipher;
    sealed = envelope::encrypt_message(cipher, plan, known.data_key,
                                       crypto::SeededRandom(first).bytes(100))
                 .value();
    EXPECT_TRUE(describe_bundle(sealed, entry).ok());
  }
};

TEST(BundleCheck, WholeBundlePassesAndEachDamageIsNamed) {
  const SealedBundle one(1), two(11), again(1, 2);
  EXPECT_TRUE(check_bundle(one.entry, one.sealed).ok());
  auto message = [&](const Bytes& sealed) {
    return check_bundle(one.entry, sealed).error().message;
  };
  EXPECT_NE(message(Bytes(one.sealed.begin(), one.sealed.end() - 1)).find("truncated"),
            std::string::npos);
  Bytes longer = one.sealed;
  longer.push_back({});
  EXPECT_NE(message(longer).find("is too long"), std::string::npos);
  EXPECT_NE(message(again.sealed).find("is foreign"), std::string::npos);
  Bytes tail = one.sealed;
  tail.back() ^= std::byte{1};
  EXPECT_NE(message(tail).find("its final frame differs"), std::string::npos);
  EXPECT_FALSE(check_bundle(one.entry, two.sealed).ok());
  EXPECT_FALSE(check_bundle(one.entry, Bytes()).ok());
}

TEST(BundleCheck, AnotherBundleIsCalledWhatItIs) {
  const SealedBundle one(1), two(11), again(1, 2);
  const std::vector<ManifestEntry> all{one.entry, two.entry};
  const auto fault = [&](ByteSpan sealed) {
    return judge_bundle(one.entry, sealed.size(), sealed, all)->fault;
  };
  EXPECT_EQ(judge_bundle(one.entry, one.sealed.size(), one.sealed, all), std::nullopt);
  EXPECT_EQ(fault(two.sealed), BundleFault::Swapped);
  EXPECT_EQ(fault(again.sealed), BundleFault::Foreign);
  EXPECT_EQ(fault(ByteSpan(two.sealed).first(two.sealed.size() - 1)), BundleFault::Swapped);
  EXPECT_EQ(fault(ByteSpan(one.sealed).first(one.sealed.size() - 1)), BundleFault::Truncated);
  EXPECT_EQ(fault(ByteSpan(one.sealed).first(10)), BundleFault::Truncated);
  EXPECT_EQ(fault({}), BundleFault::Truncated);
  EXPECT_EQ(fault(Bytes(one.sealed.size())), BundleFault::Damaged);
}

// Whoever can read a bundle has its data key: header, size and final frame stay as they were, and
// every frame authenticates.
TEST(BundleCheck, AFrameRewrittenByAReaderIsForeign) {
  const envelope::KnownAnswer known;
  SealedBundle one(1);
  envelope::HeaderPlan plan = known.plan();
  plan.context = bundle_context("weather", one.entry);
  plan.message_id[0] = std::byte{1};
  Bytes plaintext = crypto::SeededRandom(1).bytes(100);
  plaintext[0] ^= std::byte{1};
  envelope::Cipher cipher;
  const Bytes forged = envelope::encrypt_message(cipher, plan, known.data_key, plaintext).value();
  ASSERT_NE(forged, one.sealed);
  ASSERT_EQ(envelope::final_frame_tag(forged), envelope::final_frame_tag(one.sealed));
  const Status refused = check_bundle(one.entry, forged);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("foreign"), std::string::npos);
  EXPECT_EQ(judge_other_bytes({}).fault, BundleFault::Foreign);
  one.entry.sha256.reset();
  EXPECT_TRUE(check_bundle(one.entry, forged).ok()) << "what entries of version 1 cannot show";
}

TEST_F(ManifestTest, EntriesOfBothVersionsChainAndNeitherPassesForTheOther) {
  ManifestEntry with = entry(5);
  with.sha256 = crypto::sha256(as_bytes("bundle"));
  std::vector<std::string> files = files_;
  files.push_back(sign_manifest_entry(with, key_));
  EXPECT_EQ(verify(files), "");
  EXPECT_EQ(read_unverified_entry(files[5]).value(), with);
  EXPECT_EQ(verify_manifest_entry(files[5], key_.public_key()).value(), with);
  // The signature of version 1 over a line of version 2, and the other way round.
  for (const std::string& file : {files[4], files[5]}) {
    std::string line = file.substr(0, file.find('\n'));
    const bool second = file == files[5];
    Bytes wrong = to_bytes(second ? std::string_view("sealane manifest v1\n")
                                  : std::string_view("sealane manifest v2\n"));
    append(wrong, line);
    line += "\n" + to_base64(key_.sign(wrong)) + "\n";
    EXPECT_EQ(verify_manifest_entry(line, key_.public_key()).error().message,
              "not a manifest entry");
  }
}

TEST(BundleCheck, ContextMustNameTheBundle) {
  SealedBundle one(1);
  one.entry.last = 11;
  EXPECT_NE(check_bundle(one.entry, one.sealed).error().message.find("another `last`"),
            std::string::npos);
}

TEST(ObjectKeys, SortByNumber) {
  EXPECT_EQ(manifest_object_key("training", 7), "training/manifest/00000000000000000007.json");
  EXPECT_EQ(bundle_object_key("training", 1, 18446744073709551615u),
            "training/bundles/00000000000000000001-18446744073709551615.tar.esdk");
}

}  // namespace
}  // namespace sealane::keys
