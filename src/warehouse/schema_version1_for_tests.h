// The state of version 1 as the builds of that version made it: their list of statements, and a row in
// every table. Never changed: it stands for files that are out there.
#pragma once

#include <string>

#include "engine/engine.h"

namespace sluice::warehouse {

inline constexpr const char* kDdlOfVersion1[] = {
    "CREATE SCHEMA IF NOT EXISTS _sluice",
    "CREATE TABLE _sluice.meta (name VARCHAR, value VARCHAR)",
    "CREATE TABLE _sluice.fences (scope VARCHAR, token BIGINT)",
    "CREATE TABLE _sluice.versions (name VARCHAR, version BIGINT)",
    "CREATE TABLE _sluice.loads (load_id BIGINT, run_id VARCHAR, ingest VARCHAR, connection "
    "VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, group_id BIGINT, kind VARCHAR, mode VARCHAR,"
    " day DATE, published_at TIMESTAMP, hold_id VARCHAR,"
    " rows_read BIGINT, inserted BIGINT, updated BIGINT, unchanged BIGINT, delete_matched BIGINT,"
    " delete_unmatched BIGINT, superseded BIGINT, skipped BIGINT, quarantined BIGINT,"
    " key_collisions BIGINT, too_long BIGINT)",
    "CREATE TABLE _sluice.files (file_id BIGINT, ingest VARCHAR, connection VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, group_id BIGINT, log_id BIGINT, address VARCHAR, size "
    "BIGINT,"
    " tag VARCHAR, modified TIMESTAMP, content_hash VARCHAR, state VARCHAR, reason VARCHAR,"
    " load_id BIGINT, rows_read BIGINT, inserted BIGINT, updated BIGINT, unchanged BIGINT,"
    " delete_matched BIGINT, delete_unmatched BIGINT, superseded BIGINT, skipped BIGINT,"
    " quarantined BIGINT, key_collisions BIGINT, too_long BIGINT)",
    "CREATE TABLE _sluice.cursors (ingest VARCHAR, connection VARCHAR, pod VARCHAR,"
    " table_name VARCHAR, group_id BIGINT, log_id BIGINT, loaded_at TIMESTAMP, rows BIGINT)",
    "CREATE TABLE _sluice.schema_files (ingest VARCHAR, connection VARCHAR, position BIGINT,"
    " kind VARCHAR, release VARCHAR, table_name VARCHAR, address VARCHAR, tag VARCHAR,"
    " content_hash VARCHAR, ddl VARCHAR, state VARCHAR, message VARCHAR, applied_at TIMESTAMP)",
    "CREATE TABLE _sluice.quarantine (quarantine_id BIGINT, load_id BIGINT, file_id BIGINT,"
    " ingest VARCHAR, table_name VARCHAR, pod VARCHAR, address VARCHAR, content_hash VARCHAR,"
    " record BIGINT, line BIGINT, byte_offset BIGINT, column_name VARCHAR, value VARCHAR,"
    " reason VARCHAR, raw VARCHAR, found_at TIMESTAMP)",
    "CREATE TABLE _sluice.check_results (run_id VARCHAR, owner VARCHAR, table_name VARCHAR,"
    " check_name VARCHAR, pod VARCHAR, group_id BIGINT, day DATE, measured DOUBLE, low DOUBLE,"
    " high DOUBLE, history BIGINT, outcome VARCHAR, message VARCHAR, checked_at TIMESTAMP)",
    "CREATE TABLE _sluice.holds (hold_id VARCHAR, kind VARCHAR, owner VARCHAR, connection VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, group_id BIGINT, check_name VARCHAR, stage VARCHAR,"
    " load_id BIGINT, files VARCHAR, message VARCHAR, created_at TIMESTAMP, run_id VARCHAR,"
    " state VARCHAR, reason VARCHAR, decided_at TIMESTAMP)",
    "CREATE TABLE _sluice.models (name VARCHAR, materialized VARCHAR, sql_digest VARCHAR,"
    " inputs VARCHAR, version BIGINT, rows BIGINT, run_id VARCHAR, built_at TIMESTAMP)",
    "CREATE TABLE _sluice.syncs (sync VARCHAR, mapping_digest VARCHAR, inputs VARCHAR,"
    " next_delivery BIGINT, run_id VARCHAR, finished_at TIMESTAMP)",
    "CREATE TABLE _sluice.sync_runs (sync VARCHAR, run_id VARCHAR, delivery_id BIGINT,"
    " started_at TIMESTAMP, ended_at TIMESTAMP, added BIGINT, changed BIGINT, returned BIGINT,"
    " retried BIGINT, left_model BIGINT, unchanged BIGINT, planned BIGINT, acknowledged BIGINT,"
    " rejected BIGINT, deferred BIGINT, waiting BIGINT, unknown BIGINT, requests BIGINT,"
    " bytes BIGINT, outcome VARCHAR, message VARCHAR)",
    "CREATE TABLE _sluice.sync_delivered (sync VARCHAR, key VARCHAR, identity VARCHAR,"
    " digest UHUGEINT, digest_kind VARCHAR, payload VARCHAR, state VARCHAR,"
    " attempted_digest UHUGEINT, attempted_payload VARCHAR, code VARCHAR, message VARCHAR,"
    " run_id VARCHAR, answered_at TIMESTAMP)",
    "CREATE TABLE _sluice.sync_attempts (sync VARCHAR, key VARCHAR, run_id VARCHAR,"
    " delivery_id BIGINT, attempt BIGINT, sent VARCHAR, state VARCHAR, http_status INTEGER,"
    " code VARCHAR, message VARCHAR, answered_at TIMESTAMP)",
    "CREATE TABLE _sluice.sync_findings (sync VARCHAR, run_id VARCHAR, key VARCHAR, kind VARCHAR,"
    " message VARCHAR, found_at TIMESTAMP)",
    "CREATE TABLE _sluice.deliveries (sync VARCHAR, delivery_id BIGINT, host VARCHAR, log VARCHAR,"
    " folded_offset BIGINT, state VARCHAR, opened_at TIMESTAMP)",
    "CREATE TABLE _sluice.runs (run_id VARCHAR, command VARCHAR, started_at TIMESTAMP,"
    " ended_at TIMESTAMP, exit_code INTEGER, sluice_version VARCHAR, git_commit VARCHAR,"
    " config_digest VARCHAR, sql_digests VARCHAR, summary VARCHAR)",
};

// Makes a file of version 1 at `path` with one row in every table of `_sluice`, all columns set, and a
// loaded table beside them.
inline Status MakeVersion1(const std::string& path) {
  SLUICE_ASSIGN(const auto database, engine::Database::Open(path, {}));
  SLUICE_ASSIGN(const auto connection, database->Connect());
  for (const char* statement : kDdlOfVersion1) {
    SLUICE_TRY(connection->Execute(statement).status());
  }
  SLUICE_TRY(
      connection->Execute("INSERT INTO _sluice.meta VALUES ('schema_version', '1')").status());
  SLUICE_ASSIGN(const auto tables,
                connection->Rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = "
                                 "'_sluice' AND table_name <> 'meta' ORDER BY 1"));
  for (const auto& table : tables) {
    const std::string name = engine::ToText(table[0]);
    SLUICE_ASSIGN(const auto types,
                  connection->Rows("SELECT data_type FROM duckdb_columns() WHERE schema_name = "
                                   "'_sluice' AND table_name = $1 ORDER BY column_index",
                                   {name}));
    std::string values;
    for (const auto& type : types) {
      const std::string text = engine::ToText(type[0]);
      values += values.empty() ? "" : ", ";
      values += text == "VARCHAR"     ? "'text'"
                : text == "DATE"      ? "DATE '2026-01-31'"
                : text == "TIMESTAMP" ? "TIMESTAMP '2026-01-31 10:11:12'"
                                      : "7";
    }
    SLUICE_TRY(
        connection->Execute("INSERT INTO _sluice." + name + " VALUES (" + values + ")").status());
  }
  SLUICE_TRY(connection->Execute("CREATE TABLE orders AS SELECT 1 AS id, 2.50 AS total").status());
  return database->Checkpoint();
}

}  // namespace sluice::warehouse
