#include "engine/functions.h"

#include <fmt/format.h>

#include "engine/database_impl.h"
#include "engine/handles.h"

namespace sluice::engine {
namespace {

class Function {
 public:
  Function() : function_(duckdb_create_scalar_function()) {}
  ~Function() { duckdb_destroy_scalar_function(&function_); }
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  duckdb_scalar_function get() const { return function_; }

 private:
  duckdb_scalar_function function_;
};

void Call(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector result) {
  const auto& function =
      *static_cast<const VectorFunction*>(duckdb_scalar_function_get_extra_info(info));
  std::vector<Input> inputs(duckdb_data_chunk_get_column_count(chunk));
  for (size_t i = 0; i < inputs.size(); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
    inputs[i].data = duckdb_vector_get_data(vector);
    inputs[i].validity = duckdb_vector_get_validity(vector);
  }
  Output output;
  output.data_ = duckdb_vector_get_data(result);
  output.vector_ = result;
  const Status status = function(duckdb_data_chunk_get_size(chunk), inputs, output);
  if (!status.ok()) duckdb_scalar_function_set_error(info, status.message().c_str());
}

void DeleteFunction(void* pointer) {
  delete static_cast<VectorFunction*>(pointer);
}

}  // namespace

void Output::SetNull(size_t row) {
  if (validity_ == nullptr) {
    auto* vector = static_cast<duckdb_vector>(vector_);
    duckdb_vector_ensure_validity_writable(vector);
    validity_ = duckdb_vector_get_validity(vector);
  }
  validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
}

void Output::SetText(size_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(static_cast<duckdb_vector>(vector_), row, text.data(),
                                          text.size());
}

std::string_view Input::text(size_t row) const {
  const auto& string = static_cast<const duckdb_string_t*>(data)[row];
  if (duckdb_string_is_inlined(string)) {
    return {string.value.inlined.inlined, string.value.inlined.length};
  }
  return {string.value.pointer.ptr, string.value.pointer.length};
}

Status RegisterFunction(Connection& connection, FunctionSpec spec) {
  const Function function;
  duckdb_scalar_function_set_name(function.get(), spec.name.c_str());
  for (size_t i = 0; i < spec.parameters.size(); ++i) {
    SLUICE_ASSIGN(const auto type, MakeType(spec.parameters[i]));
    if (spec.variadic && i + 1 == spec.parameters.size()) {
      duckdb_scalar_function_set_varargs(function.get(), type->get());
    } else {
      duckdb_scalar_function_add_parameter(function.get(), type->get());
    }
  }
  SLUICE_ASSIGN(const auto result, MakeType(spec.result));
  duckdb_scalar_function_set_return_type(function.get(), result->get());
  // Otherwise rows with a NULL among their inputs would not reach the function.
  duckdb_scalar_function_set_special_handling(function.get());
  if (spec.is_volatile) duckdb_scalar_function_set_volatile(function.get());
  duckdb_scalar_function_set_extra_info(
      function.get(), new VectorFunction(std::move(spec.function)), DeleteFunction);
  duckdb_scalar_function_set_function(function.get(), Call);
  if (duckdb_register_scalar_function(connection.impl_->connection, function.get()) !=
      DuckDBSuccess) {
    return FailedError(fmt::format("the engine refuses the function {}", spec.name));
  }
  Database::Impl& database = *connection.impl_->database;
  const std::lock_guard lock(database.connections_mutex);
  database.functions.insert(std::move(spec.name));
  return Status::Ok();
}

bool HasFunction(Connection& connection, const std::string& name) {
  Database::Impl& database = *connection.impl_->database;
  const std::lock_guard lock(database.connections_mutex);
  return database.functions.count(name) > 0;
}

}  // namespace sluice::engine
