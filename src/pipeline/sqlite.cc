#include "pipeline/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::pipeline {
namespace {

constexpr int kBusyMilliseconds = 10'000;
constexpr mode_t kMode = 0600;  // what was typed is in it

}  // namespace

Result<SqliteFile> SqliteFile::Open(const std::string& path) {
  // A file that is there already is left alone: closing one ends the locks that this process has on it.
  const int made = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  if (made >= 0) close(made);
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  SqliteFile file(path, handle);
  if (opened != SQLITE_OK) return file.Error();
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return file;
}

SqliteFile::SqliteFile(SqliteFile&& other) noexcept
    : path_(std::move(other.path_)), handle_(std::exchange(other.handle_, nullptr)) {}

SqliteFile& SqliteFile::operator=(SqliteFile&& other) noexcept {
  if (this != &other) {
    sqlite3_close(handle_);
    path_ = std::move(other.path_);
    handle_ = std::exchange(other.handle_, nullptr);
  }
  return *this;
}

SqliteFile::~SqliteFile() {
  sqlite3_close(handle_);
}

Status SqliteFile::Error() const {
  const char* why = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return BusyError(fmt::format("{}: another process has had it for long", path_));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return FailedError(fmt::format("{} cannot be written: the list of runs is kept there", path_),
                         fmt::format("Let this user write in {}, or run as the user who owns it",
                                     env::Dirname(path_)));
    case SQLITE_FULL:
      return FailedError(fmt::format("there is no room left for {}", path_), "Make room there");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return FailedError(fmt::format("{} is damaged: it is no list of runs any more", path_),
                         fmt::format("mv {0} {0}.damaged; tables and syncs do not need it", path_));
    default:
      return FailedError(fmt::format("{}: {}", path_, why));
  }
}

Status SqliteFile::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return Status::Ok();
  }
  return Error();
}

Result<SqliteStatement> SqliteFile::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK) {
    return Error();
  }
  return SqliteStatement(*this, statement);
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : file_(other.file_),
      handle_(std::exchange(other.handle_, nullptr)),
      bound_(other.bound_),
      failed_(other.failed_) {}

SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(handle_);
}

SqliteStatement& SqliteStatement::Bind(std::string_view text) {
  failed_ = sqlite3_bind_text64(handle_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                                SQLITE_UTF8) != SQLITE_OK ||
            failed_;
  return *this;
}

SqliteStatement& SqliteStatement::Bind(int64_t number) {
  failed_ = sqlite3_bind_int64(handle_, ++bound_, number) != SQLITE_OK || failed_;
  return *this;
}

Result<bool> SqliteStatement::Next() {
  if (failed_) return file_.Error();
  const int step = sqlite3_step(handle_);
  if (step == SQLITE_ROW) return true;
  if (step == SQLITE_DONE) return false;
  return file_.Error();
}

std::string SqliteStatement::Text(int column) const {
  const auto* text = sqlite3_column_text(handle_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

int64_t SqliteStatement::Number(int column) const {
  return sqlite3_column_int64(handle_, column);
}

}  // namespace sluice::pipeline
