#include "warehouse/notes.h"

namespace sluice::warehouse {

Result<std::optional<std::string>> ReadNote(engine::Connection& connection,
                                            const std::string& name) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT value FROM _sluice.meta WHERE name = $1", {name}));
  if (rows.empty()) return std::optional<std::string>();
  return std::optional(engine::ToText(rows[0][0]));
}

Status PutNote(engine::Connection& connection, const std::string& name, const std::string& value) {
  SLUICE_TRY(DropNote(connection, name));
  return connection.Execute("INSERT INTO _sluice.meta VALUES ($1, $2)", {name, value}).status();
}

Status DropNote(engine::Connection& connection, const std::string& name) {
  return connection.Execute("DELETE FROM _sluice.meta WHERE name = $1", {name}).status();
}

}  // namespace sluice::warehouse
