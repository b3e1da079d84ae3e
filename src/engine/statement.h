// One statement from its text to its result: what Connection and Transaction share. Private to this
// folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/database_impl.h"

namespace sluice::engine {

struct QueryResult::Impl {
  duckdb_result result{};
  duckdb_data_chunk chunk = nullptr;
  std::vector<Column> columns;
  std::vector<Batch::View> shapes;  // type, storage, width and scale of each column
  std::shared_ptr<Connection::Impl> connection;
  bool unfinished = false;  // a stream whose end was not read

  ~Impl();
};

// Runs what a user of a Connection asks for; parameters bind to $1, $2, ... Refuses what only
// Transaction and Database may do. Inside a transaction a failure is noted on the connection.
Result<std::unique_ptr<QueryResult::Impl>> Run(Connection::Impl& connection, const std::string& sql,
                                               const std::vector<Value>& parameters, bool stream);

// Runs a statement of this folder, without these rules.
Status RunOwn(duckdb_connection connection, const char* sql);

// Ends InAnyOrder. In a transaction in which a statement failed the engine refuses: its rollback does it then.
void RestoreOrder(Connection::Impl& connection);

}  // namespace sluice::engine
