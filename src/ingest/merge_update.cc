#include "ingest/merge_update.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ingest/sql.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::NameList;
using warehouse::QualifiedName;
using warehouse::QuoteName;

// What comes of each row of the stage whose key the table has.
constexpr const char* kFates =
    "(SELECT id, CASE WHEN bool_or(is_older) THEN 'superseded' "
    "WHEN bool_and(is_same) AND count(*) = 1 THEN 'unchanged' ELSE 'updated' END AS fate "
    "FROM sluice_matched GROUP BY id)";

// Columns that are compared, in two groups. Most rows of an increment did change, and a column or two show it: the
// others, most of what the table takes, are only read for rows that look the same so far.
struct Compared {
  std::vector<std::string> first;
  std::vector<std::string> rest;
};

bool IsNarrow(const format::SqlType& type) {
  using Kind = format::SqlType::Kind;
  return type.kind != Kind::kText && type.kind != Kind::kBoolean && type.kind != Kind::kSmallInt;
}

Compared ComparedColumns(const TargetTable& target) {
  constexpr size_t kFirst = 2;  // and the version, which is read anyway
  const std::vector<std::string> match = target.MatchColumns();
  Compared compared;
  for (const DdlColumn& column : target.columns) {
    if (std::find(match.begin(), match.end(), column.name) != match.end()) continue;
    const bool first =
        column.name == target.version || (IsNarrow(column.type) && compared.first.size() < kFirst);
    (first ? compared.first : compared.rest).push_back(column.name);
  }
  if (compared.first.size() + compared.rest.size() <= kFirst) {
    std::move(compared.rest.begin(), compared.rest.end(), std::back_inserter(compared.first));
    compared.rest.clear();
  } else if (compared.first.empty()) {
    compared.first.push_back(std::move(compared.rest.front()));
    compared.rest.erase(compared.rest.begin());
  }
  return compared;
}

std::string AreSame(const std::vector<std::string>& columns) {
  std::string same;
  for (const std::string& column : columns) {
    if (!same.empty()) same += " AND ";
    same += fmt::format("t.{0} IS NOT DISTINCT FROM s.{0}", QuoteName(column));
  }
  return same.empty() ? "true" : same;
}

class UpdateMerge {
 public:
  UpdateMerge(engine::Connection& connection, TableLoad& load)
      : connection_(connection),
        load_(load),
        table_(QualifiedName(load.target.name)),
        stage_(QualifiedName(load.stage)),
        compared_(ComparedColumns(load.target)) {}

  Status Run() {
    SLUICE_TRY(Match());
    if (!compared_.rest.empty()) SLUICE_TRY(CompareRest());
    const FileCounts before = load_.Total();
    SLUICE_TRY(Count());
    const FileCounts after = load_.Total();
    // Mostly all rows are published, and need no look at what comes of each.
    const bool all = after.unchanged == before.unchanged && after.superseded == before.superseded;
    SLUICE_TRY(Execute(fmt::format(
        "DELETE FROM {} WHERE rowid IN (SELECT place FROM sluice_matched{})", table_,
        all ? ""
            : fmt::format(" WHERE id IN (SELECT id FROM {} WHERE fate = 'updated')", kFates))));
    const std::string columns = NameList(load_.target.AllColumns());
    SLUICE_TRY(Execute(fmt::format(
        "INSERT INTO {} ({}) SELECT {} FROM {}{}", table_, columns, columns, stage_,
        all ? ""
            : fmt::format(" WHERE rowid NOT IN (SELECT id FROM {} WHERE fate <> 'updated')",
                          kFates))));
    return Execute("DROP TABLE sluice_matched");
  }

 private:
  Status Execute(const std::string& sql) { return connection_.Execute(sql).status(); }

  // The rows of the stage (`id`) and of the table (`place`) that have one key, each by its rowid, which no statement
  // of this transaction changes before it is used.
  Status Match() {
    return Execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE sluice_matched AS SELECT s.rowid AS id, t.rowid AS place, {} "
        "AS is_same, {} AS is_older FROM {} s JOIN {} t ON {}",
        AreSame(compared_.first), IsNewer(load_.target, "t", "s"), stage_, table_,
        Matches(load_.target, "t", "s")));
  }

  Status CompareRest() {
    SLUICE_ASSIGN(const auto alike,
                  connection_.Scalar("SELECT count(*) FROM sluice_matched WHERE is_same"));
    if (engine::ToInt(alike) == 0) return Status::Ok();
    return Execute(fmt::format(
        "UPDATE sluice_matched SET is_same = false WHERE is_same AND place NOT IN (SELECT t.rowid "
        "FROM {} t JOIN (SELECT m.place AS _sluice_place, {} FROM sluice_matched m JOIN {} r ON "
        "r.rowid = m.id WHERE m.is_same) s ON s._sluice_place = t.rowid WHERE {})",
        table_, NameList(compared_.rest, "r."), stage_, AreSame(compared_.rest)));
  }

  Status Count() {
    return AddCounts(
        connection_,
        fmt::format(
            "SELECT s.{0}, count(*) FILTER (f.fate IS NULL), count(*) FILTER (f.fate = 'updated'), "
            "count(*) FILTER (f.fate = 'unchanged'), count(*) FILTER (f.fate = 'superseded') "
            "FROM {1} s LEFT JOIN {2} f ON f.id = s.rowid GROUP BY s.{0}",
            QuoteName(kFileColumn), stage_, kFates),
        load_,
        {&FileCounts::inserted, &FileCounts::updated, &FileCounts::unchanged,
         &FileCounts::superseded});
  }

  engine::Connection& connection_;
  TableLoad& load_;
  const std::string table_;
  const std::string stage_;
  const Compared compared_;
};

}  // namespace

Status MergeUpdate(engine::Connection& connection, TableLoad& load) {
  return UpdateMerge(connection, load).Run();
}

}  // namespace sluice::ingest
