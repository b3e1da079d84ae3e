#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/file_shape.h"
#include "ingest/finish_files.h"
#include "ingest/manifest_sets.h"
#include "ingest/plan.h"
#include "ingest/plan_late.h"
#include "ingest/table_files.h"
#include "ingest/table_history.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

class FilesPlanner {
 public:
  FilesPlanner(const config::Ingest& ingest, const std::vector<Source>& sources,
               const LedgerState& ledger, Inbox inbox, const env::Cancel* cancel)
      : ingest_(ingest),
        sources_(sources),
        ledger_(ledger),
        inbox_(std::move(inbox)),
        cancel_(cancel) {
    plan_.ingest = ingest.name;
  }

  Result<IngestPlan> Make() {
    for (const config::Table& table : ingest_.tables) SLUICE_TRY(PlanTable(table));
    return std::move(plan_);
  }

 private:
  Status PlanTable(const config::Table& table) {
    SLUICE_ASSIGN(TargetTable target, FilesTarget(ingest_, table.name));
    SLUICE_ASSIGN(const std::vector<TableFile> files, inbox_.FilesOf(table));
    SLUICE_ASSIGN(const std::vector<TableFile> manifests, inbox_.ManifestsOf(table));
    if (files.empty() && !IsKnown(table)) TellNoFile(table);
    // Of a table whose rows are only added a held file stops no other.
    const bool by_file = target.merge == Merge::kAppend;
    std::set<std::string> held;
    bool waits = false;
    for (const OpenHold& hold : ledger_.holds) {
      // A file that came too late stops nothing.
      if (hold.table != table.name || (hold.kind != "gate" && hold.kind != "file")) continue;
      if (HasComeAnew(hold, files)) {
        plan_.lifted.push_back(hold.id);
        continue;
      }
      waits = waits || hold.kind == "gate" || !by_file;
      if (hold.kind == "file") held.insert(hold.files.begin(), hold.files.end());
      plan_.waiting.push_back({table.name, "", hold.id, 0});
    }
    std::vector<std::vector<TableFile>> proofs;
    std::vector<FileSet> sets;
    if (table.manifest.empty()) {
      sets.emplace_back().files = Pointers(files);
    } else {
      SLUICE_ASSIGN(sets, ManifestSets(ingest_, table, files, manifests, held, ledger_, cancel_,
                                       &proofs, &plan_));
    }
    if (target.merge == Merge::kReplace) {
      PlanReplace(table, std::move(target), sets, waits);
    } else {
      std::set<Place> taken;
      for (const FileSet& set : sets) PlanAppend(table, target, set, held, waits, &taken);
    }
    TellIncomplete(table);
    TellComeAgain(table);
    return Status::Ok();
  }

  static std::vector<const TableFile*> Pointers(const std::vector<TableFile>& files) {
    std::vector<const TableFile*> pointers;
    for (const TableFile& file : files) pointers.push_back(&file);
    return pointers;
  }

  const KnownFile* Entry(const config::Table& table, const TableFile& file) const {
    const auto known = ledger_.files.find({file.source->connection, file.file->path, table.name});
    return known == ledger_.files.end() ? nullptr : &known->second;
  }

  // Null for one that has come since what was loaded from its name went away, whatever is in it.
  const KnownFile* Known(const config::Table& table, const TableFile& file) const {
    const KnownFile* known = Entry(table, file);
    const bool came_again = known != nullptr && known->gone &&
                            table.after_loading != config::Table::AfterLoading::kLeave;
    return came_again ? nullptr : known;
  }

  bool IsKnown(const config::Table& table) const {
    return table.after_loading != config::Table::AfterLoading::kLeave &&
           ledger_.fed.count(table.name) > 0;
  }

  // Told once for all files that wait for the same.
  void Incomplete(const TableFile& file, const std::string& why) {
    auto& [count, first] = incomplete_[why];
    if (count++ == 0) first = file.file->path;
  }

  void TellIncomplete(const config::Table& table) {
    for (const auto& [why, files] : incomplete_) {
      const std::string text = fmt::format(
          "{}: {}: {}", table.name,
          files.first == 1 ? files.second
                           : fmt::format("{} ({} …)", Counted(files.first, "file"), files.second),
          why);
      plan_.unsettled.push_back(text);
      // That may be for years, and nothing goes on by itself.
      if (why == kAhead) plan_.notes.push_back(fmt::format("{}.{}", ingest_.name, text));
    }
    incomplete_.clear();
  }

  void Unfit(const config::Table& table, const TableFile& file) {
    plan_.unfit.push_back({file.source->connection, table.name, file.file->path, "capture",
                           file.file->path + ": " + file.wrong});
  }

  LoadFile ToLoad(const config::Table& table, const TableFile& file) const {
    LoadFile load;
    const KnownFile* before = Entry(table, file);
    if (before != nullptr && table.after_loading != config::Table::AfterLoading::kLeave) {
      load.delivery = before->deliveries;
    }
    load.stored = *file.file;
    load.store = file.source->store;
    load.connection = file.source->connection;
    load.captures = file.captures;
    load.proof = file.proof;
    return load;
  }

  using Place = std::pair<std::string, std::string>;  // path, connection: several may have the name
  using Files = std::map<Place, LoadFile>;

  // All files of the table that are complete now are its content, or none is.
  void PlanReplace(const config::Table& table, TargetTable target, const std::vector<FileSet>& sets,
                   bool waits) {
    Files all;
    bool changed = false;
    bool passed_over = false;
    bool whole = !waits;
    for (const FileSet& set : sets) {
      whole = whole && set.whole;
      for (const TableFile* file : set.files) {
        const KnownFile* known = Known(table, *file);
        const bool same = known != nullptr && known->tag == file->file->tag &&
                          (known->state != "loaded" || IsIn(table, *file));
        // Without it the table would lose what it held of the file.
        if (!file->waits.empty() && !same) {
          Incomplete(*file, file->waits);
          whole = false;
        }
        if (same) {
          MarkDone(table, *file, *known);
        } else {
          changed = true;
        }
        if (!file->wrong.empty()) {
          if (same) continue;  // passed over by a decision
          if (!waits) Unfit(table, *file);
          whole = false;
        }
        passed_over = passed_over || (same && known->state == "skipped");
        if (same && StaysOut(table, *file, *known)) continue;
        all.emplace(Place(file->file->path, file->source->connection), ToLoad(table, *file));
      }
    }
    // Somebody who passed the others over has seen the table without it.
    const bool fewer = (changed || !passed_over) && LostFiles(table, all);
    if (waits && (changed || fewer) && !plan_.waiting.empty()) plan_.waiting.back().groups = 1;
    if (!whole || (!changed && !fewer)) return;
    std::vector<LoadFile> files;
    for (auto& [place, file] : all) files.push_back(std::move(file));
    // The same files may have made the table before: each load has an id of its own.
    if (fewer && !changed) {
      constexpr int64_t kBound = 1'000'000'007;
      for (LoadFile& file : files) {
        file.delivery = 1 + ledger_.made_of.at(table.name).load_id % kBound;
      }
    }
    LiftLimits(table.name, files);
    AddStep(table, std::move(target), std::move(files), "", false);
  }

  // Whether the table is made of this file now, as far as the ledger can say.
  bool IsIn(const config::Table& table, const TableFile& file) const {
    const auto made_of = ledger_.made_of.find(table.name);
    return made_of == ledger_.made_of.end() ||
           made_of->second.files.count({file.source->connection, file.file->path}) > 0;
  }

  // What was taken back, or passed over by a decision, is no part of what the table is made of next. Files that the
  // table has are: they were in such a load beside the one that it was about.
  bool StaysOut(const config::Table& table, const TableFile& file, const KnownFile& known) const {
    if (known.state != "skipped" && known.state != "unloaded") return false;
    return ledger_.made_of.count(table.name) == 0 || !IsIn(table, file);
  }

  // Whether the table has rows of files that are gone. When all are, it stays: that is rather a store that failed.
  bool LostFiles(const config::Table& table, const Files& there) {
    const auto made_of = ledger_.made_of.find(table.name);
    if (made_of == ledger_.made_of.end()) return false;
    std::vector<std::string> gone;
    for (const auto& [connection, path] : made_of->second.files) {
      const bool is_there = there.count({path, connection}) > 0;
      // What no manifest names any more is no part of the table, but it is not gone.
      const bool is_listed =
          !table.manifest.empty() && FindStored(sources_, connection, path) != nullptr;
      if (!is_there && !is_listed) gone.push_back(path);
    }
    if (gone.empty()) return false;
    const std::string which =
        gone.front() +
        (gone.size() == 1 ? " is" : " and " + Counted(gone.size() - 1, "more file") + " are");
    plan_.notes.push_back(
        fmt::format("{}.{}: {} gone: the table {}", ingest_.name, table.name, which,
                    there.empty() ? "stays as it is, for no file is left to make it of"
                                  : "is made of the files that are there"));
    return !there.empty();
  }

  // What becomes of a file that the ledger knows with another content. Of tables whose rows are added it takes
  // the place of what it was; of an upsert it is the newer one; and where files move away after loading, names come
  // again for other files. For a delete-insert the table is made again (plan_changed.h).
  bool TakesAnew(const config::Table& table, const TargetTable& target,
                 const TableFile& file) const {
    if (table.after_loading != config::Table::AfterLoading::kLeave) return true;
    if (target.merge != Merge::kAppend && target.merge != Merge::kUpsert) return false;
    return ingest_.late_files == config::LateFiles::kRebuild ||
           FindLateHold(ledger_.late_accepted, sources_, Changed(table, file)) != nullptr;
  }

  static LateFile Changed(const config::Table& table, const TableFile& file) {
    LateFile late;
    late.connection = file.source->connection;
    late.table = table.name;
    late.file = *file.file;
    late.changed = true;
    late.proof = file.proof;
    return late;
  }

  // The files of a set that the ledger does not know. `taken` are those of earlier sets.
  void PlanAppend(const config::Table& table, const TargetTable& target, const FileSet& set,
                  const std::set<std::string>& held, bool waits, std::set<Place>* taken) {
    std::vector<LoadFile> fresh;
    for (const TableFile* file : set.files) {
      const KnownFile* known = Known(table, *file);
      if (known != nullptr && known->tag == file->file->tag) {
        MarkDone(table, *file, *known);
        continue;
      }
      if (known != nullptr && known->state == "held") continue;
      if (!file->waits.empty()) {
        Incomplete(*file, file->waits);
        continue;
      }
      const bool again = known != nullptr && known->loaded;
      if (again && !TakesAnew(table, target, *file)) {
        if (set.whole) plan_.late.push_back(Changed(table, *file));
        continue;
      }
      if (held.count(file->file->path) > 0) continue;
      if (!taken->emplace(file->file->path, file->source->connection).second) continue;
      if (!file->wrong.empty()) {
        Unfit(table, *file);
        continue;
      }
      fresh.push_back(ToLoad(table, *file));
      fresh.back().replaces = again && table.after_loading == config::Table::AfterLoading::kLeave;
    }
    if (fresh.empty() || !set.whole) return;
    if (waits) {
      plan_.waiting.back().groups = 1;
      return;
    }
    LiftLimits(table.name, fresh);
    // Where the order counts a file that is left behind would come in at another place.
    AddStep(table, target, std::move(fresh), set.label,
            set.label.empty() && target.merge == Merge::kAppend);
  }

  // What is left to be done with a file that an earlier run has loaded.
  void MarkDone(const config::Table& table, const TableFile& file, const KnownFile& known) {
    if (!FinishesFiles(ingest_)) return;
    if (known.state != "loaded" || known.quarantined > 0) return;
    const bool again = table.after_loading != config::Table::AfterLoading::kLeave &&
                       known.modified != file.file->modified;
    plan_.done.push_back({file.source->connection, table.name, file.source->store, *file.file,
                          file.proof.sidecar, again});
    if (again) came_again_.push_back(file.file->path);
  }

  void TellComeAgain(const config::Table& table) {
    if (came_again_.empty()) return;
    plan_.notes.push_back(fmt::format(
        "{}.{}: {}{} came again before {} gone, with the content that was loaded: not loaded again",
        ingest_.name, table.name, came_again_.front(),
        came_again_.size() == 1 ? std::string()
                                : " and " + Counted(came_again_.size() - 1, "more file"),
        came_again_.size() == 1 ? "it was" : "they were"));
    came_again_.clear();
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

  // The files that somebody accepted with all their bad rows, while they are what they were then:
  // not what is sent under their names later. Others may have come beside them.
  void LiftLimits(const std::string& table, std::vector<LoadFile>& files) const {
    for (const LiftedLimit& limit : ledger_.limits_lifted) {
      if (limit.table != table) continue;
      std::vector<const LoadFile*> accepted;
      for (const LoadFile& file : files) {
        if (limit.files.count(file.stored.path) > 0) accepted.push_back(&file);
      }
      if (accepted.empty()) continue;
      if (LoadIdOf(ingest_.name, table, accepted) != limit.load_id) continue;
      for (LoadFile& file : files) {
        if (limit.files.count(file.stored.path) > 0) file.any_bad_rows = true;
      }
    }
  }

  // `label` tells the sets of a table apart; `file_by_file` where a file may be left behind.
  void AddStep(const config::Table& table, TargetTable target, std::vector<LoadFile> files,
               const std::string& label, bool file_by_file) {
    const bool full = ledger_.tables.count(table.name) == 0;
    for (LoadFile& file : files) file.full = full || target.merge == Merge::kReplace;
    TableLoad load;
    load.ingest = ingest_.name;
    load.target = std::move(target);
    load.files = std::move(files);
    SetLoadId(load);
    load.label =
        fmt::format("{}.{}{}{}", ingest_.name, table.name, label.empty() ? "" : " ", label);
    load.file_by_file = file_by_file;
    load.stands_alone = !label.empty();
    Step step;
    step.label = table.name;
    step.loads.push_back(std::move(load));
    plan_.steps.push_back(std::move(step));
  }

  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const LedgerState& ledger_;
  const Inbox inbox_;
  const env::Cancel* cancel_;
  // Why -> how many files of the table in work, and the first.
  std::map<std::string, std::pair<uint64_t, std::string>> incomplete_;
  std::vector<std::string> came_again_;  // of the table in work
  IngestPlan plan_;
};

Merge MergeOf(const config::Table& table) {
  switch (table.mode) {
    case config::Table::Mode::kReplace:
      return Merge::kReplace;
    case config::Table::Mode::kUpsert:
      return Merge::kUpsert;
    case config::Table::Mode::kDeleteInsert:
      return Merge::kDeleteInsert;
    case config::Table::Mode::kAppend:
    case config::Table::Mode::kUpdateInsert:
    case config::Table::Mode::kDefault:
      break;
  }
  return Merge::kAppend;
}

// `delete_when` as typed literals. A value that the column cannot have would never delete anything.
Status SetDeletions(const config::Table& table, TargetTable& target) {
  if (target.merge != Merge::kDeleteInsert) return Status::Ok();
  target.void_column = table.delete_when.column;
  const auto column =
      std::find_if(target.columns.begin(), target.columns.end(),
                   [&](const DdlColumn& c) { return c.name == target.void_column; });
  if (column == target.columns.end()) {
    return ConfigError(fmt::format("{}: delete_when names a column {} that is not declared",
                                   table.where.ToString(), target.void_column));
  }
  for (const std::string& value : table.delete_when.values) {
    if (!format::Fits(value, column->type)) {
      return ConfigError(
          fmt::format("{}: delete_when: \"{}\" is no value of column {}: expected {}",
                      table.where.ToString(), value, column->name, column->type.Expectation()));
    }
    target.delete_values.push_back(
        fmt::format("CAST({} AS {})", warehouse::QuoteText(value), column->type.DuckDb()));
  }
  return Status::Ok();
}

}  // namespace

Result<TargetTable> FilesTarget(const config::Ingest& ingest, const std::string& name) {
  const auto table = std::find_if(ingest.tables.begin(), ingest.tables.end(),
                                  [&](const config::Table& t) { return t.name == name; });
  if (table == ingest.tables.end()) {
    return ConfigError(fmt::format("{} is not among the tables of {}", name, ingest.name));
  }
  TargetTable target;
  target.name = name;
  target.merge = MergeOf(*table);
  target.schema_changes = ingest.schema_changes;
  for (const config::Column& column : table->columns) {
    auto type = format::ParseSqlType(column.sql_type);
    if (!type.ok()) {
      return ConfigError(fmt::format("{}: column {}: {}", column.where.ToString(), column.name,
                                     type.status().message()));
    }
    DdlColumn& built = target.columns.emplace_back(
        DdlColumn{column.name, type.value(), column.from, column.renamed_from});
    built.date_format = column.date_format;
    if (!column.capture.empty()) target.captured[column.name] = column.capture;
  }
  target.prefix = ingest.prefix;
  target.pattern = table->pattern;
  std::vector<std::string>& list = target.versions.lists.emplace_back();
  for (const DdlColumn& column : target.columns) {
    if (target.captured.count(column.name) == 0) list.push_back(column.name);
  }
  target.key = table->key;
  target.bad_rows = table->bad_rows.value_or(ingest.bad_rows);
  target.format = table->format;
  target.csv = table->csv.value_or(ingest.csv);
  target.version = table->version;
  SLUICE_TRY(CheckCsv(target, table->where));
  SLUICE_TRY(SetDeletions(*table, target));
  return target;
}

Result<IngestPlan> PlanFiles(const config::Ingest& ingest, const std::vector<Source>& sources,
                             const LedgerState& ledger, env::Micros now,
                             const env::Cancel* cancel) {
  SLUICE_ASSIGN(Inbox inbox, Inbox::Open(ingest, sources, now));
  return FilesPlanner(ingest, sources, ledger, std::move(inbox), cancel).Make();
}

}  // namespace sluice::ingest
