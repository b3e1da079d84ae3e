#include "ingest/other_names.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ddl.h"
#include "ingest/hand.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;

struct Name {
  std::string ingest;
  std::string connection;
  auto operator<=>(const Name&) const = default;
};

// Whether an ingest of the project still fills the table from this connection.
bool IsInProject(const config::Project& project, const Name& name, const std::string& table) {
  const config::Ingest* ingest = project.FindIngest(name.ingest);
  if (ingest == nullptr) return false;
  const bool reads =
      std::find(ingest->from.begin(), ingest->from.end(), name.connection) != ingest->from.end();
  return reads &&
         std::any_of(
             ingest->tables.begin(), ingest->tables.end(), [&](const config::Table& declared) {
               return (ingest->layout == "files" ? declared.name
                                                 : CanonicalTableName(declared.name)) == table;
             });
}

// By table, names under which files of it were loaded, and that nobody has any more.
Result<std::map<std::string, std::vector<Name>>> FormerNames(engine::Connection& connection,
                                                             const config::Project& project,
                                                             const std::set<std::string>& tables) {
  std::map<std::string, std::vector<Name>> names;
  if (tables.empty()) return names;
  std::vector<std::string> quoted;
  for (const std::string& table : tables) quoted.push_back(warehouse::QuoteText(table));
  SLUICE_ASSIGN(const auto rows, connection.Rows(fmt::format(
                                     "SELECT DISTINCT table_name, ingest, connection FROM "
                                     "_sluice.files WHERE state = 'loaded' AND table_name IN ({}) "
                                     "ORDER BY ALL",
                                     Join(quoted, ", "))));
  for (const auto& row : rows) {
    const std::string table = ToText(row[0]);
    Name name{ToText(row[1]), ToText(row[2])};
    // What was loaded by hand has no name that could change.
    if (StartsWith(name.connection, kHandConnection)) continue;
    if (!IsInProject(project, name, table)) names[table].push_back(std::move(name));
  }
  return names;
}

class KnownElsewhere {
 public:
  KnownElsewhere(engine::Connection& connection, const config::Project& project,
                 const config::Ingest& ingest, bool tell, IngestPlan& plan)
      : connection_(connection), project_(project), ingest_(ingest), tell_(tell), plan_(plan) {}

  Status Find() {
    std::set<std::string> tables;
    for (const Step& step : plan_.steps) {
      for (const TableLoad& load : step.loads) {
        if (load.target.merge != Merge::kReplace) tables.insert(load.target.name);
      }
    }
    SLUICE_ASSIGN(const auto former, FormerNames(connection_, project_, tables));
    for (const auto& [table, names] : former) {
      for (const Name& name : names) SLUICE_TRY(Compare(table, name));
    }
    return Status::Ok();
  }

 private:
  using Place = std::pair<std::string, std::string>;  // connection, path

  Status Compare(const std::string& table, const Name& name) {
    std::multimap<std::string, const LoadFile*> planned;
    for (const Step& step : plan_.steps) {
      for (const TableLoad& load : step.loads) {
        if (load.target.name != table) continue;
        for (const LoadFile& file : load.files) planned.emplace(file.stored.path, &file);
      }
    }
    std::set<Place> known;
    SLUICE_ASSIGN(
        auto rows,
        connection_.Query("SELECT address, size::BIGINT, epoch_us(modified) FROM _sluice.files "
                          "WHERE ingest = $1 AND connection = $2 AND table_name = $3 AND state = "
                          "'loaded' AND finished_at IS NULL",
                          {name.ingest, name.connection, table}));
    while (true) {
      SLUICE_ASSIGN(const auto batch, rows.Next());
      if (!batch) break;
      for (size_t r = 0; r < batch->rows(); ++r) {
        const auto [begin, end] = planned.equal_range(std::string(batch->text(0, r)));
        for (auto at = begin; at != end; ++at) {
          const connector::StoredFile& stored = at->second->stored;
          const bool same = static_cast<int64_t>(stored.size) == batch->integer(1, r) &&
                            stored.modified == batch->integer(2, r);
          if (same) known.emplace(at->second->connection, stored.path);
        }
      }
    }
    if (!known.empty()) Hold(table, name, known);
    return Status::Ok();
  }

  void Hold(const std::string& table, const Name& name, const std::set<Place>& known) {
    std::map<std::string, std::vector<std::string>> by_connection;
    for (const auto& [connection, path] : known) by_connection[connection].push_back(path);
    for (auto& [connection, paths] : by_connection) {
      const bool one = paths.size() == 1;
      UnfitFile unfit{connection, table, paths.front(), kOtherName, ""};
      const std::string renamed =
          name.ingest != ingest_.name
              ? "by ingest " + name.ingest +
                    (name.connection == connection ? "" : " from connection " + name.connection)
              : "from connection " + name.connection;
      unfit.message = fmt::format(
          "{}{} loaded into the table already, {}, which does not fill it any more: was it "
          "renamed? Accepted, {} not loaded again",
          paths.front(),
          one ? std::string(" was") : " and " + Counted(paths.size() - 1, "more file") + " were",
          renamed, one ? "it is" : "they are");
      unfit.more.assign(paths.begin() + 1, paths.end());
      if (tell_) {
        plan_.notes.push_back(fmt::format("{}.{}: {}. The run will hold {}", ingest_.name, table,
                                          unfit.message, one ? "it" : "them"));
      }
      plan_.unfit.push_back(std::move(unfit));
    }
    TakeOut(table, known);
  }

  void TakeOut(const std::string& table, const std::set<Place>& known) {
    for (Step& step : plan_.steps) {
      for (TableLoad& load : step.loads) {
        if (load.target.name != table) continue;
        if (load.target.merge != Merge::kAppend) {
          load.files.clear();
          continue;
        }
        const size_t before = load.files.size();
        std::erase_if(load.files, [&](const LoadFile& file) {
          return known.count({file.connection, file.stored.path}) > 0;
        });
        if (load.files.size() < before && ingest_.layout == "files") SetLoadId(load);
      }
      std::erase_if(step.loads, [](const TableLoad& load) { return load.files.empty(); });
    }
    std::erase_if(plan_.steps, [](const Step& step) { return step.loads.empty(); });
  }

  engine::Connection& connection_;
  const config::Project& project_;
  const config::Ingest& ingest_;
  const bool tell_;
  IngestPlan& plan_;
};

}  // namespace

Status HoldKnownElsewhere(engine::Connection& connection, const config::Project& project,
                          const config::Ingest& ingest, bool tell, IngestPlan& plan) {
  return KnownElsewhere(connection, project, ingest, tell, plan).Find();
}

Result<int64_t> TakeOver(engine::Connection& connection, const config::Project& project,
                         const quality::HoldRecord& hold) {
  SLUICE_ASSIGN(const auto former, FormerNames(connection, project, {hold.table}));
  int64_t files = 0;
  if (former.empty()) return files;
  for (const Name& name : former.begin()->second) {
    const std::vector<engine::Value> values = {name.ingest, hold.table, hold.owner, name.connection,
                                               hold.connection};
    SLUICE_ASSIGN(const auto n, connection.Scalar("SELECT count(*) FROM _sluice.files WHERE ingest "
                                                  "= $1 AND table_name = $2 AND connection = $3",
                                                  {name.ingest, hold.table, name.connection}));
    files += ToInt(n);
    for (const char* of : {"loads", "files", "cursors", "rebuilds", "restores"}) {
      SLUICE_TRY(
          connection
              .Execute(fmt::format("UPDATE _sluice.{} SET ingest = $3, connection = $5 WHERE "
                                   "ingest = $1 AND table_name = $2 AND connection = $4",
                                   of),
                       values)
              .status());
    }
    if (name.ingest == hold.owner) continue;
    for (const auto& [of, column] :
         {std::pair("quarantine", "ingest"), std::pair("quarantine_fixes", "ingest"),
          std::pair("check_results", "owner"), std::pair("holds", "owner")}) {
      SLUICE_TRY(connection
                     .Execute(fmt::format("UPDATE _sluice.{} SET {} = $3 WHERE {} = $1 AND "
                                          "table_name = $2",
                                          of, column, column),
                              {name.ingest, hold.table, hold.owner})
                     .status());
    }
  }
  return files;
}

}  // namespace sluice::ingest
