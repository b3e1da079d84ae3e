#include "cli/read_only.h"

#include "base/text.h"

namespace sluice::cli {
namespace {

std::string WithoutEnd(std::string_view sql) {
  sql = Trim(sql);
  while (EndsWith(sql, ";")) sql = Trim(sql.substr(0, sql.size() - 1));
  return std::string(sql);
}

// The text behind a first word, or nothing when the first word is another.
std::optional<std::string> Behind(std::string_view word, const std::string& sql) {
  if (sql.size() <= word.size() || !EqualsIgnoreCase(sql.substr(0, word.size()), word)) return {};
  const std::string rest(Trim(sql.substr(word.size())));
  const char next = sql[word.size()];
  if (next != ' ' && next != '\n' && next != '\t' && next != '\r' && next != '(') return {};
  return rest;
}

bool Reads(const std::string& sql) {
  for (const std::string_view word : {"select", "from", "with", "describe", "show", "values",
                                      "summarize", "pivot", "unpivot", "table"}) {
    if (Behind(word, sql)) return true;
  }
  return false;
}

}  // namespace

Status CheckReadOnly(engine::Connection& connection, const std::string& sql) {
  std::string statement = WithoutEnd(sql);
  if (statement.empty()) return ConfigError("there is no SQL", "sluice query --help");
  if (const auto explained = Behind("explain", statement)) {
    if (Behind("analyze", *explained)) {
      return ConfigError("EXPLAIN ANALYZE executes its statement: query only reads");
    }
    statement = *explained;
  }
  const auto bracketed = connection.TableNames("SELECT * FROM (\n" + statement + "\n)");
  if (bracketed.ok()) return Status::Ok();
  // What is wrong with the statement itself says more than that it does not stand in brackets. But to prepare EXPORT
  // DATABASE, also behind a comment, makes its folder.
  if (Reads(statement) || Lower(statement).find("export") == std::string::npos) {
    const auto alone = connection.TableNames(sql);
    if (!alone.ok()) return ConfigError(alone.status().message());
  }
  return ConfigError("query takes one statement that reads (SELECT, FROM, WITH, DESCRIBE, SHOW)",
                     "Tables change by `sluice run` only");
}

}  // namespace sluice::cli
