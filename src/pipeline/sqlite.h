// SQLite with errors as values, as much of it as the list of runs needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::pipeline {

class SqliteStatement;

// One open file. Not thread-safe.
class SqliteFile {
 public:
  // Made when it is not there. Other processes are waited for up to ten seconds.
  static Result<SqliteFile> Open(const std::string& path);
  SqliteFile(SqliteFile&& other) noexcept;
  SqliteFile& operator=(SqliteFile&& other) noexcept;
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile();

  // Statements without parameters and rows.
  Status Execute(const std::string& sql);
  Result<SqliteStatement> Prepare(std::string_view sql);

 private:
  friend class SqliteStatement;
  SqliteFile(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  Status Error() const;

  std::string path_;
  sqlite3* handle_ = nullptr;
};

// Lives no longer than its file.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement();

  // Parameters in the order of the `?`.
  SqliteStatement& Bind(std::string_view text);
  SqliteStatement& Bind(int64_t number);

  // Goes to the next row; false at the end.
  Result<bool> Next();
  // Of the current row; "" and 0 for NULL.
  std::string Text(int column) const;
  int64_t Number(int column) const;

 private:
  friend class SqliteFile;
  SqliteStatement(const SqliteFile& file, sqlite3_stmt* handle) : file_(file), handle_(handle) {}

  const SqliteFile& file_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
  bool failed_ = false;
};

}  // namespace sluice::pipeline
