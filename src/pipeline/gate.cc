#include "pipeline/gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/held_load.h"
#include "models/build.h"
#include "pipeline/sources.h"
#include "quality/holds.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using quality::HoldRecord;

struct Decision {
  Runtime& runtime;
  engine::Connection& connection;
  HoldRecord hold;
  quality::RunInfo run;
  std::string reason;

  const config::Ingest* ingest() const { return runtime.project().FindIngest(hold.owner); }
};

Result<Decision> Begin(Runtime& runtime, warehouse::Session& session, const std::string& id,
                       const std::string& reason) {
  SLUICE_ASSIGN(HoldRecord hold, quality::FindHold(session.connection(), id));
  if (hold.state != "open") {
    return ConfigError(fmt::format("hold {} was {} already", hold.id, hold.state));
  }
  const env::Micros now = runtime.clock().Now();
  return Decision{runtime, session.connection(), std::move(hold), {"gate", now}, reason};
}

// The lock of what the hold belongs to: no run may load it meanwhile.
Result<env::FileLock> LockOwner(Decision& decision) {
  SLUICE_TRY(decision.runtime.MakeStateFolder());
  const bool ingest = decision.ingest() != nullptr;
  auto lock = decision.runtime.Lock(ingest ? "ingest" : "model", decision.hold.owner,
                                    std::chrono::milliseconds(0), nullptr);
  if (lock.status().code() != Code::kBusy) return lock;
  return lock.status().WithNext("Decide again when it has ended");
}

Result<models::ModelNode> NodeOf(Decision& decision) {
  const config::Project& project = decision.runtime.project();
  SLUICE_ASSIGN(auto nodes, models::OrderModels(project, models::LoadedTables(project)));
  const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const models::ModelNode& n) {
    return n.model->name == decision.hold.owner;
  });
  if (node == nodes.end()) {
    return NotFoundError(
        fmt::format("{} is no ingest and no model of this project any more", decision.hold.owner));
  }
  return *node;
}

Result<std::string> Settle(Decision& decision, engine::Transaction& transaction,
                           const std::string& state, std::string text) {
  SLUICE_TRY(quality::SettleHold(decision.connection, decision.hold, state, decision.reason,
                                 decision.run.now));
  SLUICE_TRY(transaction.Commit());
  return text;
}

Result<std::string> AcceptModel(Decision& decision) {
  SLUICE_ASSIGN(const models::ModelNode node, NodeOf(decision));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  const models::BuildContext context{decision.connection, decision.runtime.clock(), "gate"};
  SLUICE_TRY(models::PublishHeldModel(context, node, decision.hold.stage));
  return Settle(decision, *transaction, "accepted",
                fmt::format("model {} is published as it is", decision.hold.owner));
}

Result<std::string> AcceptGate(Decision& decision) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  SLUICE_ASSIGN(
      const ingest::TableLoad load,
      ingest::PublishHeld(decision.connection, *decision.ingest(), decision.hold, decision.run));
  const ingest::FileCounts total = load.Total();
  std::string text = fmt::format("{} is published: {}", load.label,
                                 Counted(static_cast<uint64_t>(total.read), "row"));
  if (total.key_collisions > 0) {
    text += fmt::format(", {} with a key that was there already",
                        Thousands(static_cast<uint64_t>(total.key_collisions)));
  }
  return Settle(decision, *transaction, "accepted", text);
}

Result<std::string> AcceptFile(Decision& decision) {
  const HoldRecord& hold = decision.hold;
  if (hold.kind == "late") {
    return FailedError(
        "a late file cannot be merged into what was loaded after it: rebuilding the "
        "table comes with a later version",
        fmt::format("Leave it, or pass it for good: sluice gate skip {} --reason TEXT", hold.id));
  }
  if (hold.check != "bad_rows") {
    return FailedError(
        fmt::format("accepting does not help: {}", hold.message),
        fmt::format("Mend the cause, then: sluice gate reject {} --reason TEXT", hold.id));
  }
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  return Settle(decision, *transaction, "accepted",
                fmt::format("{} {}/{} is loaded by the next run, with its bad rows in quarantine",
                            hold.table, hold.pod, hold.group));
}

}  // namespace

Result<std::string> GateAccept(Runtime& runtime, warehouse::Session& session, const std::string& id,
                               const std::string& reason) {
  SLUICE_ASSIGN(Decision decision, Begin(runtime, session, id, reason));
  SLUICE_ASSIGN([[maybe_unused]] const auto lock, LockOwner(decision));
  if (decision.hold.kind == "model") return AcceptModel(decision);
  if (decision.hold.kind == "day") {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
    return Settle(decision, *transaction, "accepted", "the day is taken as it is");
  }
  if (decision.ingest() == nullptr) {
    return NotFoundError(
        fmt::format("ingest {} is not in this project any more", decision.hold.owner));
  }
  return decision.hold.kind == "gate" ? AcceptGate(decision) : AcceptFile(decision);
}

Result<std::string> GateReject(Runtime& runtime, warehouse::Session& session, const std::string& id,
                               const std::string& reason) {
  SLUICE_ASSIGN(Decision decision, Begin(runtime, session, id, reason));
  SLUICE_ASSIGN([[maybe_unused]] const auto lock, LockOwner(decision));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  if (decision.hold.kind == "model") {
    if (!decision.hold.stage.empty()) {
      SLUICE_TRY(
          decision.connection
              .Execute("DROP TABLE IF EXISTS " + warehouse::QualifiedName(decision.hold.stage))
              .status());
    }
    return Settle(decision, *transaction, "rejected", "the next run builds the model again");
  }
  SLUICE_TRY(ingest::ForgetHeld(decision.connection, decision.hold));
  return Settle(decision, *transaction, "rejected", "the next run reads the group again");
}

Result<std::string> GateSkip(Runtime& runtime, warehouse::Session& session, const std::string& id,
                             const std::string& reason) {
  SLUICE_ASSIGN(Decision decision, Begin(runtime, session, id, reason));
  SLUICE_ASSIGN([[maybe_unused]] const auto lock, LockOwner(decision));
  const HoldRecord& hold = decision.hold;
  if (hold.kind == "model") {
    SLUICE_ASSIGN(const models::ModelNode node, NodeOf(decision));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
    if (!hold.stage.empty()) {
      SLUICE_TRY(decision.connection
                     .Execute("DROP TABLE IF EXISTS " + warehouse::QualifiedName(hold.stage))
                     .status());
    }
    const models::BuildContext context{decision.connection, runtime.clock(), "gate"};
    SLUICE_TRY(models::SkipHeldModel(context, node));
    return Settle(decision, *transaction, "skipped",
                  "the model stays as it was until its inputs change");
  }
  std::vector<connector::StoredFile> listing;
  if (hold.kind == "file" || hold.kind == "late") {
    SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(hold.connection));
    SLUICE_ASSIGN(auto listed, store->List("", nullptr));
    listing = std::move(listed.files);
  }
  if (decision.ingest() == nullptr) {
    return NotFoundError(fmt::format("ingest {} is not in this project any more", hold.owner));
  }
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  if (hold.kind != "day") {
    SLUICE_TRY(
        ingest::SkipHeld(decision.connection, *decision.ingest(), hold, listing, decision.run));
  }
  return Settle(decision, *transaction, "skipped",
                fmt::format("{} {}/{} is passed for good", hold.table, hold.pod, hold.group));
}

}  // namespace sluice::pipeline
