// SPDX-License-Identifier: Apache-2.0
// What somebody who holds the data set key, and not the manifest's, makes of a sealed folder.
#include "cli/unseal_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/folder_tree.h"
#include "cli/seal_folder.h"
#include "envelope/frames.h"
#include "envelope/sealed_header.h"

namespace sealane::cli {
namespace {

namespace fs = std::filesystem;

// The file's 3,000 bytes stand behind two heads, in both frames.
constexpr std::uint32_t kFrame = 2560;

class UnsealFolderTest : public testing::Test {
 protected:
  UnsealFolderTest() {
    std::string pattern = (fs::temp_directory_path() / "sealane-unseal-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(root_ / "in");
    fs::create_directories(root_ / "keys");
    std::ofstream(root_ / "in" / "file") << std::string(3000, 'x');
    const keys::Unlock unlock = keys::create_unlock_key(env_, path("keys/unlock.key")).value();
    auto keyring = keys::Keyring::create(path("keys"), unlock, clock_).value();
    EXPECT_TRUE(keyring->create_key("p", keys::KeyPlan{}).ok());
    Recipients recipients;
    RecipientOptions whom;
    whom.keyring = path("keys");
    whom.keys = {"p"};
    EXPECT_TRUE(recipients.load(env_, whom).ok());
    FolderPlan plan;
    plan.in = path("in");
    plan.out = path("sealed");
    plan.dataset = "in";
    plan.message.frame_length = kFrame;
    auto sealed = seal_folder(env_, recipients, plan);
    EXPECT_TRUE(sealed.ok()) << (sealed.ok() ? "" : sealed.error().message);
    EXPECT_TRUE(at_hand_.load(env_, opening()).ok());
  }
  ~UnsealFolderTest() override { EXPECT_TRUE(remove_tree(root_.string()).ok()); }

  std::string path(const std::string& name) const { return (root_ / name).string(); }
  OpeningOptions opening() const {
    OpeningOptions out;
    out.keyring = path("keys");
    return out;
  }
  std::string entry_path() const { return path("sealed/" + keys::manifest_object_key("in", 0)); }
  keys::ManifestEntry entry() {
    return keys::read_unverified_entry(as_text(read_file(env_, entry_path(), 1 << 20).value()))
        .value();
  }
  // What entries of old have.
  void make_entry_of_version_1() {
    keys::ManifestEntry old = entry();
    old.sha256.reset();
    std::ofstream(entry_path()) << keys::sign_manifest_entry(
        old, at_hand_.keyring()->manifest_signing_key().value());
    fs::remove_all(root_ / "keys" / "heads");
  }
  // Turns a bit of the plaintext of one frame and seals it again, under the same header.
  void rewrite_frame(bool last) {
    const std::string place = path("sealed/" + entry().name);
    Bytes bundle = read_file(env_, place, 1 << 20).value();
    const auto decoded = envelope::decode_header(bundle).value().value();
    envelope::Cipher cipher;
    const Secret key =
        envelope::open_header(cipher, decoded, bundle, at_hand_.data_key(decoded.header).value())
            .value();
    const auto layout = envelope::layout_for_body(bundle.size() - decoded.size, kFrame).value();
    const std::uint64_t sequence = last ? layout.frames : 1;
    const auto kind = last ? envelope::FrameKind::Final : envelope::FrameKind::Regular;
    const MutableByteSpan frame = MutableByteSpan(bundle).subspan(
        decoded.size + layout.frame_offset(sequence), layout.frame_bytes(sequence));
    cipher.gcm.set_key(key.reveal());
    Bytes plaintext(last ? layout.final_bytes : layout.frame_length);
    const auto number = static_cast<std::uint32_t>(sequence);
    ASSERT_TRUE(envelope::open_frame(cipher.gcm, decoded.header.id(), kind, number, frame,
                                     plaintext, envelope::FrameIvs::Sequence)
                    .ok());
    // A byte of the file.
    plaintext[last ? 0 : kFrame - 1] ^= std::byte{0x20};
    envelope::seal_frame(cipher.gcm, decoded.header.id(), kind, number, plaintext, frame);
    std::ofstream(place, std::ios::binary) << as_text(bundle);
  }
  std::string unseal(const std::string& out) {
    auto opened = unseal_folder(env_, at_hand_, opening(), {}, path("sealed"), path(out));
    return opened.ok() ? "" : opened.error().message;
  }
  // Nothing has a name of its own but what was there before.
  std::size_t names() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(root_), {}));
  }

  fs::path root_;
  PosixEnv env_;
  SystemClock clock_;
  KeysAtHand at_hand_;
};

TEST_F(UnsealFolderTest, AFrameRewrittenWithTheDataSetKeyIsForeign) {
  EXPECT_EQ(unseal("out"), "");
  rewrite_frame(false);
  const std::size_t before = names();
  EXPECT_THAT(unseal("out2"), testing::HasSubstr("is foreign: it opens under the data set key"));
  EXPECT_EQ(names(), before);
}

TEST_F(UnsealFolderTest, OfAnOldEntryTheFinalFrameIsPinned) {
  make_entry_of_version_1();
  EXPECT_EQ(unseal("out"), "");
  rewrite_frame(true);
  const std::size_t before = names();
  EXPECT_THAT(unseal("out2"), testing::HasSubstr("is foreign: it opens under the data set key"));
  EXPECT_EQ(names(), before);
}

TEST_F(UnsealFolderTest, AnEntryWithoutTheHashCannotBeMadeOfOneThatHasIt) {
  std::string file = to_text(read_file(env_, entry_path(), 1 << 20).value());
  const std::size_t at = file.find("\"sha256\"");
  file.erase(at, file.find("\"header_sha256\"") - at);
  std::ofstream(entry_path()) << file;
  EXPECT_THAT(unseal("out"), testing::HasSubstr("is foreign: the signature is not by"));
}

}  // namespace
}  // namespace sealane::cli
