// Rows in quarantine and what is decided about them: a fix is the text that is read in the row's place
// from now on, a discard leaves the row out for good. Both are entries of `_sluice.quarantine_fixes`
// at the row's place; row_fixes.h carries them out wherever the file is staged, replay.h brings fixes
// into a table that is loaded already.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "format/csv_reader.h"
#include "ingest/file_shape.h"
#include "ingest/table_load.h"
#include "quality/holds.h"

namespace sluice::ingest {

struct QuarantineEntry {
  int64_t id = 0;
  int64_t load_id = 0;
  int64_t file_id = 0;
  std::string ingest;
  std::string table;
  std::string connection;
  std::string pod;
  std::string address;
  std::string content_hash;
  int64_t line = 0;
  int64_t byte_offset = 0;
  std::string column;
  std::string value;
  std::string reason;
  std::string rule;
  std::string raw;
  bool raw_cut = false;
  std::vector<std::string> file_columns;  // empty: not noted (by version 1 of the state)
  std::string file_state;                 // loaded, held, skipped
  int64_t reading = 0;                    // how the file was read (reading.h); 0: not known
  std::string fix;             // text of the fix that waits for its replay; "" without one
  std::string IdText() const;  // 16 hex digits
};

// `where` is a condition on q (quarantine), or "true". In the order of table, file and line.
Result<std::vector<QuarantineEntry>> ReadQuarantine(engine::Connection& connection,
                                                    const std::string& where,
                                                    const std::vector<engine::Value>& parameters,
                                                    int64_t limit);

// The rows of an id or a unique beginning of one: several when the same content lies under several
// names. `table` narrows where one file fills two tables; "" asks for it then. kNotFound, kConfig.
Result<std::vector<QuarantineEntry>> FindQuarantined(engine::Connection& connection,
                                                     const std::string& id,
                                                     const std::string& table);

// The target of a table by what project and schema files say now.
Result<TargetTable> TargetOf(engine::Connection& connection, const config::Ingest& ingest,
                             const std::string& table);

// Makes and judges changed rows of one table.
class RowEditor {
 public:
  explicit RowEditor(TargetTable target) : target_(std::move(target)) {}
  const TargetTable& target() const { return target_; }

  // How the row's file stands to the table today: "" for columns that the table does not take.
  FileShape ShapeOf(const QuarantineEntry& entry) const;

  // The cells of the row, NULL as nothing, by the file's columns. kRejected when they cannot be told
  // apart: the row is cut, or has not as many cells as the file has columns.
  Result<std::vector<std::optional<std::string>>> CellsOf(const QuarantineEntry& entry) const;
  // The row with cells changed, all others as they were; nothing is NULL. kConfig for a column that the
  // file does not have. A record of JSON keeps everything else as it stands.
  using Changes = std::map<std::string, std::optional<std::string>>;
  Result<std::string> Changed(const QuarantineEntry& entry, const Changes& changes) const;

  // kRejected with line, column and reason when `text` is not one row of the file that fits the table.
  Status Judge(const QuarantineEntry& entry, const std::string& text) const;

 private:
  Result<std::string> ChangedJson(const QuarantineEntry& entry, const Changes& changes) const;
  TargetTable WithBroughtColumns(const FileShape& shape) const;
  TargetTable target_;
};

// Stores what was decided, in place of what was decided before about the same rows. In the caller's
// transaction. Rows with the same id are decided together: `entries` has all of them.
Status StoreFixes(engine::Connection& connection, const std::vector<QuarantineEntry>& entries,
                  const std::vector<std::string>& texts, const std::string& reason,
                  const quality::RunInfo& run);
// Stores it and moves the rows from quarantined to skipped in the counts of their files and loads.
Status DiscardRows(engine::Connection& connection, const std::vector<QuarantineEntry>& entries,
                   const std::string& reason, const quality::RunInfo& run);

// Takes rows out of quarantine. In the caller's transaction.
Status RemoveFromQuarantine(engine::Connection& connection,
                            const std::vector<QuarantineEntry>& entries);
// Adds `counts` (read is left as it is) to those of a file and its load.
Status AmendCounts(engine::Connection& connection, int64_t load_id, int64_t file_id,
                   const FileCounts& counts);

}  // namespace sluice::ingest
