// What a drop of Zenoti holds below MonthlySnapshot, read off the names of its files (docs/zenoti.md):
//
//   MonthlySnapshot/<extract date>/<POD>/<group>/<table>/…/<log id>.<log id>.zip
//
// The extract of a month is dated at the first day of the following one. Its groups (from 1000 on) have nothing to
// do with those of the increments. Pure: works on a listing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connector/store.h"
#include "env/clock.h"

namespace sluice::ingest {

struct Month {
  std::chrono::year_month value{};

  // "2026-09"; nothing for anything else, or a month before 2000 or after 2199.
  static std::optional<Month> Parse(std::string_view text);
  std::string Text() const;      // "2026-09"
  std::string FirstDay() const;  // "2026-09-01"
  Month Next() const;
  env::Micros Begins() const;  // midnight UTC of its first day

  auto operator<=>(const Month&) const = default;
};

struct SnapshotFile {
  connector::StoredFile file;
  std::chrono::year_month_day extract{};
  std::string pod;
  int64_t group = 0;
  std::string table;  // canonical

  bool IsOf(const Month& month) const {
    return extract == month.Next().value / std::chrono::day(1);
  }
};

struct Snapshots {
  std::vector<SnapshotFile> files;  // in the order of their paths
  std::vector<std::string> odd;     // paths that fit no rule
};

// `prefix` is cut off the paths first ("" or ends with '/').
Snapshots ReadSnapshots(const connector::Listing& listing, std::string_view prefix);

// Whether the vendor leaves this table (canonical) out of its snapshots, and the error that says so.
bool IsLeftOutOfSnapshots(std::string_view table);
Status LeftOut(std::string_view table);

}  // namespace sluice::ingest
