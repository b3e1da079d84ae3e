#include "engine/statement.h"

#include <fmt/format.h>

#include "base/text.h"
#include "engine/handles.h"

namespace sluice::engine {
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

enum class Kind { kReads, kWrites, kTransaction, kCheckpoint };

// What a statement is to the rules of this folder.
Kind KindOf(const std::string& sql, duckdb_prepared_statement statement) {
  const duckdb_statement_type type = duckdb_prepared_statement_type(statement);
  const std::string lower = Lower(sql);
  const bool setting = type == DUCKDB_STATEMENT_TYPE_CALL || type == DUCKDB_STATEMENT_TYPE_PRAGMA ||
                       type == DUCKDB_STATEMENT_TYPE_SET ||
                       type == DUCKDB_STATEMENT_TYPE_VARIABLE_SET;
  // CHECKPOINT is a CALL to the engine, and a table function that any statement may name.
  if (setting ? lower.find("checkpoint") != std::string::npos
              : lower.find("checkpoint(") != std::string::npos) {
    return Kind::kCheckpoint;
  }
  if (type == DUCKDB_STATEMENT_TYPE_TRANSACTION) return Kind::kTransaction;
  const bool reads =
      setting || type == DUCKDB_STATEMENT_TYPE_SELECT || type == DUCKDB_STATEMENT_TYPE_EXPLAIN;
  return reads ? Kind::kReads : Kind::kWrites;
}

// While it lives the connection's statement may be broken off.
class Interruptible {
 public:
  Interruptible(Connection::Impl& connection, bool yes) : connection_(connection) { Set(yes); }
  ~Interruptible() { Set(false); }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  void Set(bool yes) {
    const std::lock_guard lock(connection_.interrupt_mutex);
    connection_.interruptible = yes;
  }
  Connection::Impl& connection_;
};

Result<std::unique_ptr<QueryResult::Impl>> Execute(Connection::Impl& connection,
                                                   duckdb_prepared_statement statement, bool stream,
                                                   bool may_interrupt) {
  auto impl = std::make_unique<QueryResult::Impl>();
  impl->connection = connection.shared_from_this();
  {
    const Interruptible while_it_runs(connection, may_interrupt);
    SLUICE_TRY(RunPrepared(statement, stream, &impl->result));
  }
  impl->unfinished = stream;
  DescribeColumns(*impl);
  return impl;
}

// A statement outside a Transaction that writes is a transaction of its own: it waits its turn.
Result<std::unique_ptr<QueryResult::Impl>> ExecuteAlone(Connection::Impl& connection,
                                                        duckdb_prepared_statement statement,
                                                        bool stream) {
  const WriterTurn turn(connection.database->writer);
  auto impl = Execute(connection, statement, stream, false);
  if (impl.ok()) SLUICE_TRY(connection.database->MakeLogNameDurable());
  return impl;
}

Result<std::unique_ptr<QueryResult::Impl>> Attempt(Connection::Impl& connection,
                                                   const std::string& sql,
                                                   const std::vector<Value>& parameters,
                                                   bool stream) {
  SLUICE_TRY(connection.database->Usable());
  auto statement = std::make_unique<Prepared>();
  SLUICE_TRY(Prepare(connection.connection, sql, *statement));
  const Kind kind = KindOf(sql, statement->get());
  if (kind == Kind::kTransaction) {
    return FailedError(
        "BEGIN, COMMIT and ROLLBACK are not for statements: a Transaction makes them");
  }
  if (kind == Kind::kCheckpoint) {
    return FailedError(
        "checkpoints and their settings are not for statements: an unguarded one can "
        "make the file unreadable");
  }
  if (const auto rewritten = WithTextColumns(sql, statement->get())) {
    statement = std::make_unique<Prepared>();
    SLUICE_TRY(Prepare(connection.connection, *rewritten, *statement));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    SLUICE_TRY(Bind(statement->get(), i + 1, parameters[i]));
  }
  if (kind == Kind::kWrites && !connection.in_transaction) {
    return ExecuteAlone(connection, statement->get(), stream);
  }
  return Execute(connection, statement->get(), stream, true);
}

}  // namespace

Result<std::unique_ptr<QueryResult::Impl>> Run(Connection::Impl& connection, const std::string& sql,
                                               const std::vector<Value>& parameters, bool stream) {
  auto impl = Attempt(connection, sql, parameters, stream);
  // From here on a COMMIT would report success and roll back: Transaction must know.
  if (!impl.ok() && connection.in_transaction) connection.failed = true;
  return impl;
}

QueryResult::Impl::~Impl() {
  if (chunk != nullptr) duckdb_destroy_data_chunk(&chunk);
  duckdb_destroy_result(&result);
  // The engine ends a stream that nobody reads on only with the connection's next statement; until
  // then its transaction stays open and can hold up every checkpoint.
  if (unfinished && connection->connection != nullptr)
    (void)RunOwn(connection->connection, "SELECT 1");
}

Status RunOwn(duckdb_connection connection, const char* sql) {
  duckdb_result result;
  Status status;
  if (duckdb_query(connection, sql, &result) != DuckDBSuccess) {
    status = EngineError(duckdb_result_error(&result));
  }
  duckdb_destroy_result(&result);
  return status;
}

void RestoreOrder(Connection::Impl& connection) {
  if (!connection.any_order) return;
  connection.any_order = !RunOwn(connection.connection, "RESET preserve_insertion_order").ok();
}

}  // namespace sluice::engine
