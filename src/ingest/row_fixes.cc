#include "ingest/row_fixes.h"

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::ingest {

const FixesOfFile* RowFixes::Of(const std::string& content_hash) const {
  const auto found = by_content.find(content_hash);
  return found == by_content.end() ? nullptr : &found->second;
}

Result<RowFixes> ReadRowFixes(engine::Connection& connection, const std::string& ingest,
                              const std::string& table) {
  RowFixes fixes;
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT content_hash, byte_offset, action, raw FROM "
                                "_sluice.quarantine_fixes WHERE ingest = $1 AND table_name = $2",
                                {ingest, table}));
  for (const auto& row : rows) {
    auto& fix =
        fixes.by_content[engine::ToText(row[0])][static_cast<uint64_t>(engine::ToInt(row[1]))];
    fix.reset();
    if (engine::ToText(row[2]) == "fix") fix = engine::ToText(row[3]);
  }
  return fixes;
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

Status SettleFixes(engine::Connection& connection, const TableLoad& load,
                   const quality::RunInfo& run) {
  for (const LoadFile& file : load.files) {
    if (file.rows_fixed == 0) continue;
    // Those of the members of an archive too (PartHash).
    SLUICE_TRY(connection
                   .Execute("UPDATE _sluice.quarantine_fixes SET state = 'applied', applied_at = "
                            "$1::TIMESTAMP WHERE state = 'open' AND ingest = $2 AND table_name = "
                            "$3 AND (content_hash = $4 OR starts_with(content_hash, $4 || '/'))",
                            {env::FormatUtc(run.now, true), load.ingest, load.target.name,
                             file.content_hash})
                   .status());
  }
  return Status::Ok();
}

Status SettleTableFixes(engine::Connection& connection, const std::string& ingest,
                        const std::string& table, const quality::RunInfo& run) {
  return connection
      .Execute(
          "UPDATE _sluice.quarantine_fixes AS x SET state = 'applied', applied_at = "
          "$1::TIMESTAMP WHERE state = 'open' AND ingest = $2 AND table_name = $3 AND NOT "
          "EXISTS (SELECT 1 FROM _sluice.quarantine AS q WHERE q.quarantine_id = "
          "x.quarantine_id AND q.ingest = x.ingest AND q.table_name = x.table_name)",
          {env::FormatUtc(run.now, true), ingest, table})
      .status();
}

}  // namespace sluice::ingest
