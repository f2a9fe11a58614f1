// SPDX-License-Identifier: Apache-2.0
#include "db/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sealane::db {
namespace {

sqlite3* connection(void* handle) { return static_cast<sqlite3*>(handle); }
sqlite3_stmt* compiled(void* handle) { return static_cast<sqlite3_stmt*>(handle); }

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::Timeout;
    case SQLITE_CONSTRAINT: return ErrorKind::Conflict;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_NOMEM: return ErrorKind::Unavailable;
    case SQLITE_CANTOPEN: return ErrorKind::NotFound;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::Corrupt;
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorKind::Denied;
    case SQLITE_TOOBIG: return ErrorKind::TooLarge;
    default: return ErrorKind::Internal;
  }
}

// SQLite gives a new file the mode that the process's mask allows, so the file is made beforehand.
// Its journals take over the mode of the file.
Status create_private_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return fail_errno(errno, "cannot create `" + path + "`");
  ::close(descriptor);
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 const OpenOptions& options) {
  if (options.create && !options.read_only) SEALANE_TRY(create_private_file(path));
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return fail(ErrorKind::Unavailable, "cannot open `" + path + "`");
  std::unique_ptr<Database> out(new Database(handle));
  if (code != SQLITE_OK) return out->error_for(code).within("cannot open `" + path + "`");
  sqlite3_busy_timeout(handle, options.busy_timeout_ms);
  // EXTRA: FULL does not sync the folder when a commit removes its journal, so a loss of power could
  // bring the journal back and undo what was committed.
  std::string settings =
      "PRAGMA foreign_keys=ON; PRAGMA synchronous=EXTRA; PRAGMA secure_delete=ON;"
      "PRAGMA trusted_schema=OFF;";
  if (!options.read_only)
    settings += options.journal == JournalMode::Wal ? "PRAGMA journal_mode=WAL;"
                                                    : "PRAGMA journal_mode=DELETE;";
  // Reading the schema version makes a file that is no database show itself here.
  settings += "PRAGMA schema_version;";
  if (auto status = out->run(settings); !status.ok())
    return status.error().within("cannot open `" + path + "`");
  return out;
}

Database::~Database() { sqlite3_close_v2(connection(handle_)); }

Error Database::error_for(int code) const {
  return fail(kind_of(code), sqlite3_errmsg(connection(handle_)));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection(handle_), sql.data(),
                                      checked_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return error_for(code);
  if (statement == nullptr) return fail(ErrorKind::Internal, "an empty SQL statement");
  return Statement(*this, statement);
}

Status Database::run(const std::string& sql) {
  const int code = sqlite3_exec(connection(handle_), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_for(code);
  return {};
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection(handle_)); }
std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(connection(handle_));
}

bool Database::has_moved() const {
  int moved = 0;
  sqlite3_file_control(connection(handle_), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

Statement::~Statement() { sqlite3_finalize(compiled(handle_)); }
Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(std::exchange(other.handle_, nullptr)),
      bind_failed_(other.bind_failed_) {}

Statement& Statement::bind(int index, std::int64_t value) {
  if (sqlite3_bind_int64(compiled(handle_), index, value) != SQLITE_OK) bind_failed_ = true;
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL; empty text stays text.
  const char* data = text.data() == nullptr ? "" : text.data();
  if (sqlite3_bind_text64(compiled(handle_), index, data, text.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8) != SQLITE_OK)
    bind_failed_ = true;
  return *this;
}
Statement& Statement::bind(int index, ByteSpan blob) {
  const int code = blob.empty() ? sqlite3_bind_zeroblob(compiled(handle_), index, 0)
                                : sqlite3_bind_blob64(compiled(handle_), index, blob.data(),
                                                      blob.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) bind_failed_ = true;
  return *this;
}
Statement& Statement::bind_null(int index) {
  if (sqlite3_bind_null(compiled(handle_), index) != SQLITE_OK) bind_failed_ = true;
  return *this;
}

Result<bool> Statement::step() {
  if (bind_failed_)
    return fail(ErrorKind::Internal, "a parameter of an SQL statement cannot be bound");
  const int code = sqlite3_step(compiled(handle_));
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = database_->error_for(code);
  sqlite3_reset(compiled(handle_));
  return error;
}

Status Statement::run() {
  SEALANE_ASSIGN(const bool row, step());
  SEALANE_TRY(reset());
  if (row)
    return fail(ErrorKind::Internal, "an SQL statement returned rows where none were expected");
  return {};
}

Status Statement::reset() {
  sqlite3_reset(compiled(handle_));
  sqlite3_clear_bindings(compiled(handle_));
  bind_failed_ = false;
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(compiled(handle_), column);
}
std::string Statement::text(int column) const { return to_text(blob(column)); }
Bytes Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(compiled(handle_), column);
  const auto size = checked_cast<std::size_t>(sqlite3_column_bytes(compiled(handle_), column));
  if (data == nullptr) return {};
  return to_bytes(ByteSpan(static_cast<const std::byte*>(data), size));
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(compiled(handle_), column) == SQLITE_NULL;
}

Result<Transaction> Transaction::begin(Database& database) {
  // IMMEDIATE takes the write lock now, so that nothing read inside is out of date at commit.
  SEALANE_TRY(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) static_cast<void>(database_->run("ROLLBACK").ok());
}

Status Transaction::commit() {
  SEALANE_CHECK(database_ != nullptr);
  SEALANE_TRY(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace sealane::db
