#include <fmt/format.h>

#include "engine/database_impl.h"
#include "engine/handles.h"

namespace sluice::engine {

struct Appender::Impl {
  duckdb_appender appender = nullptr;
  std::shared_ptr<Connection::Impl> connection;
  std::string name;
  bool closed = false;

  Status Fail(const char* error) {
    if (connection->in_transaction) connection->failed = true;
    return EngineError(error).WithContext("appending to " + name);
  }
};

Appender::Appender() : impl_(std::make_unique<Impl>()) {}

Appender::~Appender() {
  // Rows that were never closed may be in the table or not, and nobody would hear why not.
  if (!impl_->closed && impl_->connection->in_transaction) impl_->connection->failed = true;
  if (impl_->appender != nullptr) duckdb_appender_destroy(&impl_->appender);
}

Result<std::unique_ptr<Appender>> Appender::Open(Connection& connection, const std::string& schema,
                                                 const std::string& table) {
  std::unique_ptr<Appender> appender(new Appender());
  Impl& impl = *appender->impl_;
  impl.connection = connection.impl_;
  impl.name = schema + "." + table;
  if (duckdb_appender_create(impl.connection->connection, schema.c_str(), table.c_str(),
                             &impl.appender) != DuckDBSuccess) {
    return impl.Fail(duckdb_appender_error(impl.appender));
  }
  return appender;
}

Status Appender::Row(const std::vector<Value>& values) {
  struct Visitor {
    duckdb_appender a;
    duckdb_state operator()(std::monostate) const { return duckdb_append_null(a); }
    duckdb_state operator()(bool b) const { return duckdb_append_bool(a, b); }
    duckdb_state operator()(int64_t n) const { return duckdb_append_int64(a, n); }
    duckdb_state operator()(uint64_t n) const { return duckdb_append_uint64(a, n); }
    duckdb_state operator()(double d) const { return duckdb_append_double(a, d); }
    duckdb_state operator()(const std::string& t) const {
      return duckdb_append_varchar_length(a, t.data(), t.size());
    }
    duckdb_state operator()(const Hash128& h) const {
      duckdb_uhugeint huge;
      huge.lower = h.low;
      huge.upper = h.high;
      return duckdb_append_uhugeint(a, huge);
    }
  };
  for (const Value& value : values) {
    if (std::visit(Visitor{impl_->appender}, value) != DuckDBSuccess) {
      return impl_->Fail(duckdb_appender_error(impl_->appender));
    }
  }
  if (duckdb_appender_end_row(impl_->appender) != DuckDBSuccess) {
    return impl_->Fail(duckdb_appender_error(impl_->appender));
  }
  return Status::Ok();
}

Status Appender::Close() {
  impl_->closed = true;
  if (duckdb_appender_close(impl_->appender) != DuckDBSuccess) {
    return impl_->Fail(duckdb_appender_error(impl_->appender));
  }
  return Status::Ok();
}

}  // namespace sluice::engine
