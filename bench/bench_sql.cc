// bench_sql DATABASE FILE.sql [NAME=VALUE ...]: runs the statements of a file one after the other in
// the bare engine, committed and checkpointed as they say; ${NAME} is replaced. Prints the result of
// a last SELECT. Exit 1 with the engine's message when a statement fails.
#include <duckdb.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

int Fail(const char* what) {
  std::fprintf(stderr, "bench_sql: %s\n", what == nullptr ? "unknown error" : what);
  return 1;
}

void Print(duckdb_result& result) {
  for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
    for (idx_t column = 0; column < duckdb_column_count(&result); ++column) {
      char* text = duckdb_value_varchar(&result, column, row);
      std::printf("%s%s", column == 0 ? "" : ",", text == nullptr ? "" : text);
      duckdb_free(text);
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return Fail("usage: bench_sql DATABASE FILE.sql [NAME=VALUE ...]");
  std::ifstream file(argv[2]);
  std::string sql((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (sql.empty()) return Fail("no statements in the file");
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) return Fail("expected NAME=VALUE");
    sql = Replace(sql, "${" + argument.substr(0, equals) + "}", argument.substr(equals + 1));
  }
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  char* error = nullptr;
  if (duckdb_open_ext(argv[1], &database, nullptr, &error) != DuckDBSuccess) return Fail(error);
  if (duckdb_connect(database, &connection) != DuckDBSuccess) return Fail("no connection");
  duckdb_extracted_statements statements = nullptr;
  const idx_t count = duckdb_extract_statements(connection, sql.c_str(), &statements);
  if (count == 0) return Fail(duckdb_extract_statements_error(statements));
  for (idx_t i = 0; i < count; ++i) {
    duckdb_prepared_statement statement = nullptr;
    duckdb_result result;
    if (duckdb_prepare_extracted_statement(connection, statements, i, &statement) !=
        DuckDBSuccess) {
      return Fail(duckdb_prepare_error(statement));
    }
    if (duckdb_execute_prepared(statement, &result) != DuckDBSuccess) {
      return Fail(duckdb_result_error(&result));
    }
    if (i + 1 == count) Print(result);
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
  }
  duckdb_destroy_extracted(&statements);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return 0;
}
