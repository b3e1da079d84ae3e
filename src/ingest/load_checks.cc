#include "ingest/load_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
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

// The rows that would stand after publishing and that rows of the stage could clash with.
std::string PublishedRelation(const TableLoad& load, const std::vector<std::string>& columns,
                              bool target_is_there) {
  const std::string stage = QualifiedName(load.stage);
  if (!target_is_there || load.target.merge == Merge::kReplace) return stage;
  std::string replaced;
  if (load.target.merge == Merge::kUpdateInsert) {
    replaced = fmt::format(" AND NOT EXISTS (SELECT 1 FROM {} r WHERE {})", stage,
                           Matches(load.target, "r", "t"));
  } else if (!load.gone.empty()) {
    replaced = fmt::format(" AND NOT EXISTS (SELECT 1 FROM {} r WHERE {})",
                           QualifiedName(load.gone), Matches(load.target, "r", "t"));
  }
  return fmt::format(
      "(SELECT {0} FROM {1} UNION ALL SELECT {0} FROM {2} t WHERE EXISTS (SELECT 1 FROM {1} s "
      "WHERE "
      "{3}){4})",
      NameList(columns), stage, QualifiedName(load.target.name), EqualKeys(columns, "s", "t"),
      replaced);
}

Result<quality::CheckResult> CheckVolume(engine::Connection& connection, const config::Check& check,
                                         const TableLoad& load) {
  const LoadFile& first = load.files.front();
  SLUICE_ASSIGN(const auto history, LoadHistory(connection, load.ingest, load.target.name,
                                                first.pod, check.volume.last));
  return quality::CompareVolume(check, static_cast<double>(load.Total().read), history, load.label);
}

}  // namespace

Result<std::vector<quality::CheckResult>> CheckLoad(engine::Connection& connection,
                                                    const config::Ingest& ingest,
                                                    const TableLoad& load) {
  std::vector<quality::CheckResult> results;
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, load.target.name));
  for (const config::Check& check : ChecksOf(ingest, load.target)) {
    if (check.kind == config::Check::Kind::kVolume) {
      // A full load is no increment: it neither is judged by the baseline nor becomes part of it.
      const bool full = load.files.front().full;
      if (full || check.volume.per == config::VolumeCheck::Per::kDay) continue;
      SLUICE_ASSIGN(auto result, CheckVolume(connection, check, load));
      results.push_back(std::move(result));
      continue;
    }
    quality::Subject subject;
    subject.name = load.label;
    subject.relation = QualifiedName(load.stage);
    subject.columns = load.target.AllColumns();
    if (check.kind == config::Check::Kind::kUnique) {
      subject.published_relation = PublishedRelation(load, check.columns, !present.empty());
      subject.look_into = check.on_failure == config::OnFailure::kFail ? QualifiedName(load.stage)
                                                                       : load.target.name;
      // Rows are only added: those of the table are the other half of what would stand there.
      if (check.on_failure == config::OnFailure::kFail && !present.empty() &&
          load.target.merge == Merge::kAppend) {
        subject.look_into =
            fmt::format("(SELECT {0} FROM {1} UNION ALL SELECT {0} FROM {2})",
                        Join(check.columns, ", "), QualifiedName(load.stage), load.target.name);
      }
    }
    SLUICE_ASSIGN(auto result, quality::RunColumnCheck(connection, check, subject));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace sluice::ingest
