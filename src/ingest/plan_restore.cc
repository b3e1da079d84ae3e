#include "ingest/plan_restore.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/table_history.h"

namespace sluice::ingest {
namespace {

// How far a clock of the vendor may be from ours: time zones are up to 14 hours apart, and how long a group is under
// way nobody says. Groups that may have come after the extract come again; that an older one does is no harm, for its
// rows take the place of the snapshot's.
constexpr env::Micros kMargin = 24LL * 3600 * 1'000'000;

std::string ExtractText(const std::chrono::year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// The archives of the table in one pod of one connection.
struct PodSnapshot {
  size_t source = 0;
  std::string pod;        // as the drop names it
  std::string pod_label;  // as it stands in the tables
  std::vector<SnapshotFile> files;
};

class RestorePlanner {
 public:
  RestorePlanner(engine::Connection& connection, const config::Ingest& ingest,
                 const std::vector<Source>& sources, const SchemaCatalog& catalog,
                 const LedgerState& ledger, const RestoreRequest& request, env::Micros now)
      : connection_(connection),
        ingest_(ingest),
        sources_(sources),
        catalog_(catalog),
        ledger_(ledger),
        request_(request),
        table_(CanonicalTableName(request.table)),
        now_(now) {
    plan_.ingest = ingest.name;
    for (const Source& source : sources) drops_.push_back(ReadDrop(source.listing, ingest.prefix));
  }

  Result<IngestPlan> Make() {
    SLUICE_TRY(CheckTable());
    SLUICE_TRY(FindSnapshots());
    SLUICE_TRY(CheckAfter());
    if (target_.match_pod) {
      for (const PodSnapshot& pod : pods_) {
        SLUICE_TRY(Plan({table_, sources_[pod.source].connection, pod.pod_label}, {&pod}));
      }
    } else {
      std::vector<const PodSnapshot*> all;
      for (const PodSnapshot& pod : pods_) all.push_back(&pod);
      SLUICE_TRY(Plan({table_, "", ""}, all));
    }
    NotePodsWithout();
    return std::move(plan_);
  }

 private:
  std::string Name() const { return ingest_.name + "." + table_; }

  Status CheckTable() {
    if (IsLeftOutOfSnapshots(table_)) return LeftOut(request_.table);
    const auto table = std::find_if(
        ingest_.tables.begin(), ingest_.tables.end(),
        [&](const config::Table& one) { return CanonicalTableName(one.name) == table_; });
    if (table == ingest_.tables.end()) {
      std::vector<std::string> names;
      for (const config::Table& one : ingest_.tables) names.push_back(CanonicalTableName(one.name));
      return ConfigError(fmt::format("{} is not among the tables of {}{}", request_.table,
                                     ingest_.name, DidYouMean(table_, names)));
    }
    month_column_ = table->month_column;
    SLUICE_ASSIGN(target_, ZenotiTarget(ingest_, catalog_, table_));
    if (month_column_.empty()) {
      if (!target_.key.empty()) return Status::Ok();
      return ConfigError(
          fmt::format("{} has neither month_column nor key: nothing tells which rows "
                      "the snapshot takes the place of",
                      Name()),
          "Set month_column at the table");
    }
    std::vector<std::string> names;
    for (const DdlColumn& column : target_.columns) {
      names.push_back(column.name);
      if (column.name != month_column_) continue;
      const auto kind = column.type.kind;
      if (kind == format::SqlType::Kind::kDate || kind == format::SqlType::Kind::kTimestamp) {
        return Status::Ok();
      }
      return ConfigError(fmt::format("{}: month_column {} is {}, expected a date or a timestamp",
                                     Name(), month_column_, column.type.DuckDb()));
    }
    return ConfigError(fmt::format("{}: month_column {} is no column of it{}", Name(),
                                   month_column_, DidYouMean(month_column_, names)));
  }

  // What the extract of the month has of the table, by pod; of several groups of a pod the newest, for each
  // run of the vendor has a number of its own. Of an organization table only the connection counts that it comes from.
  Status FindSnapshots() {
    std::set<std::string> others;  // days of extracts that have the table
    std::set<std::string> tables;  // that the extract of the month has
    const auto of_all = OrganizationSources(ingest_, sources_, drops_, ledger_);
    const auto only = of_all.find(table_);
    for (size_t source = 0; source < sources_.size(); ++source) {
      const Snapshots found = ReadSnapshots(sources_[source].listing, ingest_.prefix);
      for (const std::string& odd : found.odd) {
        plan_.notes.push_back(
            fmt::format("{} is passed over: expected MonthlySnapshot/<date>/<POD>/"
                        "<group>/<table>/….zip",
                        odd));
        if (odd_++ == 0) odd_path_ = odd;
      }
      if (only != of_all.end() && only->second != source) continue;
      std::map<std::string, PodSnapshot> pods;
      for (const SnapshotFile& file : found.files) {
        const bool wanted = file.table == table_;
        if (!file.IsOf(request_.month)) {
          if (wanted) others.insert(ExtractText(file.extract));
          continue;
        }
        tables.insert(file.table);
        if (wanted) Take(source, file, pods[file.pod]);
      }
      for (auto& [name, pod] : pods) {
        if (!pod.files.empty()) pods_.push_back(std::move(pod));
      }
    }
    if (!pods_.empty()) return Status::Ok();
    return NotFoundError(WhyNone(others, tables), Advice(others));
  }

  void Take(size_t source, const SnapshotFile& file, PodSnapshot& pod) {
    pod.source = source;
    pod.pod = file.pod;
    pod.pod_label = PodLabelOf(ledger_, sources_, source, file.pod);
    if (!pod.files.empty() && pod.files.front().group != file.group) {
      const int64_t older = std::min(pod.files.front().group, file.group);
      plan_.notes.push_back(
          fmt::format("{}: {} has groups {} and {} of this month: the newer one is "
                      "taken",
                      Name(), file.pod, pod.files.front().group, file.group));
      if (older == file.group) return;
      pod.files.clear();
    }
    pod.files.push_back(file);
  }

  std::string ExtractDay() const { return request_.month.Next().FirstDay(); }

  std::string WhyNone(const std::set<std::string>& others,
                      const std::set<std::string>& tables) const {
    std::string text =
        fmt::format("MonthlySnapshot has no extract of {} of {}", ExtractDay(), table_);
    if (!tables.empty()) {
      text += fmt::format("; that day has {}", Counted(tables.size(), "other table"));
    } else if (!others.empty()) {
      text += fmt::format("; of it there are {}",
                          Join(std::vector<std::string>(others.begin(), others.end()), ", "));
    }
    if (odd_ > 0) {
      text += fmt::format("; {} there fit no rule, such as {}", Counted(odd_, "path"), odd_path_);
    }
    return text;
  }

  std::string Advice(const std::set<std::string>& others) const {
    for (auto day = others.rbegin(); day != others.rend(); ++day) {
      const auto next = Month::Parse(day->substr(0, 7));
      if (!EndsWith(*day, "-01") || !next) continue;
      const Month before{next->value - std::chrono::months(1)};
      return fmt::format("sluice run --restore {} --table {}", before.Text(), table_);
    }
    return "Look for it: the extract of a month is dated at the first of the next, year first";
  }

  // Pods that --after names and that are not there.
  Status CheckAfter() const {
    std::vector<std::string> names;
    for (const PodSnapshot& pod : pods_) {
      names.push_back(pod.pod_label);
      if (pod.pod != pod.pod_label) names.push_back(pod.pod);
    }
    for (const auto& [pod, group] : request_.after) {
      if (std::find(names.begin(), names.end(), pod) != names.end()) continue;
      return ConfigError(fmt::format("--after {}={}: the extract has no pod of that name{}", pod,
                                     group, DidYouMean(pod, names)));
    }
    return Status::Ok();
  }

  Status Plan(const Scope& scope, const std::vector<const PodSnapshot*>& pods) {
    SLUICE_ASSIGN(const TableHistory history,
                  TableHistory::Read(connection_, ingest_, sources_, ledger_, target_, scope));
    std::vector<Rebuild::Load> restores;
    std::vector<std::string> again;
    for (const PodSnapshot* pod : pods) {
      SLUICE_ASSIGN(const int64_t after, AfterGroup(history, *pod));
      restores.push_back(RestoreOf(*pod, after));
      again.push_back(fmt::format("{} {}", pod->pod_label, after));
    }
    Rebuild rebuild = history.MakeRestore(std::move(restores), "");
    SLUICE_ASSIGN(const std::string obstacle, history.ObstacleTo(rebuild));
    if (!obstacle.empty()) {
      return RejectedError(obstacle, "Put them back; what changed is loaded by sluice run");
    }
    SLUICE_ASSIGN(const std::string otherwise,
                  DeclaredOtherwise(connection_, target_, history.records()));
    if (!otherwise.empty()) return RejectedError(otherwise);
    const size_t groups = rebuild.loads.size() - pods.size();
    rebuild.reason =
        fmt::format("the extract of {} behind group {}", ExtractDay(), Join(again, ", "));
    if (groups > 0) rebuild.reason += fmt::format(", then {} again", Counted(groups, "load"));
    plan_.rebuilds.push_back(std::move(rebuild));
    return Status::Ok();
  }

  Rebuild::Load RestoreOf(const PodSnapshot& pod, int64_t after) const {
    Rebuild::Load one;
    MonthRestore restore;
    restore.month = request_.month;
    restore.extract = ExtractDay();
    restore.month_column = month_column_;
    restore.restored_at = env::FormatUtc(now_, true);
    restore.is_new = true;
    one.restore = std::move(restore);
    const std::string& connection = sources_[pod.source].connection;
    for (const SnapshotFile& snapshot : pod.files) {
      LoadFile file;
      file.stored = snapshot.file;
      file.store = sources_[pod.source].store;
      file.connection = connection;
      file.pod = pod.pod_label;
      file.group = after;
      file.load_id =
          StableId({connection, pod.pod_label, table_, "restore " + request_.month.Text()});
      one.load.files.push_back(std::move(file));
    }
    return one;
  }

  std::optional<int64_t> Named(const PodSnapshot& pod) const {
    for (const std::string& name : {pod.pod_label, pod.pod}) {
      const auto found = request_.after.find(name);
      if (found != request_.after.end()) return found->second;
    }
    return std::nullopt;
  }

  // The last group of the pod whose changes the snapshot has: those behind it come again.
  Result<int64_t> AfterGroup(const TableHistory& history, const PodSnapshot& pod) const {
    const std::map<int64_t, bool> groups = GroupsOf(history, pod);
    if (groups.empty()) {
      return RejectedError(fmt::format("nothing of {} of {} was loaded yet", Name(), pod.pod_label),
                           "sluice run");
    }
    const int64_t first = groups.begin()->first;
    const int64_t last = groups.rbegin()->first;
    if (const auto named = Named(pod)) {
      if (*named > last) {
        return ConfigError(fmt::format("--after {}={}: the last group of {} that was loaded is {}",
                                       pod.pod_label, *named, Name(), last),
                           "sluice run");
      }
      if (*named >= first || !StartsFull(pod)) return *named;
      return ConfigError(
          fmt::format("--after {}={}: the full load is group {}, and the snapshot "
                      "cannot stand before it",
                      pod.pod_label, *named, first));
    }
    int64_t after = first - 1;
    std::optional<int64_t> first_later;
    for (const auto& [group, later] : groups) {
      if (later) {
        if (!first_later) first_later = group;
      } else if (first_later) {
        return Unclear(pod,
                       fmt::format("group {} came after the extract of {} and group {} before it",
                                   *first_later, ExtractDay(), group));
      } else {
        after = group;
      }
    }
    // Loaded later it would be taken for newer than the snapshot, which may have it.
    if (const auto waiting = WaitingGroup(pod, last)) {
      return RejectedError(
          fmt::format("group {} of {} is not loaded yet, and the extract of {} may have "
                      "it",
                      *waiting, pod.pod_label, ExtractDay()),
          "sluice run, and sluice gate list where it is held");
    }
    if (after < first && StartsFull(pod)) {
      return Unclear(pod, fmt::format("even the full load, group {}, came after the extract of {}",
                                      first, ExtractDay()));
    }
    return after;
  }

  bool StartsFull(const PodSnapshot& pod) const {
    return BeginsWithFullLoad(ingest_, sources_[pod.source].connection, pod.pod_label);
  }

  Status Unclear(const PodSnapshot& pod, const std::string& what) const {
    return RejectedError(
        fmt::format(
            "{} {}: by the times of their files {}: which groups the snapshot has is not clear "
            "(a bucket that was copied has other times)",
            Name(), pod.pod_label, what),
        fmt::format("Name the last group that it has: --after {}=GROUP", pod.pod_label));
  }

  // The groups of the table that are loaded, and whether each may have come after the extract: by the oldest of
  // its files in the store; of a group that is gone by when it was published.
  std::map<int64_t, bool> GroupsOf(const TableHistory& history, const PodSnapshot& pod) const {
    const env::Micros begins = request_.month.Next().Begins();
    const env::Micros border = target_.key.empty() ? begins : begins - kMargin;
    std::map<int64_t, env::Micros> oldest;
    for (const DataFile& file : drops_[pod.source].data_files) {
      if (file.pod != pod.pod) continue;
      const auto [entry, is_new] = oldest.try_emplace(file.group, file.file.modified);
      if (!is_new) entry->second = std::min(entry->second, file.file.modified);
    }
    std::map<int64_t, bool> groups;
    for (const auto& [id, record] : history.records()) {
      if (record.restore || record.connection != sources_[pod.source].connection ||
          record.pod != pod.pod_label) {
        continue;
      }
      const auto listed = oldest.find(record.group);
      groups[record.group] = listed != oldest.end()
                                 ? listed->second >= border
                                 : record.published_at >= env::FormatUtc(border, true);
    }
    return groups;
  }

  // A group of the table behind `last` that came up to a day after the extract's date.
  std::optional<int64_t> WaitingGroup(const PodSnapshot& pod, int64_t last) const {
    const env::Micros border = request_.month.Next().Begins() + kMargin;
    std::optional<int64_t> waiting;
    for (const DataFile& file : drops_[pod.source].data_files) {
      if (file.pod != pod.pod || file.table != table_ || file.group <= last) continue;
      if (file.file.modified < border && (!waiting || file.group < *waiting)) waiting = file.group;
    }
    return waiting;
  }

  // What the extract does not have stays.
  void NotePodsWithout() {
    for (const auto& [key, cursor] : ledger_.cursors) {
      const auto& [connection, pod, table] = key;
      if (table != table_) continue;
      const bool has = std::any_of(pods_.begin(), pods_.end(), [&](const PodSnapshot& one) {
        return one.pod_label == pod && sources_[one.source].connection == connection;
      });
      if (!has) {
        plan_.notes.push_back(
            fmt::format("{}: the extract of {} has nothing of {}, which stays as it is", Name(),
                        ExtractDay(), pod));
      }
    }
  }

  engine::Connection& connection_;
  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const SchemaCatalog& catalog_;
  const LedgerState& ledger_;
  const RestoreRequest& request_;
  const std::string table_;
  const env::Micros now_;
  std::string month_column_;
  TargetTable target_;
  std::vector<ZenotiDrop> drops_;  // by source
  std::vector<PodSnapshot> pods_;
  uint64_t odd_ = 0;      // paths below MonthlySnapshot that fit no rule
  std::string odd_path_;  // the first of them
  IngestPlan plan_;
};

}  // namespace

Result<IngestPlan> PlanRestore(engine::Connection& connection, const config::Ingest& ingest,
                               const std::vector<Source>& sources, const SchemaCatalog& catalog,
                               const LedgerState& ledger, const RestoreRequest& request,
                               env::Micros now) {
  return RestorePlanner(connection, ingest, sources, catalog, ledger, request, now).Make();
}

}  // namespace sluice::ingest
