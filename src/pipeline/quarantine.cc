#include "pipeline/quarantine.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "config/csv_words.h"
#include "env/file.h"
#include "ingest/file_shape.h"
#include "ingest/hand.h"
#include "ingest/quarantine_portions.h"
#include "ingest/quarantine_sql.h"
#include "ingest/reading.h"
#include "pipeline/interrupt.h"
#include "pipeline/sources.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

using ingest::QuarantineEntry;

// What one command fixes: the new texts are held until they are stored.
constexpr size_t kMostFixes = 200'000;
constexpr size_t kMostFixBytes = 100'000'000;
constexpr size_t kFixesPerPortion = 10'000;

Result<const config::Ingest*> IngestOf(Runtime& runtime, const std::string& name) {
  const config::Ingest* ingest = runtime.project().FindIngest(name);
  if (ingest != nullptr) return ingest;
  return NotFoundError(fmt::format("ingest {} is not in this project any more", name));
}

// A table that was loaded by hand may have rows of files that are written otherwise than the one that it is described
// by: they would be read wrongly.
Status CheckReadsAlike(const config::Project& project, const std::string& connection_name,
                       const std::string& address, const ingest::TargetTable& target) {
  const config::Connection* connection = project.FindConnection(connection_name);
  if (connection == nullptr || !StartsWith(connection_name, ingest::kHandConnection)) {
    return Status::Ok();
  }
  const auto words = connection->options.values.find(kHandCsv);
  if (words == connection->options.values.end()) return Status::Ok();
  SLUICE_ASSIGN(const config::CsvOptions own,
                config::CsvFromWords(words->second.list, connection_name));
  const config::CsvOptions& csv = target.csv;
  const bool alike = ingest::DialectOf(own) == ingest::DialectOf(csv) &&
                     own.decimal == csv.decimal && own.thousands == csv.thousands &&
                     own.date_format == csv.date_format;
  if (alike) return Status::Ok();
  return RejectedError(
      fmt::format("{} is written otherwise than the file with rows in quarantine that was loaded "
                  "into {} by hand after it",
                  address, target.name),
      "Settle the rows of that file first: fix and replay them, or discard them");
}

// Rows of files that would be read otherwise today than they were cannot be judged or written as the others of their
// file.
Status LeaveOutReadOtherwise(warehouse::Session& session, const ingest::TargetTable& target,
                             std::vector<QuarantineEntry>& entries, Status& left_out) {
  std::map<int64_t, bool> alike;
  for (const QuarantineEntry& entry : entries) {
    const auto [place, is_new] = alike.try_emplace(entry.reading, true);
    if (!is_new) continue;
    SLUICE_ASSIGN(const std::string otherwise,
                  ingest::TellReadOtherwise(session.connection(), target, {entry.reading},
                                            ingest::ReadFor::kFixes));
    place->second = otherwise.empty();
    if (place->second || !left_out.ok()) continue;
    left_out = RejectedError(entry.address + ": " + otherwise,
                             "Write it in sluice.yml as it was, and do it again");
  }
  std::erase_if(entries, [&](const QuarantineEntry& entry) { return !alike.at(entry.reading); });
  return Status::Ok();
}

// Of `entries`, which are of one table, those stay that it can read; `left_out` says why others do not.
Result<ingest::RowEditor> EditorOf(Runtime& runtime, warehouse::Session& session,
                                   std::vector<QuarantineEntry>& entries, Status& left_out) {
  const std::string table = entries.front().table;
  SLUICE_ASSIGN(const config::Ingest* ingest, IngestOf(runtime, entries.front().ingest));
  SLUICE_ASSIGN(auto target, ingest::TargetOf(session.connection(), *ingest, table));
  if (ingest->from.empty()) {
    std::map<std::string, Status> alike;
    for (const QuarantineEntry& entry : entries) {
      const auto [place, is_new] = alike.try_emplace(entry.connection);
      if (!is_new) continue;
      place->second = CheckReadsAlike(runtime.project(), entry.connection, entry.address, target);
      if (left_out.ok()) left_out = place->second;
    }
    std::erase_if(entries,
                  [&](const QuarantineEntry& entry) { return !alike.at(entry.connection).ok(); });
    if (entries.empty()) return left_out;
    return ingest::RowEditor(std::move(target));
  }
  SLUICE_TRY(LeaveOutReadOtherwise(session, target, entries, left_out));
  if (entries.empty()) return left_out;
  return ingest::RowEditor(std::move(target));
}

// The tables that were loaded by hand and have fixes of files that cannot be read with the others: why.
Result<std::map<std::string, std::string>> UnlikeTables(Runtime& runtime,
                                                        warehouse::Session& session,
                                                        const config::Ingest& ingest,
                                                        std::set<std::string>& tables) {
  std::map<std::string, std::string> unlike;
  if (!ingest.from.empty()) return unlike;
  SLUICE_ASSIGN(
      const auto rows,
      session.connection().Rows(
          "SELECT DISTINCT x.table_name, f.connection, f.address FROM _sluice.quarantine_fixes AS "
          "x JOIN _sluice.quarantine AS q ON q.quarantine_id = x.quarantine_id AND q.ingest = "
          "x.ingest AND q.table_name = x.table_name JOIN _sluice.files AS f ON f.file_id = "
          "q.file_id AND f.load_id = q.load_id WHERE x.state = 'open' AND x.ingest = $1",
          {ingest.name}));
  std::set<std::string> asked;
  for (const auto& row : rows) {
    const std::string table = engine::ToText(row[0]);
    if (tables.empty() || tables.count(table) > 0) asked.insert(table);
    SLUICE_ASSIGN(const auto target, ingest::TargetOf(session.connection(), ingest, table));
    const Status status =
        CheckReadsAlike(runtime.project(), engine::ToText(row[1]), engine::ToText(row[2]), target);
    if (!status.ok()) unlike[table] = status.message() + ". " + status.next();
  }
  tables = std::move(asked);
  return unlike;
}

// The table that `where` is about: the one that was named, or the only one with rows in quarantine.
Result<std::string> TableOf(warehouse::Session& session, const std::string& named) {
  SLUICE_ASSIGN(const auto rows, session.connection().Rows("SELECT DISTINCT table_name FROM "
                                                           "_sluice.quarantine ORDER BY 1"));
  std::vector<std::string> tables;
  for (const auto& row : rows) tables.push_back(engine::ToText(row[0]));
  const std::string wanted = Lower(named);
  if (tables.empty()) return NotFoundError("no row is in quarantine");
  if (wanted.empty() && tables.size() == 1) return tables.front();
  if (wanted.empty()) {
    return ConfigError(
        fmt::format("rows of several tables are in quarantine: {}", Join(tables, ", ")),
        fmt::format("Name one: --in {}", tables.front()));
  }
  if (std::find(tables.begin(), tables.end(), wanted) != tables.end()) return wanted;
  return NotFoundError(
      fmt::format("no row of {} is in quarantine{}", wanted, DidYouMean(wanted, tables)),
      "sluice quarantine list");
}

// What has the file's name now, be it that it only has another tag than the ledger knows: who asks compares the content.
Result<connector::FetchedFile> FetchNow(connector::Store& store, const connector::StoredFile& file,
                                        const std::string& spool_path, const env::Cancel* cancel) {
  auto fetched = store.Fetch(file, spool_path, nullptr, cancel);
  if (fetched.status().code() != Code::kRetry) return fetched;
  SLUICE_ASSIGN(const auto listing, store.List(file.path, cancel));
  for (const connector::StoredFile& now : listing.files) {
    if (now.path == file.path) return store.Fetch(now, spool_path, nullptr, cancel);
  }
  return fetched;
}

// The columns of the file as it lies in its store.
Result<std::vector<std::string>> LookAtColumns(Runtime& runtime, warehouse::Session& session,
                                               const ingest::TargetTable& target,
                                               const QuarantineEntry& entry) {
  SLUICE_ASSIGN(
      const auto rows,
      session.connection().Rows("SELECT size, tag, epoch_us(modified) FROM _sluice.files WHERE "
                                "file_id = $1 AND load_id = $2",
                                {entry.file_id, entry.load_id}));
  if (rows.empty()) return NotFoundError(entry.address + " is not in the ledger any more");
  SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(entry.connection));
  ingest::LoadFile file;
  file.stored = {entry.address, static_cast<uint64_t>(engine::ToInt(rows[0][0])),
                 engine::ToInt(rows[0][2]), engine::ToText(rows[0][1])};
  const std::string spool = runtime.StatePath("quarantine.spool");
  auto fetched = FetchNow(*store, file.stored, spool, nullptr);
  if (!fetched.ok()) {
    return fetched.status().WithContext(entry.address + ": its columns are not noted");
  }
  file.local_path = fetched->local_path;
  std::vector<ingest::DdlColumn> added;
  auto shape = ingest::ShapeOf(file.local_path, entry.address, target, &added);
  if (file.local_path == spool) SLUICE_TRY(env::RemoveFile(spool));
  if (!shape.ok()) return shape.status().WithContext(entry.address);
  if (fetched->content_hash == entry.content_hash) return std::move(shape->columns);
  return RejectedError(entry.address + " is another file by now: its columns are not known");
}

// Files that were loaded with version 1 of the state have no note of their columns: they are looked at
// again, and noted.
Status NoteColumns(Runtime& runtime, warehouse::Session& session, const ingest::RowEditor& editor,
                   std::vector<QuarantineEntry>& entries) {
  std::map<int64_t, std::vector<std::string>> columns;  // by file
  for (QuarantineEntry& entry : entries) {
    if (!entry.file_columns.empty()) continue;
    auto known = columns.find(entry.file_id);
    if (known == columns.end()) {
      SLUICE_ASSIGN(auto found, LookAtColumns(runtime, session, editor.target(), entry));
      known = columns.emplace(entry.file_id, std::move(found)).first;
    }
    entry.file_columns = known->second;
  }
  if (columns.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session.connection()));
  for (const auto& [file, names] : columns) {
    SLUICE_TRY(session.connection()
                   .Execute("UPDATE _sluice.files SET file_columns = $1 WHERE file_id = $2 AND "
                            "file_columns IS NULL",
                            {Join(names, "\n"), file})
                   .status());
  }
  return transaction->Commit();
}

// Judges fixes one after another, and tells the first few that do not fit.
class Verdicts {
 public:
  Status Judge(const ingest::RowEditor& editor, const ProposedFix& fix) {
    ++fixes_;
    const Status status = editor.Judge(fix.entry, fix.text);
    if (status.ok() || status.code() != Code::kRejected) return status;
    constexpr size_t kMostTold = 3;
    if (bad_++ == 0) first_ = status;
    if (told_.size() < kMostTold) told_.push_back(status.message());
    return Status::Ok();
  }
  Status Sum() const {
    if (bad_ == 0 || fixes_ == 1) return first_;
    return RejectedError(
        fmt::format("{} of {} would still not fit, so none is stored: {}{}", Thousands(bad_),
                    Counted(fixes_, "row"), Join(told_, "; "), bad_ > told_.size() ? "; …" : ""),
        "Narrow --where to rows that fit");
  }

 private:
  size_t fixes_ = 0;
  size_t bad_ = 0;
  Status first_;
  std::vector<std::string> told_;
};

std::string WithoutLineEnd(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<std::vector<ProposedFix>> ProposeById(Runtime& runtime, warehouse::Session& session,
                                             const FixRequest& request) {
  SLUICE_ASSIGN(auto entries,
                ingest::FindQuarantined(session.connection(), request.id, request.table));
  Status left_out;
  SLUICE_ASSIGN(const auto editor, EditorOf(runtime, session, entries, left_out));
  SLUICE_TRY(NoteColumns(runtime, session, editor, entries));
  ingest::RowEditor::Changes changes;
  for (const auto& [column, value] : request.set) {
    changes[Lower(column)] = value.empty() ? std::optional<std::string>() : value;
  }
  std::vector<ProposedFix> fixes;
  for (const QuarantineEntry& entry : entries) {
    if (request.raw) {
      fixes.push_back({entry, WithoutLineEnd(*request.raw)});
    } else {
      SLUICE_ASSIGN(std::string text, editor.Changed(entry, changes));
      fixes.push_back({entry, std::move(text)});
    }
  }
  Verdicts verdicts;
  for (const ProposedFix& fix : fixes) SLUICE_TRY(verdicts.Judge(editor, fix));
  SLUICE_TRY(verdicts.Sum());
  return fixes;
}

constexpr const char* kAsItIs = "_raw";
enum class Use { kFix, kDiscard };

// Of rows of one table that SQL picks, with the text that it gives them.
using TakePicked =
    std::function<Status(const ingest::RowEditor& editor, std::vector<ProposedFix> picked)>;

// Calls `take` with what `sql` picks of the rows of a table, a portion at a time.
Status ForEachPicked(Runtime& runtime, warehouse::Session& session, const std::string& table,
                     ingest::SqlFix sql, Use use, const TakePicked& take) {
  SLUICE_ASSIGN(auto portions, ingest::QuarantinePortions::Open(session.connection(), table));
  if (portions.ingests().size() > 1) {
    return ConfigError("two ingests fill " + table + ": fix its rows one by one, by id");
  }
  sql.columns = portions.columns();
  Status left_out;
  bool none = true;
  while (true) {
    SLUICE_ASSIGN(auto entries, portions.Next());
    if (entries.empty()) break;
    const auto editor = EditorOf(runtime, session, entries, left_out);
    if (!editor.ok() && entries.empty() && !left_out.ok()) continue;
    SLUICE_TRY(editor.status());
    // For rows that only go what they say is enough.
    if (use == Use::kFix) SLUICE_TRY(NoteColumns(runtime, session, *editor, entries));
    SLUICE_ASSIGN(auto texts, ingest::TextsBySql(session.connection(), *editor, entries, sql));
    std::vector<ProposedFix> picked;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (texts[i]) picked.push_back({std::move(entries[i]), std::move(*texts[i])});
    }
    if (picked.empty()) continue;
    none = false;
    SLUICE_TRY(take(*editor, std::move(picked)));
  }
  return none ? left_out : Status::Ok();
}

// The lock of an ingest and a new fence: a run that was thought dead writes nothing after this.
Result<env::FileLock> Claim(Runtime& runtime, warehouse::Session& session,
                            const std::string& ingest) {
  SLUICE_TRY(runtime.MakeStateFolder());
  auto lock = runtime.Lock("ingest", ingest, std::chrono::milliseconds(0), nullptr);
  if (lock.status().code() == Code::kBusy)
    return lock.status().WithNext("Try again when it has ended");
  if (!lock.ok()) return lock.status();
  SLUICE_TRY(warehouse::TakeFence(session.connection(), "ingest:" + ingest).status());
  return lock;
}

}  // namespace

Result<std::vector<ProposedFix>> ProposeFixes(Runtime& runtime, warehouse::Session& session,
                                              const FixRequest& request) {
  if (!request.where) return ProposeById(runtime, session, request);
  SLUICE_ASSIGN(const std::string table, TableOf(session, request.table));
  ingest::SqlFix sql;
  sql.where = *request.where;
  sql.raw = request.raw.value_or("");
  for (const auto& [column, expression] : request.set) sql.set[Lower(column)] = expression;
  std::vector<ProposedFix> fixes;
  Verdicts verdicts;
  size_t bytes = 0;
  const auto take = [&](const ingest::RowEditor& editor,
                        std::vector<ProposedFix> picked) -> Status {
    for (ProposedFix& fix : picked) {
      fix.text = WithoutLineEnd(std::move(fix.text));
      SLUICE_TRY(verdicts.Judge(editor, fix));
      fix.entry.file_columns = {};
      bytes += fix.entry.raw.size() + fix.text.size();
      fixes.push_back(std::move(fix));
    }
    if (fixes.size() <= kMostFixes && bytes <= kMostFixBytes) return Status::Ok();
    return ConfigError(
        fmt::format("--where picks more of {} than is fixed at once: {} or {} of text", table,
                    Counted(kMostFixes, "row"), HumanBytes(kMostFixBytes)),
        "Narrow it, and fix the rows in turns");
  };
  SLUICE_TRY(ForEachPicked(runtime, session, table, sql, Use::kFix, take));
  SLUICE_TRY(verdicts.Sum());
  return fixes;
}

Status StoreProposed(Runtime& runtime, warehouse::Session& session,
                     const std::vector<ProposedFix>& fixes, const std::string& reason) {
  if (fixes.empty()) return Status::Ok();
  SLUICE_ASSIGN([[maybe_unused]] const auto lock,
                Claim(runtime, session, fixes.front().entry.ingest));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session.connection()));
  for (size_t from = 0; from < fixes.size(); from += kFixesPerPortion) {
    std::vector<QuarantineEntry> entries;
    std::vector<std::string> texts;
    for (size_t i = from; i < std::min(fixes.size(), from + kFixesPerPortion); ++i) {
      entries.push_back(fixes[i].entry);
      texts.push_back(fixes[i].text);
    }
    SLUICE_TRY(ingest::StoreFixes(session.connection(), entries, texts, reason,
                                  {"quarantine", runtime.clock().Now()}));
  }
  return transaction->Commit();
}

Result<size_t> CountPicked(Runtime& runtime, warehouse::Session& session,
                           const FixRequest& request) {
  if (!request.where) {
    SLUICE_ASSIGN(const auto entries,
                  ingest::FindQuarantined(session.connection(), request.id, request.table));
    return entries.size();
  }
  SLUICE_ASSIGN(const std::string table, TableOf(session, request.table));
  size_t count = 0;
  const auto take = [&](const ingest::RowEditor&, const std::vector<ProposedFix>& picked) {
    count += picked.size();
    return Status::Ok();
  };
  SLUICE_TRY(
      ForEachPicked(runtime, session, table, {*request.where, {}, kAsItIs}, Use::kDiscard, take));
  return count;
}

Result<size_t> DiscardPicked(Runtime& runtime, warehouse::Session& session,
                             const FixRequest& request, const std::string& reason) {
  engine::Connection& connection = session.connection();
  const quality::RunInfo run{"quarantine", runtime.clock().Now()};
  if (!request.where) {
    SLUICE_ASSIGN(const auto entries,
                  ingest::FindQuarantined(connection, request.id, request.table));
    SLUICE_ASSIGN([[maybe_unused]] const auto lock,
                  Claim(runtime, session, entries.front().ingest));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    SLUICE_TRY(ingest::DiscardRows(connection, entries, reason, run));
    SLUICE_TRY(transaction->Commit());
    return entries.size();
  }
  SLUICE_ASSIGN(const std::string table, TableOf(session, request.table));
  SLUICE_ASSIGN(const auto owner,
                connection.Scalar(
                    "SELECT min(ingest) FROM _sluice.quarantine WHERE table_name = $1", {table}));
  SLUICE_ASSIGN([[maybe_unused]] const auto lock, Claim(runtime, session, engine::ToText(owner)));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  size_t count = 0;
  const auto take = [&](const ingest::RowEditor&, std::vector<ProposedFix> picked) -> Status {
    std::vector<QuarantineEntry> entries;
    for (ProposedFix& fix : picked) entries.push_back(std::move(fix.entry));
    count += entries.size();
    return ingest::DiscardRows(connection, entries, reason, run);
  };
  SLUICE_TRY(
      ForEachPicked(runtime, session, table, {*request.where, {}, kAsItIs}, Use::kDiscard, take));
  SLUICE_TRY(transaction->Commit());
  return count;
}

Result<std::vector<ReplayReport>> ReplayQuarantine(Runtime& runtime, warehouse::Session& session,
                                                   const std::set<std::string>& tables,
                                                   report::Reporter& reporter,
                                                   const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto rows,
                session.connection().Rows("SELECT DISTINCT ingest FROM _sluice.quarantine_fixes "
                                          "WHERE state = 'open' ORDER BY 1"));
  std::vector<ReplayReport> reports;
  for (const auto& row : rows) {
    SLUICE_ASSIGN(const config::Ingest* ingest, IngestOf(runtime, engine::ToText(row[0])));
    SLUICE_ASSIGN([[maybe_unused]] const auto lock, Claim(runtime, session, ingest->name));
    const InterruptOnCancel interrupt(session.connection(), cancel);
    const ingest::IngestContext context{*ingest,
                                        session,
                                        runtime.stage_functions(),
                                        reporter,
                                        runtime.clock(),
                                        cancel,
                                        runtime.StatePath("spool-" + ingest->name),
                                        "replay"};
    const ingest::FetchFile fetch =
        [&](const std::string& connection, const connector::StoredFile& file,
            const std::string& spool_path) -> Result<connector::FetchedFile> {
      SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(connection));
      return FetchNow(*store, file, spool_path, cancel);
    };
    const ingest::ListSources list = [&] { return ListSources(runtime, *ingest, cancel); };
    std::set<std::string> of_ingest = tables;
    SLUICE_ASSIGN(const auto unlike, UnlikeTables(runtime, session, *ingest, of_ingest));
    for (const auto& [table, why] : unlike) {
      if (of_ingest.erase(table) > 0) {
        reports.push_back({ingest->name, {table, 0, "failed", why, 0, {}}});
      }
    }
    if (of_ingest.empty() && !unlike.empty()) continue;
    SLUICE_ASSIGN(auto outcomes, ingest::ReplayFixes(context, of_ingest, fetch, list));
    for (ingest::ReplayOutcome& outcome : outcomes) {
      reports.push_back({ingest->name, std::move(outcome)});
    }
  }
  return reports;
}

}  // namespace sluice::pipeline
