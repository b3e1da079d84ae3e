#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "engine/handles.h"
#include "engine/statement.h"

namespace sluice::engine {

QueryResult::QueryResult() : impl_(std::make_unique<Impl>()) {}
QueryResult::~QueryResult() = default;
QueryResult::QueryResult(QueryResult&&) noexcept = default;
QueryResult& QueryResult::operator=(QueryResult&&) noexcept = default;

const std::vector<Column>& QueryResult::columns() const {
  return impl_->columns;
}

int64_t QueryResult::rows_changed() const {
  return static_cast<int64_t>(duckdb_rows_changed(&impl_->result));
}

Result<std::optional<Batch>> QueryResult::Next() {
  if (impl_->chunk != nullptr) duckdb_destroy_data_chunk(&impl_->chunk);
  impl_->chunk = duckdb_fetch_chunk(impl_->result);
  if (impl_->chunk == nullptr) {
    // The end and an error look alike here; only the result's error tells them apart.
    impl_->unfinished = false;
    const char* error = duckdb_result_error(&impl_->result);
    if (error != nullptr && *error != '\0') {
      // From here on a COMMIT would report success and roll back, as after a failed statement.
      if (impl_->connection->in_transaction) impl_->connection->failed = true;
      return EngineError(error);
    }
    return std::optional<Batch>();
  }
  Batch batch;
  batch.rows_ = duckdb_data_chunk_get_size(impl_->chunk);
  if (batch.rows_ == 0) return std::optional<Batch>();
  for (size_t i = 0; i < impl_->shapes.size(); ++i) {
    Batch::View view = impl_->shapes[i];
    duckdb_vector vector = duckdb_data_chunk_get_vector(impl_->chunk, i);
    view.data = duckdb_vector_get_data(vector);
    view.validity = duckdb_vector_get_validity(vector);
    batch.columns_.push_back(view);
  }
  return std::optional<Batch>(std::move(batch));
}

Connection::Connection() : impl_(std::make_shared<Impl>()) {}

Connection::~Connection() {
  if (impl_->connection == nullptr) return;
  {
    const std::lock_guard lock(impl_->database->connections_mutex);
    impl_->database->connections.erase(impl_->connection);
  }
  duckdb_disconnect(&impl_->connection);
}

Result<QueryResult> Connection::Query(const std::string& sql,
                                      const std::vector<Value>& parameters) {
  QueryResult result;
  SLUICE_ASSIGN(result.impl_, Run(*impl_, sql, parameters, false));
  return result;
}

Result<QueryResult> Connection::Stream(const std::string& sql,
                                       const std::vector<Value>& parameters) {
  QueryResult result;
  SLUICE_ASSIGN(result.impl_, Run(*impl_, sql, parameters, true));
  return result;
}

Result<int64_t> Connection::Execute(const std::string& sql, const std::vector<Value>& parameters) {
  SLUICE_ASSIGN(const QueryResult result, Query(sql, parameters));
  return result.rows_changed();
}

Result<std::vector<std::vector<Value>>> Connection::Rows(const std::string& sql,
                                                         const std::vector<Value>& parameters) {
  SLUICE_ASSIGN(QueryResult result, Query(sql, parameters));
  std::vector<std::vector<Value>> rows;
  while (true) {
    SLUICE_ASSIGN(const auto batch, result.Next());
    if (!batch) return rows;
    for (size_t r = 0; r < batch->rows(); ++r) {
      std::vector<Value>& row = rows.emplace_back();
      for (size_t c = 0; c < batch->columns(); ++c) row.push_back(batch->value(c, r));
    }
  }
}

Result<Value> Connection::Scalar(const std::string& sql, const std::vector<Value>& parameters) {
  SLUICE_ASSIGN(auto rows, Rows(sql, parameters));
  if (rows.empty() || rows[0].empty()) return NotFoundError("the query gave no row");
  return std::move(rows[0][0]);
}

Result<std::vector<std::string>> Connection::TableNames(const std::string& sql) {
  // A statement that does not parse gives no list; preparing it says why.
  Prepared statement;
  if (duckdb_prepare(impl_->connection, sql.c_str(), statement.address()) != DuckDBSuccess) {
    return EngineError(duckdb_prepare_error(statement.get()));
  }
  duckdb_value list = duckdb_get_table_names(impl_->connection, sql.c_str(), false);
  std::vector<std::string> names;
  const idx_t count = list == nullptr ? 0 : duckdb_get_list_size(list);
  for (idx_t i = 0; i < count; ++i) {
    duckdb_value child = duckdb_get_list_child(list, i);
    char* name = duckdb_get_varchar(child);
    names.emplace_back(name);
    duckdb_free(name);
    duckdb_destroy_value(&child);
  }
  if (list != nullptr) duckdb_destroy_value(&list);
  return names;
}

Status Connection::InAnyOrder(const std::function<Status()>& statements) {
  SLUICE_CHECK(impl_->in_transaction,
               "the order of rows is the database's, outside of a transaction");
  SLUICE_TRY(RunOwn(impl_->connection, "SET preserve_insertion_order = false"));
  impl_->any_order = true;
  Status done = statements();
  RestoreOrder(*impl_);
  return done;
}

void Connection::Interrupt() {
  const std::lock_guard lock(impl_->interrupt_mutex);
  if (impl_->interruptible) duckdb_interrupt(impl_->connection);
}

bool Connection::HasTable(const std::string& schema, const std::string& table) {
  duckdb_table_description description = nullptr;
  const bool found = duckdb_table_description_create(impl_->connection, schema.c_str(),
                                                     table.c_str(), &description) == DuckDBSuccess;
  duckdb_table_description_destroy(&description);
  return found;
}

namespace {

// "main.csv" would be taken for a file, and not finding that one breaks off the transaction.
bool MayBeFile(const std::string& name) {
  constexpr std::string_view kEndings[] = {"csv", "tsv",     "json",   "jsonl", "ndjson",
                                           "db",  "parquet", "duckdb", "ddb",   "xlsx"};
  const std::string ending = Lower(name.substr(name.rfind('.') + 1));
  return name.find('.') != std::string::npos ||
         std::find(std::begin(kEndings), std::end(kEndings), ending) != std::end(kEndings);
}

}  // namespace

// That a name is not there is found while preparing, which leaves a transaction as it was.
bool Connection::HasRelation(const std::string& schema, const std::string& name) {
  if (MayBeFile(name)) {
    const auto views = Scalar(
        "SELECT count(*) FROM duckdb_views() WHERE database_name = current_database() AND "
        "schema_name = $1 AND view_name = $2",
        {schema, name});
    return HasTable(schema, name) || (views.ok() && ToInt(*views) > 0);
  }
  const std::string sql =
      "SELECT NULL FROM " + QuoteName(schema) + "." + QuoteName(name) + " LIMIT 0";
  Prepared statement;
  return duckdb_prepare(impl_->connection, sql.c_str(), statement.address()) == DuckDBSuccess;
}

std::string QuoteName(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string QuoteText(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

}  // namespace sluice::engine
