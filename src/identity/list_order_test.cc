// SPDX-License-Identifier: Apache-2.0
#include "identity/list_order.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "identity/ca.h"

namespace sealane::identity {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));

class ListOrderTest : public ::testing::Test {
 protected:
  ListOrderTest() {
    std::string pattern = ::testing::TempDir() + "sealane-order-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    const Secret passphrase(as_bytes("p"));
    for (const char* name : {"weather", "acme"}) {
      const std::string folder = folder_ + "/" + name;
      EXPECT_TRUE(env_.make_folder(folder).ok());
      EXPECT_TRUE(CertificateAuthority::create(env_, folder, name, passphrase, kNow).ok());
      authorities_.push_back(CertificateAuthority::open(env_, folder, passphrase).value());
    }
  }
  ~ListOrderTest() override { std::filesystem::remove_all(folder_); }

  // The lists with number `number` of our own CA, and of the other one where it is given.
  std::shared_ptr<const RevocationLists> lists(std::uint64_t number, Time at = kNow,
                                               std::optional<std::uint64_t> other = {}) {
    write("own.crl", authorities_[0].issue_crl(number, {}, at).value());
    if (other) write("other.crl", authorities_[1].issue_crl(*other, {}, at).value());
    return RevocationLists::load(
               env_, {.ca_file = folder_ + "/weather/ca.pem", .crl_file = folder_ + "/own.crl"},
               {{.ca_file = folder_ + "/acme/ca.pem",
                 .crl_file = other ? folder_ + "/other.crl" : std::string()}})
        .value();
  }
  void write(const std::string& name, const crypto::Crl& crl) {
    EXPECT_TRUE(
        write_file_atomic(env_, folder_ + "/" + name, as_bytes(crl.to_pem()), IfExists::Replace)
            .ok());
  }

  PosixEnv env_;
  std::string folder_;
  std::vector<CertificateAuthority> authorities_;
};

TEST_F(ListOrderTest, AListWithALowerNumberIsOlderWhateverItsDates) {
  const auto second = lists(2);
  const auto first = lists(1, kNow + std::chrono::hours(1));
  EXPECT_TRUE(check_not_older(*first, *second).ok());
  EXPECT_TRUE(check_not_older(*second, *second).ok());
  const auto refused = check_not_older(*second, *first);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
  EXPECT_NE(refused.error().message.find("own.crl"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("number 01 of"), std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find("in use number 02"), std::string::npos)
      << refused.error().message;
}

TEST_F(ListOrderTest, NumbersAreComparedAsNumbers) {
  for (const auto& [low, high] :
       {std::pair<std::uint64_t, std::uint64_t>{9, 10}, {0xff, 0x100}, {0x7f, 0x80}, {2, 0x10}}) {
    const auto older = lists(low);
    const auto newer = lists(high);
    EXPECT_TRUE(check_not_older(*older, *newer).ok()) << low;
    EXPECT_FALSE(check_not_older(*newer, *older).ok()) << low;
  }
}

TEST_F(ListOrderTest, OfOneNumberTheEarlierListIsOlder) {
  const auto now = lists(5);
  const auto later = lists(5, kNow + std::chrono::minutes(1));
  EXPECT_TRUE(check_not_older(*now, *later).ok());
  EXPECT_FALSE(check_not_older(*later, *now).ok());
}

TEST_F(ListOrderTest, EachCaHasNumbersOfItsOwn) {
  const auto first = lists(7, kNow, 3);
  EXPECT_TRUE(check_not_older(*first, *lists(8, kNow, 3)).ok());
  const auto refused = check_not_older(*first, *lists(9, kNow, 2));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("other.crl"), std::string::npos);
  // A list that comes where there was none is newer.
  EXPECT_TRUE(check_not_older(*lists(7), *lists(7, kNow, 1)).ok());
}

}  // namespace
}  // namespace sealane::identity
