// SPDX-License-Identifier: Apache-2.0
#include "store/object_store.h"

#include <gtest/gtest.h>

#include <set>

#include "base/testing/fault_env.h"
#include "crypto/hash.h"

namespace sealane::store {
namespace {

constexpr Time kNow = Time(std::chrono::seconds(1'760'000'000));

class ObjectStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(env_.make_folder("objects").ok());
    ASSERT_TRUE(env_.sync_folder(".").ok());
    reopen();
  }
  void reopen() {
    auto opened = ObjectStore::open(env_, "objects/weather");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  std::string text(std::string_view key) {
    auto data = store_->get(key, 0, 1u << 20);
    return data.ok() ? to_text(*data) : "<" + std::string(to_string(data.error().kind)) + ">";
  }
  FaultEnv env_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(ObjectStoreTest, HeadTellsWhatWasPut) {
  ASSERT_TRUE(store_->put("training/bundles/1", as_bytes("hello"), kNow).ok());
  auto info = store_->head("training/bundles/1");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->size, 5u);
  EXPECT_EQ(info->etag, "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(info->sha256, crypto::sha256(as_bytes("hello")));
  EXPECT_EQ(info->created, kNow);
  EXPECT_EQ(store_->head("training/bundles/2").error().kind, ErrorKind::NotFound);
}

TEST_F(ObjectStoreTest, AKeyIsWrittenOnce) {
  ASSERT_TRUE(store_->put("k", as_bytes("first"), kNow).ok());
  EXPECT_EQ(store_->put("k", as_bytes("second"), kNow).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(text("k"), "first");
}

TEST_F(ObjectStoreTest, OfTwoPutsAtOnceTheSecondToCommitConflicts) {
  auto one = store_->begin_put("k");
  auto two = store_->begin_put("k");
  ASSERT_TRUE((*one)->append(as_bytes("one")).ok());
  ASSERT_TRUE((*two)->append(as_bytes("three")).ok());
  EXPECT_TRUE((*two)->commit(kNow).ok());
  EXPECT_EQ((*one)->commit(kNow).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(text("k"), "three");
  EXPECT_EQ(store_->head("k")->size, 5u);
}

TEST_F(ObjectStoreTest, RangesEndWithTheObject) {
  ASSERT_TRUE(store_->put("k", as_bytes("0123456789"), kNow).ok());
  EXPECT_EQ(to_text(*store_->get("k", 3, 4)), "3456");
  EXPECT_EQ(to_text(*store_->get("k", 8, 100)), "89");
  EXPECT_EQ(to_text(*store_->get("k", 10, 1)), "");
  EXPECT_EQ(store_->get("k", 11, 1).error().kind, ErrorKind::Invalid);
}

TEST_F(ObjectStoreTest, ListsByPrefixInByteOrderPageByPage) {
  for (const char* key : {"b/2", "a", "b/1", "b/10", "B/1", "c"})
    ASSERT_TRUE(store_->put(key, as_bytes(key), kNow).ok());
  auto page = store_->list({.prefix = "b/", .max_keys = 2});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "b/1");
  EXPECT_EQ(page->objects[1].key, "b/10");
  EXPECT_TRUE(page->truncated);
  page = store_->list({.prefix = "b/", .start_after = "b/10", .max_keys = 2});
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].key, "b/2");
  EXPECT_FALSE(page->truncated);
  EXPECT_EQ(store_->list({})->objects.front().key, "B/1");
}

TEST_F(ObjectStoreTest, AnyKeyHasAFileNameOfItsOwnThatReadsBack) {
  std::vector<std::string> keys = {"..",
                                   ".",
                                   ".meta",
                                   ".tmp",
                                   "a/../b",
                                   "%2F",
                                   "~",
                                   "a~/+b",
                                   "+",
                                   std::string("nul\0nul", 7),
                                   "\xff\xfe",
                                   std::string(1024, '/'),
                                   std::string(199, 'x') + "/y",
                                   std::string(200, 'x') + ".",
                                   std::string(1024, '.')};
  std::set<std::string> names;
  for (const std::string& key : keys) {
    auto name = ObjectStore::file_name(key);
    ASSERT_TRUE(name.ok());
    EXPECT_TRUE(names.insert(*name).second);
    EXPECT_FALSE(name->starts_with('.'));
    EXPECT_EQ(ObjectStore::key_of(*name), key);
    for (std::size_t at = 0; at <= name->size();) {
      const std::size_t end = std::min(name->find('/', at), name->size());
      const std::string part = name->substr(at, end - at);
      EXPECT_LE(part.size(), 255u);
      EXPECT_NE(part, "..");
      at = end + 1;
    }
    ASSERT_TRUE(store_->put(key, as_bytes(key), kNow).ok());
    EXPECT_EQ(text(key), key);
  }
  EXPECT_EQ(store_->list({})->objects.size(), keys.size());
  for (const char* other : {"%2f%", "%41", "a+", "a~", "%2G", ""})
    EXPECT_EQ(ObjectStore::key_of(other), std::nullopt) << other;
  EXPECT_EQ(ObjectStore::file_name(std::string(1025, 'x')).error().kind, ErrorKind::Invalid);
}

TEST_F(ObjectStoreTest, APutThatGoesWithoutCommitLeavesNothing) {
  {
    auto object = store_->begin_put("k");
    ASSERT_TRUE((*object)->append(as_bytes("x")).ok());
  }
  EXPECT_TRUE(env_.list("objects/weather/.tmp")->empty());
  EXPECT_EQ(text("k"), "<not-found>");
}

TEST_F(ObjectStoreTest, ALostSidecarIsMadeFromTheObject) {
  ASSERT_TRUE(store_->put("k", as_bytes("hello"), kNow).ok());
  ASSERT_TRUE(env_.remove("objects/weather/.meta/k").ok());
  EXPECT_EQ(store_->head("k")->etag, "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(store_->head("k")->sha256, crypto::sha256(as_bytes("hello")));
}

// Once per operation of a put: the power goes there.
TEST_F(ObjectStoreTest, PowerLossAtAnyStepLeavesAWholeObjectOrNone) {
  bool committed = false;
  for (std::uint64_t step = 0; !committed; ++step) {
    const std::string key = "k" + std::to_string(step);
    env_.cut_power_after(step);
    committed = store_->put(key, as_bytes("content"), kNow).ok();
    env_.crash(step * 7919 + 1);
    reopen();
    const std::string after = text(key);
    if (committed) {
      EXPECT_EQ(after, "content");
    } else {
      EXPECT_TRUE(after == "content" || after == "<not-found>") << after;
    }
    EXPECT_TRUE(env_.list("objects/weather/.tmp")->empty());
    if (after == "content") {
      EXPECT_EQ(store_->head(key)->created, kNow);
    }
    EXPECT_EQ(store_->put(key, as_bytes("content"), kNow).ok(), after != "content");
    ASSERT_LT(step, 40u);
  }
}

// Once per operation of a put: that one fails.
TEST_F(ObjectStoreTest, AnErrorAtAnyStepIsReportedAndTheNextTryEndsInOneObject) {
  bool clean = false;
  for (std::uint64_t step = 0; !clean; ++step) {
    const std::string key = "k" + std::to_string(step);
    env_.fail_after(step, FaultEnv::Fault::Eio);
    const auto first = store_->put(key, as_bytes("content"), kNow);
    clean = first.ok();
    if (!clean) {
      EXPECT_EQ(first.error().kind, ErrorKind::Unavailable);
    }
    env_.fail_after(1u << 20, FaultEnv::Fault::Eio);
    const auto second = store_->put(key, as_bytes("content"), kNow);
    EXPECT_TRUE(second.ok() || second.error().kind == ErrorKind::Conflict);
    env_.crash(step);
    reopen();
    EXPECT_EQ(text(key), "content") << "step " << step;
    ASSERT_LT(step, 40u);
  }
}

}  // namespace
}  // namespace sealane::store
