// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::db {

enum class JournalMode {
  Rollback,  // one writer, few writes: key material, registries
  Wal,       // readers while somebody writes
};

struct OpenOptions {
  JournalMode journal = JournalMode::Rollback;
  bool create = true;  // with mode 0600; the folder must exist
  bool read_only = false;
  int busy_timeout_ms = 5000;
};

class Database;

// One SQL statement.  Parameters count from 1, columns from 0.  The object does not outlive its
// Database.  Threads: as the Database.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, ByteSpan blob);
  Statement& bind_null(int index);

  // Advances to the next row; false when there is none.  Text and blobs are copied out.
  Result<bool> step();
  // Runs a statement that returns no rows, then resets it for the next binding.
  Status run();
  Status reset();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  Bytes blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& database, void* handle) : database_(&database), handle_(handle) {}

  Database* database_;
  void* handle_;
  bool bind_failed_ = false;
};

// A SQLite database: synchronous=EXTRA, foreign keys on, busy timeout, secure_delete on.
//
// Errors:     NotFound, Conflict (a constraint), Timeout (somebody else holds the lock too long),
//             Unavailable (disk full, I/O), Corrupt (no database, or damaged), Internal (wrong
//             SQL).
// Durability: a transaction that committed is on disk.
// Threads:    one at a time.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path,
                                                const OpenOptions& options = {});
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> prepare(std::string_view sql);
  // Runs statements that return nothing.
  Status run(const std::string& sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  std::int64_t changes() const;
  std::int64_t last_insert_id() const;
  // Whether the path names another file now, or none: this object still reads the old one.
  bool has_moved() const;

 private:
  friend class Statement;
  explicit Database(void* handle) : handle_(handle) {}
  Error error_for(int code) const;

  void* handle_;
};

// A write transaction; rolled back when it goes without commit().
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace sealane::db
