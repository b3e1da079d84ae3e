#include "warehouse/schema.h"

#include <iterator>
#include <span>
#include <string>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::warehouse {
namespace {

// No keys, no indexes: the engine loses rows of indexes after a kill and replay (duckdb#23848). Keys
// are kept by the code that writes.
//
// Times are naive UTC. Counts are rows. Ids are made from what a thing is (base/hash.h StableId), so
// an interrupted and an undisturbed run write the same.
constexpr const char* kVersion1[] = {
    "CREATE SCHEMA IF NOT EXISTS _sluice",

    "CREATE TABLE _sluice.meta (name VARCHAR, value VARCHAR)",

    // One row per ingest and per sync. A run adds one at its start and reads it again inside every
    // transaction: a process that was thought dead cannot publish any more.
    "CREATE TABLE _sluice.fences (scope VARCHAR, token BIGINT)",

    // How often a table or model has changed: models and syncs note the versions that they have read.
    "CREATE TABLE _sluice.versions (name VARCHAR, version BIGINT)",

    // One row per table and published (pod, group) or files' load. `kind`: full, increment.
    "CREATE TABLE _sluice.loads (load_id BIGINT, run_id VARCHAR, ingest VARCHAR, connection "
    "VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, group_id BIGINT, kind VARCHAR, mode VARCHAR,"
    " day DATE, published_at TIMESTAMP, hold_id VARCHAR,"
    " rows_read BIGINT, inserted BIGINT, updated BIGINT, unchanged BIGINT, delete_matched BIGINT,"
    " delete_unmatched BIGINT, superseded BIGINT, skipped BIGINT, quarantined BIGINT,"
    " key_collisions BIGINT, too_long BIGINT)",

    // The file ledger. `state`: loaded, held, reported, skipped.
    "CREATE TABLE _sluice.files (file_id BIGINT, ingest VARCHAR, connection VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, group_id BIGINT, log_id BIGINT, address VARCHAR, size "
    "BIGINT,"
    " tag VARCHAR, modified TIMESTAMP, content_hash VARCHAR, state VARCHAR, reason VARCHAR,"
    " load_id BIGINT, rows_read BIGINT, inserted BIGINT, updated BIGINT, unchanged BIGINT,"
    " delete_matched BIGINT, delete_unmatched BIGINT, superseded BIGINT, skipped BIGINT,"
    " quarantined BIGINT, key_collisions BIGINT, too_long BIGINT)",

    "CREATE TABLE _sluice.cursors (ingest VARCHAR, connection VARCHAR, pod VARCHAR,"
    " table_name VARCHAR, group_id BIGINT, log_id BIGINT, loaded_at TIMESTAMP, rows BIGINT)",

    // Schema files in the order in which they were applied: the order is frozen here.
    "CREATE TABLE _sluice.schema_files (ingest VARCHAR, connection VARCHAR, position BIGINT,"
    " kind VARCHAR, release VARCHAR, table_name VARCHAR, address VARCHAR, tag VARCHAR,"
    " content_hash VARCHAR, ddl VARCHAR, state VARCHAR, message VARCHAR, applied_at TIMESTAMP)",

    "CREATE TABLE _sluice.quarantine (quarantine_id BIGINT, load_id BIGINT, file_id BIGINT,"
    " ingest VARCHAR, table_name VARCHAR, pod VARCHAR, address VARCHAR, content_hash VARCHAR,"
    " record BIGINT, line BIGINT, byte_offset BIGINT, column_name VARCHAR, value VARCHAR,"
    " reason VARCHAR, raw VARCHAR, found_at TIMESTAMP)",

    // `owner` is the ingest or the model. `outcome`: pass, warn, fail, not_enough_history.
    "CREATE TABLE _sluice.check_results (run_id VARCHAR, owner VARCHAR, table_name VARCHAR,"
    " check_name VARCHAR, pod VARCHAR, group_id BIGINT, day DATE, measured DOUBLE, low DOUBLE,"
    " high DOUBLE, history BIGINT, outcome VARCHAR, message VARCHAR, checked_at TIMESTAMP)",

    // What waits for somebody's decision. `kind`: gate, file, schema, model. `state`: open, accepted,
    // rejected, skipped. `files` lists the addresses concerned, one a line.
    "CREATE TABLE _sluice.holds (hold_id VARCHAR, kind VARCHAR, owner VARCHAR, connection VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, group_id BIGINT, check_name VARCHAR, stage VARCHAR,"
    " load_id BIGINT, files VARCHAR, message VARCHAR, created_at TIMESTAMP, run_id VARCHAR,"
    " state VARCHAR, reason VARCHAR, decided_at TIMESTAMP)",

    "CREATE TABLE _sluice.models (name VARCHAR, materialized VARCHAR, sql_digest VARCHAR,"
    " inputs VARCHAR, version BIGINT, rows BIGINT, run_id VARCHAR, built_at TIMESTAMP)",

    // Where each sync stands: digest of its mapping, versions of its inputs when it last had nothing
    // left to do: '' where nobody knows them, NULL when something was left.
    "CREATE TABLE _sluice.syncs (sync VARCHAR, mapping_digest VARCHAR, inputs VARCHAR,"
    " next_delivery BIGINT, run_id VARCHAR, finished_at TIMESTAMP)",

    // planned = acknowledged + rejected + deferred + waiting + unknown.
    "CREATE TABLE _sluice.sync_runs (sync VARCHAR, run_id VARCHAR, delivery_id BIGINT,"
    " started_at TIMESTAMP, ended_at TIMESTAMP, added BIGINT, changed BIGINT, returned BIGINT,"
    " retried BIGINT, left_model BIGINT, unchanged BIGINT, planned BIGINT, acknowledged BIGINT,"
    " rejected BIGINT, deferred BIGINT, waiting BIGINT, unknown BIGINT, requests BIGINT,"
    " bytes BIGINT, outcome VARCHAR, message VARCHAR)",

    // What the destination holds, by its own answers. `state`: delivered, left (no longer in the
    // model), rejected, deferred, unknown; for the last three the attempted_ columns hold what was
    // tried and `digest`, `payload` what was delivered before, NULL when nothing was.
    // Payloads take most of the room. That FSST suits them best needs no trial of every other compression each
    // time that some are written, which takes a third of the writing.
    "CREATE TABLE _sluice.sync_delivered (sync VARCHAR, key VARCHAR, identity VARCHAR,"
    " digest UHUGEINT, digest_kind VARCHAR, payload VARCHAR USING COMPRESSION fsst, state VARCHAR,"
    " attempted_digest UHUGEINT, attempted_payload VARCHAR, code VARCHAR, message VARCHAR,"
    " run_id VARCHAR, answered_at TIMESTAMP)",

    // Every try with the fields that were really sent.
    "CREATE TABLE _sluice.sync_attempts (sync VARCHAR, key VARCHAR, run_id VARCHAR,"
    " delivery_id BIGINT, attempt BIGINT, sent VARCHAR USING COMPRESSION fsst, state VARCHAR,"
    " http_status INTEGER,"
    " code VARCHAR, message VARCHAR, answered_at TIMESTAMP)",

    // Rows that were left out before anything was sent, as the last run found them. `kind`:
    // null_key, duplicate_key, no_identity, same_identity, identifier_changed.
    "CREATE TABLE _sluice.sync_findings (sync VARCHAR, run_id VARCHAR, key VARCHAR, kind VARCHAR,"
    " message VARCHAR, found_at TIMESTAMP)",

    // Deliveries whose log is not folded to its end yet: where the log lies.
    "CREATE TABLE _sluice.deliveries (sync VARCHAR, delivery_id BIGINT, host VARCHAR, log VARCHAR,"
    " folded_offset BIGINT, state VARCHAR, opened_at TIMESTAMP)",

    "CREATE TABLE _sluice.runs (run_id VARCHAR, command VARCHAR, started_at TIMESTAMP,"
    " ended_at TIMESTAMP, exit_code INTEGER, sluice_version VARCHAR, git_commit VARCHAR,"
    " config_digest VARCHAR, sql_digests VARCHAR, summary VARCHAR)",
};

// What each version adds to the one before it. Only ALTER and CREATE: the engine refuses an ALTER
// behind changes of rows in one transaction, and all upgrades of a file are one.
constexpr const char* kVersion2[] = {
    // The columns of a file that has quarantined rows, one a line, in the file's order; an empty line
    // is a column that the table does not have. What a row's cells are called when it is fixed.
    "ALTER TABLE _sluice.files ADD COLUMN file_columns VARCHAR",

    // `rule`: which rule put it there: type, key, void, record_shape, encoding, ... `raw_cut`: `raw`
    // is only the beginning of the row.
    "ALTER TABLE _sluice.quarantine ADD COLUMN rule VARCHAR",
    "ALTER TABLE _sluice.quarantine ADD COLUMN raw_cut BOOLEAN",

    // A load that was taken back: its rows are not in the table any more, its counts say what it was.
    "ALTER TABLE _sluice.loads ADD COLUMN unloaded_at TIMESTAMP",
    "ALTER TABLE _sluice.loads ADD COLUMN unload_reason VARCHAR",

    // Decisions about quarantined rows. They hold at the row's place (content of its file, byte
    // offset) whenever that file is staged for the table. `action`: fix (`raw` is read instead of what
    // stands in the file), discard. `state`: open (stored, not in the table yet), applied.
    "CREATE TABLE _sluice.quarantine_fixes (quarantine_id BIGINT, ingest VARCHAR,"
    " table_name VARCHAR, content_hash VARCHAR, byte_offset BIGINT, action VARCHAR, raw VARCHAR,"
    " original VARCHAR, column_name VARCHAR, rule VARCHAR, found_reason VARCHAR, address VARCHAR,"
    " line BIGINT, reason VARCHAR, state VARCHAR, decided_at TIMESTAMP, applied_at TIMESTAMP)",

    // Tables, or pods of them, that were made again from their files. `rows`: read of all of them.
    "CREATE TABLE _sluice.rebuilds (ingest VARCHAR, connection VARCHAR, table_name VARCHAR,"
    " pod VARCHAR, run_id VARCHAR, rebuilt_at TIMESTAMP, reason VARCHAR, files BIGINT,"
    " bytes BIGINT, rows BIGINT)",
};

constexpr const char* kVersion3[] = {
    // Months of tables that were taken from a snapshot of the vendor. The load itself is in `loads`, with
    // the kind restore and `after_group` as its group: it stands behind that group of its pod.
    // `extract`: the day of the snapshot; `removed`: rows of the month that it took the place of.
    "CREATE TABLE _sluice.restores (load_id BIGINT, ingest VARCHAR, connection VARCHAR,"
    " table_name VARCHAR, pod VARCHAR, month VARCHAR, extract VARCHAR, month_column VARCHAR,"
    " after_group BIGINT, run_id VARCHAR, restored_at TIMESTAMP, removed BIGINT)",

    // Mode mirror: rows that were to be removed.
    "ALTER TABLE _sluice.sync_runs ADD COLUMN removed BIGINT",
};

constexpr const char* kVersion4[] = {
    // How files were read: the options that concerned them, as JSON. `reading_id`: made from the text.
    "CREATE TABLE _sluice.readings (reading_id BIGINT, options VARCHAR)",
    // NULL: loaded before this was kept, or without a row.
    "ALTER TABLE _sluice.files ADD COLUMN reading BIGINT",
    // When the file was moved away or removed after loading: what comes under its name is another delivery.
    "ALTER TABLE _sluice.files ADD COLUMN finished_at TIMESTAMP",
};

constexpr const char* kVersion5[] = {
    // Syncs that runs pass over until somebody resumes them.
    "CREATE TABLE _sluice.sync_pauses (sync VARCHAR, reason VARCHAR, paused_at TIMESTAMP)",

    // For people who ask in SQL (docs/syncs.md): the tables above without what only the program needs.
    // `sent`, `delivered`, `tried`: JSON.
    "CREATE VIEW _sluice.sync_history AS SELECT sync, run_id, started_at, ended_at, outcome, "
    "planned,"
    " acknowledged, rejected, deferred, waiting, unknown, added, changed, returned, retried, "
    "removed,"
    " unchanged, left_model, requests, bytes, message FROM _sluice.sync_runs",
    "CREATE VIEW _sluice.sync_rows AS SELECT sync, key, identity, state, payload AS delivered,"
    " CASE WHEN state <> 'delivered' THEN attempted_payload END AS tried, code, message, "
    "answered_at,"
    " run_id FROM _sluice.sync_delivered UNION ALL BY NAME SELECT sync, key, 'left_out' AS state,"
    " kind AS code, message, found_at AS answered_at, run_id FROM _sluice.sync_findings",
    "CREATE VIEW _sluice.sync_tries AS SELECT sync, key, run_id, delivery_id, attempt, state, sent,"
    " http_status, code, message, answered_at FROM _sluice.sync_attempts",
};

constexpr const char* kVersion6[] = {
    // Rows whose person or thing is not there yet (`state` deferred): how often they were tried without
    // finding it, and before when they are not tried again.
    "ALTER TABLE _sluice.sync_delivered ADD COLUMN absences INTEGER",
    "ALTER TABLE _sluice.sync_delivered ADD COLUMN next_try_at TIMESTAMP",
    // Whether the next run is still a first one although rows were delivered: a row that was tested.
    "ALTER TABLE _sluice.syncs ADD COLUMN fresh BOOLEAN",
    // Who was forgotten, without saying who (privacy/forgotten.h). `hash`: of the key; `rows`: that were shown
    // before; `counts`, `destinations`: JSON, what was removed where, and what destinations answered.
    "CREATE TABLE _sluice.forgotten (forget_id VARCHAR, person VARCHAR, state VARCHAR,"
    " requested_at TIMESTAMP, done_at TIMESTAMP, undone_at TIMESTAMP, run_id VARCHAR, hash "
    "VARCHAR,"
    " rows BIGINT, counts VARCHAR, destinations VARCHAR)",
    // The list that loads and syncs compare with. `identifier` is '' for keys.
    "CREATE TABLE _sluice.forgotten_hashes (forget_id VARCHAR, person VARCHAR, identifier VARCHAR,"
    " hash VARCHAR)",
    // Rows about them that were left out of a load: among `skipped`.
    "ALTER TABLE _sluice.files ADD COLUMN forgotten BIGINT",
    "ALTER TABLE _sluice.loads ADD COLUMN forgotten BIGINT",
    // Rows that somebody has confirmed, of syncs that take nothing back. Without personal data: a digest
    // of key and identity.
    "CREATE TABLE _sluice.sync_confirmed (sync VARCHAR, row_digest UHUGEINT)",
    // Whom a sync is giving another identifier (`changed_at` NULL: while its delivery is open), or has: nothing else
    // may be sent about them for a moment. `hash`: as the destination hashes people it has forgotten.
    "CREATE TABLE _sluice.unsettled (connection VARCHAR, sync VARCHAR, hash VARCHAR, changed_at "
    "TIMESTAMP)",
    // Which identity became which, as digests, by acknowledged changes of a sync: what other syncs of its connection
    // have delivered to the former one is held by the current one.
    "CREATE TABLE _sluice.identity_moves (sync VARCHAR, former UHUGEINT, current UHUGEINT, "
    "moved_at "
    "TIMESTAMP)",
    // Rows of the model about people whom the project or the destination has forgotten.
    "ALTER TABLE _sluice.sync_runs ADD COLUMN forgotten BIGINT",
    "CREATE OR REPLACE VIEW _sluice.sync_history AS SELECT sync, run_id, started_at, ended_at, "
    "outcome,"
    " planned, acknowledged, rejected, deferred, waiting, unknown, added, changed, returned, "
    "retried,"
    " removed, unchanged, left_model, forgotten, requests, bytes, message FROM _sluice.sync_runs",
};

constexpr const char* kVersion7[] = {
    // 'single', 'bulk': in which kind of call something is sent about them, or was a moment ago; NULL: it is another
    // identifier.
    "ALTER TABLE _sluice.unsettled ADD COLUMN call VARCHAR",
};

struct Upgrade {
  int to;
  std::span<const char* const> statements;
};
constexpr Upgrade kUpgrades[] = {{1, kVersion1}, {2, kVersion2}, {3, kVersion3}, {4, kVersion4},
                                 {5, kVersion5}, {6, kVersion6}, {7, kVersion7}};
static_assert(std::size(kUpgrades) == kSchemaVersion);

}  // namespace

Result<int> SchemaVersion(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto there,
                connection.Scalar("SELECT count(*) FROM duckdb_tables() WHERE database_name = "
                                  "current_database() AND schema_name = '_sluice' AND "
                                  "table_name = 'meta'"));
  if (engine::ToInt(there) == 0) return 0;
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT value FROM _sluice.meta WHERE name = 'schema_version'"));
  if (rows.size() != 1)
    return FailedError("_sluice.meta has no schema_version: the file is damaged");
  const auto version = ParseUnsigned(engine::ToText(rows[0][0]));
  if (!version)
    return FailedError("_sluice.meta has no usable schema_version: the file is damaged");
  return static_cast<int>(*version);
}

Status EnsureSchema(engine::Connection& connection) {
  SLUICE_ASSIGN(const int version, SchemaVersion(connection));
  if (version == kSchemaVersion) return Status::Ok();
  if (version > kSchemaVersion) {
    return FailedError(
        fmt::format("the warehouse was written by a newer Sluice (its state has version {}, this "
                    "program knows {})",
                    version, kSchemaVersion),
        "Run it with the newer sluice");
  }
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  for (const Upgrade& upgrade : kUpgrades) {
    if (upgrade.to <= version) continue;
    for (const char* statement : upgrade.statements) {
      SLUICE_TRY(connection.Execute(statement).status());
    }
  }
  const std::string stamp =
      version == 0 ? "INSERT INTO _sluice.meta VALUES ('schema_version', $1)"
                   : "UPDATE _sluice.meta SET value = $1 WHERE name = 'schema_version'";
  SLUICE_TRY(connection.Execute(stamp, {std::to_string(kSchemaVersion)}).status());
  return transaction->Commit();
}

}  // namespace sluice::warehouse
