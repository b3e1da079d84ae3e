// The one file outside src/engine that includes duckdb.h: it does what src/engine must never do.
#include <duckdb.h>

#include "work.h"

namespace sluice::crash {
namespace {

Status Do(duckdb_connection connection, const char* sql) {
  duckdb_result result;
  Status status;
  if (duckdb_query(connection, sql, &result) != DuckDBSuccess) {
    status = FailedError(duckdb_result_error(&result));
  }
  duckdb_destroy_result(&result);
  return status;
}

}  // namespace

Status UnguardedCheckpoint(const std::string& path, int threads) {
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  duckdb_set_config(config, "threads", std::to_string(threads).c_str());
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  char* error = nullptr;
  if (duckdb_open_ext(path.c_str(), &database, config, &error) != DuckDBSuccess) {
    return FailedError(error);
  }
  duckdb_destroy_config(&config);
  if (duckdb_connect(database, &connection) != DuckDBSuccess) return FailedError("no connection");
  const Status status = Do(connection, "CHECKPOINT");
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return status;
}

}  // namespace sluice::crash
