#include "ingest/quarantine_portions.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

constexpr size_t kRowsPerPortion = 10'000;
constexpr const char* kWithFiles =
    "FROM _sluice.quarantine AS q LEFT JOIN _sluice.files AS f ON f.file_id = q.file_id AND "
    "f.load_id = q.load_id WHERE q.table_name = $1";

}  // namespace

Result<QuarantinePortions> QuarantinePortions::Open(engine::Connection& connection,
                                                    const std::string& table) {
  QuarantinePortions portions(connection);
  SLUICE_ASSIGN(const auto ingests,
                connection.Rows("SELECT DISTINCT ingest FROM _sluice.quarantine WHERE table_name = "
                                "$1 ORDER BY 1",
                                {table}));
  for (const auto& row : ingests) portions.ingests_.push_back(engine::ToText(row[0]));
  SLUICE_ASSIGN(
      const auto columns,
      connection.Rows(fmt::format("SELECT f.file_columns, min(f.rowid) {} AND f.file_columns IS "
                                  "NOT NULL GROUP BY 1 ORDER BY 2",
                                  kWithFiles),
                      {table}));
  for (const auto& row : columns) {
    for (const std::string& name : Split(engine::ToText(row[0]), '\n')) {
      const auto& known = portions.columns_;
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        portions.columns_.push_back(name);
      }
    }
  }
  SLUICE_ASSIGN(auto rows, connection.Query(fmt::format("SELECT q.rowid {} ORDER BY q.ingest, "
                                                        "f.rowid, q.byte_offset",
                                                        kWithFiles),
                                            {table}));
  while (true) {
    SLUICE_ASSIGN(const auto batch, rows.Next());
    if (!batch) break;
    for (size_t r = 0; r < batch->rows(); ++r) portions.rows_.push_back(batch->integer(0, r));
  }
  return portions;
}

Result<std::vector<QuarantineEntry>> QuarantinePortions::Next() {
  std::string ids;
  const size_t end = std::min(rows_.size(), next_ + kRowsPerPortion);
  for (; next_ < end; ++next_) ids += (ids.empty() ? "" : ", ") + std::to_string(rows_[next_]);
  if (ids.empty()) return std::vector<QuarantineEntry>();
  // One value, instead of ten thousand numbers in the statement.
  return ReadQuarantine(*connection_,
                        "q.rowid IN (SELECT CAST(unnest(string_split($1, ', ')) AS BIGINT))", {ids},
                        std::numeric_limits<int64_t>::max());
}

}  // namespace sluice::ingest
