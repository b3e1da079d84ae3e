#include "ingest/load_checks.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/earlier_files.h"
#include "ingest/existing_table.h"
#include "ingest/ledger.h"
#include "ingest/sql.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::EqualKeys;
using warehouse::NameList;
using warehouse::QualifiedName;

std::vector<config::Check> ChecksOf(const config::Ingest& ingest, const TargetTable& target) {
  std::vector<config::Check> checks;
  const auto concerns = [&](const config::Check& check) {
    return check.tables.empty() ||
           std::any_of(check.tables.begin(), check.tables.end(), [&](const std::string& table) {
             return CanonicalTableName(table) == target.name;
           });
  };
  std::copy_if(ingest.checks.begin(), ingest.checks.end(), std::back_inserter(checks), concerns);
  for (const config::Table& table : ingest.tables) {
    if (CanonicalTableName(table.name) != target.name) continue;
    checks.insert(checks.end(), table.checks.begin(), table.checks.end());
  }
  for (config::Check& check : checks) {
    // `unique: key`
    if (check.kind == config::Check::Kind::kUnique && check.columns.empty()) {
      check.columns = target.MatchColumns();
    }
  }
  return checks;
}

bool OneRowPerKey(const TargetTable& target) {
  return target.merge == Merge::kUpdateInsert || target.merge == Merge::kUpsert;
}

// Reducing has left one row of each key in the stage, and merging takes every row of these keys out of
// the table: a query could find nothing.
bool IsUniqueByMerging(const config::Check& check, const TargetTable& target) {
  if (check.kind != config::Check::Kind::kUnique || !OneRowPerKey(target)) return false;
  const std::vector<std::string> match = target.MatchColumns();
  return std::all_of(match.begin(), match.end(), [&](const std::string& column) {
    return std::find(check.columns.begin(), check.columns.end(), column) != check.columns.end();
  });
}

// The rows that would stand after publishing and that rows of the stage could clash with.
std::string PublishedRelation(const TableLoad& load, const TargetTable& into,
                              const std::vector<std::string>& columns,
                              const std::vector<warehouse::ColumnInfo>& present) {
  const TargetTable& target = load.target;
  const std::string stage = QualifiedName(load.stage);
  if (present.empty() || target.merge == Merge::kReplace) return stage;
  const std::vector<std::string> match = target.MatchColumns();
  const bool by_key = std::all_of(match.begin(), match.end(), [&](const std::string& name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  });
  // Each row of the stage replaces all that have its key, or is not published.
  if (by_key && OneRowPerKey(target)) return stage;
  std::vector<std::string> names;
  for (const warehouse::ColumnInfo& column : present) names.push_back(column.name);
  const std::string table = RelationWithAllColumns(into, names);
  std::string published = stage;
  std::string clashing = stage;
  std::string replaced;
  if (OneRowPerKey(target)) {
    const std::string newer = IsNewer(target, "t", "r");
    replaced = fmt::format(" WHERE NOT EXISTS (SELECT 1 FROM {} r WHERE {} AND NOT {})", stage,
                           Matches(target, "r", "t"), newer);
    if (!target.version.empty()) {
      published =
          fmt::format("(SELECT * FROM {} r WHERE NOT EXISTS (SELECT 1 FROM {} t WHERE {} AND {}))",
                      stage, table, Matches(target, "t", "r"), newer);
    }
  } else if (!load.gone.empty()) {
    const auto without_gone = [&](std::string_view row) {
      return fmt::format(" WHERE NOT EXISTS (SELECT 1 FROM {} r WHERE {})",
                         QualifiedName(load.gone), Matches(target, "r", row));
    };
    // A row of the table that clashes has the key of the stage's row too: asked of the stage, which is
    // small, the question costs nothing. Asked of the table it takes longer than all else together.
    if (by_key) {
      clashing = fmt::format("(SELECT * FROM {} c{})", stage, without_gone("c"));
    } else {
      replaced = without_gone("t");
    }
  } else if (!load.replaced.empty()) {
    replaced =
        fmt::format(" WHERE t.{} NOT {}", warehouse::QuoteName(kFileColumn), InReplaced(load));
  }
  return fmt::format(
      "(SELECT {0} FROM {1} UNION ALL SELECT {0} FROM {2} t SEMI JOIN {3} s ON {4}{5})",
      NameList(columns), published, table, clashing, EqualKeys(columns, "s", "t"), replaced);
}

// A full load is no increment: it neither is judged by the baseline nor becomes part of it. But where each
// load replaces the table all are full, and the first has nobody to be compared with.
Result<std::optional<quality::CheckResult>> CheckVolume(engine::Connection& connection,
                                                        const config::Check& check,
                                                        const TableLoad& load) {
  const LoadFile& first = load.files.front();
  const bool replaces = load.target.merge == Merge::kReplace;
  if (first.full && !replaces) return std::optional<quality::CheckResult>();
  // Groups have an order: one that is made again is judged by those before it.
  const int64_t before = load.target.has_pod ? first.group : std::numeric_limits<int64_t>::max();
  SLUICE_ASSIGN(const auto history,
                LoadHistory(connection, load.ingest, load.target.name, first.pod,
                            replaces ? "full" : "increment", before, check.volume.last));
  if (replaces && history.empty()) return std::optional<quality::CheckResult>();
  return std::optional(quality::CompareVolume(
      check, static_cast<double>(load.Total().read + load.rows_before), history, load.label));
}

// A replacement without rows is more likely a mistake on the way than the truth. Needs no declaration.
Result<std::optional<quality::CheckResult>> CheckNotEmptied(engine::Connection& connection,
                                                            const TableLoad& load) {
  SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, load.target.name));
  if (kind.empty()) return std::optional<quality::CheckResult>();
  const auto count = [&](const std::string& table) {
    return connection.Scalar("SELECT count(*) FROM " + QualifiedName(table));
  };
  SLUICE_ASSIGN(const auto staged, count(load.stage));
  SLUICE_ASSIGN(const auto there, count(load.target.name));
  const auto before = static_cast<uint64_t>(engine::ToInt(there));
  if (engine::ToInt(staged) > 0 || before == 0) return std::optional<quality::CheckResult>();
  quality::CheckResult result;
  result.check = "not emptied";
  result.outcome = quality::Outcome::kFail;
  result.measured = 0;
  result.low = 1;
  result.message =
      fmt::format("{} would go from {} to 0", load.target.name, Counted(before, "row"));
  return std::optional<quality::CheckResult>(std::move(result));
}

}  // namespace

Result<std::vector<quality::CheckResult>> CheckLoad(engine::Connection& connection,
                                                    const config::Ingest& ingest,
                                                    const TableLoad& load,
                                                    const CheckScope& scope) {
  TargetTable into = load.target;
  if (!scope.table.empty()) into.name = scope.table;
  std::vector<quality::CheckResult> results;
  if (load.target.merge == Merge::kReplace) {
    SLUICE_ASSIGN(const auto emptied, CheckNotEmptied(connection, load));
    if (emptied) results.push_back(*emptied);
  }
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, into.name));
  for (const config::Check& check : ChecksOf(ingest, load.target)) {
    if (scope.unique_only && (check.kind != config::Check::Kind::kUnique ||
                              check.on_failure != config::OnFailure::kFail)) {
      continue;
    }
    if (check.kind == config::Check::Kind::kVolume) {
      if (check.volume.per == config::VolumeCheck::Per::kDay) continue;
      SLUICE_ASSIGN(auto result, CheckVolume(connection, check, load));
      if (result) results.push_back(*std::move(result));
      continue;
    }
    if (IsUniqueByMerging(check, load.target)) {
      quality::CheckResult& unique = results.emplace_back();
      unique.check = check.Name();
      unique.measured = unique.high = 0;
      continue;
    }
    quality::Subject subject;
    subject.name = load.label;
    subject.relation = QualifiedName(load.stage);
    subject.columns = load.target.AllColumns();
    if (check.kind == config::Check::Kind::kUnique) {
      subject.published_relation = PublishedRelation(load, into, check.columns, present);
    }
    SLUICE_ASSIGN(auto result, quality::RunColumnCheck(connection, check, subject));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace sluice::ingest
