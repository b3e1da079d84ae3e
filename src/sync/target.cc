#include "sync/target.h"

#include <fmt/format.h>

namespace sluice::sync {
namespace {

std::string NameOf(const std::string& sync) {
  return "target of sync " + sync;
}

}  // namespace

Status CheckTarget(engine::Connection& connection, const std::string& sync,
                   const std::string& target) {
  if (target.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT value FROM _sluice.meta WHERE name = $1", {NameOf(sync)}));
  if (rows.empty() || engine::ToText(rows[0][0]) == target) return Status::Ok();
  SLUICE_ASSIGN(const auto known,
                connection.Scalar("SELECT (SELECT count(*) FROM (FROM _sluice.sync_delivered WHERE "
                                  "sync = $1 LIMIT 1)) + (SELECT count(*) FROM "
                                  "_sluice.deliveries WHERE sync = $1)",
                                  {sync}));
  if (engine::ToInt(known) == 0) return Status::Ok();
  return ConfigError(
      fmt::format("the sync {} has delivered to {}, and would now go to {}: what the one has says "
                  "nothing of the other",
                  sync, engine::ToText(rows[0][0]), target),
      fmt::format("Give the sync another name, or put the old destination back. If all rows are to "
                  "be sent as in a first run: sluice sync reset {} --reason TEXT",
                  sync));
}

Status PutTarget(engine::Connection& connection, const std::string& sync,
                 const std::string& target) {
  if (target.empty()) return Status::Ok();
  SLUICE_TRY(ForgetTarget(connection, sync));
  return connection.Execute("INSERT INTO _sluice.meta VALUES ($1, $2)", {NameOf(sync), target})
      .status();
}

Status ForgetTarget(engine::Connection& connection, const std::string& sync) {
  return connection.Execute("DELETE FROM _sluice.meta WHERE name = $1", {NameOf(sync)}).status();
}

}  // namespace sluice::sync
