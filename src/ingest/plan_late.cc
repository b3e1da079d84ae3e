#include "ingest/plan_late.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;

constexpr size_t kMostNamed = 3;  // of files that a message lists

// The rows that are made again together: all of a table, or those of one pod.
struct Scope {
  std::string table;
  std::string connection;  // both "": all of the table
  std::string pod;
  auto operator<=>(const Scope&) const = default;
};

// A file as the ledger has it, with what the store says of it now.
struct Known {
  LoadFile file;
  std::string tag;                                // of the ledger
  const connector::StoredFile* stored = nullptr;  // null: gone
  bool changed = false;                           // another one by now
};

// A load record.
struct Record {
  std::string published_at;
  std::string day;
  std::string hold_id;
  std::string kind;
  int64_t read = 0;
  int64_t collisions = 0;
  std::string connection;
  std::string pod;
  int64_t group = 0;
};

std::string Listed(const std::vector<std::string>& names) {
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<ptrdiff_t>(std::min(kMostNamed, names.size())));
  std::string text = Join(shown, ", ");
  if (names.size() > kMostNamed) {
    text += fmt::format(" and {}", Counted(names.size() - kMostNamed, "more"));
  }
  return text;
}

auto FileOrderOf(const LoadFile& file) {
  return std::make_tuple(file.log_id, env::Basename(file.stored.path), file.stored.path);
}

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
    for (auto& [scope, files] : scopes) {
      SLUICE_ASSIGN(target_, ZenotiTarget(ingest_, catalog_, scope.table));
      SLUICE_TRY(PlanScope(scope, std::move(files)));
    }
    plan_.steps.insert(plan_.steps.begin(), std::make_move_iterator(steps_.begin()),
                       std::make_move_iterator(steps_.end()));
    return Status::Ok();
  }

 private:
  const Source* SourceOf(const std::string& connection) const {
    const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Source& source) {
      return source.connection == connection;
    });
    return found == sources_.end() ? nullptr : &*found;
  }

  const connector::StoredFile* StoredOf(const std::string& connection,
                                        const std::string& path) const {
    const Source* source = SourceOf(connection);
    if (source == nullptr) return nullptr;
    const auto& files = source->listing.files;
    const auto found = std::lower_bound(
        files.begin(), files.end(), path,
        [](const connector::StoredFile& file, const std::string& p) { return file.path < p; });
    return found != files.end() && found->path == path ? &*found : nullptr;
  }

  // Whether the hold speaks of this file as it is now.
  bool Covers(const OpenHold& hold, const LateFile& late) const {
    if (hold.kind != "late" || hold.table != late.table || hold.connection != late.connection ||
        std::find(hold.files.begin(), hold.files.end(), late.file.path) == hold.files.end()) {
      return false;
    }
    std::vector<std::pair<std::string, std::string>> now;
    for (const std::string& path : hold.files) {
      const connector::StoredFile* stored = StoredOf(hold.connection, path);
      now.emplace_back(path, stored == nullptr ? "" : stored->tag);
    }
    return LateId(std::move(now)) == hold.load_id;
  }

  const OpenHold* Find(const std::vector<OpenHold>& holds, const LateFile& late) const {
    const auto found = std::find_if(holds.begin(), holds.end(),
                                    [&](const OpenHold& hold) { return Covers(hold, late); });
    return found == holds.end() ? nullptr : &*found;
  }

  void Leave(LateFile late, std::string check, std::string why) {
    late.check = std::move(check);
    late.why = std::move(why);
    plan_.late.push_back(std::move(late));
  }

  Status PlanScope(const Scope& scope, std::vector<LateFile> files) {
    std::vector<LateFile> now;
    std::vector<LateFile> as_they_are;
    std::string accepted;
    for (LateFile& late : files) {
      const OpenHold* decision = Find(ledger_.late_accepted, late);
      const OpenHold* open = Find(ledger_.holds, late);
      const bool tried = open != nullptr && !open->check.empty() && open->check != kMissing &&
                         open->check != kByPolicy;
      if (tried) {
        Leave(std::move(late), open->check, "");
      } else if (ingest_.late_files == config::LateFiles::kHold && decision == nullptr) {
        Leave(std::move(late), kByPolicy, "");
      } else {
        const bool as_it_is = decision != nullptr && decision->check != kByPolicy;
        if (as_it_is) accepted = decision->id;
        (as_it_is ? as_they_are : now).push_back(std::move(late));
      }
    }
    // What somebody accepted goes alone: the others are judged by the run after this one.
    if (!as_they_are.empty()) now = std::move(as_they_are);
    if (now.empty()) return Status::Ok();
    SLUICE_TRY(ReadScope(scope));
    if (CanBeAdded(scope, now, true)) return AddSteps(scope, now, accepted);
    const std::string obstacle = Obstacle(scope, now);
    SLUICE_ASSIGN(const std::string foreign, RowsOfOthers(scope));
    if (obstacle.empty() && foreign.empty()) {
      MakeRebuild(scope, std::move(now), accepted);
      return Status::Ok();
    }
    // The table comes out right all the same; only which of the two rows of a key counts as updated
    // and which as superseded differs.
    if (CanBeAdded(scope, now, false)) return AddSteps(scope, now, accepted);
    for (LateFile& late : now) {
      Leave(std::move(late), kMissing, obstacle.empty() ? foreign : obstacle);
    }
    return Status::Ok();
  }

  Status ReadScope(const Scope& scope) {
    known_.clear();
    records_.clear();
    std::vector<Value> values = {ingest_.name, scope.table};
    std::string where = "WHERE ingest = $1 AND table_name = $2";
    if (!scope.pod.empty()) {
      where += " AND connection = $3 AND pod = $4";
      values.insert(values.end(), {scope.connection, scope.pod});
    }
    SLUICE_ASSIGN(auto files,
                  connection_.Query("SELECT connection, pod, group_id::BIGINT, log_id::BIGINT, "
                                    "address, tag, content_hash, load_id FROM _sluice.files " +
                                        where + " AND state = 'loaded' ORDER BY rowid",
                                    values));
    std::map<LateKey, Known> by_address;  // the newest entry counts
    while (true) {
      SLUICE_ASSIGN(const auto batch, files.Next());
      if (!batch) break;
      for (size_t r = 0; r < batch->rows(); ++r) {
        Known known;
        known.file.connection = std::string(batch->text(0, r));
        known.file.pod = std::string(batch->text(1, r));
        known.file.group = batch->integer(2, r);
        known.file.log_id = batch->integer(3, r);
        known.file.stored.path = std::string(batch->text(4, r));
        known.tag = std::string(batch->text(5, r));
        known.file.expected_hash = std::string(batch->text(6, r));
        known.file.load_id = batch->integer(7, r);
        LateKey key{known.file.connection, known.file.stored.path};
        by_address[std::move(key)] = std::move(known);
      }
    }
    for (auto& [key, known] : by_address) known_.push_back(Compare(std::move(known), scope));
    SLUICE_ASSIGN(const auto loads,
                  connection_.Rows("SELECT load_id, published_at::VARCHAR, day::VARCHAR, hold_id, "
                                   "kind, rows_read, key_collisions, connection, pod, group_id "
                                   "FROM _sluice.loads " +
                                       where + " AND unloaded_at IS NULL",
                                   values));
    for (const auto& row : loads) {
      records_[ToInt(row[0])] = {ToText(row[1]), ToText(row[2]), ToText(row[3]),
                                 ToText(row[4]), ToInt(row[5]),  ToInt(row[6]),
                                 ToText(row[7]), ToText(row[8]), ToInt(row[9])};
    }
    return Status::Ok();
  }

  Known Compare(Known known, const Scope& scope) const {
    const connector::StoredFile* stored = StoredOf(known.file.connection, known.file.stored.path);
    known.stored = stored;
    if (stored == nullptr) return known;
    // A copy with another time has taken over its tag in the ledger as it was read.
    const auto entry =
        ledger_.files.find({known.file.connection, known.file.stored.path, scope.table});
    const bool newest = entry != ledger_.files.end() && entry->second.state == "loaded";
    known.changed = (newest ? entry->second.tag : known.tag) != stored->tag;
    known.file.stored = *stored;
    known.file.store = SourceOf(known.file.connection)->store;
    return known;
  }

  static bool IsAmong(const std::vector<LateFile>& now, const Known& known) {
    return std::any_of(now.begin(), now.end(), [&](const LateFile& late) {
      return late.connection == known.file.connection && late.file.path == known.file.stored.path;
    });
  }

  // Why the table cannot be made again; "" when it can.
  std::string Obstacle(const Scope& scope, const std::vector<LateFile>& now) const {
    std::vector<std::string> gone;
    for (const Known& known : known_) {
      if (known.stored != nullptr && (!known.changed || IsAmong(now, known))) continue;
      gone.push_back(known.file.stored.path);
    }
    if (gone.empty()) return {};
    return fmt::format(
        "{}{} cannot be rebuilt: of the {} that it was loaded from {} no longer in "
        "the store as {} was: {}",
        scope.table, scope.pod.empty() ? "" : " of " + scope.pod, Counted(known_.size(), "file"),
        gone.size() == 1 ? "1 is" : Thousands(gone.size()) + " are",
        gone.size() == 1 ? "it" : "each", Listed(gone));
  }

  // Rows that were there before Sluice stand in no file.
  Result<std::string> RowsOfOthers(const Scope& scope) {
    if (ledger_.tables.count(scope.table) == 0) return std::string();
    SLUICE_ASSIGN(const auto rows,
                  connection_.Scalar(fmt::format(
                      "SELECT count(*) FROM main.{} WHERE {} IS NULL{}",
                      engine::QuoteName(scope.table), engine::QuoteName(kLoadColumn),
                      scope.pod.empty() ? ""
                                        : fmt::format(" AND {} = {}", engine::QuoteName(kPodColumn),
                                                      engine::QuoteText(scope.pod)))));
    if (ToInt(rows) == 0) return std::string();
    return fmt::format("{} cannot be rebuilt: {} of it {} there before Sluice and in no file",
                       scope.table, Counted(static_cast<uint64_t>(ToInt(rows)), "row"),
                       ToInt(rows) == 1 ? "was" : "were");
  }

  int64_t LoadIdOf(const LateFile& late) const {
    return StableId({late.connection, late.pod, late.table, std::to_string(late.group)});
  }

  size_t SourceIndex(const std::string& connection) const {
    const Source* source = SourceOf(connection);
    return source == nullptr ? sources_.size() : static_cast<size_t>(source - sources_.data());
  }

  // Where a load stands: the groups of one pod by number; those of several pods of a table without
  // the pod in its key in the order in which they were published.
  std::tuple<std::string, size_t, std::string, int64_t> PlaceOf(const std::string& published_at,
                                                                const std::string& connection,
                                                                const std::string& pod,
                                                                int64_t group) const {
    return {target_.match_pod ? std::string() : published_at, SourceIndex(connection), pod, group};
  }

  // Whether loading these files now, as the last ones, gives the table that loading them in time had
  // given; and `exactly`, the same counts of each file and load.
  bool CanBeAdded(const Scope& scope, const std::vector<LateFile>& now, bool exactly) const {
    if (records_.empty()) return false;
    const bool any_changed =
        std::any_of(now.begin(), now.end(), [](const LateFile& late) { return late.changed; });
    if (any_changed) return false;
    if (target_.merge == Merge::kAppend) {
      // What is the first load of its pod is told apart from those after it.
      return std::all_of(now.begin(), now.end(), [&](const LateFile& late) {
        return std::any_of(records_.begin(), records_.end(), [&](const auto& record) {
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
    const auto last = std::max_element(
        records_.begin(), records_.end(),
        [&](const auto& a, const auto& b) { return Place(a.second) < Place(b.second); });
    for (const LateFile& late : now) {
      if (late.connection != last->second.connection || late.pod != last->second.pod ||
          late.group < last->second.group) {
        return false;
      }
      if (late.group > last->second.group) continue;  // a load of its own, behind all
      if (!ComesLast(late, last->first)) return false;
      if (!exactly) continue;
      if (target_.merge == Merge::kUpdateInsert) return false;
      // A row that collided and is deleted by a later file of its load was no collision.
      if (target_.merge == Merge::kDeleteInsert && last->second.collisions > 0) return false;
    }
    return true;
  }

  std::tuple<std::string, size_t, std::string, int64_t> Place(const Record& record) const {
    return PlaceOf(record.published_at, record.connection, record.pod, record.group);
  }

  bool ComesLast(const LateFile& late, int64_t load_id) const {
    LoadFile file;
    file.stored = late.file;
    file.log_id = late.log_id;
    return std::none_of(known_.begin(), known_.end(), [&](const Known& known) {
      return known.file.load_id == load_id && FileOrderOf(known.file) > FileOrderOf(file);
    });
  }

  LoadFile FileOf(const LateFile& late) const {
    LoadFile file;
    const Source* source = SourceOf(late.connection);
    file.stored = late.file;
    file.store = source == nullptr ? nullptr : source->store;
    file.connection = late.connection;
    file.pod = late.pod;
    file.group = late.group;
    file.log_id = late.log_id;
    file.load_id = LoadIdOf(late);
    file.any_bad_rows = std::any_of(
        ledger_.limits_lifted.begin(), ledger_.limits_lifted.end(), [&](const LiftedLimit& limit) {
          return limit.table == late.table && limit.files.count(late.file.path) > 0;
        });
    return file;
  }

  TableLoad NewLoad(const std::string& pod, int64_t group) const {
    TableLoad load;
    load.ingest = ingest_.name;
    load.target = target_;
    load.label = fmt::format("{}.{} {}/{}", ingest_.name, target_.name, pod, group);
    return load;
  }

  // One step per group, as if it were the next that came.
  Status AddSteps(const Scope& scope, const std::vector<LateFile>& now,
                  const std::string& accepted) {
    std::map<std::tuple<size_t, std::string, int64_t>, Step> steps;
    for (const LateFile& late : now) {
      Step& step = steps[{SourceIndex(late.connection), late.pod, late.group}];
      if (step.loads.empty()) {
        step.label = fmt::format("{} group {}", late.pod, late.group);
        step.loads.push_back(NewLoad(late.pod, late.group));
        step.loads.front().late = true;
      }
      LoadFile file = FileOf(late);
      const auto record = records_.find(file.load_id);
      if (record != records_.end()) {
        file.full = record->second.kind == "full";
        step.loads.front().rows_before = record->second.read;
      }
      file.any_bad_rows = file.any_bad_rows || !accepted.empty();
      step.loads.front().files.push_back(std::move(file));
    }
    for (auto& [place, step] : steps) {
      Sort(step.loads.front());
      plan_.notes.push_back(
          fmt::format("{}.{}: {}: loaded behind what is there, which gives the "
                      "same",
                      ingest_.name, scope.table, Reason(now, place)));
      steps_.push_back(std::move(step));
    }
    return Status::Ok();
  }

  static void Sort(TableLoad& load) {
    std::sort(load.files.begin(), load.files.end(),
              [](const LoadFile& a, const LoadFile& b) { return FileOrderOf(a) < FileOrderOf(b); });
  }

  std::string Reason(const std::vector<LateFile>& now,
                     const std::tuple<size_t, std::string, int64_t>& place) const {
    std::vector<LateFile> of_group;
    for (const LateFile& late : now) {
      if (place == std::make_tuple(SourceIndex(late.connection), late.pod, late.group)) {
        of_group.push_back(late);
      }
    }
    return ReasonOf(of_group);
  }

  static std::string ReasonOf(const std::vector<LateFile>& now) {
    std::vector<std::string> came;
    std::vector<std::string> changed;
    for (const LateFile& late : now) (late.changed ? changed : came).push_back(late.file.path);
    std::string text;
    if (!came.empty()) text = Listed(came) + " came late";
    if (!changed.empty()) text += (text.empty() ? "" : ", ") + Listed(changed) + " changed";
    return text;
  }

  void MakeRebuild(const Scope& scope, std::vector<LateFile> now, const std::string& accepted) {
    Rebuild rebuild;
    rebuild.target = target_;
    rebuild.connection = scope.connection;
    rebuild.pod = scope.pod;
    rebuild.label = fmt::format("rebuild {}.{}{}", ingest_.name, scope.table,
                                scope.pod.empty() ? "" : " " + scope.pod);
    rebuild.reason = ReasonOf(now);
    rebuild.accepted = accepted;
    std::map<int64_t, Rebuild::Load> loads;
    for (const Known& known : known_) {
      if (IsAmong(now, known)) continue;
      LoadFile file = known.file;
      file.any_bad_rows = true;  // it was let in
      LoadOf(loads, file).files.push_back(file);
    }
    for (const LateFile& late : now) {
      LoadFile file = FileOf(late);
      file.any_bad_rows = file.any_bad_rows || !accepted.empty();
      TableLoad& load = LoadOf(loads, file);
      load.late = true;
      load.files.push_back(std::move(file));
    }
    for (auto& [id, one] : loads) {
      Sort(one.load);
      PutInTime(id, one);
      rebuild.loads.push_back(std::move(one));
    }
    std::sort(rebuild.loads.begin(), rebuild.loads.end(),
              [&](const Rebuild::Load& a, const Rebuild::Load& b) { return Place(a) < Place(b); });
    MarkFull(rebuild);
    rebuild.late = std::move(now);
    plan_.rebuilds.push_back(std::move(rebuild));
  }

  std::tuple<std::string, size_t, std::string, int64_t> Place(const Rebuild::Load& one) const {
    const LoadFile& first = one.load.files.front();
    return PlaceOf(one.published_at, first.connection, first.pod, first.group);
  }

  TableLoad& LoadOf(std::map<int64_t, Rebuild::Load>& loads, const LoadFile& file) const {
    const auto [entry, is_new] = loads.try_emplace(file.load_id);
    TableLoad& load = entry->second.load;
    if (is_new) {
      load = NewLoad(file.pod, file.group);
      // It gets its columns when its turn comes: they are the same for all.
      load.target = {};
      load.target.name = target_.name;
      load.stage_suffix = "_rebuild";
    }
    return load;
  }

  // Where a load has its record it stands there. A new one stands beside the group's other tables,
  // else before the next group of its pod.
  void PutInTime(int64_t load_id, Rebuild::Load& one) const {
    const auto own = records_.find(load_id);
    if (own != records_.end()) {
      one.published_at = own->second.published_at;
      one.day = own->second.day;
      one.hold_id = own->second.hold_id;
      return;
    }
    const LoadFile& first = one.load.files.front();
    const Record* next = nullptr;
    for (const auto& [id, record] : records_) {
      if (record.connection != first.connection || record.pod != first.pod ||
          record.group < first.group) {
        continue;
      }
      if (next == nullptr || record.group < next->group) next = &record;
    }
    const auto rows = connection_.Rows(
        "SELECT published_at::VARCHAR, day::VARCHAR FROM _sluice.loads WHERE ingest = $1 AND "
        "connection = $2 AND pod = $3 AND group_id = $4 ORDER BY published_at LIMIT 1",
        {ingest_.name, first.connection, first.pod, first.group});
    if (rows.ok() && !rows->empty()) {
      one.published_at = ToText(rows.value()[0][0]);
      one.day = ToText(rows.value()[0][1]);
    } else if (next != nullptr) {
      one.published_at = next->published_at;
      one.day = next->day;
    }
  }

  // The first load of a pod is its full load, unless its first groups were loaded elsewhere.
  void MarkFull(Rebuild& rebuild) const {
    std::set<std::pair<std::string, std::string>> seen;
    for (Rebuild::Load& one : rebuild.loads) {
      const LoadFile& first = one.load.files.front();
      const bool full = seen.insert({first.connection, first.pod}).second &&
                        BeginsWithFullLoad(ingest_, first.connection, first.pod);
      for (LoadFile& file : one.load.files) file.full = full;
    }
  }

  engine::Connection& connection_;
  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const SchemaCatalog& catalog_;
  const LedgerState& ledger_;
  IngestPlan& plan_;
  std::vector<Step> steps_;
  TargetTable target_;                 // of the scope at hand
  std::vector<Known> known_;           // its files that are loaded
  std::map<int64_t, Record> records_;  // its loads
};

}  // namespace

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

}  // namespace sluice::ingest
