#include "ingest/earlier_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/portions.h"
#include "ingest/superseded_rows.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;
using warehouse::QualifiedName;
using warehouse::QuoteName;

// Whose files: those that this ingest has loaded into the table, or those of every ingest, one by hand included.
enum class Of { kIngest, kTable };

// Calls `take(row)` for the rows of `select … AND column IN (…)`, over all `values`, in portions.
template <typename Take>
Status ForAll(engine::Connection& connection, const TableLoad& load, Of of,
              const std::string& select, const std::string& column,
              const std::vector<std::string>& values, Take take) {
  const auto ask = [&](const std::string& places, const std::vector<Value>& bound) -> Status {
    SLUICE_ASSIGN(
        const auto rows,
        connection.Rows(
            fmt::format("{} WHERE {} AND table_name = $2 AND state = 'loaded' "
                        "AND {} IN ({})",
                        select, of == Of::kIngest ? "ingest = $1" : "$1::VARCHAR IS NOT NULL",
                        column, places),
            bound));
    for (const auto& row : rows) take(row);
    return Status::Ok();
  };
  return ForEachPortion(values, {load.ingest, load.target.name}, ask);
}

}  // namespace

std::string InReplaced(const TableLoad& load) {
  std::string ids;
  for (const int64_t id : load.replaced) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
  return "IN (" + ids + ")";
}

Status FindEarlierVersions(engine::Connection& connection, TableLoad& load) {
  load.replaced.clear();
  if (load.target.merge == Merge::kUpsert) return FindSupersededRows(connection, load);
  if (load.target.merge != Merge::kAppend) return Status::Ok();
  std::vector<std::string> addresses;
  std::set<std::pair<std::string, std::string>> replacing;  // address, connection
  for (const LoadFile& file : load.files) {
    if (!file.replaces) continue;
    addresses.push_back(file.stored.path);
    replacing.emplace(file.stored.path, file.connection);
  }
  SLUICE_TRY(ForAll(connection, load, Of::kIngest,
                    "SELECT DISTINCT address, connection, file_id FROM _sluice.files", "address",
                    addresses, [&](const std::vector<Value>& row) {
                      if (replacing.count({ToText(row[0]), ToText(row[1])}) == 0) return;
                      load.replaced.push_back(ToInt(row[2]));
                    }));
  if (load.replaced.empty() || !connection.HasTable("main", load.target.name)) return Status::Ok();
  SLUICE_ASSIGN(const auto rows,
                connection.Scalar(fmt::format("SELECT count(*) FROM {} WHERE {} {}",
                                              QualifiedName(load.target.name),
                                              QuoteName(kFileColumn), InReplaced(load))));
  SLUICE_ASSIGN(const auto bad,
                connection.Scalar(fmt::format("SELECT count(*) FROM _sluice.quarantine WHERE "
                                              "ingest = $1 AND table_name = $2 AND file_id {}",
                                              InReplaced(load)),
                                  {load.ingest, load.target.name}));
  const size_t files = replacing.size();
  load.warnings.push_back(fmt::format(
      "{}: {}{} changed since {} loaded: {} of earlier versions {} replaced{}", load.label,
      replacing.begin()->first,
      files > 1 ? fmt::format(" and {} have", Counted(files - 1, "more file"))
                : std::string(" has"),
      files > 1 ? "they were" : "it was", Counted(static_cast<uint64_t>(ToInt(rows)), "row"),
      ToInt(rows) == 1 ? "is" : "are",
      ToInt(bad) == 0
          ? std::string()
          : fmt::format(", and {} in quarantine", Thousands(static_cast<uint64_t>(ToInt(bad))))));
  return Status::Ok();
}

Status TellKnownContent(engine::Connection& connection, TableLoad& load) {
  // Of other modes a row that comes again is what it was, or is counted by its key; what a table was replaced from
  // before is no part of it.
  const Merge merge = load.target.merge;
  const bool only_added = merge == Merge::kAppend || merge == Merge::kReplace ||
                          (merge == Merge::kDeleteInsert && !load.target.has_pod);
  if (!only_added) return Status::Ok();
  struct Place {
    std::string connection;
    std::string address;
    bool loaded = false;
  };
  std::map<std::string, Place> first;  // content -> who has it
  std::vector<std::string> contents;
  for (const LoadFile& file : load.files) {
    if (file.counts.read > 0 && first.emplace(file.content_hash, Place()).second) {
      contents.push_back(file.content_hash);
    }
  }
  if (merge == Merge::kReplace) contents.clear();
  SLUICE_TRY(ForAll(connection, load, Of::kTable,
                    "SELECT content_hash, connection, address FROM _sluice.files", "content_hash",
                    contents, [&](const std::vector<Value>& row) {
                      first[ToText(row[0])] = {ToText(row[1]), ToText(row[2]), true};
                    }));
  std::vector<std::string> told;
  for (const LoadFile& file : load.files) {
    if (file.counts.read == 0) continue;
    Place& other = first[file.content_hash];
    if (other.address.empty()) {
      other = {file.connection, file.stored.path, false};
    } else if (other.address == file.stored.path && other.connection == file.connection) {
      told.push_back(fmt::format("{} has content that was loaded from it before", other.address));
    } else {
      told.push_back(fmt::format("{} has the content of {}", file.stored.path, other.address));
    }
  }
  if (told.empty()) return Status::Ok();
  load.warnings.push_back(fmt::format(
      "{}: {}{}: their rows are there twice (sluice unload takes a load back)", load.label,
      told.front(),
      told.size() > 1 ? fmt::format(", and {} likewise", Counted(told.size() - 1, "more file"))
                      : std::string()));
  return Status::Ok();
}

Status RemoveReplacedRows(engine::Connection& connection, const TableLoad& load) {
  if (load.replaced.empty()) return Status::Ok();
  return connection
      .Execute(fmt::format("DELETE FROM {} WHERE {} {}", QualifiedName(load.target.name),
                           QuoteName(kFileColumn), InReplaced(load)))
      .status();
}

Status CloseQuarantine(engine::Connection& connection, const TableLoad& load) {
  if (load.target.has_pod) return Status::Ok();
  if (load.target.merge == Merge::kUpsert) return CloseSupersededRows(connection, load);
  const bool all = load.target.merge == Merge::kReplace;
  if (!all && load.replaced.empty()) return Status::Ok();
  const std::vector<Value> bound = {load.ingest, load.target.name};
  const std::string where =
      fmt::format("ingest = $1 AND table_name = $2 AND state = 'loaded' AND quarantined > 0{}",
                  all ? std::string() : " AND file_id " + InReplaced(load));
  const auto execute = [&](const std::string& sql) {
    return connection.Execute(sql, bound).status();
  };
  SLUICE_TRY(execute(
      "UPDATE _sluice.loads AS l SET quarantined = l.quarantined - q.n, superseded = l.superseded "
      "+ "
      "q.n FROM (SELECT load_id, sum(quarantined)::BIGINT AS n FROM _sluice.files WHERE " +
      where + " GROUP BY load_id) AS q WHERE q.load_id = l.load_id AND l.unloaded_at IS NULL"));
  SLUICE_TRY(
      execute("DELETE FROM _sluice.quarantine WHERE ingest = $1 AND table_name = $2 AND (load_id, "
              "file_id) IN (SELECT (load_id, file_id) FROM _sluice.files WHERE " +
              where + ")"));
  return execute(
      "UPDATE _sluice.files SET superseded = superseded + quarantined, quarantined = 0 WHERE " +
      where);
}

Status RecordReplaced(engine::Connection& connection, const TableLoad& load) {
  if (load.replaced.empty()) return Status::Ok();
  return connection
      .Execute(
          fmt::format("UPDATE _sluice.files SET state = 'replaced', reason = 'replaced by load "
                      "{}' WHERE ingest = $1 AND table_name = $2 AND file_id {} AND state = "
                      "'loaded'",
                      load.files.front().load_id, InReplaced(load)),
          {load.ingest, load.target.name})
      .status();
}

}  // namespace sluice::ingest
