// SPDX-License-Identifier: Apache-2.0
#include "db/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace sealane::db {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = testing::TempDir() + "sealane-db-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DatabaseTest() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/test.db"; }
  std::unique_ptr<Database> open(const OpenOptions& options = {}) {
    auto database = Database::open(path(), options);
    EXPECT_TRUE(database.ok()) << database.error().message;
    return std::move(database).value();
  }

  std::string folder_;
};

TEST_F(DatabaseTest, ValuesComeBackAsTheyWereBound) {
  auto database = open();
  ASSERT_TRUE(database->run("CREATE TABLE t (i INTEGER, s TEXT, b BLOB, n TEXT)").ok());
  {
    auto insert = database->prepare("INSERT INTO t VALUES (?, ?, ?, ?)");
    ASSERT_TRUE(insert.ok());
    insert->bind(1, std::int64_t{-5}).bind(2, std::string_view("a\0b", 3));
    insert->bind(3, as_bytes("\xff\x00")).bind_null(4);
    ASSERT_TRUE(insert->run().ok());
    insert->bind(1, std::int64_t{1}).bind(2, std::string_view()).bind(3, ByteSpan()).bind_null(4);
    ASSERT_TRUE(insert->run().ok());
  }
  auto select = database->prepare("SELECT i, s, b, n FROM t ORDER BY i");
  ASSERT_TRUE(select.ok());
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), -5);
  EXPECT_EQ(select->text(1), std::string("a\0b", 3));
  EXPECT_EQ(select->blob(2), to_bytes(std::string_view("\xff\x00")));
  EXPECT_TRUE(select->is_null(3));
  ASSERT_TRUE(select->step().value());
  EXPECT_FALSE(select->is_null(1));
  EXPECT_FALSE(select->is_null(2));
  EXPECT_FALSE(select->step().value());
}

TEST_F(DatabaseTest, FileIsReadableByItsOwnerAlone) {
  const mode_t old = ::umask(0);
  auto database = open();
  ::umask(old);
  ASSERT_TRUE(database->run("CREATE TABLE t (i INTEGER)").ok());
  struct stat facts{};
  ASSERT_EQ(::stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
}

TEST_F(DatabaseTest, TransactionThatIsNotCommittedLeavesNothing) {
  auto database = open({.journal = JournalMode::Wal});
  ASSERT_TRUE(database->run("CREATE TABLE t (i INTEGER)").ok());
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(database->run("INSERT INTO t VALUES (1)").ok());
  }
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(database->run("INSERT INTO t VALUES (2)").ok());
    ASSERT_TRUE(transaction->commit().ok());
  }
  auto select = database->prepare("SELECT sum(i) FROM t");
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), 2);
}

TEST_F(DatabaseTest, ErrorsSayWhatACallerCanDo) {
  {
    auto database = open({.busy_timeout_ms = 1});
    ASSERT_TRUE(database->run("CREATE TABLE t (i INTEGER PRIMARY KEY)").ok());
    ASSERT_TRUE(database->run("INSERT INTO t VALUES (1)").ok());
    EXPECT_EQ(database->run("INSERT INTO t VALUES (1)").error().kind, ErrorKind::Conflict);
    EXPECT_EQ(database->prepare("SELEC").error().kind, ErrorKind::Internal);
    auto statement = database->prepare("SELECT ?");
    statement->bind(7, std::int64_t{1});
    EXPECT_EQ(statement->step().error().kind, ErrorKind::Internal);
    auto other = open({.busy_timeout_ms = 1});
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction.ok());
    EXPECT_EQ(Transaction::begin(*other).error().kind, ErrorKind::Timeout);
  }
  EXPECT_EQ(Database::open(folder_ + "/none.db", {.create = false}).error().kind,
            ErrorKind::NotFound);
  std::filesystem::resize_file(path(), 0);
  ASSERT_EQ(::truncate(path().c_str(), 4096), 0);
  EXPECT_EQ(Database::open(path()).error().kind, ErrorKind::Corrupt);
}

TEST_F(DatabaseTest, ForeignKeysHold) {
  auto database = open();
  ASSERT_TRUE(database
                  ->run("CREATE TABLE a (i INTEGER PRIMARY KEY);"
                        "CREATE TABLE b (i INTEGER REFERENCES a(i))")
                  .ok());
  EXPECT_EQ(database->run("INSERT INTO b VALUES (9)").error().kind, ErrorKind::Conflict);
}

}  // namespace
}  // namespace sealane::db
