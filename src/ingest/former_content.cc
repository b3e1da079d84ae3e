#include "ingest/former_content.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/fetcher.h"
#include "ingest/hand.h"
#include "ingest/load_files.h"
#include "ingest/publish.h"
#include "ingest/publish_step.h"
#include "ingest/reading.h"
#include "ingest/stage.h"
#include "ingest/table_history.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr size_t kMostNamed = 3;

Status Gone(const LoadToUndo& undo, size_t files, const std::vector<std::string>& gone,
            bool by_hand) {
  const std::vector<std::string> named(
      gone.begin(), gone.begin() + static_cast<ptrdiff_t>(std::min(kMostNamed, gone.size())));
  std::string text =
      fmt::format("load {} of {} took the place of load {}, and of the {} of that one {} {}: {}",
                  undo.load_id, undo.table, undo.former, Counted(files, "file"), gone.size(),
                  by_hand            ? "was loaded by hand"
                  : gone.size() == 1 ? "is no longer in the store"
                                     : "are no longer in the store",
                  Join(named, ", "));
  if (gone.size() > kMostNamed) text += " …";
  return RejectedError(
      std::move(text),
      by_hand ? fmt::format("Load it once more, in the place of what is there: sluice load FILE "
                            "--into {} --again",
                            undo.table)
              : "Put them back under their names, as they were, and do it again; or have a file "
                "with the right content sent, and run");
}

}  // namespace

Result<PlaceOfReplace> PlaceOf(engine::Connection& connection, int64_t load_id,
                               const std::string& table) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT o.load_id, o.rowid > l.rowid FROM _sluice.loads AS o, (SELECT "
                      "max(rowid) AS rowid FROM _sluice.loads WHERE load_id = $1 AND table_name = "
                      "$2 AND unloaded_at IS NULL) AS l WHERE o.table_name = $2 AND o.unloaded_at "
                      "IS NULL AND o.rowid <> l.rowid ORDER BY o.rowid DESC LIMIT 1",
                      {load_id, table}));
  PlaceOfReplace place;
  if (rows.empty()) return place;
  place.followed = ToInt(rows[0][1]) != 0;
  if (!place.followed) place.former = ToInt(rows[0][0]);
  return place;
}

Result<TableLoad> PlanFormerContent(engine::Connection& connection, const config::Ingest& ingest,
                                    const std::vector<Source>& sources, const LoadToUndo& undo) {
  TableLoad load;
  load.ingest = ingest.name;
  SLUICE_ASSIGN(load.target, FilesTarget(ingest, undo.table));
  if (load.target.merge != Merge::kReplace) {
    return RejectedError(
        fmt::format("{} was in mode replace when load {} took the place of load {}, and is in mode "
                    "{} now",
                    undo.table, undo.load_id, undo.former, MergeName(load.target.merge)),
        "Declare it as it was, and do it again");
  }
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(
          fmt::format("SELECT {}, coalesce(reading, 0) FROM _sluice.files WHERE load_id = $1 AND "
                      "ingest = $2 AND table_name = $3 AND state = 'loaded' "
                      "ORDER BY rowid",
                      kFileColumns),
          {undo.former, undo.ingest, undo.table}));
  if (rows.empty()) {
    return RejectedError(
        fmt::format("load {} of {} took the place of load {}, of which the ledger of {} has no "
                    "file",
                    undo.load_id, undo.table, undo.former, undo.ingest),
        "Have a file with the right content sent, and run");
  }
  std::vector<std::string> gone;
  std::set<int64_t> readings;
  bool by_hand = false;
  for (const auto& row : rows) {
    LoadFile file = FileOfEntry(row);
    readings.insert(ToInt(row.back()));
    const connector::StoredFile* stored = FindStored(sources, file.connection, file.stored.path);
    if (stored == nullptr) {
      gone.push_back(file.stored.path);
      by_hand = by_hand || StartsWith(file.connection, kHandConnection);
      continue;
    }
    file.stored = *stored;
    file.store = FindSource(sources, file.connection)->store;
    file.load_id = undo.former;
    file.expected_hash = file.content_hash;
    file.full = true;
    file.any_bad_rows = true;  // it was let in
    load.files.push_back(std::move(file));
  }
  if (!gone.empty()) return Gone(undo, rows.size(), gone, by_hand);
  SLUICE_ASSIGN(const std::string otherwise, TellReadOtherwise(connection, load.target, readings));
  if (!otherwise.empty()) {
    return RejectedError(otherwise, "Write it in sluice.yml as it was, and do it again");
  }
  load.label = fmt::format("{}.{}", ingest.name, undo.table);
  return load;
}

Status BringBack(const IngestContext& context, const warehouse::Fence& fence, const RunInfo& run,
                 TableLoad& load, const std::function<Status()>& beside) {
  engine::Connection& connection = context.session.connection();
  std::vector<Fetcher::Task> tasks;
  for (const LoadFile& file : load.files) tasks.push_back({file.stored, file.store, file.proof});
  Fetcher fetcher(std::move(tasks), context.spool_folder, FetchLimits(), context.cancel, nullptr);
  report::Progress progress;
  SLUICE_TRY(FetchFiles(fetcher, 0, load, context.reporter, &progress));
  const StageContext stage{
      connection,           context.functions, context.reporter,           context.cancel,
      context.spool_folder, ReadFixes::kAll,   &context.session.database()};
  SLUICE_TRY(Stage(stage, load));
  const int64_t load_id = load.files.front().load_id;
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(warehouse::CheckFence(connection, fence));
  SLUICE_TRY(AlterTarget(connection, load));
  SLUICE_TRY(MergeStage(connection, load));
  // It has been recorded before, and is recorded anew: it is the newest now.
  for (const char* table : {"loads", "files", "quarantine"}) {
    SLUICE_TRY(connection
                   .Execute(fmt::format("DELETE FROM _sluice.{} WHERE load_id = $1 AND table_name "
                                        "= $2",
                                        table),
                            {load_id, load.target.name})
                   .status());
  }
  SLUICE_TRY(RecordPublished(connection, {&load}, run, ""));
  SLUICE_TRY(beside());
  SLUICE_TRY(transaction->Commit());
  Judged judged{&load, {}, {}, 0};
  return ReadBack(connection, {&judged});
}

}  // namespace sluice::ingest
