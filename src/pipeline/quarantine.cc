#include "pipeline/quarantine.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "config/csv_words.h"
#include "env/file.h"
#include "ingest/file_shape.h"
#include "ingest/hand.h"
#include "ingest/quarantine_sql.h"
#include "ingest/reading.h"
#include "pipeline/interrupt.h"
#include "pipeline/sources.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

using ingest::QuarantineEntry;

constexpr int64_t kMostRows =
    200'000;  // that one command takes: they are shown and judged one by one

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
                                            ingest::kCannotTakeFixes));
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

Result<std::vector<QuarantineEntry>> AllOf(warehouse::Session& session, const std::string& table) {
  SLUICE_ASSIGN(auto entries, ingest::ReadQuarantine(session.connection(), "q.table_name = $1",
                                                     {table}, kMostRows + 1));
  if (static_cast<int64_t>(entries.size()) > kMostRows) {
    return ConfigError(fmt::format("{} has more than {} rows in quarantine", table,
                                   Thousands(static_cast<uint64_t>(kMostRows))),
                       "Mend the cause and have the files sent again, or discard rows first");
  }
  const bool two = std::any_of(entries.begin(), entries.end(), [&](const QuarantineEntry& entry) {
    return entry.ingest != entries.front().ingest;
  });
  if (two) return ConfigError("two ingests fill " + table + ": fix its rows one by one, by id");
  return entries;
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

// The first few that do not fit.
Status CheckAll(const ingest::RowEditor& editor, const std::vector<ProposedFix>& fixes) {
  constexpr size_t kMostTold = 3;
  std::vector<std::string> told;
  size_t bad = 0;
  for (const ProposedFix& fix : fixes) {
    const Status status = editor.Judge(fix.entry, fix.text);
    if (status.ok()) continue;
    if (fixes.size() == 1) return status;
    if (status.code() != Code::kRejected) return status;
    ++bad;
    if (told.size() < kMostTold) told.push_back(status.message());
  }
  if (bad == 0) return Status::Ok();
  return RejectedError(
      fmt::format("{} of {} would still not fit, so none is stored: {}{}", Thousands(bad),
                  Counted(fixes.size(), "row"), Join(told, "; "), bad > told.size() ? "; …" : ""),
      "Narrow --where to rows that fit");
}

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
  SLUICE_TRY(CheckAll(editor, fixes));
  return fixes;
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

Result<std::vector<QuarantineEntry>> PickRows(Runtime& runtime, warehouse::Session& session,
                                              const FixRequest& request) {
  if (!request.where) {
    return ingest::FindQuarantined(session.connection(), request.id, request.table);
  }
  SLUICE_ASSIGN(const std::string table, TableOf(session, request.table));
  SLUICE_ASSIGN(auto entries, AllOf(session, table));
  if (entries.empty()) return entries;
  Status left_out;
  SLUICE_ASSIGN(const auto editor, EditorOf(runtime, session, entries, left_out));
  SLUICE_ASSIGN(const auto texts, ingest::TextsBySql(session.connection(), editor, entries,
                                                     {*request.where, {}, "_raw"}));
  std::vector<QuarantineEntry> picked;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (texts[i]) picked.push_back(std::move(entries[i]));
  }
  if (picked.empty() && !left_out.ok()) return left_out;
  return picked;
}

Result<std::vector<ProposedFix>> ProposeFixes(Runtime& runtime, warehouse::Session& session,
                                              const FixRequest& request) {
  if (!request.where) return ProposeById(runtime, session, request);
  SLUICE_ASSIGN(const std::string table, TableOf(session, request.table));
  SLUICE_ASSIGN(auto entries, AllOf(session, table));
  if (entries.empty()) return std::vector<ProposedFix>();
  Status left_out;
  SLUICE_ASSIGN(const auto editor, EditorOf(runtime, session, entries, left_out));
  SLUICE_TRY(NoteColumns(runtime, session, editor, entries));
  ingest::SqlFix sql;
  sql.where = *request.where;
  sql.raw = request.raw.value_or("");
  for (const auto& [column, expression] : request.set) sql.set[Lower(column)] = expression;
  SLUICE_ASSIGN(const auto texts, ingest::TextsBySql(session.connection(), editor, entries, sql));
  std::vector<ProposedFix> fixes;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (texts[i]) fixes.push_back({std::move(entries[i]), WithoutLineEnd(*texts[i])});
  }
  if (fixes.empty() && !left_out.ok()) return left_out;
  SLUICE_TRY(CheckAll(editor, fixes));
  return fixes;
}

Status StoreProposed(Runtime& runtime, warehouse::Session& session,
                     const std::vector<ProposedFix>& fixes, const std::string& reason) {
  if (fixes.empty()) return Status::Ok();
  SLUICE_ASSIGN([[maybe_unused]] const auto lock,
                Claim(runtime, session, fixes.front().entry.ingest));
  std::vector<QuarantineEntry> entries;
  std::vector<std::string> texts;
  for (const ProposedFix& fix : fixes) {
    entries.push_back(fix.entry);
    texts.push_back(fix.text);
  }
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session.connection()));
  SLUICE_TRY(ingest::StoreFixes(session.connection(), entries, texts, reason,
                                {"quarantine", runtime.clock().Now()}));
  return transaction->Commit();
}

Status DiscardPicked(Runtime& runtime, warehouse::Session& session,
                     const std::vector<QuarantineEntry>& entries, const std::string& reason) {
  if (entries.empty()) return Status::Ok();
  SLUICE_ASSIGN([[maybe_unused]] const auto lock, Claim(runtime, session, entries.front().ingest));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session.connection()));
  SLUICE_TRY(ingest::DiscardRows(session.connection(), entries, reason,
                                 {"quarantine", runtime.clock().Now()}));
  return transaction->Commit();
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
