#include "ingest/plan_late.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/table_history.h"

namespace sluice::ingest {
namespace {

class LatePlanner {
 public:
  LatePlanner(engine::Connection& connection, const config::Ingest& ingest,
              const std::vector<Source>& sources, const SchemaCatalog& catalog,
              const LedgerState& ledger, IngestPlan& plan)
      : connection_(connection),
        ingest_(ingest),
        sources_(sources),
        catalog_(catalog),
        ledger_(ledger),
        plan_(plan) {}

  Status Make() {
    std::map<Scope, std::vector<LateFile>> scopes;
    for (LateFile& late : std::exchange(plan_.late, {})) {
      SLUICE_ASSIGN(const TargetTable target, ZenotiTarget(ingest_, catalog_, late.table));
      Scope scope{late.table, "", ""};
      if (target.match_pod)
        std::tie(scope.connection, scope.pod) = std::tie(late.connection, late.pod);
      scopes[scope].push_back(std::move(late));
    }
    for (auto& [scope, files] : scopes) SLUICE_TRY(PlanScope(scope, std::move(files)));
    plan_.steps.insert(plan_.steps.begin(), std::make_move_iterator(steps_.begin()),
                       std::make_move_iterator(steps_.end()));
    return Status::Ok();
  }

 private:
  Status PlanScope(const Scope& scope, std::vector<LateFile> files) {
    auto [now, accepted, read_anew] =
        TakeDecided(ingest_, sources_, ledger_, std::move(files), plan_);
    if (now.empty()) return Status::Ok();
    SLUICE_ASSIGN(TargetTable target, ZenotiTarget(ingest_, catalog_, scope.table));
    SLUICE_ASSIGN(
        const TableHistory history,
        TableHistory::Read(connection_, ingest_, sources_, ledger_, std::move(target), scope));
    if (CanBeAdded(history, scope, now, true)) return AddSteps(history, scope, now, accepted);
    SLUICE_ASSIGN(const Obstacle obstacle, history.FindObstacle(now, read_anew));
    if (obstacle.check.empty()) {
      const std::string reason = ReasonOf(now);
      plan_.rebuilds.push_back(history.MakeRebuild(std::move(now), reason, accepted));
      return Status::Ok();
    }
    // The table comes out right all the same; only which of the two rows of a key counts as updated
    // and which as superseded differs.
    if (CanBeAdded(history, scope, now, false)) return AddSteps(history, scope, now, accepted);
    for (LateFile& late : now) LeaveOut(std::move(late), obstacle.check, obstacle.why, plan_);
    return Status::Ok();
  }

  // Whether loading these files now, as the last ones, gives the table that loading them in time had
  // given; and `exactly`, the same counts of each file and load.
  bool CanBeAdded(const TableHistory& history, const Scope& scope, const std::vector<LateFile>& now,
                  bool exactly) const {
    const std::map<int64_t, Record>& records = history.records();
    const Merge merge = history.target().merge;
    if (records.empty()) return false;
    const bool any_changed =
        std::any_of(now.begin(), now.end(), [](const LateFile& late) { return late.changed; });
    if (any_changed) return false;
    const bool restored = std::any_of(now.begin(), now.end(), [&](const LateFile& late) {
      return history.IsRestoredBehind(late.connection, late.pod, late.group);
    });
    if (restored) return false;
    if (merge == Merge::kAppend) {
      // What is the first load of its pod is told apart from those after it.
      return std::all_of(now.begin(), now.end(), [&](const LateFile& late) {
        return std::any_of(records.begin(), records.end(), [&](const auto& record) {
          return record.second.connection == late.connection && record.second.pod == late.pod &&
                 record.second.group <= late.group;
        });
      });
    }
    // What is held behind them could be accepted before them.
    const bool held =
        std::any_of(ledger_.holds.begin(), ledger_.holds.end(), [&](const auto& hold) {
          return hold.table == scope.table && (hold.kind == "gate" || hold.kind == "file") &&
                 (scope.pod.empty() || hold.pod == scope.pod);
        });
    if (held) return false;
    const auto last =
        std::max_element(records.begin(), records.end(), [&](const auto& a, const auto& b) {
          return history.PlaceOf(a.second) < history.PlaceOf(b.second);
        });
    for (const LateFile& late : now) {
      if (late.connection != last->second.connection || late.pod != last->second.pod ||
          late.group < last->second.group) {
        return false;
      }
      if (late.group > last->second.group) continue;  // a load of its own, behind all
      if (!ComesLast(history, late, last->first)) return false;
      if (!exactly) continue;
      if (merge == Merge::kUpdateInsert) return false;
      // A row that collided and is deleted by a later file of its load was no collision.
      if (merge == Merge::kDeleteInsert && last->second.collisions > 0) return false;
    }
    return true;
  }

  static bool ComesLast(const TableHistory& history, const LateFile& late, int64_t load_id) {
    LoadFile file;
    file.stored = late.file;
    file.log_id = late.log_id;
    return std::none_of(history.files().begin(), history.files().end(), [&](const Known& known) {
      return known.file.load_id == load_id && FileOrderOf(known.file) > FileOrderOf(file);
    });
  }

  // One step per group, as if it were the next that came.
  Status AddSteps(const TableHistory& history, const Scope& scope, const std::vector<LateFile>& now,
                  const std::string& accepted) {
    const std::map<int64_t, Record>& records = history.records();
    std::map<std::tuple<size_t, std::string, int64_t>, Step> steps;
    for (const LateFile& late : now) {
      Step& step = steps[{history.SourceIndex(late.connection), late.pod, late.group}];
      if (step.loads.empty()) {
        step.label = fmt::format("{} group {}", late.pod, late.group);
        step.loads.push_back(history.NewLoad(late.pod, late.group));
        step.loads.front().late = true;
      }
      LoadFile file = history.FileOf(late);
      const auto record = records.find(file.load_id);
      if (record != records.end()) {
        file.full = record->second.kind == "full";
        step.loads.front().rows_before = record->second.read;
      }
      file.any_bad_rows = file.any_bad_rows || !accepted.empty();
      step.loads.front().files.push_back(std::move(file));
    }
    for (auto& [place, step] : steps) {
      SortFiles(step.loads.front());
      plan_.notes.push_back(
          fmt::format("{}.{}: {}: loaded behind what is there, which gives the "
                      "same",
                      ingest_.name, scope.table, ReasonOfGroup(history, now, place)));
      steps_.push_back(std::move(step));
    }
    return Status::Ok();
  }

  static std::string ReasonOfGroup(const TableHistory& history, const std::vector<LateFile>& now,
                                   const std::tuple<size_t, std::string, int64_t>& place) {
    std::vector<LateFile> of_group;
    for (const LateFile& late : now) {
      if (place == std::make_tuple(history.SourceIndex(late.connection), late.pod, late.group)) {
        of_group.push_back(late);
      }
    }
    return ReasonOf(of_group);
  }

  engine::Connection& connection_;
  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const SchemaCatalog& catalog_;
  const LedgerState& ledger_;
  IngestPlan& plan_;
  std::vector<Step> steps_;
};

}  // namespace

void LeaveOut(LateFile late, std::string check, std::string why, IngestPlan& plan) {
  late.check = std::move(check);
  late.why = std::move(why);
  if (late.check == kReadOtherwise) {
    late.why += "; write it as it was, or accept that every file is read as is declared now";
  }
  plan.late.push_back(std::move(late));
}

namespace {

// Whether the next plan finds it again, or not, without trying.
bool IsFoundByPlanning(const std::string& check) {
  return check == kMissing || check == kByPolicy || check == kReadOtherwise;
}

}  // namespace

DecidedLate TakeDecided(const config::Ingest& ingest, const std::vector<Source>& sources,
                        const LedgerState& ledger, std::vector<LateFile> files, IngestPlan& plan) {
  DecidedLate decided;
  std::vector<LateFile> as_they_are;
  for (LateFile& late : files) {
    const OpenHold* decision = FindLateHold(ledger.late_accepted, sources, late);
    const OpenHold* open = FindLateHold(ledger.holds, sources, late);
    const bool tried = open != nullptr && !open->check.empty() && !IsFoundByPlanning(open->check);
    if (tried) {
      LeaveOut(std::move(late), open->check, "", plan);
    } else if (ingest.late_files == config::LateFiles::kHold && decision == nullptr) {
      LeaveOut(std::move(late), kByPolicy, "", plan);
    } else {
      const auto accepted = [&](const std::function<bool(const OpenHold&)>& as) {
        return FindLateHold(ledger.late_accepted, sources, late, as);
      };
      if (accepted([](const OpenHold& hold) { return hold.check == kReadOtherwise; }) != nullptr) {
        decided.read_anew = true;
      }
      const OpenHold* as_it_is =
          accepted([](const OpenHold& hold) { return !IsFoundByPlanning(hold.check); });
      if (as_it_is != nullptr) decided.accepted = as_it_is->id;
      (as_it_is != nullptr ? as_they_are : decided.now).push_back(std::move(late));
    }
  }
  if (!as_they_are.empty()) decided.now = std::move(as_they_are);
  return decided;
}

const OpenHold* FindLateHold(const std::vector<OpenHold>& holds, const std::vector<Source>& sources,
                             const LateFile& late,
                             const std::function<bool(const OpenHold&)>& also) {
  const auto covers = [&](const OpenHold& hold) {
    if (also && !also(hold)) return false;
    if (hold.kind != "late" || hold.table != late.table || hold.connection != late.connection ||
        hold.files.count(late.file.path) == 0) {
      return false;
    }
    std::vector<std::pair<std::string, std::string>> now;
    for (const std::string& path : hold.files) {
      const connector::StoredFile* stored = FindStored(sources, hold.connection, path);
      now.emplace_back(path, stored == nullptr ? "" : stored->tag);
    }
    return LateId(std::move(now)) == hold.load_id;
  };
  const auto found = std::find_if(holds.begin(), holds.end(), covers);
  return found == holds.end() ? nullptr : &*found;
}

int64_t LateId(std::vector<std::pair<std::string, std::string>> path_and_tag) {
  std::sort(path_and_tag.begin(), path_and_tag.end());
  std::string what;
  for (const auto& [path, tag] : path_and_tag) what += fmt::format("{}\n{}\n", path, tag);
  return StableId({"late", what});
}

Status PlanLate(engine::Connection& connection, const config::Ingest& ingest,
                const std::vector<Source>& sources, const SchemaCatalog& catalog,
                const LedgerState& ledger, IngestPlan& plan) {
  if (plan.late.empty()) return Status::Ok();
  return LatePlanner(connection, ingest, sources, catalog, ledger, plan).Make();
}

Result<std::vector<Rebuild>> PlanRebuildFor(engine::Connection& connection,
                                            const config::Ingest& ingest,
                                            const std::vector<Source>& sources,
                                            const SchemaCatalog& catalog, const LedgerState& ledger,
                                            const std::string& table, const std::string& reason) {
  SLUICE_ASSIGN(const TargetTable target, ZenotiTarget(ingest, catalog, table));
  std::set<Scope> scopes;
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT DISTINCT f.connection, q.pod FROM _sluice.quarantine AS q "
                                "JOIN _sluice.quarantine_fixes AS x ON x.quarantine_id = "
                                "q.quarantine_id AND x.ingest = q.ingest AND x.table_name = "
                                "q.table_name JOIN _sluice.files AS f ON f.file_id = q.file_id AND "
                                "f.load_id = q.load_id WHERE x.state = 'open' AND q.ingest = $1 "
                                "AND q.table_name = $2",
                                {ingest.name, table}));
  for (const auto& row : rows) {
    const bool by_pod = target.match_pod;
    scopes.insert(
        {table, by_pod ? engine::ToText(row[0]) : "", by_pod ? engine::ToText(row[1]) : ""});
  }
  std::vector<Rebuild> rebuilds;
  for (const Scope& scope : scopes) {
    SLUICE_ASSIGN(const TableHistory history,
                  TableHistory::Read(connection, ingest, sources, ledger, target, scope));
    SLUICE_ASSIGN(const Obstacle obstacle, history.FindObstacle({}, false));
    if (!obstacle.check.empty()) return RejectedError(obstacle.why);
    rebuilds.push_back(history.MakeRebuild({}, reason, ""));
  }
  return rebuilds;
}

Result<Rebuild> PlanRebuildWithout(engine::Connection& connection, const config::Ingest& ingest,
                                   const std::vector<Source>& sources, const SchemaCatalog& catalog,
                                   const LedgerState& ledger, Scope scope, int64_t without,
                                   const std::string& reason) {
  SLUICE_ASSIGN(const TargetTable target, ZenotiTarget(ingest, catalog, scope.table));
  if (!target.match_pod) scope.connection = scope.pod = "";
  SLUICE_ASSIGN(const TableHistory history,
                TableHistory::Read(connection, ingest, sources, ledger, target, scope));
  SLUICE_ASSIGN(const Obstacle obstacle, history.FindObstacle({}, false));
  if (!obstacle.check.empty()) return RejectedError(obstacle.why);
  Rebuild rebuild = history.MakeRebuild({}, reason, "");
  std::erase_if(rebuild.loads, [&](const Rebuild::Load& one) {
    return one.load.files.front().load_id == without;
  });
  return rebuild;
}

}  // namespace sluice::ingest
