#include "engine/tables.h"

#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "engine/database_impl.h"
#include "engine/handles.h"

namespace sluice::engine {

// What is bound, of all names. Shared with the functions of the database, which may outlive what is bound.
class TableSources {
 public:
  int64_t Add(TableSource source) {
    const std::lock_guard lock(mutex_);
    sources_.emplace(next_, std::make_shared<const TableSource>(std::move(source)));
    return next_++;
  }
  void Remove(int64_t number) {
    const std::lock_guard lock(mutex_);
    sources_.erase(number);
  }
  std::shared_ptr<const TableSource> Find(int64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(number);
    return found == sources_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  int64_t next_ = 1;
  std::map<int64_t, std::shared_ptr<const TableSource>> sources_;
};

std::shared_ptr<TableSources> MakeTableSources() {
  return std::make_shared<TableSources>();
}

namespace {

using Sources = std::shared_ptr<TableSources>;
using Source = std::shared_ptr<const TableSource>;

// Of one statement.
struct Scan {
  Source source;
  std::vector<size_t> columns;  // of the source, by place among those that the statement reads
  std::function<Result<ReadRows>()> reader;
};

// Of one of its threads.
struct Reader {
  ReadRows read;  // made with the first rows
  std::vector<Output> outputs;
};

template <typename T>
void Delete(void* pointer) {
  delete static_cast<T*>(pointer);
}

void Describe(duckdb_bind_info info) {
  const auto& sources = *static_cast<const Sources*>(duckdb_bind_get_extra_info(info));
  duckdb_value number = duckdb_bind_get_parameter(info, 0);
  Source source = sources->Find(duckdb_get_int64(number));
  duckdb_destroy_value(&number);
  if (source == nullptr) {
    duckdb_bind_set_error(info, "the rows of this table are gone");
    return;
  }
  for (const TableColumn& column : source->columns) {
    const auto type = MakeType(column.type);
    if (!type.ok()) {
      duckdb_bind_set_error(info, type.status().message().c_str());
      return;
    }
    duckdb_bind_add_result_column(info, column.name.c_str(), (*type)->get());
  }
  duckdb_bind_set_cardinality(info, source->rows, true);
  duckdb_bind_set_bind_data(info, new Source(std::move(source)), Delete<Source>);
}

void Begin(duckdb_init_info info) {
  auto scan = std::make_unique<Scan>();
  scan->source = *static_cast<const Source*>(duckdb_init_get_bind_data(info));
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    scan->columns.push_back(duckdb_init_get_column_index(info, i));
  }
  scan->reader = scan->source->scan();
  // The engine has fewer threads; more of them than there is to read for would do nothing.
  duckdb_init_set_max_threads(info, scan->source->rows / kRowsAtOnce + 1);
  duckdb_init_set_init_data(info, scan.release(), Delete<Scan>);
}

void BeginThread(duckdb_init_info info) {
  duckdb_init_set_init_data(info, new Reader(), Delete<Reader>);
}

Result<size_t> ReadInto(const Scan& scan, Reader& reader, duckdb_data_chunk chunk) {
  if (!reader.read) {
    SLUICE_ASSIGN(reader.read, scan.reader());
  }
  reader.outputs.assign(scan.source->columns.size(), Output());
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    // A statement that only counts asks for a column that is none.
    if (scan.columns[i] >= reader.outputs.size()) continue;
    Output& output = reader.outputs[scan.columns[i]];
    output.vector_ = duckdb_data_chunk_get_vector(chunk, i);
    output.data_ = duckdb_vector_get_data(static_cast<duckdb_vector>(output.vector_));
  }
  return reader.read(reader.outputs);
}

void Read(duckdb_function_info info, duckdb_data_chunk chunk) {
  const auto& scan = *static_cast<const Scan*>(duckdb_function_get_init_data(info));
  auto& reader = *static_cast<Reader*>(duckdb_function_get_local_init_data(info));
  const auto rows = ReadInto(scan, reader, chunk);
  if (rows.ok()) {
    duckdb_data_chunk_set_size(chunk, *rows);
  } else {
    duckdb_function_set_error(info, rows.status().message().c_str());
  }
}

}  // namespace

Status RegisterTable(Connection& connection, const std::string& name) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, name.c_str());
  const LogicalType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_add_parameter(function, number.get());
  duckdb_table_function_set_extra_info(function, new Sources(connection.impl_->database->tables),
                                       Delete<Sources>);
  duckdb_table_function_set_bind(function, Describe);
  duckdb_table_function_set_init(function, Begin);
  duckdb_table_function_set_local_init(function, BeginThread);
  duckdb_table_function_set_function(function, Read);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const duckdb_state state = duckdb_register_table_function(connection.impl_->connection, function);
  duckdb_destroy_table_function(&function);
  if (state != DuckDBSuccess) {
    return FailedError(fmt::format("the engine refuses the table function {}", name));
  }
  return Status::Ok();
}

Result<std::unique_ptr<BoundTable>> BoundTable::Bind(Connection& connection,
                                                     const std::string& name, TableSource source) {
  std::unique_ptr<BoundTable> table(new BoundTable());
  table->sources_ = connection.impl_->database->tables;
  table->number_ = table->sources_->Add(std::move(source));
  table->sql_ = fmt::format("{}({})", name, table->number_);
  return table;
}

BoundTable::~BoundTable() {
  if (sources_ != nullptr) sources_->Remove(number_);
}

}  // namespace sluice::engine
