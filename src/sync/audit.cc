#include "sync/audit.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "sync/decisions.h"
#include "sync/recover.h"
#include "sync/spool.h"
#include "warehouse/dialect.h"

namespace sluice::sync {
namespace {

// What was there before mode insert came to it has no field that was delivered, and is as somebody else made it.
constexpr const char* kDelivered =
    "payload IS NOT NULL AND payload <> '{}' AND state = 'delivered'";

constexpr const char* kMissingCode = "audit_missing";

}  // namespace

Result<std::vector<DeliveredRow>> SampleDelivered(engine::Connection& connection,
                                                  const std::string& sync, uint64_t most,
                                                  uint64_t seed) {
  SLUICE_ASSIGN(auto result,
                connection.Rows(fmt::format("SELECT * FROM (SELECT key, identity, payload FROM "
                                            "_sluice.sync_delivered WHERE sync = $1 AND {} ORDER "
                                            "BY hash(key || '#{}'), key LIMIT {}) ORDER BY key",
                                            kDelivered, seed, most),
                                {sync}));
  std::vector<DeliveredRow> rows;
  rows.reserve(result.size());
  for (const auto& row : result) {
    rows.push_back({engine::ToText(row[0]), engine::ToText(row[1]), engine::ToText(row[2])});
  }
  return rows;
}

Result<uint64_t> CountDeliveredRows(engine::Connection& connection, const std::string& sync) {
  SLUICE_ASSIGN(
      const auto count,
      connection.Scalar(
          fmt::format("SELECT count(*) FROM _sluice.sync_delivered WHERE sync = $1 AND {}",
                      kDelivered),
          {sync}));
  return static_cast<uint64_t>(engine::ToInt(count));
}

Result<std::vector<AuditFinding>> CompareDelivered(connector::Lookup& lookup,
                                                   const std::vector<DeliveredRow>& rows,
                                                   env::Clock& clock, const LookupOptions& options,
                                                   uint64_t& questions) {
  std::vector<connector::Operation> operations;
  operations.reserve(rows.size());
  for (const DeliveredRow& row : rows) {
    operations.push_back({connector::OperationKind::kUpsert, row.key, row.identity, row.payload});
  }
  SLUICE_ASSIGN(const auto found, LookForAll(lookup, operations, true, clock, options, questions));
  std::vector<AuditFinding> findings;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (found[i].there && found[i].differing.empty()) continue;
    findings.push_back({rows[i].key, rows[i].identity, !found[i].there, found[i].differing});
  }
  return findings;
}

namespace {

constexpr const char* kExport = "_sluice_audit_export";

Status LoadExport(engine::Connection& connection, const std::string& path) {
  SLUICE_TRY(connection
                 .Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} (identity VARCHAR, held "
                                      "VARCHAR)",
                                      kExport))
                 .status());
  SLUICE_ASSIGN(auto rows, SpoolReader::Open(path));
  SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection, "", kExport));
  while (true) {
    SLUICE_ASSIGN(auto row, rows.Next());
    if (!row) return appender->Close();
    SLUICE_TRY(appender->Row({std::move(row->identity), std::move(row->payload)}));
  }
}

Status CompareAll(engine::Connection& connection, const std::string& sync,
                  const connector::Exporting& exporting, ExportComparison& comparison) {
  SLUICE_ASSIGN(
      const auto others,
      connection.Scalar(
          fmt::format(
              "SELECT count(*) FROM {} AS e WHERE NOT EXISTS (FROM _sluice.sync_delivered AS "
              "d WHERE d.sync = $1 AND d.payload IS NOT NULL AND d.identity = e.identity)",
              kExport),
          {sync}));
  comparison.others = static_cast<uint64_t>(engine::ToInt(others));
  SLUICE_ASSIGN(
      auto rows,
      connection.Stream(fmt::format(
          "SELECT d.key, d.identity, d.payload, e.held FROM (SELECT key, identity, payload FROM "
          "_sluice.sync_delivered WHERE sync = {} AND {}) "
          "AS d LEFT JOIN (SELECT identity, any_value(held) AS held FROM {} GROUP BY identity) AS "
          "e "
          "ON e.identity = d.identity ORDER BY d.key",
          warehouse::QuoteText(sync), kDelivered, kExport)));
  while (true) {
    SLUICE_ASSIGN(const auto batch, rows.Next());
    if (!batch) return Status::Ok();
    for (size_t r = 0; r < batch->rows(); ++r) {
      AuditFinding finding;
      finding.missing = batch->is_null(3, r);
      if (!finding.missing) {
        finding.differing = exporting.DifferingFrom(batch->text(2, r), batch->text(3, r));
        if (finding.differing.empty()) continue;
      }
      if (++comparison.differing > kMostExportFindings) continue;
      finding.key = batch->text(0, r);
      finding.identity = batch->text(1, r);
      comparison.findings.push_back(std::move(finding));
    }
  }
}

}  // namespace

Result<ExportComparison> CompareExport(engine::Connection& connection, const std::string& sync,
                                       const std::string& path,
                                       const connector::Exporting& exporting) {
  ExportComparison comparison;
  Status compared = LoadExport(connection, path);
  if (compared.ok()) compared = CompareAll(connection, sync, exporting, comparison);
  const Status dropped =
      connection.Execute(fmt::format("DROP TABLE IF EXISTS {}", kExport)).status();
  SLUICE_TRY(compared);
  SLUICE_TRY(dropped);
  return comparison;
}

Result<std::string> MarkForRepair(engine::Connection& connection, const std::string& sync,
                                  const std::vector<AuditFinding>& findings,
                                  const std::string& reason, env::Clock& clock) {
  SLUICE_TRY(NoneOpen(connection, sync));
  uint64_t missing = 0;
  for (const AuditFinding& finding : findings) {
    if (!finding.missing) {
      SLUICE_TRY(MarkToGoAgain(connection, sync, finding.key));
      continue;
    }
    ++missing;
    SLUICE_TRY(connection
                   .Execute("UPDATE _sluice.sync_delivered SET state = 'deferred', digest = NULL, "
                            "payload = NULL, attempted_digest = NULL, attempted_payload = NULL, "
                            "code = $3, message = 'an audit did not find it', absences = NULL, "
                            "next_try_at = NULL WHERE sync = $1 AND key = $2",
                            {sync, finding.key, std::string(kMissingCode)})
                   .status());
  }
  SLUICE_TRY(LookAgain(connection, sync));
  SLUICE_TRY(RecordDecision(connection, sync, "repair", reason, clock));
  return fmt::format(
      "{} of {} {} with the next run, if the model has {}{}", Counted(findings.size(), "row"), sync,
      findings.size() == 1 ? "goes" : "go", findings.size() == 1 ? "it" : "them",
      missing == 0 ? "" : fmt::format("; {} not there any more", Thousands(missing)));
}

}  // namespace sluice::sync
