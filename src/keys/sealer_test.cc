// SPDX-License-Identifier: Apache-2.0
#include "keys/sealer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/testing/fake_clock.h"
#include "crypto/testing/seeded_random.h"
#include "envelope/raw_aes.h"
#include "keys/opener.h"
#include "keys/testing/memory_provider.h"

namespace sealane::keys {
namespace {

class SealerTest : public testing::Test {
 protected:
  SealerTest() {
    std::string pattern = testing::TempDir() + "sealane-sealer-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    keyring_ =
        Keyring::create_with(folder_, std::make_unique<MemoryProvider>(store_), clock_).value();
    EXPECT_TRUE(keyring_->create_key("training").ok());
    EXPECT_TRUE(keyring_->create_key("journal").ok());
  }
  ~SealerTest() override { std::filesystem::remove_all(folder_); }

  static Bytes seal(Sealer& sealer, const envelope::EncryptionContext& context,
                    std::string_view text) {
    auto prepared = sealer.prepare(context);
    EXPECT_TRUE(prepared.ok()) << prepared.error().message;
    return std::move(*prepared).finish(as_bytes(text)).value();
  }
  static envelope::Header header_of(const Bytes& message) {
    return envelope::decode_header(message).value()->header;
  }
  static std::string wrapped_for(const Bytes& message) {
    const envelope::Header header = header_of(message);
    return std::string(envelope::wrapping_key_name(header.data_keys[0], kKeyNamespace));
  }

  MemoryProvider::Store store_;
  FakeClock clock_;
  std::string folder_;
  std::unique_ptr<Keyring> keyring_;
};

TEST_F(SealerTest, OpensWithTheKeyringAndWithTheExportedKeyAlone) {
  Sealer sealer(*keyring_, "training", clock_);
  const Bytes message = seal(sealer, {{"dataset", "d"}, {"first", "1"}}, "payload");
  Opener by_keyring = Opener::with_keyring(*keyring_);
  EXPECT_EQ(as_text(by_keyring.open(message, {{"dataset", "d"}})->plaintext), "payload");
  std::vector<ExportedKey> keys;
  keys.push_back({"training", 1, keyring_->export_key("training", 1).value()});
  Opener by_key = Opener::with_keys(std::move(keys));
  EXPECT_EQ(as_text(by_key.open(message, {})->plaintext), "payload");
  EXPECT_EQ(by_key.open_header(message, {})->context.at("first"), "1");
  EXPECT_EQ(wrapped_for(message), "training/1");
}

TEST_F(SealerTest, AnotherContextOrKeyIsRefused) {
  Sealer sealer(*keyring_, "training", clock_);
  const Bytes message = seal(sealer, {{"dataset", "d"}}, "payload");
  Opener opener = Opener::with_keyring(*keyring_);
  EXPECT_EQ(opener.open(message, {{"dataset", "e"}}).error().kind, ErrorKind::Corrupt);
  EXPECT_EQ(opener.open(message, {{"shard", "1"}}).error().kind, ErrorKind::Corrupt);
  std::vector<ExportedKey> journal;
  journal.push_back({"journal", 1, keyring_->export_key("journal", 1).value()});
  EXPECT_EQ(Opener::with_keys(std::move(journal)).open(message, {}).error().kind,
            ErrorKind::Denied);
  // The journal's key under the training key's name.
  std::vector<ExportedKey> posing;
  posing.push_back({"training", 1, keyring_->export_key("journal", 1).value()});
  EXPECT_EQ(Opener::with_keys(std::move(posing)).open(message, {}).error().kind,
            ErrorKind::Corrupt);
}

TEST_F(SealerTest, HeaderIsFinalBeforeTheBodyAndBodiesMayFinishInAnyOrder) {
  Sealer sealer(*keyring_, "journal", clock_);
  auto one = sealer.prepare({{"first", "1"}});
  ASSERT_TRUE(one.ok());
  auto two = sealer.prepare({{"first", "2"}, {"previous", to_hex(one->header_tag())}});
  ASSERT_TRUE(two.ok());
  const Bytes header = one->header();
  const Bytes second = std::move(*two).finish(as_bytes("second")).value();
  const Bytes first = std::move(*one).finish(as_bytes("first")).value();
  EXPECT_TRUE(std::equal(header.begin(), header.end(), first.begin()));
  Opener opener = Opener::with_keyring(*keyring_);
  EXPECT_EQ(as_text(opener.open(first, {})->plaintext), "first");
  EXPECT_EQ(as_text(opener.open(second, {{"previous", to_hex(header_of(first).tag)}})->plaintext),
            "second");
}

TEST_F(SealerTest, StreamedBodyOpensWholeAndByRanges) {
  Sealer sealer(*keyring_, "training", clock_);
  const Bytes plaintext = crypto::SeededRandom(3).bytes(200'000);
  Bytes message;
  auto prepared = sealer.prepare({{"dataset", "d"}}, {.add_epoch = true});
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(prepared->epoch(), 1u);
  auto body = std::move(*prepared).stream([&](ByteSpan bytes) -> Status {
    append(message, bytes);
    return {};
  });
  for (ByteSpan rest(plaintext); !rest.empty();) {
    const std::size_t count = std::min<std::size_t>(rest.size(), 9999);
    ASSERT_TRUE(body.write(rest.first(count)).ok());
    rest = rest.subspan(count);
  }
  ASSERT_TRUE(body.finish().ok());
  Opener opener = Opener::with_keyring(*keyring_);
  EXPECT_EQ(opener.open(message, {{"epoch", "1"}})->plaintext, plaintext);
  auto reader = opener.open_seekable(
      [&](std::uint64_t offset, MutableByteSpan to) -> Status {
        copy_bytes(to, ByteSpan(message).subspan(offset, to.size()));
        return {};
      },
      message.size(), {{"dataset", "d"}});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->size(), plaintext.size());
  EXPECT_EQ(reader->read(65'000, 2'000).value(),
            to_bytes(ByteSpan(plaintext).subspan(65'000, 2'000)));
}

TEST_F(SealerTest, MessageIdsAndWrapsNeverRepeatAcrossContexts) {
  Sealer sealer(*keyring_, "training", clock_);
  std::set<std::string> ids, wraps;
  for (int i = 0; i < 50; ++i) {
    const envelope::Header header = header_of(seal(sealer, {{"i", std::to_string(i)}}, ""));
    EXPECT_TRUE(ids.insert(to_hex(header.message_id)).second);
    EXPECT_TRUE(wraps.insert(to_hex(header.data_keys[0].info)).second);
  }
}

TEST_F(SealerTest, EveryWrapComesOutOfTheBudget) {
  Sealer sealer(*keyring_, "training", clock_, {.wraps_at_once = 2});
  auto left = [&] { return keyring_->grant_wraps("training", ~0ull)->wraps; };
  const std::uint64_t all = left();
  for (int i = 0; i < 3; ++i) seal(sealer, {{"i", std::to_string(i)}}, "");  // two calls of two
  for (int i = 0; i < 10; ++i) seal(sealer, {{"i", "2"}}, "");  // same context, no wrap
  EXPECT_EQ(left(), all - 4);
}

TEST_F(SealerTest, DataKeyChangesAfterMessagesBytesOrAge) {
  const SealerLimits limits = {
      .messages_max = 3, .bytes_max = 100, .age_max = std::chrono::hours(1)};
  Sealer sealer(*keyring_, "training", clock_, limits);
  // With one context, the wrap is the same for as long as the data key is.
  auto wrap = [&](std::string_view text) {
    return to_hex(header_of(seal(sealer, {}, text)).data_keys[0].ciphertext);
  };
  const std::string a = wrap("x");
  EXPECT_EQ(wrap("x"), a);
  EXPECT_EQ(wrap("x"), a);
  const std::string b = wrap("x");
  EXPECT_NE(b, a);
  EXPECT_EQ(wrap(std::string(100, 'x')), b);
  const std::string c = wrap("x");
  EXPECT_NE(c, b);
  clock_.advance(std::chrono::minutes(59));
  EXPECT_EQ(wrap("x"), c);
  clock_.advance(std::chrono::minutes(1));
  const std::string d = wrap("x");
  EXPECT_NE(d, c);
  // Otherwise a clock that was put back by a year would give the key a year more.
  clock_.advance(-std::chrono::minutes(1));
  EXPECT_NE(wrap("x"), d);
}

TEST_F(SealerTest, NewEpochMeansNewDataKeyAndOldMessagesStillOpen) {
  ASSERT_TRUE(keyring_->create_key("rolling", std::chrono::hours(1)).ok());
  Sealer sealer(*keyring_, "rolling", clock_, {.age_max = std::chrono::hours(100)});
  const Bytes old = seal(sealer, {}, "old");
  clock_.advance(std::chrono::hours(1));
  const Bytes fresh = seal(sealer, {}, "fresh");
  EXPECT_EQ(wrapped_for(old), "rolling/1");
  EXPECT_EQ(wrapped_for(fresh), "rolling/2");
  std::vector<ExportedKey> second;
  second.push_back({"rolling", 2, keyring_->export_key("rolling", 2).value()});
  Opener newcomer = Opener::with_keys(std::move(second));
  EXPECT_TRUE(newcomer.open(fresh, {}).ok());
  EXPECT_EQ(newcomer.open(old, {}).error().kind, ErrorKind::Denied);
  EXPECT_EQ(as_text(Opener::with_keyring(*keyring_).open(old, {})->plaintext), "old");
}

TEST_F(SealerTest, CacheOfTheOpenerIsBoundedAndNeverSkipsAuthentication) {
  Sealer sealer(*keyring_, "training", clock_);
  Opener opener = Opener::with_keyring(*keyring_, {.data_keys_max = 2});
  std::vector<Bytes> messages;
  for (int i = 0; i < 5; ++i) messages.push_back(seal(sealer, {{"i", std::to_string(i)}}, "x"));
  for (int round = 0; round < 3; ++round)
    for (const Bytes& message : messages) EXPECT_TRUE(opener.open(message, {}).ok());
  Bytes changed = messages[4];
  changed.back() ^= std::byte{1};
  EXPECT_EQ(opener.open(changed, {}).error().kind, ErrorKind::Corrupt);
}

TEST_F(SealerTest, UnknownKeyIsNotFound) {
  Sealer sealer(*keyring_, "nothing", clock_);
  EXPECT_EQ(sealer.prepare({}).error().kind, ErrorKind::NotFound);
}

TEST(KeyEpochName, ReadsBackOnlyWhatIsWritten) {
  EXPECT_EQ(key_epoch_name("training", 12), "training/12");
  EXPECT_EQ(parse_key_epoch("a/b/3")->name, "a/b");
  for (const char* wrong : {"", "a", "/1", "a/", "a/01", "a/-1", "a/1x", "a/4294967296"})
    EXPECT_EQ(parse_key_epoch(wrong).error().kind, ErrorKind::Invalid) << wrong;
}

// Writes a message and its key for tests/interop/esdk_python.py, and reads what the official SDK
// wrote, when SEALANE_ESDK_FOLDER names a folder.
TEST_F(SealerTest, ExchangesMessagesWithTheOfficialSdk) {
  const char* folder = std::getenv("SEALANE_ESDK_FOLDER");
  if (folder == nullptr) GTEST_SKIP() << "SEALANE_ESDK_FOLDER is not set";
  PosixEnv env;
  const std::string base = std::string(folder) + "/";
  auto theirs = read_file(env, base + "theirs.esdk", 64u << 20);
  if (theirs.ok()) {
    std::vector<ExportedKey> keys;
    keys.push_back(
        {"training", 1, Secret::take(read_file(env, base + "training-1.key", 64).value())});
    auto opened = Opener::with_keys(std::move(keys)).open(*theirs, {{"dataset", "training"}});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened->plaintext, read_file(env, base + "theirs.plain", 64u << 20).value());
    return;
  }
  Sealer sealer(*keyring_, "training", clock_);
  for (std::size_t size : {0u, 1u, 65'536u, 300'000u}) {
    const Bytes plaintext = crypto::SeededRandom(size).bytes(size);
    auto prepared = sealer.prepare({{"dataset", "training"}, {"first", std::to_string(size)}});
    const Bytes message = std::move(*prepared).finish(plaintext).value();
    const std::string name = base + "ours-" + std::to_string(size);
    ASSERT_TRUE(write_file_atomic(env, name + ".esdk", message, IfExists::Replace).ok());
    ASSERT_TRUE(write_file_atomic(env, name + ".plain", plaintext, IfExists::Replace).ok());
  }
  const Secret key = keyring_->export_key("training", 1).value();
  ASSERT_TRUE(
      write_file_atomic(env, base + "training-1.key", key.reveal(), IfExists::Replace).ok());
}

}  // namespace
}  // namespace sealane::keys
