#include "pipeline/gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "ingest/hand.h"
#include "ingest/held_load.h"
#include "ingest/load_text.h"
#include "ingest/other_names.h"
#include "ingest/plan.h"
#include "models/build.h"
#include "pipeline/plan_holds.h"
#include "pipeline/sources.h"
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

// "late file POD1/1/bi_sale/1/b.csv of zenoti.bi_sale POD1/1"; for most the table and why it is held.
std::string Describe(const HoldRecord& hold) {
  if (hold.kind != "late") return fmt::format("{}: {}", HeldName(hold), hold.message);
  return fmt::format("{}: {}", HeldName(hold), hold.message) +
         (hold.files.empty() ? "" : ": " + hold.files.front());
}

// "a.csv" or "3 files (a.csv, b.csv, c.csv)".
std::string FilesOf(const HoldRecord& hold) {
  constexpr size_t kMost = 3;
  if (hold.files.empty()) return HeldName(hold);
  if (hold.files.size() == 1) return hold.files.front();
  std::vector<std::string> named(
      hold.files.begin(),
      hold.files.begin() + static_cast<ptrdiff_t>(std::min(kMost, hold.files.size())));
  if (hold.files.size() > kMost) named.emplace_back("…");
  return fmt::format("{} ({})", Counted(hold.files.size(), "file"), Join(named, ", "));
}

// "latest" is for the one thing that is open: a decision must not meet another one by chance.
Status CheckLatest(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto open, quality::ListHolds(connection, false));
  if (open.size() < 2) return Status::Ok();
  constexpr size_t kMost = 5;
  std::vector<std::string> named;
  for (size_t i = 0; i < open.size() && i < kMost; ++i) {
    named.push_back(fmt::format("{} ({})", open[i].id, HeldName(open[i])));
  }
  if (open.size() > kMost) named.emplace_back("…");
  return ConfigError(fmt::format("\"latest\" is not enough: {} are open: {}",
                                 Counted(open.size(), "hold"), Join(named, ", ")),
                     "Name one by its id: sluice gate list");
}

Status Offered(engine::Connection& connection, const HoldRecord& hold, const std::string& verb) {
  SLUICE_ASSIGN(const auto verbs, VerbsFor(connection, hold));
  const bool offered = std::any_of(verbs.begin(), verbs.end(),
                                   [&](const GateVerb& known) { return known.verb == verb; });
  if (offered) return Status::Ok();
  const std::string next = fmt::format("sluice gate {} {} --reason TEXT   {}", verbs.back().verb,
                                       hold.id, verbs.back().meaning);
  const std::string what = fmt::format("hold {} ({})", hold.id, Describe(hold));
  if (hold.kind == "late" && verb == "accept") {
    return ConfigError(what +
                           ": accepting does not help: the table has to be made again from its "
                           "files, and something is in the way of that",
                       next);
  }
  if (hold.kind == "late") {
    return ConfigError(what +
                           ": rejecting changes nothing, for the next run finds the file too late "
                           "again; skip is the way to leave it",
                       next);
  }
  if (hold.kind == "day") {
    return ConfigError(what +
                           ": a day is judged by what was loaded: there is nothing that could be "
                           "read again",
                       next);
  }
  if (hold.kind == "model" && !hold.stage.empty()) {
    return ConfigError(
        what + ": the model was never published, so there is nothing that it could stay at",
        "Mend what it reads, or sluice gate accept");
  }
  if (hold.kind == "model") {
    return ConfigError(
        what +
            ": it shows its tables as they are, so there is no earlier state that it "
            "could stay at; it waits until it is accepted or passes",
        next);
  }
  return ConfigError(what + ": accepting does not help: mend the cause", next);
}

Result<Decision> Begin(Runtime& runtime, warehouse::Session& session, const std::string& id,
                       const std::string& verb, const std::string& reason) {
  if (id == "latest") SLUICE_TRY(CheckLatest(session.connection()));
  SLUICE_ASSIGN(HoldRecord hold, quality::FindHold(session.connection(), id));
  if (hold.state != "open") {
    return ConfigError(
        fmt::format("hold {} ({}) was {} already", hold.id, HeldName(hold), hold.state));
  }
  SLUICE_TRY(Offered(session.connection(), hold, verb));
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

// Of a file that was loaded by hand `by_hand` is said, where it is given, and the command that loads it again.
Result<Decided> Settle(Decision& decision, engine::Transaction& transaction,
                       const std::string& state, const std::string& text,
                       const std::string& by_hand = "") {
  SLUICE_TRY(quality::SettleHold(decision.connection, decision.hold, state, decision.reason,
                                 decision.run.now));
  SLUICE_TRY(transaction.Commit());
  const std::string command = CommandOfHandLoad(decision.runtime.project(), decision.hold);
  const bool again = !command.empty() && !by_hand.empty();
  return Decided{fmt::format("hold {} ({}) {}: {}", decision.hold.id, Describe(decision.hold),
                             state, again ? by_hand : text),
                 again ? command : "sluice run"};
}

Result<Decided> AcceptModel(Decision& decision) {
  SLUICE_ASSIGN(const models::ModelNode node, NodeOf(decision));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  const models::BuildContext context{decision.connection, decision.runtime.clock(), "gate"};
  SLUICE_TRY(models::PublishHeldModel(context, node, decision.hold.stage));
  return Settle(decision, *transaction, "accepted", "the model is published as it is");
}

Result<Decided> AcceptGate(Decision& decision) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  SLUICE_ASSIGN(
      const ingest::TableLoad load,
      ingest::PublishHeld(decision.connection, *decision.ingest(), decision.hold, decision.run));
  return Settle(decision, *transaction, "accepted",
                "published, " + ingest::SummaryOf(load.Total()));
}

Result<Decided> AcceptFile(Decision& decision) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
  if (decision.hold.kind == "late") {
    SLUICE_TRY(ingest::ForgetHeld(decision.connection, decision.hold));
    return Settle(decision, *transaction, "accepted", "the next run makes the table again with it");
  }
  if (decision.hold.check == ingest::kOtherName) {
    SLUICE_ASSIGN(const int64_t files,
                  ingest::TakeOver(decision.connection, decision.runtime.project(), decision.hold));
    return Settle(decision, *transaction, "accepted",
                  fmt::format("the ledger has {} under the name of today now",
                              Counted(static_cast<uint64_t>(files), "file")));
  }
  // Its rows are found again where it is read again.
  SLUICE_TRY(ingest::ForgetHeld(decision.connection, decision.hold));
  return Settle(decision, *transaction, "accepted",
                "the next run loads it, with its bad rows in quarantine",
                "loaded again, its bad rows go to quarantine");
}

}  // namespace

namespace {

// What a rebuild was not tried for (files are gone), what it waits for, and what it found.
std::vector<GateVerb> VerbsForLate(const HoldRecord& hold) {
  const GateVerb skip{"skip", "leave it: it is never loaded"};
  if (hold.check.empty() || hold.check == ingest::kMissing) return {skip};
  if (hold.check == ingest::kByPolicy) {
    return {{"accept", "the next run makes the table again with it"}, skip};
  }
  if (hold.check == ingest::kReadOtherwise) {
    return {{"accept", "the next run makes the table again, every file read as is declared now"},
            skip};
  }
  const GateVerb again{"reject", "the next run tries again"};
  if (hold.check == "file") return {again, skip};
  return {{"accept", "the next run makes the table again with it as it is"}, again, skip};
}

}  // namespace

std::string CommandOfHandLoad(const config::Project& project, const HoldRecord& hold) {
  const config::Connection* connection = project.FindConnection(hold.connection);
  const bool by_hand =
      StartsWith(hold.connection, ingest::kHandConnection) && hold.files.size() == 1;
  if (!by_hand || connection == nullptr || !connection->options.Has("path")) return {};
  std::string path = env::JoinPath(connection->options.Text("path"), hold.files.front());
  const bool plain = path.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=") ==
                     std::string::npos;
  if (!plain) path = "'" + ReplaceAll(path, "'", "'\\''") + "'";
  return fmt::format("sluice load {} --into {}", path, hold.table);
}

Result<std::vector<GateVerb>> VerbsFor(engine::Connection& connection, const HoldRecord& hold) {
  if (hold.kind == "model" && hold.stage.empty()) {
    // A view, or a table under another name, has no earlier state to stay at.
    return std::vector<GateVerb>{{"accept", "take it as it is"},
                                 {"reject", "the next run looks at it again"}};
  }
  if (hold.kind == "model") {
    std::vector<GateVerb> verbs = {{"accept", "publish the model as it was built"},
                                   {"reject", "the next run builds it again"}};
    SLUICE_ASSIGN(const std::string there, warehouse::KindOf(connection, hold.owner));
    if (!there.empty()) {
      verbs.push_back({"skip", "leave it as it is until what it reads changes"});
    }
    return verbs;
  }
  if (hold.kind == "day") {
    return std::vector<GateVerb>{
        {"accept", "take the day as it is; what depends on the table goes on"}};
  }
  if (hold.kind == "late") return VerbsForLate(hold);
  if (hold.check == ingest::kOtherName) {
    return std::vector<GateVerb>{
        {"accept", "it was renamed: what is loaded stays, and loads go on from there"},
        {"reject", "the next run looks again, once names or loads are what they should be"},
        {"skip", "never load it under this name; what came after it goes on"}};
  }
  const bool by_hand = StartsWith(hold.connection, ingest::kHandConnection);
  std::vector<GateVerb> verbs;
  if (hold.kind == "gate") verbs.push_back({"accept", "publish it as it is"});
  if (hold.check == "bad_rows") {
    verbs.push_back({"accept", by_hand ? "loaded again, its bad rows go to quarantine"
                                       : "the next run loads it, with its bad rows in quarantine"});
  }
  verbs.push_back({"reject", by_hand ? "forget what was read of it, to load it again"
                                     : "the next run reads it again, with what came since"});
  verbs.push_back({"skip", "never load it; what came after it goes on"});
  return verbs;
}

Result<Decided> GateAccept(Runtime& runtime, warehouse::Session& session, const std::string& id,
                           const std::string& reason) {
  SLUICE_ASSIGN(Decision decision, Begin(runtime, session, id, "accept", reason));
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

Result<Decided> GateReject(Runtime& runtime, warehouse::Session& session, const std::string& id,
                           const std::string& reason) {
  SLUICE_ASSIGN(Decision decision, Begin(runtime, session, id, "reject", reason));
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
  return Settle(decision, *transaction, "rejected", "the next run reads it again",
                "what was read of it is forgotten");
}

Result<Decided> GateSkip(Runtime& runtime, warehouse::Session& session, const std::string& id,
                         const std::string& reason) {
  SLUICE_ASSIGN(Decision decision, Begin(runtime, session, id, "skip", reason));
  SLUICE_ASSIGN([[maybe_unused]] const auto lock, LockOwner(decision));
  const HoldRecord& hold = decision.hold;
  if (hold.kind == "model") {
    SLUICE_ASSIGN(const models::ModelNode node, NodeOf(decision));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(decision.connection));
    SLUICE_TRY(
        decision.connection.Execute("DROP TABLE IF EXISTS " + warehouse::QualifiedName(hold.stage))
            .status());
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
  SLUICE_TRY(
      ingest::SkipHeld(decision.connection, *decision.ingest(), hold, listing, decision.run));
  return Settle(
      decision, *transaction, "skipped",
      FilesOf(hold) + (StartsWith(hold.message, "a file has changed") ? " stays as it was loaded"
                                                                      : " will never be loaded"));
}

}  // namespace sluice::pipeline
