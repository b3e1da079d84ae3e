// What all values of a file can be: its columns, each with a trial of its types. Of several files these are put together.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/discover.h"
#include "config/project.h"
#include "env/clock.h"
#include "format/csv_reader.h"

namespace sluice::cli {

struct TriedColumns {
  std::vector<std::string> names;
  std::vector<TypeTrial> types;
  uint64_t rows = 0;
  uint64_t broken = 0;    // records that are none
  bool encoding = false;  // one of these is no valid UTF-8
  bool all_read = true;   // else there are more rows

  // By name; those that are new stand at the end.
  void Merge(const TriedColumns& other);
  // A line for each column that is text because of a few of its values.
  std::vector<std::string> NearlyTyped(int least_scale) const;
};

inline constexpr uint64_t kEveryRow = std::numeric_limits<uint64_t>::max();

// The names of the CSV file at `path`: of its header unless `csv.header` is kNo; then column1, column2 … None: it is
// empty.
Result<std::vector<std::string>> NamesOfCsv(const std::string& path, const config::CsvOptions& csv);

using EachRow = std::function<void(std::span<const format::CsvCell>)>;

// Reads at most `most` rows of the CSV file at `path` with the columns `names`. Each goes to `each_row` (may be empty)
// as well. kCancelled.
Result<TriedColumns> TryCsv(const std::string& path, const config::CsvOptions& csv,
                            const std::vector<std::string>& names, uint64_t most,
                            const EachRow& each_row, const env::Cancel* cancel);

// Reads the JSON file at `path`: first which keys there are, then what stands under them. kRejected where it has none, or
// so many that they are values. kCancelled.
Result<TriedColumns> TryJson(const std::string& path, const env::Cancel* cancel);

}  // namespace sluice::cli
