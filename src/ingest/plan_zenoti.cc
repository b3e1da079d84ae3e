#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/plan.h"

namespace sluice::ingest {
namespace {

using TableKey = std::tuple<std::string, std::string, std::string>;  // connection, pod, table

// The files of one table in one group of one pod.
struct Portion {
  size_t source = 0;
  std::string connection;
  std::string pod;        // as the drop names it
  std::string pod_label;  // as it stands in the tables
  int64_t group = 0;
  std::string table;
  std::vector<const DataFile*> files;
};

class ZenotiPlanner {
 public:
  ZenotiPlanner(const config::Ingest& ingest, const std::vector<Source>& sources,
                const SchemaCatalog& catalog, const LedgerState& ledger, env::Micros now)
      : ingest_(ingest), sources_(sources), catalog_(catalog), ledger_(ledger), now_(now) {
    plan_.ingest = ingest.name;
    for (const Source& source : sources) drops_.push_back(ReadDrop(source.listing, ingest.prefix));
  }

  Result<IngestPlan> Make() {
    SLUICE_TRY(LookForDrops());
    FindTables();
    ResolveTables();
    organization_source_ = OrganizationSources(ingest_, sources_, drops_, ledger_);
    CollectPortions();
    MakeSteps();
    return std::move(plan_);
  }

 private:
  // A folder that holds no drop at all is a mistake of the project; one of several is a problem of its
  // own, for the others go on.
  Status LookForDrops() {
    Status last;
    size_t missing = 0;
    for (size_t i = 0; i < drops_.size(); ++i) {
      const Status there = CheckDropIsThere(ingest_, *sources_[i].store, sources_[i].listing);
      if (!there.ok()) {
        ++missing;
        last = there;
        plan_.problems.push_back(fmt::format("{}: {}", ingest_.name, there.ToString()));
      }
      TellStrays(drops_[i]);
    }
    return missing == drops_.size() ? last : Status::Ok();
  }

  void TellStrays(const ZenotiDrop& drop) {
    constexpr size_t kMostTold = 10;
    for (size_t i = 0; i < drop.strays.size() && i < kMostTold; ++i) {
      plan_.notes.push_back(
          fmt::format("{} is passed over: {}", drop.strays[i].path, drop.strays[i].why));
    }
    if (drop.strays.size() > kMostTold) {
      plan_.notes.push_back(fmt::format("{} are passed over in the same way",
                                        Counted(drop.strays.size() - kMostTold, "more file")));
    }
  }

  void FindTables() {
    for (const ZenotiDrop& drop : drops_) {
      for (const DataFile& file : drop.data_files) present_.insert(file.table);
    }
  }

  // The tables of the project with the schema that the drop declares.
  void ResolveTables() {
    for (const config::Table& table : ingest_.tables) {
      const std::string name = CanonicalTableName(table.name);
      auto target = ZenotiTarget(ingest_, catalog_, name);
      if (target.status().code() == Code::kNotFound && present_.count(name) == 0) {
        plan_.notes.push_back(fmt::format(
            "{}.{}: neither a schema file nor data of it is in the drop", ingest_.name, name));
        broken_.insert(name);
        targets_[name] = {};
        continue;
      }
      if (!target.ok()) {
        plan_.problems.push_back(fmt::format("{}: {}", name, target.status().ToString()));
        broken_.insert(name);
        targets_[name] = {};
        continue;
      }
      targets_[name] = std::move(target).value();
    }
  }

  std::string PodLabel(size_t source, const std::string& pod) const {
    return PodLabelOf(ledger_, sources_, source, pod);
  }

  // The highest group of each pod, and when something last came into each group.
  void MeasureGroups(size_t source) {
    highest_.clear();
    newest_.clear();
    for (const DataFile& file : drops_[source].data_files) {
      int64_t& highest = highest_[file.pod];
      highest = std::max(highest, file.group);
      env::Micros& newest = newest_[{file.pod, file.group}];
      newest = std::max(newest, file.file.modified);
    }
  }

  // A group is whole when a higher one exists or nothing new came into it for `settle`.
  bool IsWhole(const std::string& pod, int64_t group) const {
    return group < highest_.at(pod) ||
           newest_.at({pod, group}) + ingest_.settle.count() * 1000 <= now_;
  }

  void CollectPortions() {
    for (size_t source = 0; source < drops_.size(); ++source) {
      unsettled_.clear();
      MeasureGroups(source);
      for (const DataFile& file : drops_[source].data_files) {
        const auto start = ingest_.start_after.find(file.pod);
        if (start != ingest_.start_after.end() && file.group <= start->second) continue;
        if (targets_.count(file.table) == 0) {
          ++plan_.unknown_tables[file.table];
          continue;
        }
        const auto only = organization_source_.find(file.table);
        if (only != organization_source_.end() && only->second != source) continue;
        if (broken_.count(file.table) > 0) continue;
        if (IsLateOrKnown(source, file)) continue;
        if (!IsWhole(file.pod, file.group)) {
          unsettled_.insert({file.pod, file.group});
          continue;
        }
        AddToPortion(source, file);
      }
      for (const auto& [pod, group] : unsettled_) {
        plan_.unsettled.push_back(fmt::format("{} group {}", PodLabel(source, pod), group));
        if (!IsAhead(newest_.at({pod, group}), now_)) continue;
        plan_.notes.push_back(fmt::format("{}: {} group {} waits: of a file of it {}", ingest_.name,
                                          PodLabel(source, pod), group, kAhead));
      }
    }
  }

  // Files that were loaded, skipped or held as they are need nothing; files of a group that this table
  // has passed are late.
  bool IsLateOrKnown(size_t source, const DataFile& file) {
    const std::string& connection = sources_[source].connection;
    const auto known = ledger_.files.find({connection, file.file.path, file.table});
    const bool is_known = known != ledger_.files.end();
    if (is_known && known->second.tag == file.file.tag) return true;
    const auto cursor = ledger_.cursors.find({connection, PodLabel(source, file.pod), file.table});
    const bool passed = cursor != ledger_.cursors.end() && file.group <= cursor->second.group;
    if (!passed) return false;
    // More of its kind may be on the way: a table is not rebuilt for each of them.
    if (file.file.modified + ingest_.settle.count() * 1000 > now_) {
      unsettled_.insert({file.pod, file.group});
      return true;
    }
    LateFile& late = plan_.late.emplace_back();
    late.connection = connection;
    late.table = file.table;
    late.pod = PodLabel(source, file.pod);
    late.group = file.group;
    late.log_id = file.log_id;
    late.file = file.file;
    late.changed = is_known;
    return true;
  }

  void AddToPortion(size_t source, const DataFile& file) {
    Portion& portion = portions_[{source, file.pod, file.group, file.table}];
    portion.source = source;
    portion.connection = sources_[source].connection;
    portion.pod = file.pod;
    portion.pod_label = PodLabel(source, file.pod);
    portion.group = file.group;
    portion.table = file.table;
    portion.files.push_back(&file);
  }

  const OpenHold* HoldOn(const Portion& portion) const {
    for (const OpenHold& hold : ledger_.holds) {
      if (hold.table != portion.table) continue;
      // A late file or a thin day does not stop what comes after it.
      if (hold.kind != "gate" && hold.kind != "file") continue;
      // Where the pod is no part of the key, a row of one pod may meet one of another.
      if (hold.pod == portion.pod_label || !targets_.at(portion.table).match_pod) return &hold;
      // The first groups of all pods are one stage: while it is held no pod's rows may pass it.
      if (ledger_.tables.count(portion.table) == 0) return &hold;
    }
    return nullptr;
  }

  bool IsFirst(const Portion& portion) const {
    return ledger_.cursors.count({portion.connection, portion.pod_label, portion.table}) == 0;
  }

  bool IsFull(const Portion& portion) const {
    return BeginsWithFullLoad(ingest_, portion.connection, portion.pod_label);
  }

  // The first groups of all pods make one step, so that the first load can publish by renaming; then
  // one step per pod and group. Tables without the pod in their key come pod by pod, for there a later
  // pod's rows meet an earlier one's.
  void MakeSteps() {
    std::set<TableKey> seen;  // tables whose first group is in the first step
    Step first;
    std::set<std::string> first_pods;
    std::vector<std::pair<std::string, Step>> rest;
    std::set<std::string> shared_started;
    for (const auto& [key, portion] : portions_) {
      if (const OpenHold* hold = HoldOn(portion)) {
        AddWaiting(portion, *hold);
        continue;
      }
      const TargetTable& target = targets_.at(portion.table);
      const TableKey table{portion.connection, portion.pod_label, portion.table};
      const bool is_first = IsFirst(portion) && seen.insert(table).second;
      const bool renames = is_first && ledger_.tables.count(portion.table) == 0 &&
                           (target.match_pod || shared_started.insert(portion.table).second);
      if (renames) {
        AddToStep(first, target, portion, IsFull(portion));
        first_pods.insert(portion.pod_label);
        continue;
      }
      const std::string label = fmt::format("{} group {}", portion.pod_label, portion.group);
      if (rest.empty() || rest.back().first != label) {
        rest.emplace_back(label, Step());
        rest.back().second.label = label;
      }
      AddToStep(rest.back().second, target, portion, is_first && IsFull(portion));
    }
    if (!first.loads.empty()) {
      const std::vector<std::string> pods(first_pods.begin(), first_pods.end());
      first.label =
          fmt::format("first {} of {}", pods.size() == 1 ? "group" : "groups", Join(pods, ", "));
      plan_.steps.push_back(std::move(first));
    }
    for (auto& [label, step] : rest) plan_.steps.push_back(std::move(step));
  }

  void AddWaiting(const Portion& portion, const OpenHold& hold) {
    for (IngestPlan::Waiting& waiting : plan_.waiting) {
      if (waiting.table != portion.table || waiting.pod != portion.pod_label) continue;
      ++waiting.groups;
      return;
    }
    plan_.waiting.push_back({portion.table, portion.pod_label, hold.id, 1});
  }

  void AddToStep(Step& step, const TargetTable& target, const Portion& portion, bool full) {
    auto load = std::find_if(step.loads.begin(), step.loads.end(), [&](const TableLoad& other) {
      return other.target.name == portion.table;
    });
    if (load == step.loads.end()) {
      step.loads.emplace_back();
      load = step.loads.end() - 1;
      load->ingest = ingest_.name;
      load->target = target;
      load->label =
          fmt::format("{}.{} {}/{}", ingest_.name, portion.table, portion.pod_label, portion.group);
    } else {
      load->label += fmt::format(", {}/{}", portion.pod_label, portion.group);
    }
    const int64_t load_id = StableId(
        {portion.connection, portion.pod_label, portion.table, std::to_string(portion.group)});
    for (const DataFile* file : portion.files) {
      LoadFile entry;
      entry.stored = file->file;
      entry.store = sources_[portion.source].store;
      entry.connection = portion.connection;
      entry.pod = portion.pod_label;
      entry.group = portion.group;
      entry.log_id = file->log_id;
      entry.load_id = load_id;
      entry.full = full;
      entry.any_bad_rows = IsLifted(portion.table, file->file.path);
      load->files.push_back(std::move(entry));
    }
  }

  bool IsLifted(const std::string& table, const std::string& path) const {
    return std::any_of(ledger_.limits_lifted.begin(), ledger_.limits_lifted.end(),
                       [&](const LiftedLimit& limit) {
                         return limit.table == table && limit.files.count(path) > 0;
                       });
  }

  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const SchemaCatalog& catalog_;
  const LedgerState& ledger_;
  const env::Micros now_;
  IngestPlan plan_;
  std::vector<ZenotiDrop> drops_;
  std::map<std::string, TargetTable> targets_;
  std::set<std::string> broken_;
  std::set<std::string> present_;  // tables with data in the drop
  std::map<std::string, size_t> organization_source_;
  // Of the source at hand.
  std::set<std::pair<std::string, int64_t>> unsettled_;
  std::map<std::string, int64_t> highest_;
  std::map<std::pair<std::string, int64_t>, env::Micros> newest_;
  // In the order of loading: source, pod, group, table.
  std::map<std::tuple<size_t, std::string, int64_t, std::string>, Portion> portions_;
};

}  // namespace

std::map<std::string, size_t> OrganizationSources(const config::Ingest& ingest,
                                                  const std::vector<Source>& sources,
                                                  const std::vector<ZenotiDrop>& drops,
                                                  const LedgerState& ledger) {
  std::map<std::string, size_t> found;
  for (const auto& [key, cursor] : ledger.cursors) {
    const std::string& connection = std::get<0>(key);
    const std::string& table = std::get<2>(key);
    const auto source = std::find_if(sources.begin(), sources.end(), [&](const Source& one) {
      return one.connection == connection;
    });
    if (source == sources.end() || !IsOrganizationTable(ingest, table)) continue;
    found.try_emplace(table, static_cast<size_t>(source - sources.begin()));
  }
  for (size_t i = 0; i < drops.size(); ++i) {
    for (const DataFile& file : drops[i].data_files) {
      if (IsOrganizationTable(ingest, file.table)) found.try_emplace(file.table, i);
    }
  }
  return found;
}

std::string PodLabelOf(const LedgerState& ledger, const std::vector<Source>& sources, size_t source,
                       const std::string& pod) {
  const std::string& connection = sources[source].connection;
  const std::string with_connection = connection + "/" + pod;
  for (const std::string& label : {pod, with_connection}) {
    if (ledger.pods.count({connection, label}) > 0) return label;
  }
  const bool taken = std::any_of(ledger.pods.begin(), ledger.pods.end(),
                                 [&](const auto& known) { return known.second == pod; });
  return sources.size() == 1 && !taken ? pod : with_connection;
}

Result<IngestPlan> PlanZenoti(const config::Ingest& ingest, const std::vector<Source>& sources,
                              const SchemaCatalog& catalog, const LedgerState& ledger,
                              env::Micros now) {
  return ZenotiPlanner(ingest, sources, catalog, ledger, now).Make();
}

}  // namespace sluice::ingest
