#include "warehouse/fence.h"

#include <fmt/format.h>

namespace sluice::warehouse {
namespace {

Result<int64_t> Newest(engine::Connection& connection, const std::string& scope) {
  SLUICE_ASSIGN(
      const auto value,
      connection.Scalar("SELECT max(token) FROM _sluice.fences WHERE scope = $1", {scope}));
  return engine::ToInt(value);
}

}  // namespace

Result<Fence> TakeFence(engine::Connection& connection, const std::string& scope) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_ASSIGN(const int64_t newest, Newest(connection, scope));
  const Fence fence{scope, newest + 1};
  SLUICE_TRY(connection.Execute("DELETE FROM _sluice.fences WHERE scope = $1", {scope}).status());
  SLUICE_TRY(connection.Execute("INSERT INTO _sluice.fences VALUES ($1, $2)", {scope, fence.token})
                 .status());
  SLUICE_TRY(transaction->Commit());
  return fence;
}

Status CheckFence(engine::Connection& connection, const Fence& fence) {
  SLUICE_ASSIGN(const int64_t newest, Newest(connection, fence.scope));
  if (newest == fence.token) return Status::Ok();
  return FailedError(
      fmt::format("{} was taken over by a newer run: this one writes no more", fence.scope));
}

}  // namespace sluice::warehouse
