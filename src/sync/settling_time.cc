#include "sync/settling_time.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::sync {
namespace {

std::string NameOf(const std::string& to) {
  return "identities changed at " + to;
}

}  // namespace

Status NoteIdentityChange(engine::Connection& connection, const std::string& to, env::Micros now) {
  SLUICE_TRY(connection.Execute("DELETE FROM _sluice.meta WHERE name = $1", {NameOf(to)}).status());
  return connection
      .Execute("INSERT INTO _sluice.meta VALUES ($1, $2)", {NameOf(to), std::to_string(now)})
      .status();
}

Result<std::chrono::milliseconds> LeftToSettle(engine::Connection& connection,
                                               const std::string& to,
                                               std::chrono::milliseconds settles, env::Micros now) {
  constexpr std::chrono::milliseconds kNone{0};
  if (settles == kNone) return kNone;
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT value FROM _sluice.meta WHERE name = $1", {NameOf(to)}));
  if (rows.empty()) return kNone;
  const auto at = ParseUnsigned(engine::ToText(rows[0][0]));
  if (!at) return settles;
  const auto passed = std::chrono::microseconds(now - static_cast<env::Micros>(*at));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(settles - passed);
  return std::clamp(left, kNone, settles);
}

}  // namespace sluice::sync
