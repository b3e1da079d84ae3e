// The schema files of a drop: Redshift's CREATE TABLE and ALTER TABLE … ADD COLUMN, read for names and
// types. Everything that only concerns Redshift's storage (distkey, sortkey, encode, constraints) is
// understood and passed over. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/strict.h"

namespace sluice::ingest {

struct DdlColumn {
  std::string name;  // lower-cased
  format::SqlType type;
  // Of a column that a project declares (config::Column).
  std::vector<std::string> from = {};
  std::string renamed_from = {};
  std::string date_format = {};  // "" as the files of its table
  bool operator==(const DdlColumn&) const = default;
};

struct DdlStatement {
  enum class Kind { kCreateTable, kAddColumns } kind = Kind::kCreateTable;
  std::string table;  // lower-cased, without schema; the vendor's suffix still on
  std::vector<DdlColumn> columns;
  std::vector<std::string> dist_key;  // evidence for the proposal of a key
  std::vector<std::string> sort_key;
};

// One or more statements, separated by ';'. Comments, BOMs, quoted names, any case. kRejected with the
// line for what it does not understand: DROP, other ALTERs, unknown types, a column twice.
Result<std::vector<DdlStatement>> ParseDdl(std::string_view text);

// The name under which a table is known: lower-cased, without the suffix `_s3` that the vendor's
// sample gives its targets.
std::string CanonicalTableName(std::string_view name);

}  // namespace sluice::ingest
