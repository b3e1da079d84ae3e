#include "pipeline/sync_calls.h"

#include "env/file.h"
#include "pipeline/run_record.h"
#include "sync/unfolded.h"

namespace sluice::pipeline {

bool IsUnderWay(Runtime& runtime, engine::Connection& connection, const config::Sync& sync) {
  const std::string folder = runtime.project().StateFolder();
  if (!env::Exists(env::JoinPath(folder, "state.db"))) return false;
  const auto delivery = sync::ReadUnfolded(connection, folder, sync.name);
  if (!delivery.ok() || !delivery.value()) return false;
  const auto store = RunStore::Open(folder);
  if (!store.ok()) return false;
  const auto run = store.value()->Find(delivery.value()->run_id);
  return run.ok() && IsAlive(run.value());
}

Result<sync::CallsOfConnection> CallsOf(Runtime& runtime, engine::Connection& connection,
                                        const config::Sync& sync) {
  sync::CallsOfConnection calls;
  SLUICE_ASSIGN(const connector::Destination* destination, runtime.DestinationOf(sync));
  const connector::CallKind own = destination->capabilities().calls;
  if (own == connector::CallKind::kAny) return calls;
  const bool single = own == connector::CallKind::kSingle || sync.change_identifiers;
  for (const config::Sync& other : runtime.project().syncs) {
    if (other.to != sync.to) continue;
    const auto made = runtime.DestinationOf(other);
    if (!made.ok()) continue;
    const connector::CallKind kind = made.value()->capabilities().calls;
    calls.any_single |= kind == connector::CallKind::kSingle || other.change_identifiers;
    if (kind != connector::CallKind::kBulk) continue;
    calls.bulk.push_back(other.name);
    if (single && other.name != sync.name) {
      calls.bulk_under_way |= IsUnderWay(runtime, connection, other);
    }
  }
  return calls;
}

Result<std::vector<std::string>> TakenFrom(Runtime& runtime, const config::Sync& sync) {
  std::vector<std::string> syncs;
  SLUICE_ASSIGN(const connector::Destination* destination, runtime.DestinationOf(sync));
  if (!destination->capabilities().irreversible) return syncs;
  for (const config::Sync& other : runtime.project().syncs) {
    if (other.to != sync.to || other.name == sync.name || other.mode == "remove") continue;
    const auto made = runtime.DestinationOf(other);
    if (!made.ok()) continue;
    const connector::Capabilities& can = made.value()->capabilities();
    // Events and purchases were told of somebody, and are told once.
    if (can.calls == connector::CallKind::kBulk || can.follows_identities) {
      syncs.push_back(other.name);
    }
  }
  return syncs;
}

}  // namespace sluice::pipeline
