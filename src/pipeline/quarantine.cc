#include "pipeline/quarantine.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "ingest/file_shape.h"
#include "ingest/quarantine_sql.h"
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

Result<ingest::RowEditor> EditorOf(Runtime& runtime, warehouse::Session& session,
                                   const QuarantineEntry& entry) {
  SLUICE_ASSIGN(const config::Ingest* ingest, IngestOf(runtime, entry.ingest));
  SLUICE_ASSIGN(auto target, ingest::TargetOf(session.connection(), *ingest, entry.table));
  return ingest::RowEditor(std::move(target));
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
  auto fetched = store->Fetch(file.stored, spool, nullptr, nullptr);
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
  SLUICE_ASSIGN(const auto editor, EditorOf(runtime, session, entries.front()));
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
  SLUICE_ASSIGN(const auto editor, EditorOf(runtime, session, entries.front()));
  SLUICE_ASSIGN(const auto texts, ingest::TextsBySql(session.connection(), editor, entries,
                                                     {*request.where, {}, "_raw"}));
  std::vector<QuarantineEntry> picked;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (texts[i]) picked.push_back(std::move(entries[i]));
  }
  return picked;
}

Result<std::vector<ProposedFix>> ProposeFixes(Runtime& runtime, warehouse::Session& session,
                                              const FixRequest& request) {
  if (!request.where) return ProposeById(runtime, session, request);
  SLUICE_ASSIGN(const std::string table, TableOf(session, request.table));
  SLUICE_ASSIGN(auto entries, AllOf(session, table));
  if (entries.empty()) return std::vector<ProposedFix>();
  SLUICE_ASSIGN(const auto editor, EditorOf(runtime, session, entries.front()));
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
      return store->Fetch(file, spool_path, nullptr, cancel);
    };
    const ingest::ListSources list = [&] { return ListSources(runtime, *ingest, cancel); };
    SLUICE_ASSIGN(auto outcomes, ingest::ReplayFixes(context, tables, fetch, list));
    for (ingest::ReplayOutcome& outcome : outcomes) {
      reports.push_back({ingest->name, std::move(outcome)});
    }
  }
  return reports;
}

}  // namespace sluice::pipeline
