// Owners for the C API's handles, and the helpers on its types that several files of engine/ use.
// Private to this folder.
#pragma once

#include <memory>
#include <string>

#include <duckdb.h>

#include "base/int128.h"
#include "base/status.h"
#include "engine/batch.h"

namespace sluice::engine {

class LogicalType {
 public:
  explicit LogicalType(duckdb_logical_type type) : type_(type) {}
  ~LogicalType() { duckdb_destroy_logical_type(&type_); }
  LogicalType(const LogicalType&) = delete;
  LogicalType& operator=(const LogicalType&) = delete;
  duckdb_logical_type get() const { return type_; }

 private:
  duckdb_logical_type type_;
};

class Prepared {
 public:
  Prepared() = default;
  ~Prepared() { duckdb_destroy_prepare(&statement_); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  duckdb_prepared_statement get() const { return statement_; }
  duckdb_prepared_statement* address() { return &statement_; }

 private:
  duckdb_prepared_statement statement_ = nullptr;
};

// Our type for the engine's; kOther for those that only travel as the engine's text.
Type FromEngineType(duckdb_type type);
// "DECIMAL(19,0)", "VARCHAR", ...; for kOther the engine's name of the kind.
std::string SqlTypeName(duckdb_logical_type type);

// The type of that name, for functions: "BIGINT", "DECIMAL(19,0)", ...
Result<std::unique_ptr<LogicalType>> MakeType(const std::string& name);

// The engine's message as a Status with the code that it deserves.
Status EngineError(const char* message);

// `value` / 10^`scale` as exact text: 12345, 2 -> "123.45".
std::string DecimalText(Int128 value, int scale);
// Days and microseconds since 1970 as canonical text.
std::string DateText(int64_t days);
std::string TimestampText(int64_t micros);

}  // namespace sluice::engine
