#include <fmt/format.h>

#include "base/check.h"
#include "engine/database_impl.h"
#include "engine/handles.h"

namespace sluice::engine {

struct QueryResult::Impl {
  duckdb_result result{};
  duckdb_data_chunk chunk = nullptr;
  std::vector<Column> columns;
  std::vector<Batch::View> shapes;  // type, storage, width and scale of each column
  Connection::Impl* connection = nullptr;

  ~Impl() {
    if (chunk != nullptr) duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
  }
};

namespace {

Status Bind(duckdb_prepared_statement statement, size_t index, const Value& value) {
  struct Visitor {
    duckdb_prepared_statement s;
    idx_t i;
    duckdb_state operator()(std::monostate) const { return duckdb_bind_null(s, i); }
    duckdb_state operator()(bool b) const { return duckdb_bind_boolean(s, i, b); }
    duckdb_state operator()(int64_t n) const { return duckdb_bind_int64(s, i, n); }
    duckdb_state operator()(uint64_t n) const { return duckdb_bind_uint64(s, i, n); }
    duckdb_state operator()(double d) const { return duckdb_bind_double(s, i, d); }
    duckdb_state operator()(const std::string& t) const {
      return duckdb_bind_varchar_length(s, i, t.data(), t.size());
    }
    duckdb_state operator()(const Hash128& h) const {
      duckdb_uhugeint huge;
      huge.lower = h.low;
      huge.upper = h.high;
      return duckdb_bind_uhugeint(s, i, huge);
    }
  };
  if (std::visit(Visitor{statement, index}, value) != DuckDBSuccess) {
    return FailedError(fmt::format("the engine refuses parameter {}", index));
  }
  return Status::Ok();
}

Status Prepare(duckdb_connection connection, const std::string& sql, Prepared& statement) {
  if (duckdb_prepare(connection, sql.c_str(), statement.address()) != DuckDBSuccess) {
    return EngineError(duckdb_prepare_error(statement.get()));
  }
  return Status::Ok();
}

// Types that have no view of ours (lists, structs, UUIDs ...) are asked for as the engine's text.
std::optional<std::string> WithTextColumns(const std::string& sql,
                                           duckdb_prepared_statement statement) {
  if (duckdb_prepared_statement_type(statement) != DUCKDB_STATEMENT_TYPE_SELECT) return {};
  const idx_t count = duckdb_prepared_statement_column_count(statement);
  bool any = false;
  std::string select;
  std::string names;
  for (idx_t i = 0; i < count; ++i) {
    // A column that is a bare parameter has no type before it is bound.
    const duckdb_type type = duckdb_prepared_statement_column_type(statement, i);
    const bool other = type != DUCKDB_TYPE_INVALID && FromEngineType(type) == Type::kOther;
    any = any || other;
    const char* name = duckdb_prepared_statement_column_name(statement, i);
    const char* separator = i == 0 ? "" : ", ";
    select += fmt::format("{}{} AS {}", separator,
                          other ? fmt::format("CAST(c{} AS VARCHAR)", i) : fmt::format("c{}", i),
                          QuoteName(name));
    names += fmt::format("{}c{}", separator, i);
    duckdb_free(const_cast<char*>(name));  // NOLINT: the C API gives ownership behind const
  }
  if (!any) return {};
  std::string inner = sql;
  while (!inner.empty() && (inner.back() == ';' || inner.back() == ' ' || inner.back() == '\n')) {
    inner.pop_back();
  }
  return fmt::format("SELECT {} FROM ({}\n) AS q({})", select, inner, names);
}

Status RunPrepared(duckdb_prepared_statement statement, bool stream, duckdb_result* result) {
  if (!stream) {
    if (duckdb_execute_prepared(statement, result) != DuckDBSuccess) {
      return EngineError(duckdb_result_error(result));
    }
    return Status::Ok();
  }
  duckdb_pending_result pending = nullptr;
  Status status;
  if (duckdb_pending_prepared_streaming(statement, &pending) != DuckDBSuccess) {
    status = EngineError(duckdb_pending_error(pending));
  } else if (duckdb_execute_pending(pending, result) != DuckDBSuccess) {
    status = EngineError(duckdb_result_error(result));
  }
  duckdb_destroy_pending(&pending);
  return status;
}

void DescribeColumns(QueryResult::Impl& impl);

Result<std::unique_ptr<QueryResult::Impl>> Run(Connection::Impl& connection, const std::string& sql,
                                               const std::vector<Value>& parameters, bool stream);

}  // namespace

QueryResult::QueryResult() : impl_(std::make_unique<Impl>()) {}
QueryResult::~QueryResult() = default;
QueryResult::QueryResult(QueryResult&&) noexcept = default;
QueryResult& QueryResult::operator=(QueryResult&&) noexcept = default;

const std::vector<Column>& QueryResult::columns() const { return impl_->columns; }

int64_t QueryResult::rows_changed() const {
  return static_cast<int64_t>(duckdb_rows_changed(&impl_->result));
}

Result<std::optional<Batch>> QueryResult::Next() {
  if (impl_->chunk != nullptr) duckdb_destroy_data_chunk(&impl_->chunk);
  impl_->chunk = duckdb_fetch_chunk(impl_->result);
  if (impl_->chunk == nullptr) {
    // The end and an error look alike here; only the result's error tells them apart.
    const char* error = duckdb_result_error(&impl_->result);
    if (error != nullptr && *error != '\0') return EngineError(error);
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

namespace {

void DescribeColumns(QueryResult::Impl& impl) {
  const idx_t count = duckdb_column_count(&impl.result);
  for (idx_t i = 0; i < count; ++i) {
    const LogicalType logical(duckdb_column_logical_type(&impl.result, i));
    const duckdb_type id = duckdb_get_type_id(logical.get());
    Batch::View shape;
    shape.type = FromEngineType(id);
    shape.storage = static_cast<int>(id);
    if (id == DUCKDB_TYPE_DECIMAL) {
      shape.storage = static_cast<int>(duckdb_decimal_internal_type(logical.get()));
      shape.width = duckdb_decimal_width(logical.get());
      shape.scale = duckdb_decimal_scale(logical.get());
    }
    impl.shapes.push_back(shape);
    const char* name = duckdb_column_name(&impl.result, i);
    impl.columns.push_back({name == nullptr ? "" : name, shape.type, SqlTypeName(logical.get())});
  }
}

Result<std::unique_ptr<QueryResult::Impl>> Run(Connection::Impl& connection, const std::string& sql,
                                               const std::vector<Value>& parameters, bool stream) {
  const auto attempt = [&]() -> Result<std::unique_ptr<QueryResult::Impl>> {
    auto statement = std::make_unique<Prepared>();
    SLUICE_TRY(Prepare(connection.connection, sql, *statement));
    if (const auto rewritten = WithTextColumns(sql, statement->get())) {
      statement = std::make_unique<Prepared>();
      SLUICE_TRY(Prepare(connection.connection, *rewritten, *statement));
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      SLUICE_TRY(Bind(statement->get(), i + 1, parameters[i]));
    }
    auto impl = std::make_unique<QueryResult::Impl>();
    impl->connection = &connection;
    SLUICE_TRY(RunPrepared(statement->get(), stream, &impl->result));
    DescribeColumns(*impl);
    return impl;
  };
  auto impl = attempt();
  // From here on a COMMIT would report success and roll back: Transaction must know.
  if (!impl.ok() && connection.in_transaction) connection.failed = true;
  return impl;
}

}  // namespace

Connection::Connection() : impl_(std::make_unique<Impl>()) {}

Connection::~Connection() {
  if (impl_->connection == nullptr) return;
  {
    const std::lock_guard lock(impl_->database->connections_mutex);
    impl_->database->connections.erase(impl_->connection);
  }
  duckdb_disconnect(&impl_->connection);
}

Result<QueryResult> Connection::Query(const std::string& sql, const std::vector<Value>& parameters) {
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
  if (impl_->in_transaction) {
    SLUICE_ASSIGN(const QueryResult result, Query(sql, parameters));
    return result.rows_changed();
  }
  impl_->database->writer.Take();
  auto result = Query(sql, parameters);
  impl_->database->writer.Release();
  if (!result.ok()) return result.status();
  return result->rows_changed();
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

void Connection::Interrupt() { duckdb_interrupt(impl_->connection); }

double Connection::Progress() { return duckdb_query_progress(impl_->connection).percentage; }

struct Transaction::Impl {
  Connection::Impl* connection = nullptr;
  bool open = false;
};

Transaction::Transaction() : impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<Transaction>> Transaction::Begin(Connection& connection) {
  Connection::Impl& impl = *connection.impl_;
  SLUICE_CHECK(!impl.in_transaction, "a transaction inside a transaction");
  impl.database->writer.Take();
  std::unique_ptr<Transaction> transaction(new Transaction());
  transaction->impl_->connection = &impl;
  auto begun = Run(impl, "BEGIN TRANSACTION", {}, false);
  if (!begun.ok()) {
    impl.database->writer.Release();
    return begun.status();
  }
  impl.in_transaction = true;
  impl.failed = false;
  transaction->impl_->open = true;
  return transaction;
}

Transaction::~Transaction() {
  if (impl_->open) (void)Rollback();
}

Status Transaction::Commit() {
  SLUICE_CHECK(impl_->open, "commit of a transaction that has ended");
  Connection::Impl& connection = *impl_->connection;
  if (connection.failed) {
    SLUICE_TRY(Rollback());
    return FailedError("the transaction was rolled back because a statement in it failed");
  }
  auto committed = Run(connection, "COMMIT", {}, false);
  if (!committed.ok()) {
    (void)Rollback();
    return committed.status().WithContext("commit");
  }
  impl_->open = false;
  connection.in_transaction = false;
  connection.database->writer.Release();
  return Status::Ok();
}

Status Transaction::Rollback() {
  SLUICE_CHECK(impl_->open, "rollback of a transaction that has ended");
  Connection::Impl& connection = *impl_->connection;
  auto rolled_back = Run(connection, "ROLLBACK", {}, false);
  impl_->open = false;
  connection.in_transaction = false;
  connection.failed = false;
  connection.database->writer.Release();
  // The engine has nothing to roll back where a failed COMMIT has done it already.
  if (!rolled_back.ok() && rolled_back.status().message().find("no transaction is active") ==
                               std::string::npos) {
    return rolled_back.status();
  }
  return Status::Ok();
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
