#include "ingest/monthly_snapshot.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ddl.h"

namespace sluice::ingest {
namespace {

constexpr uint64_t kFirstYear = 2000;
constexpr uint64_t kLastYear = 2199;

// Year first, with or without a separator: "2026-10-01", "20261001", "2026_10_01". With the year last nobody can
// tell day and month apart.
std::optional<std::chrono::year_month_day> ParseExtractDate(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != '-' && c != '_' && c != '.') digits += c;
  }
  if (digits.size() != 8) return std::nullopt;
  const auto year = ParseUnsigned(digits.substr(0, 4));
  const auto month = ParseUnsigned(digits.substr(4, 2));
  const auto day = ParseUnsigned(digits.substr(6, 2));
  if (!year || !month || !day || *year < kFirstYear || *year > kLastYear) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::optional<SnapshotFile> Parse(const connector::StoredFile& file, std::string_view path) {
  const std::vector<std::string> parts = Split(path, '/');
  constexpr size_t kFewest = 6;
  if (parts.size() < kFewest || !EndsWith(Lower(parts.back()), ".zip")) return std::nullopt;
  const auto date = ParseExtractDate(parts[1]);
  const auto group = ParseUnsigned(parts[3]);
  if (!date || !group || *group > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return SnapshotFile{file, *date, parts[2], static_cast<int64_t>(*group),
                      CanonicalTableName(parts[4])};
}

}  // namespace

std::optional<Month> Month::Parse(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  const auto year = ParseUnsigned(text.substr(0, 4));
  const auto month = ParseUnsigned(text.substr(5));
  if (!year || !month || *year < kFirstYear || *year > kLastYear || *month < 1 || *month > 12) {
    return std::nullopt;
  }
  return Month{std::chrono::year(static_cast<int>(*year)) /
               std::chrono::month(static_cast<unsigned>(*month))};
}

std::string Month::Text() const {
  return fmt::format("{:04}-{:02}", static_cast<int>(value.year()),
                     static_cast<unsigned>(value.month()));
}

std::string Month::FirstDay() const {
  return Text() + "-01";
}

Month Month::Next() const {
  return {value + std::chrono::months(1)};
}

env::Micros Month::Begins() const {
  const std::chrono::sys_days day = value / std::chrono::day(1);
  return std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch()).count();
}

Snapshots ReadSnapshots(const connector::Listing& listing, std::string_view prefix) {
  Snapshots snapshots;
  for (const connector::StoredFile& file : listing.files) {
    if (!StartsWith(file.path, prefix)) continue;
    const std::string_view path = std::string_view(file.path).substr(prefix.size());
    const std::string_view first = path.substr(0, path.find('/'));
    if (!EqualsIgnoreCase(first, "MonthlySnapshot") || path.back() == '/') continue;
    if (auto parsed = Parse(file, path)) {
      snapshots.files.push_back(std::move(*parsed));
    } else {
      snapshots.odd.push_back(file.path);
    }
  }
  return snapshots;
}

bool IsLeftOutOfSnapshots(std::string_view table) {
  static constexpr std::array<std::string_view, 8> kLeftOut = {
      "bi_factemployeemembershipcommissions",
      "bi_factitemcommissiondeductions",
      "bi_factmultipleemployeecommission",
      "bi_factadoptionsummary",
      "bi_factopportunitycustomfieldvalues",
      "bi_dimutctocentertime",
      "bi_factcampaignsummary",
      "bi_factemployeeitemlevelcommissions",
  };
  return std::find(kLeftOut.begin(), kLeftOut.end(), table) != kLeftOut.end();
}

Status LeftOut(std::string_view table) {
  return ConfigError(
      fmt::format("{}: the vendor leaves this table out of its monthly snapshots", table),
      "Have it sent as a full load");
}

}  // namespace sluice::ingest
