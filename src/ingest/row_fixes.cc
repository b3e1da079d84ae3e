#include "ingest/row_fixes.h"

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::ingest {

const FixesOfFile* RowFixes::Of(const std::string& content_hash) const {
  const auto found = by_content.find(content_hash);
  return found == by_content.end() ? nullptr : &found->second;
}

Result<RowFixes> ReadRowFixes(engine::Connection& connection, const std::string& ingest,
                              const std::string& table, bool as_applied) {
  RowFixes fixes;
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT content_hash, byte_offset, action, raw, state FROM "
                                "_sluice.quarantine_fixes WHERE ingest = $1 AND table_name = $2",
                                {ingest, table}));
  for (const auto& row : rows) {
    auto& fix =
        fixes.by_content[engine::ToText(row[0])][static_cast<uint64_t>(engine::ToInt(row[1]))];
    fix.reset();
    const bool waits = as_applied && engine::ToText(row[4]) == "open";
    if (engine::ToText(row[2]) == "fix" && !waits) fix = engine::ToText(row[3]);
  }
  return fixes;
}

Result<bool> HasRowFixes(engine::Connection& connection, const std::string& ingest) {
  SLUICE_ASSIGN(const auto any,
                connection.Scalar("SELECT count(*) FROM _sluice.quarantine_fixes WHERE ingest = $1",
                                  {ingest}));
  return engine::ToInt(any) > 0;
}

Result<ReadableCopy> MakeFixedReadable(const ReadableFile& file, const FixesOfFile& fixes,
                                       const std::string& spool_folder, bool rewrite,
                                       const env::Cancel* cancel) {
  SLUICE_TRY(env::CreateDirectories(spool_folder, 0700));
  ReadableFile fixed = file;
  fixed.path = env::JoinPath(spool_folder, fmt::format("{:016x}.fixed.csv", file.file_id));
  SLUICE_TRY(format::PatchCsv(file.path, file.options, fixes, fixed.path, cancel));
  fixed.options.dialect.encoding = "utf-8";
  SLUICE_ASSIGN(ReadableCopy copy, MakeReadable(fixed, spool_folder, rewrite, cancel));
  if (copy.path == fixed.path) {
    copy.is_copy = true;
  } else {
    SLUICE_TRY(env::RemoveFile(fixed.path));
  }
  return copy;
}

namespace {

// Of the file of a fix `x`. Of an archive a fix names the member (PartHash).
constexpr const char* kIsFileOf =
    "f.ingest = x.ingest AND f.table_name = x.table_name AND f.content_hash = "
    "split_part(x.content_hash, '/', 1)";
// It is one of those that its table, $3, is made of. What the table was before it was replaced is no part of it, nor
// what was replaced or taken back.
constexpr const char* kIsInTable =
    "f.state = 'loaded' AND f.load_id IN (SELECT l.load_id FROM _sluice.loads AS l WHERE "
    "l.table_name = $3 AND l.unloaded_at IS NULL AND l.rowid >= (SELECT coalesce(max(o.rowid), 0) "
    "FROM _sluice.loads AS o WHERE o.table_name = $3 AND o.mode = 'replace' AND o.unloaded_at IS "
    "NULL))";
// Its row is not in quarantine, be it for another file with the same content or because the fix does not fit any more.
constexpr const char* kIsNotInQuarantine =
    "NOT EXISTS (SELECT 1 FROM _sluice.quarantine AS q WHERE q.quarantine_id = x.quarantine_id AND "
    "q.ingest = x.ingest AND q.table_name = x.table_name)";

}  // namespace

Status SettleFixes(engine::Connection& connection, const std::string& ingest,
                   const std::string& table, const quality::RunInfo& run) {
  return connection
      .Execute(
          fmt::format("UPDATE _sluice.quarantine_fixes AS x SET state = 'applied', applied_at "
                      "= $1::TIMESTAMP WHERE state = 'open' AND ingest = $2 AND table_name = "
                      "$3 AND {} AND EXISTS (SELECT 1 FROM _sluice.files AS f WHERE {} AND {})",
                      kIsNotInQuarantine, kIsFileOf, kIsInTable),
          {env::FormatUtc(run.now, true), ingest, table})
      .status();
}

Result<std::vector<LostFix>> FindLostFixes(engine::Connection& connection,
                                           const std::string& ingest, const std::string& table) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(
          fmt::format(
              "SELECT x.address, (SELECT arg_max(f.state, f.rowid) FROM _sluice.files AS f WHERE "
              "{}) AS state, count(*) FROM _sluice.quarantine_fixes AS x WHERE state = 'open' AND "
              "ingest = $1 "
              "AND table_name = $2 AND {} GROUP BY ALL ORDER BY ALL",
              kIsFileOf, kIsNotInQuarantine),
          {ingest, table}));
  std::vector<LostFix> lost;
  for (const auto& row : rows) {
    const std::string state = engine::ToText(row[1]);
    const char* why = state == "loaded" || state == "replaced" ? "was replaced since"
                      : state == "unloaded"                    ? "was taken back"
                      : state == "skipped"                     ? "was passed over"
                      : state == "held"                        ? "is held (sluice gate list)"
                                                               : "is not loaded any more";
    lost.push_back({engine::ToText(row[0]), why, engine::ToInt(row[2])});
  }
  return lost;
}

}  // namespace sluice::ingest
