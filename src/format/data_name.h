// What the name of a file says of its format, and whether it is meant as data at all.
#pragma once

#include <string>
#include <string_view>

namespace sluice::format {

// "Orders.CSV.gz" in its parts. The views are of the name that was split.
struct DataName {
  std::string_view stem;     // "Orders"
  std::string ending;        // ".csv", lower-cased; "" when no format that is read is called so
  std::string_view written;  // the ending as it is written: ".CSV"
  std::string_view packed;   // ".gz", ".zst" or ".zip" as it is written, or ""
};
DataName SplitDataName(std::string_view name);

// The name says a format that is read: .csv, .tsv, .txt, .json, .jsonl, .ndjson or .parquet, compressed or not.
bool LooksLikeData(std::string_view path);

// What programs lay beside data: names that begin with "." or "_" (also of a folder of the path), checksums, and what
// is still being copied (".tmp", ".part" and others).
bool IsBesideData(std::string_view path);

}  // namespace sluice::format
