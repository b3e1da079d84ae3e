#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/plan.h"

namespace sluice::ingest {
namespace {

class FilesPlanner {
 public:
  FilesPlanner(const config::Ingest& ingest, const std::vector<Source>& sources,
               const LedgerState& ledger)
      : ingest_(ingest), sources_(sources), ledger_(ledger) {
    plan_.ingest = ingest.name;
  }

  Result<IngestPlan> Make() {
    for (const config::Table& table : ingest_.tables) SLUICE_TRY(PlanTable(table));
    return std::move(plan_);
  }

 private:
  Status PlanTable(const config::Table& table) {
    SLUICE_ASSIGN(TargetTable target, FilesTarget(ingest_, table.name));
    const bool replace = target.merge == Merge::kReplace;
    std::vector<LoadFile> fresh;
    std::vector<LoadFile> all;
    bool changed_set = false;
    for (const Source& source : sources_) {
      for (const connector::StoredFile& file : source.listing.files) {
        if (!StartsWith(file.path, ingest_.prefix) ||
            !FitsPattern(table.pattern,
                         std::string_view(file.path).substr(ingest_.prefix.size()))) {
          continue;
        }
        LoadFile load;
        load.stored = file;
        load.store = source.store;
        load.connection = source.connection;
        const auto known = ledger_.files.find({source.connection, file.path, table.name});
        const bool is_known = known != ledger_.files.end();
        const bool same = is_known && known->second.tag == file.tag;
        changed_set = changed_set || !same;
        all.push_back(load);
        if (same || (is_known && known->second.state == "held")) continue;
        if (is_known && !replace) {
          plan_.late.push_back({source.connection, table.name, "", 0, file, true});
          continue;
        }
        fresh.push_back(std::move(load));
      }
    }
    if (all.empty()) TellNoFile(table);
    for (const OpenHold& hold : ledger_.holds) {
      // A file that came too late stops nothing.
      if (hold.table != table.name || (hold.kind != "gate" && hold.kind != "file")) continue;
      plan_.waiting.push_back({table.name, "", hold.id, fresh.empty() ? 0 : 1});
      return Status::Ok();
    }
    std::vector<LoadFile>& files = replace ? all : fresh;
    if (replace ? !changed_set : fresh.empty()) return Status::Ok();
    LiftLimits(table.name, files);
    AddStep(table, std::move(target), std::move(files));
    return Status::Ok();
  }

  void TellNoFile(const config::Table& table) {
    std::vector<std::string> places;
    for (const Source& source : sources_) {
      std::string place = source.store->Describe();
      if (!ingest_.prefix.empty()) place += (EndsWith(place, "/") ? "" : "/") + ingest_.prefix;
      places.push_back(std::move(place));
    }
    plan_.notes.push_back(fmt::format("{}.{}: no file matches {} in {}", ingest_.name, table.name,
                                      table.pattern, Join(places, ", ")));
  }

  // Made from what is loaded: the same files give the same id, whenever and however often.
  int64_t LoadId(const std::string& table, const std::vector<const LoadFile*>& files) const {
    std::string what;
    for (const LoadFile* file : files) {
      what += fmt::format("{}\n{}\n{}\n", file->connection, file->stored.path, file->stored.tag);
    }
    return StableId({ingest_.name, table, what});
  }

  // The files that somebody accepted with all their bad rows, while they are what they were then:
  // not what is sent under their names later. Others may have come beside them.
  void LiftLimits(const std::string& table, std::vector<LoadFile>& files) const {
    for (const LiftedLimit& limit : ledger_.limits_lifted) {
      if (limit.table != table) continue;
      std::vector<const LoadFile*> accepted;
      for (const LoadFile& file : files) {
        if (limit.files.count(file.stored.path) > 0) accepted.push_back(&file);
      }
      if (accepted.empty() || LoadId(table, accepted) != limit.load_id) continue;
      for (LoadFile& file : files) {
        if (limit.files.count(file.stored.path) > 0) file.any_bad_rows = true;
      }
    }
  }

  void AddStep(const config::Table& table, TargetTable target, std::vector<LoadFile> files) {
    std::vector<const LoadFile*> loaded;
    for (const LoadFile& file : files) loaded.push_back(&file);
    const int64_t load_id = LoadId(table.name, loaded);
    const bool full = ledger_.tables.count(table.name) == 0;
    for (LoadFile& file : files) {
      file.load_id = load_id;
      file.full = full || target.merge == Merge::kReplace;
    }
    TableLoad load;
    load.ingest = ingest_.name;
    load.target = std::move(target);
    load.files = std::move(files);
    load.label = fmt::format("{}.{}", ingest_.name, table.name);
    Step step;
    step.label = table.name;
    step.loads.push_back(std::move(load));
    plan_.steps.push_back(std::move(step));
  }

  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const LedgerState& ledger_;
  IngestPlan plan_;
};

}  // namespace

Result<TargetTable> FilesTarget(const config::Ingest& ingest, const std::string& name) {
  const auto table = std::find_if(ingest.tables.begin(), ingest.tables.end(),
                                  [&](const config::Table& t) { return t.name == name; });
  if (table == ingest.tables.end()) {
    return ConfigError(fmt::format("{} is not among the tables of {}", name, ingest.name));
  }
  TargetTable target;
  target.name = name;
  target.merge = table->mode == config::Table::Mode::kReplace ? Merge::kReplace : Merge::kAppend;
  for (const config::Column& column : table->columns) {
    auto type = format::ParseSqlType(column.sql_type);
    if (!type.ok()) {
      return ConfigError(fmt::format("{}: column {}: {}", column.where.ToString(), column.name,
                                     type.status().message()));
    }
    target.columns.push_back({column.name, type.value()});
  }
  std::vector<std::string>& list = target.versions.lists.emplace_back();
  for (const DdlColumn& column : target.columns) list.push_back(column.name);
  target.key = table->key;
  target.bad_rows = table->bad_rows.value_or(ingest.bad_rows);
  target.csv = ingest.csv;
  target.on_new_column = ingest.on_new_column;
  return target;
}

Result<IngestPlan> PlanFiles(const config::Ingest& ingest, const std::vector<Source>& sources,
                             const LedgerState& ledger) {
  return FilesPlanner(ingest, sources, ledger).Make();
}

}  // namespace sluice::ingest
