#include "ingest/late_files.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "ingest/bad_rows.h"
#include "ingest/held_load.h"
#include "ingest/plan_late.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr size_t kMostAlone = 10;  // files of a load that are held one by one

// An entry of the ledger whose file has another tag on the store now.
struct Retagged {
  std::string table;
  std::string old_tag;
  std::string content_hash;
  const Source* source = nullptr;
  const connector::StoredFile* file = nullptr;
};

using Listed = std::map<std::pair<std::string, std::string>,
                        std::pair<const Source*, const connector::StoredFile*>>;

// Files of which some table knows another tag than the listing has.
Listed WithAnotherTag(const std::vector<Source>& sources, const LedgerState& ledger) {
  Listed listed;
  for (const Source& source : sources) {
    for (const connector::StoredFile& file : source.listing.files) {
      for (auto known = ledger.files.lower_bound({source.connection, file.path, ""});
           known != ledger.files.end(); ++known) {
        const auto& [connection, address, table] = known->first;
        if (connection != source.connection || address != file.path) break;
        if (known->second.tag != file.tag) listed[{connection, address}] = {&source, &file};
      }
    }
  }
  return listed;
}

Result<std::vector<Retagged>> Candidates(engine::Connection& connection, const std::string& ingest,
                                         const Listed& listed) {
  std::map<std::tuple<std::string, std::string, std::string>, Retagged> newest;
  SLUICE_ASSIGN(auto rows, connection.Query(
                               "SELECT connection, address, table_name, tag, content_hash, "
                               "size::VARCHAR, (finished_at IS NOT NULL)::BIGINT FROM "
                               "_sluice.files WHERE ingest = $1 AND state <> 'held' ORDER BY rowid",
                               {ingest}));
  while (true) {
    SLUICE_ASSIGN(const auto batch, rows.Next());
    if (!batch) break;
    for (size_t r = 0; r < batch->rows(); ++r) {
      const std::string from(batch->text(0, r));
      const std::string address(batch->text(1, r));
      const auto found = listed.find({from, address});
      if (found == listed.end()) continue;
      const std::string table(batch->text(2, r));
      const auto& [source, file] = found->second;
      newest.erase({from, address, table});
      if (batch->integer(6, r) != 0) continue;  // it went: this is another one
      if (batch->text(3, r) == file->tag || batch->text(5, r) != std::to_string(file->size)) {
        continue;
      }
      newest[{from, address, table}] = {table, std::string(batch->text(3, r)),
                                        std::string(batch->text(4, r)), source, file};
    }
  }
  std::vector<Retagged> candidates;
  for (auto& [key, entry] : newest) candidates.push_back(std::move(entry));
  return candidates;
}

// Whether the content is what the ledger says. Who cannot read the file does not know: it counts as another one, and
// loading it tells why.
Result<bool> IsSame(const Retagged& entry, const std::string& spool_path,
                    const env::Cancel* cancel) {
  auto fetched = entry.source->store->Fetch(*entry.file, spool_path, nullptr, cancel);
  if (!fetched.ok() && ConcernsOneFile(fetched.status())) return false;
  if (!fetched.ok()) return fetched.status().WithContext(entry.file->path);
  if (fetched->local_path == spool_path) (void)env::RemoveFile(spool_path);
  return fetched->content_hash == entry.content_hash;
}

Status TakeOverTags(engine::Connection& connection, const std::string& ingest,
                    const std::vector<const Retagged*>& same) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  for (const Retagged* entry : same) {
    SLUICE_TRY(connection
                   .Execute("UPDATE _sluice.files SET tag = $1 WHERE ingest = $2 AND connection = "
                            "$3 AND address = $4 AND table_name = $5 AND tag = $6 AND content_hash "
                            "= $7",
                            {entry->file->tag, ingest, entry->source->connection, entry->file->path,
                             entry->table, entry->old_tag, entry->content_hash})
                   .status());
  }
  return transaction->Commit();
}

// The open hold that says the same of the same files; "" when there is none.
Result<std::string> OpenHoldOf(engine::Connection& connection, const quality::NewHold& hold) {
  SLUICE_ASSIGN(const auto open,
                connection.Rows(
                    "SELECT hold_id FROM _sluice.holds WHERE state = 'open' AND kind = 'late' AND "
                    "owner = $1 AND table_name = $2 AND load_id = $3 AND check_name = $4",
                    {hold.owner, hold.table, hold.load_id, hold.check}));
  return open.empty() ? std::string() : ToText(open[0][0]);
}

// Open holds of which every file is in `hold`: it takes their place.
Status DropOlderHolds(engine::Connection& connection, const quality::NewHold& hold,
                      const RunInfo& run) {
  SLUICE_ASSIGN(const auto open, quality::ListHolds(connection, false));
  for (const quality::HoldRecord& older : open) {
    if (older.kind != "late" || older.owner != hold.owner || older.table != hold.table ||
        older.connection != hold.connection) {
      continue;
    }
    const bool inside =
        std::all_of(older.files.begin(), older.files.end(), [&](const std::string& path) {
          return std::find(hold.files.begin(), hold.files.end(), path) != hold.files.end();
        });
    if (!inside) continue;
    SLUICE_TRY(ForgetHeld(connection, older));
    SLUICE_TRY(quality::SettleHold(connection, older, "rejected", "held anew for another reason",
                                   run.now));
  }
  return Status::Ok();
}

// The files of a set that are held for their bad rows, as a load of their own.
Result<TableLoad> RowsOf(const TableLoad& load, const std::vector<const LeftFile*>& set,
                         int64_t load_id, QuarantinedRows none) {
  TableLoad held;
  held.ingest = load.ingest;
  held.target.name = load.target.name;
  held.too_many_bad_rows = true;
  held.quarantined = std::move(none);
  for (size_t i = 0; i < set.size();) {
    // Those that were found together are gone through together.
    std::map<size_t, size_t> places;  // where each file stood then -> where it stands in `held`
    const QuarantinedRows& rows = set[i]->rows;
    for (; i < set.size() && set[i]->rows == rows; ++i) {
      places[set[i]->index] = held.files.size();
      held.files.emplace_back(set[i]->file).load_id = load_id;
    }
    SLUICE_TRY(rows.ForEach([&](QuarantinedRow& row) -> Status {
      const auto place = places.find(row.file);
      if (place == places.end()) return Status::Ok();
      row.file = place->second;
      if (held.quarantined.Of(row.file).rows >= kMostHeldRows) return Status::Ok();
      return held.quarantined.Add(row);
    }));
  }
  return held;
}

// What is known of the late files of a hold that have too many bad rows goes with it.
Status RecordRows(engine::Connection& connection, const quality::NewHold& hold,
                  const TableLoad& refused, const RunInfo& run) {
  std::vector<LeftFile> late;
  for (size_t i = 0; i < refused.files.size(); ++i) {
    const LoadFile& file = refused.files[i];
    const bool held =
        file.connection == hold.connection && refused.target.name == hold.table &&
        std::find(hold.files.begin(), hold.files.end(), file.stored.path) != hold.files.end();
    if (held) late.push_back({file, hold.check, "", refused.quarantined, i});
  }
  if (late.empty()) return Status::Ok();
  std::vector<const LeftFile*> set;
  for (const LeftFile& file : late) set.push_back(&file);
  SLUICE_ASSIGN(const TableLoad rows,
                RowsOf(refused, set, hold.load_id, refused.quarantined.Another()));
  return RecordHeldFiles(connection, rows, run);
}

}  // namespace

Status RecogniseRetagged(engine::Connection& connection, const std::string& ingest,
                         const std::vector<Source>& sources, const std::string& spool_folder,
                         const env::Cancel* cancel, bool write, LedgerState& ledger) {
  const Listed listed = WithAnotherTag(sources, ledger);
  if (listed.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto candidates, Candidates(connection, ingest, listed));
  if (candidates.empty()) return Status::Ok();
  SLUICE_TRY(env::CreateDirectories(spool_folder, 0700));
  std::vector<const Retagged*> same;
  for (const Retagged& entry : candidates) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    SLUICE_ASSIGN(const bool is_same,
                  IsSame(entry, env::JoinPath(spool_folder, "compare"), cancel));
    if (is_same) same.push_back(&entry);
  }
  SLUICE_TRY(env::RemoveTree(spool_folder));
  for (const Retagged* entry : same) {
    ledger.files[{entry->source->connection, entry->file->path, entry->table}].tag =
        entry->file->tag;
  }
  if (same.empty() || !write) return Status::Ok();
  return TakeOverTags(connection, ingest, same);
}

Result<std::string> HoldLateFiles(engine::Connection& connection, const std::string& ingest,
                                  const std::vector<LateFile>& late, const RunInfo& run,
                                  report::Reporter* reporter, const TableLoad* refused) {
  std::map<std::tuple<std::string, std::string, std::string, int64_t, std::string>,
           std::vector<const LateFile*>>
      sets;
  for (const LateFile& file : late) {
    sets[{file.connection, file.table, file.pod, file.group, file.check}].push_back(&file);
  }
  std::string last;
  for (const auto& [key, files] : sets) {
    quality::NewHold hold;
    hold.kind = "late";
    hold.owner = ingest;
    std::tie(hold.connection, hold.table, hold.pod, hold.group, hold.check) = key;
    std::vector<std::pair<std::string, std::string>> what;
    for (const LateFile* file : files) {
      hold.files.push_back(file->file.path);
      what.emplace_back(file->file.path, file->file.tag);
      hold.message = file->changed ? "a file has changed after it was loaded"
                                   : "a file came into a group that was passed already";
    }
    hold.load_id = LateId(std::move(what));
    if (files.size() > 1) hold.message += fmt::format(" ({})", Counted(files.size(), "file"));
    if (!files.front()->why.empty()) hold.message += ": " + files.front()->why;
    SLUICE_ASSIGN(const std::string open, OpenHoldOf(connection, hold));
    if (!open.empty()) {
      last = open;
      continue;
    }
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    SLUICE_TRY(DropOlderHolds(connection, hold, run));
    if (refused != nullptr) SLUICE_TRY(RecordRows(connection, hold, *refused, run));
    SLUICE_ASSIGN(last, quality::WriteHold(connection, hold, run));
    SLUICE_TRY(transaction->Commit());
    if (reporter == nullptr) continue;
    reporter->Note(report::Level::kWarning,
                   fmt::format("{}.{}: {} (hold {})", hold.owner, hold.table, hold.message, last));
  }
  return last;
}

Result<std::vector<LeftSet>> LeftSetsOf(const TableLoad& load, const std::string& spool_folder) {
  std::vector<std::vector<const LeftFile*>> sets;
  std::map<std::string, size_t> set_of_check;
  for (const LeftFile& left : load.left) {
    const auto [place, is_new] = set_of_check.try_emplace(left.check, sets.size());
    if (is_new || load.left.size() <= kMostAlone) {
      place->second = sets.size();
      sets.emplace_back();
    }
    sets[place->second].push_back(&left);
  }
  std::vector<LeftSet> unfit;
  for (const auto& set : sets) {
    const LeftFile& first = *set.front();
    LeftSet& held = unfit.emplace_back();
    UnfitFile& file = held.what;
    file = {first.file.connection, load.target.name, first.file.stored.path, first.check,
            first.message};
    std::vector<const LoadFile*> files;
    for (const LeftFile* left : set) {
      files.push_back(&left->file);
      if (left != &first) file.more.push_back(left->file.stored.path);
    }
    if (!file.more.empty()) {
      file.message += fmt::format("; {} likewise", Counted(file.more.size(), "more file"));
    }
    file.load_id = LoadIdOf(load.ingest, load.target.name, files);
    if (file.check != "bad_rows") continue;
    SLUICE_ASSIGN(held.rows, RowsOf(load, set, file.load_id, QuarantinedRows(spool_folder)));
  }
  return unfit;
}

bool ConcernsOneFile(const Status& status) {
  return status.code() == Code::kRejected || status.code() == Code::kNotFound ||
         status.code() == Code::kRetry || status.code() == Code::kAuth;
}

Result<std::string> HoldUnfitFile(engine::Connection& connection, const warehouse::Fence& fence,
                                  const std::string& ingest, const UnfitFile& file,
                                  const TableLoad* rows, const RunInfo& run) {
  quality::NewHold hold;
  hold.kind = "file";
  hold.owner = ingest;
  hold.connection = file.connection;
  hold.table = file.table;
  hold.check = file.check;
  hold.files = {file.path};
  hold.files.insert(hold.files.end(), file.more.begin(), file.more.end());
  hold.load_id = file.load_id;
  hold.message = file.message;
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(warehouse::CheckFence(connection, fence));
  if (rows != nullptr) SLUICE_TRY(RecordHeldFiles(connection, *rows, run));
  SLUICE_ASSIGN(std::string id, quality::WriteHold(connection, hold, run));
  SLUICE_TRY(transaction->Commit());
  return id;
}

}  // namespace sluice::ingest
