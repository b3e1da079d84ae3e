// Restored months in the history of a table (docs/decisions/0013-monthly-restore.md).
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ingest/reading.h"
#include "ingest/table_history.h"

namespace sluice::ingest {

using engine::ToText;

Status TableHistory::ReadRestores(const std::string& where,
                                  const std::vector<engine::Value>& values) {
  SLUICE_ASSIGN(const auto rows,
                connection_->Rows("SELECT load_id, month, extract, month_column, "
                                  "restored_at::VARCHAR, removed FROM _sluice.restores " +
                                      where,
                                  values));
  for (const auto& row : rows) {
    const auto record = records_.find(engine::ToInt(row[0]));
    const auto month = Month::Parse(ToText(row[1]));
    if (record == records_.end() || !month) continue;
    record->second.restore = {*month,         ToText(row[2]), ToText(row[3]),
                              ToText(row[4]), false,          engine::ToInt(row[5])};
  }
  return Status::Ok();
}

bool TableHistory::IsRestoredBehind(const std::string& connection, const std::string& pod,
                                    int64_t group) const {
  return std::any_of(records_.begin(), records_.end(), [&](const auto& entry) {
    const Record& record = entry.second;
    if (!record.restore) return false;
    // Rows of another pod may meet there.
    if (!target_.match_pod) return true;
    return record.connection == connection && record.pod == pod && group <= record.group;
  });
}

// When the last group up to `group` was published; "" when none was.
std::string TableHistory::PublishedUpTo(const std::string& connection, const std::string& pod,
                                        int64_t group) const {
  const Record* last = nullptr;
  for (const auto& [id, record] : records_) {
    if (record.restore || record.connection != connection || record.pod != pod ||
        record.group > group) {
      continue;
    }
    if (last == nullptr || record.group > last->group) last = &record;
  }
  return last == nullptr ? std::string() : last->published_at;
}

void TableHistory::DescribeRestore(Rebuild::Load& one) const {
  TableLoad& load = one.load;
  load.kind = "restore";
  load.label = fmt::format("{}.{} {} {}", ingest_->name, target_.name, load.files.front().pod,
                           one.restore->month.Text());
  // Not judged by what increments bring.
  for (LoadFile& file : load.files) file.full = true;
}

void TableHistory::FindOverruled(Rebuild& rebuild) const {
  std::vector<const Rebuild::Load*> restores;
  for (Rebuild::Load& one : rebuild.loads) {
    if (one.restore) {
      restores.push_back(&one);
      continue;
    }
    for (const Rebuild::Load* restore : restores) {
      if (one.published_at >= restore->restore->restored_at) continue;
      one.overrules.push_back(restore->load.files.front().load_id);
    }
  }
}

Rebuild TableHistory::MakeRestore(std::vector<Rebuild::Load> restores,
                                  const std::string& reason) const {
  Rebuild rebuild = NewRebuild(reason);
  std::map<int64_t, Rebuild::Load> loads;
  std::set<int64_t> restored;
  for (Rebuild::Load& one : restores) {
    const int64_t id = one.load.files.front().load_id;
    rebuild.label =
        fmt::format("restore {}.{}{} {}", ingest_->name, scope_.table,
                    scope_.pod.empty() ? "" : " " + scope_.pod, one.restore->month.Text());
    for (const LoadFile& file : one.load.files) LoadOf(loads, file).files.push_back(file);
    loads[id].restore = one.restore;
    loads[id].load.late = true;  // it passes all checks
    DescribeRestore(loads[id]);
    restored.insert(id);
  }
  for (const Known& known : known_) {
    if (restored.count(known.file.load_id) > 0) continue;  // by what takes its place now
    LoadFile file = known.file;
    file.any_bad_rows = true;  // it was let in
    LoadOf(loads, file).files.push_back(file);
  }
  Arrange(std::move(loads), rebuild);
  const auto first =
      std::find_if(rebuild.loads.begin(), rebuild.loads.end(),
                   [](const Rebuild::Load& one) { return one.restore && one.restore->is_new; });
  rebuild.loads.erase(rebuild.loads.begin(), first);
  rebuild.partial = true;
  return rebuild;
}

Result<std::string> TableHistory::ObstacleTo(const Rebuild& restore) const {
  std::set<int64_t> ids;
  for (const Rebuild::Load& one : restore.loads) {
    if (!one.restore || !one.restore->is_new) ids.insert(one.load.files.front().load_id);
  }
  std::vector<std::string> gone;
  std::set<int64_t> readings;
  size_t files = 0;
  for (const Known& known : known_) {
    if (ids.count(known.file.load_id) == 0) continue;
    ++files;
    readings.insert(known.reading);
    if (known.stored == nullptr || known.changed) gone.push_back(known.file.stored.path);
  }
  std::string why = TellGone(NameOf(), "restored", gone, files, "applied again behind the month");
  if (!why.empty()) return why;
  return TellReadOtherwise(*connection_, target_, readings);
}

}  // namespace sluice::ingest
