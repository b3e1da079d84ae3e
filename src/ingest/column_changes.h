// The columns that a table is to have against those that it has, and what of it can be applied: columns
// that are new, that have another name, or whose type became wider. Nothing here loses a value.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "format/strict.h"
#include "ingest/table_load.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {

// Whether every value of `from` is exactly one of `to`, and stays the same value: 7 as a BIGINT, 7.00 as
// a DECIMAL, a day as its midnight, a whole number as its digits. Other types have several texts for one value
// (12.50 and 12.5, true and 1), and the table does not know which one a file had.
bool IsWidening(const format::SqlType& from, const format::SqlType& to);

struct ColumnChange {
  enum class Kind {
    kAdd,       // the table does not have it
    kRename,    // the table has it under the name `old_name`
    kWiden,     // `old_type` becomes a wider one
    kMismatch,  // `old_type` cannot become `type` without losing values
  } kind = Kind::kAdd;
  std::string column;
  std::string type;      // as the engine writes it
  std::string old_name;  // kRename
  std::string old_type;  // kWiden, kMismatch

  bool BecomesText() const;  // or would
};

// A column of the key, and `version`, never become text.
// What differs for the columns of `target` (without those of lineage), in their order. A column that is
// renamed and widened gives two changes, the rename first.
std::vector<ColumnChange> CompareColumns(const TargetTable& target,
                                         std::span<const warehouse::ColumnInfo> present);

// "column amount is added", "column e_mail becomes email", "column id: INTEGER becomes BIGINT".
std::string Describe(const ColumnChange& change);

// Does to `table`, which has the columns `present`, what CompareColumns finds, kMismatch excepted,
// which is kFailed. ALTERs only: in a transaction they have to come before what deletes or inserts.
Status ApplyColumnChanges(engine::Connection& connection, const TargetTable& target,
                          const std::string& table, std::span<const warehouse::ColumnInfo> present);

// Adds those of `present` that `target` does not have, with their types, but for columns of ours, for
// those that are to be renamed, and for types that no file can fill.
void TakeColumns(std::span<const warehouse::ColumnInfo> present, TargetTable& target);

}  // namespace sluice::ingest
