#include "sync/sync_engine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"
#include "sync/delivery_files.h"
#include "sync/guards.h"
#include "sync/look_first.h"
#include "sync/recover.h"
#include "sync/sql.h"
#include "sync/target.h"

namespace sluice::sync {
namespace {

using engine::Value;

connector::RequestLimit LimitOf(const config::Sync& sync) {
  return {sync.batch.rows, sync.batch.bytes};
}

struct SyncState {
  bool known = false;
  std::string mapping_digest;
  std::string inputs;      // "": of versions that nobody knows, or `settled` is false
  bool settled = false;    // the last run had nothing left to do, by this mapping
  bool delivered = false;  // anything is in sync_delivered
  bool fresh = true;       // no run has looked at all of the model yet
  uint64_t rejected = 0;   // rows of it that are refused for good
  bool due = false;        // rows that were put off are to be tried again by now
};

// Without `rejected` and `due`.
Result<SyncState> ReadState(engine::Connection& connection, const std::string& sync) {
  SyncState state;
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT coalesce(mapping_digest, ''), coalesce(inputs, ''), CAST(run_id "
                      "IS NULL OR coalesce(fresh, false) AS INTEGER), inputs IS NOT NULL FROM "
                      "_sluice.syncs WHERE sync = $1",
                      {sync}));
  if (!rows.empty()) {
    state.known = true;
    state.mapping_digest = engine::ToText(rows[0][0]);
    state.inputs = engine::ToText(rows[0][1]);
    state.fresh = engine::ToInt(rows[0][2]) != 0;
    state.settled = engine::ToInt(rows[0][3]) != 0;
  }
  SLUICE_ASSIGN(const auto any, connection.Scalar(std::string(sql::kAnyDelivered), {sync}));
  state.delivered = engine::ToInt(any) > 0;
  return state;
}

// With them, which looks at every row that was delivered.
Result<SyncState> ReadWholeState(engine::Connection& connection, const std::string& sync,
                                 env::Micros now) {
  SLUICE_ASSIGN(SyncState state, ReadState(connection, sync));
  SLUICE_ASSIGN(
      const auto others,
      connection.Rows("SELECT count(*) FILTER (state = 'rejected'), count(*) FILTER (state = "
                      "'deferred' AND (next_try_at IS NULL OR next_try_at <= CAST($2 AS "
                      "TIMESTAMP))) FROM _sluice.sync_delivered WHERE sync = $1 AND state IN "
                      "('rejected', 'deferred')",
                      {sync, env::FormatUtc(now, true)}));
  state.rejected = static_cast<uint64_t>(engine::ToInt(others[0][0]));
  state.due = engine::ToInt(others[0][1]) > 0;
  return state;
}

bool IsUpToDate(const SyncState& state, const SyncJob& job) {
  return state.known && !state.due && !job.inputs.empty() && state.inputs == job.inputs &&
         state.mapping_digest == MappingDigest(job.sync, job.destination);
}

Status NothingOpen(engine::Connection& connection, const SyncJob& job) {
  SLUICE_ASSIGN(const auto open,
                connection.Scalar("SELECT count(*) FROM _sluice.deliveries WHERE sync = $1",
                                  {job.sync.name}));
  if (engine::ToInt(open) == 0) return Status::Ok();
  return FailedError(fmt::format("a delivery of {} is still open", job.sync.name));
}

// The row of the run: whatever is not settled yet is waiting.
Status InsertRun(engine::Connection& connection, const SyncJob& job, const Delivery& delivery,
                 env::Micros now) {
  const auto number = [](uint64_t n) { return static_cast<int64_t>(n); };
  const SyncCounts& counts = delivery.counts;
  const bool opened = delivery.id != 0;
  const std::string at = env::FormatUtc(now, true);
  return connection
      .Execute(
          "INSERT INTO _sluice.sync_runs (sync, run_id, delivery_id, started_at, ended_at, "
          "added, changed, returned, retried, left_model, unchanged, planned, acknowledged, "
          "rejected, deferred, waiting, unknown, requests, bytes, outcome, removed, forgotten) "
          "VALUES ($1, $2, $3, CAST($4 AS TIMESTAMP), CAST($5 AS TIMESTAMP), $6, $7, $8, $9, $10, "
          "$11, $12, 0, 0, 0, $13, $14, 0, 0, $15, $16, $17)",
          {job.sync.name, job.run_id, opened ? Value(delivery.id) : Value(), at,
           opened ? Value() : Value(at), number(counts.added),
           number(counts.changed + counts.identities), number(counts.returned),
           number(counts.retried), number(counts.left), number(counts.unchanged),
           number(counts.Planned()), number(counts.Planned() - counts.HeldUnknown()),
           number(counts.HeldUnknown()), std::string(opened ? "open" : "done"),
           number(counts.removed), number(counts.Forgotten())})
      .status();
}

// `inputs` are those of a run that has nothing left to do; else they are forgotten.
Status PutState(engine::Connection& connection, const SyncJob& job, int64_t next_delivery,
                bool nothing_left, env::Micros now) {
  SLUICE_TRY(PutTarget(connection, job.sync.name, job.target));
  SLUICE_ASSIGN(const SyncState state, ReadState(connection, job.sync.name));
  // A single row that somebody tries is not what the first run is about.
  const bool fresh = state.fresh && !job.only_key.empty();
  SLUICE_TRY(
      connection.Execute("DELETE FROM _sluice.syncs WHERE sync = $1", {job.sync.name}).status());
  return connection
      .Execute(
          "INSERT INTO _sluice.syncs (sync, mapping_digest, inputs, next_delivery, run_id, "
          "finished_at, fresh) VALUES ($1, $2, $3, $4, $5, CAST($6 AS TIMESTAMP), $7)",
          {job.sync.name, MappingDigest(job.sync, job.destination),
           nothing_left ? Value(job.inputs) : Value(), next_delivery, job.run_id,
           nothing_left ? Value(env::FormatUtc(now, true)) : Value(), fresh})
      .status();
}

// What a plan says of destination and command.
void SetTerms(const SyncJob& job, SyncPlan& plan) {
  plan.noun = job.destination.capabilities().noun;
  plan.requests_per_second = job.destination.capabilities().requests_per_second;
  if (const connector::Lookup* lookup = connector::LookupOf(std::as_const(job.destination))) {
    plan.lookup = lookup->lookup_terms();
  }
  plan.mode = job.sync.mode;
  plan.asked_to_backfill = job.sync.first_run.has_value();
  if (job.daily != nullptr) {
    plan.requests_per_day = static_cast<uint64_t>(job.daily->per_day());
    plan.left_today = static_cast<uint64_t>(job.daily->Look().requests);
  }
  plan.limit = job.only_key.empty() ? job.limit : 1;
  plan.mapping = MappingDigest(job.sync, job.destination);
  plan.planned = SpoolDigest().Finish();
}

bool Irreversible(const SyncJob& job) {
  return job.destination.capabilities().irreversible;
}

Status Guarded(const SyncJob& job, const SyncCounts& counts) {
  return CheckGuards(job.sync, counts, Irreversible(job), job.confirmed, job.command);
}

// Why some rows wait for a confirmation while the others go. A number that somebody has typed is about all that wait,
// and of what was planned nothing goes alone.
Status HeldAlone(const SyncJob& job, const SyncCounts& counts) {
  if (!Irreversible(job) || job.confirmed || job.expected) return Status::Ok();
  return UnconfirmedWait(job.sync, counts, job.command);
}

// A delivery without rows has no spool, and counts as an empty one.
Status IsAsPlanned(const SyncJob& job, const SpoolInfo& spool) {
  if (!job.expected) return Status::Ok();
  const auto moved = [&](std::string_view what) {
    return FailedError(fmt::format("what was planned for {} is not what would be sent now: {}",
                                   job.sync.name, what),
                       job.expected->deep
                           ? "It was planned with --deep, of what waited then: load and build that "
                             "first, without syncs (sluice run INGEST MODEL), or make a new plan"
                           : "Make a new plan: sluice plan --out FILE");
  };
  if (job.expected->mapping != MappingDigest(job.sync, job.destination)) {
    return moved("the mapping has changed");
  }
  if (job.expected->rows != spool.rows) {
    return moved(
        fmt::format("{} instead of {}", Counted(spool.rows, "row"), Thousands(job.expected->rows)));
  }
  if (spool.rows > 0 && job.expected->digest != spool.digest.Hex()) {
    return moved("other rows, or other values");
  }
  return Status::Ok();
}

}  // namespace

std::string MappingDigest(const config::Sync& sync, const connector::Destination& destination) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += fmt::format("{}:", part.size());
    text += part;
  };
  const connector::Capabilities& capabilities = destination.capabilities();
  add(kDigestKind);
  add(sync.model);
  add(sync.key);
  add(sync.object);
  add(sync.mode);
  add(fmt::format("{} {}", static_cast<int>(sync.duplicates.policy), sync.duplicates.column));
  add(sync.timezone);
  add(fmt::format("{} {} {} {}", static_cast<int>(capabilities.timestamps),
                  static_cast<int>(capabilities.numbers), capabilities.merges_nested,
                  capabilities.repeatable));
  for (const std::string& identifier : destination.identifiers()) add(identifier);
  add(sync.clear_unmapped ? "clear" : "leave");
  if (sync.change_identifiers) add("changes identifiers");
  if (!sync.create_new_fields) add("makes no fields");
  if (!sync.prefer_user_id) add("prefers no userId");
  if (sync.allow_shared) add("shared ones too");
  for (const config::Field& field : sync.fields) {
    add(field.to);
    add(fmt::format("{} {} {} {}", static_cast<int>(field.from), static_cast<int>(field.cast),
                    field.sha256, static_cast<int>(field.null.value_or(sync.null))));
    for (const std::string* part : {&field.column, &field.constant, &field.sql, &field.format}) {
      add(*part);
    }
    add(fmt::format("{} {}", field.parts.size(), field.transforms.size()));
    for (const config::TemplatePart& part : field.parts) {
      add(part.is_column ? "column" : "text");
      add(part.text);
    }
    for (const auto transform : field.transforms) add(fmt::to_string(static_cast<int>(transform)));
    add(field.timezone);
  }
  return HashOf(text).Hex();
}

Result<std::optional<SyncSummary>> SyncEngine::Recover(engine::Connection& connection,
                                                       const SyncJob& job) {
  SLUICE_TRY(CheckTarget(connection, job.sync.name, job.target));
  const DeliveryFiles files(job.state_folder, job.sync.name);
  return RecoverDelivery(
      connection, {job.sync.name, job.host, job.fence, job.sync.attempts.payload, job.taken_from},
      files, job.destination, clock_);
}

Result<std::unique_ptr<Difference>> SyncEngine::MakeDifference(engine::Connection& connection,
                                                               const SyncJob& job) {
  SLUICE_ASSIGN(const SyncState state, ReadState(connection, job.sync.name));
  const bool settled =
      state.settled && state.mapping_digest == MappingDigest(job.sync, job.destination);
  DifferenceOptions options;
  options.narrow = state.delivered && settled;
  options.only_key = job.only_key;
  options.takes_known =
      job.sync.first_run == config::FirstRun::kFromNowOn && state.fresh && job.only_key.empty();
  options.who_is_forgotten = job.who_is_forgotten;
  options.siblings = job.siblings;
  options.movers = job.movers;
  options.calls = job.calls;
  options.taken_from = job.taken_from;
  options.now = clock_.Now();
  options.forgotten = job.forgotten;
  return Difference::Make(connection, functions_, job.sync, job.relation, job.destination, options);
}

Result<SyncPlan> SyncEngine::Plan(engine::Connection& connection, const SyncJob& job) {
  return WithOpenDelivery(connection, job, [&](SyncPlan& plan) -> Status {
    if (plan.up_to_date) return Status::Ok();
    SLUICE_ASSIGN(const auto difference, MakeDifference(connection, job));
    plan.counts = difference->counts();
    const Status alone = HeldAlone(job, plan.counts);
    const Status guarded = alone.ok() ? Guarded(job, plan.counts) : alone;
    if (!guarded.ok()) plan.held = guarded.ToString();
    SLUICE_ASSIGN(plan.totals,
                  ForEachRequest(*difference, job.destination, LimitOf(job.sync), job.limit,
                                 [](const connector::PreparedRequest&) { return Status::Ok(); }));
    if (!job.on_planned) return Status::Ok();
    SpoolDigest digest;
    SLUICE_TRY(difference->ForEachRow(job.limit, [&](const SpoolRow& row) {
      digest.Add(row);
      return job.on_planned(row);
    }));
    plan.planned = digest.Finish();
    return Status::Ok();
  });
}

Result<SyncPlan> SyncEngine::DryRun(engine::Connection& connection, const SyncJob& job,
                                    const std::string& folder) {
  return WithOpenDelivery(connection, job, [&](SyncPlan& plan) -> Status {
    plan.up_to_date = false;  // it is looked at anyway
    SLUICE_ASSIGN(const auto difference, MakeDifference(connection, job));
    plan.counts = difference->counts();
    SLUICE_ASSIGN(plan.totals, WriteRequests(*difference, job.destination, LimitOf(job.sync),
                                             job.limit, folder));
    return Status::Ok();
  });
}

Status SyncEngine::ListUntried(engine::Connection& connection, const SyncJob& job,
                               const std::string& table) {
  SLUICE_ASSIGN(const auto difference, MakeDifference(connection, job));
  return difference->ListUntried(table);
}

Result<SyncPlan> SyncEngine::WithOpenDelivery(engine::Connection& connection, const SyncJob& job,
                                              const std::function<Status(SyncPlan&)>& fill) {
  SyncPlan plan;
  SLUICE_TRY(CheckTarget(connection, job.sync.name, job.target));
  const DeliveryFiles files(job.state_folder, job.sync.name);
  const RecoverJob recover{job.sync.name, job.host, std::nullopt, job.sync.attempts.payload,
                           job.taken_from};
  SLUICE_ASSIGN(const bool open, IsAnyOpen(connection, job.sync.name));
  std::unique_ptr<engine::Transaction> transaction;  // never committed
  if (open) {
    SLUICE_ASSIGN(transaction, engine::Transaction::Begin(connection));
  }
  SLUICE_ASSIGN(plan.open, RecoverWithin(connection, recover, files, clock_));
  SLUICE_ASSIGN(const SyncState state, ReadWholeState(connection, job.sync.name, clock_.Now()));
  SetTerms(job, plan);
  plan.first_run = !state.delivered;
  plan.up_to_date = IsUpToDate(state, job);
  plan.counts.refused = state.rejected;
  SLUICE_TRY(fill(plan));
  return plan;
}

Result<Delivery> SyncEngine::Prepare(engine::Connection& connection, const SyncJob& job) {
  SLUICE_TRY(NothingOpen(connection, job));
  SLUICE_TRY(CheckTarget(connection, job.sync.name, job.target));
  SLUICE_ASSIGN(const SyncState state, ReadWholeState(connection, job.sync.name, clock_.Now()));
  Delivery delivery;
  delivery.first_run = !state.delivered;
  delivery.up_to_date = IsUpToDate(state, job);
  delivery.counts.refused = state.rejected;
  if (delivery.up_to_date && (!job.expected || job.expected->rows == 0)) return delivery;
  SLUICE_ASSIGN(const auto difference, MakeDifference(connection, job));
  SLUICE_ASSIGN(delivery.settle, difference->Settle(job.others_first));
  delivery.counts = difference->counts();
  // One row that somebody asks for is no surprise.
  if (job.only_key.empty()) {
    delivery.held = HeldAlone(job, delivery.counts);
    if (!delivery.held.ok()) {
      SLUICE_TRY(difference->HoldUnconfirmed());
      delivery.counts = difference->counts();
    }
    SLUICE_TRY(Guarded(job, delivery.counts));
  }
  if (delivery.counts.ToSend() > 0) {
    SLUICE_ASSIGN(delivery.id, NextDelivery(connection, job.sync.name));
    SLUICE_TRY(WriteFiles(job, *difference, delivery));
  }
  if (!job.only_key.empty() && delivery.id != 0 && delivery.spool.rows == 0) {
    SLUICE_TRY(DeliveryFiles(job.state_folder, job.sync.name).Remove(delivery.id));
    delivery.id = 0;  // others wait, and that one is not among them
  }
  if (const Status planned = IsAsPlanned(job, delivery.spool); !planned.ok()) {
    if (delivery.id != 0) {
      SLUICE_TRY(DeliveryFiles(job.state_folder, job.sync.name).Remove(delivery.id));
    }
    return planned;
  }
  SLUICE_TRY(Open(connection, job, *difference, delivery));
  Step("opened");
  return delivery;
}

Status SyncEngine::WriteFiles(const SyncJob& job, Difference& difference, Delivery& delivery) {
  const DeliveryFiles files(job.state_folder, job.sync.name);
  SLUICE_TRY(files.MakeFolder());
  SLUICE_ASSIGN(auto spool, SpoolWriter::Create(files.Spool(delivery.id)));
  // The requests are made once more when they are sent: who reads what is about to happen wants their number.
  RequestMaker requests(job.destination, LimitOf(job.sync), nullptr);
  const auto add = [&](const SpoolRow& row) {
    Status written = spool.Add(row);
    return written.ok() ? requests.Add(row) : written;
  };
  SLUICE_TRY(difference.ForEachRow(job.limit, add));
  SLUICE_TRY(requests.Finish());
  delivery.totals = requests.totals();
  SLUICE_ASSIGN(delivery.spool, spool.Finish());
  Step("spool");
  LogHeader header;
  header.delivery_id = delivery.id;
  header.sync = job.sync.name;
  header.run_id = job.run_id;
  header.host = job.host;
  header.warehouse = job.warehouse_path;
  header.spool = delivery.spool;
  header.at = clock_.Now();
  SLUICE_TRY(DeliveryLog::Create(files.Log(delivery.id), header).status());
  Step("log");
  return Status::Ok();
}

Status SyncEngine::Open(engine::Connection& connection, const SyncJob& job, Difference& difference,
                        Delivery& delivery) {
  const env::Micros now = clock_.Now();
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  if (job.fence) SLUICE_TRY(warehouse::CheckFence(connection, *job.fence));
  SLUICE_TRY(NothingOpen(connection, job));
  SLUICE_ASSIGN(const int64_t next, NextDelivery(connection, job.sync.name));
  if (delivery.id != 0 && delivery.id != next) {
    return FailedError(fmt::format("another run of {} began meanwhile", job.sync.name));
  }
  SLUICE_TRY(difference.RecordUnsent(job.run_id, now));
  if (delivery.id != 0) SLUICE_TRY(difference.RecordUnsettled());
  const uint64_t number = NumberToConfirm(delivery.counts, Irreversible(job));
  SLUICE_TRY(difference.RecordConfirmed(number > 0 && job.confirmed == number));
  SLUICE_TRY(InsertRun(connection, job, delivery, now));
  const bool nothing_left = delivery.id == 0 && delivery.counts.ToSend() == 0 &&
                            delivery.counts.HeldUnknown() == 0 &&
                            delivery.counts.HeldUnsettled() == 0;
  SLUICE_TRY(PutState(connection, job, delivery.id == 0 ? next : next + 1, nothing_left, now));
  if (delivery.id != 0) {
    const DeliveryFiles files(job.state_folder, job.sync.name);
    SLUICE_TRY(connection
                   .Execute("INSERT INTO _sluice.deliveries VALUES ($1, $2, $3, $4, 0, 'open', "
                            "CAST($5 AS TIMESTAMP))",
                            {job.sync.name, delivery.id, job.host, files.Log(delivery.id),
                             env::FormatUtc(now, true)})
                   .status());
  }
  return transaction->Commit();
}

SyncPlan SyncEngine::PlanOf(const Delivery& delivery, const SyncJob& job) {
  SyncPlan plan;
  SetTerms(job, plan);
  plan.counts = delivery.counts;
  plan.totals = delivery.totals;
  plan.first_run = delivery.first_run;
  plan.up_to_date = delivery.up_to_date;
  return plan;
}

Result<DeliverReport> SyncEngine::Deliver(const Delivery& delivery, const SyncJob& job,
                                          RateLimiter& limiter, DeliverOptions options) {
  const DeliveryFiles files(job.state_folder, job.sync.name);
  SLUICE_ASSIGN(auto spool, SpoolReader::Open(files.Spool(delivery.id)));
  SLUICE_ASSIGN(auto log, DeliveryLog::Continue(files.Log(delivery.id)));
  options.limit = LimitOf(job.sync);
  options.parallel = static_cast<size_t>(job.sync.batch.parallel);
  options.presence = PresenceOf(job.sync.mode);
  options.daily = job.daily;
  options.priority = job.sync.priority;
  Deliverer deliverer(job.destination, limiter, clock_, random_, options);
  auto report = deliverer.Run(spool, delivery.spool.rows, log);
  Step("delivered");
  return report;
}

Result<SyncSummary> SyncEngine::Fold(engine::Connection& connection, const SyncJob& job,
                                     const Delivery& delivery) {
  const DeliveryFiles files(job.state_folder, job.sync.name);
  FoldJob fold;
  fold.sync = job.sync.name;
  fold.run_id = job.run_id;
  fold.delivery_id = delivery.id;
  fold.log_path = files.Log(delivery.id);
  fold.spool_path = files.Spool(delivery.id);
  fold.mapping_digest = MappingDigest(job.sync, job.destination);
  fold.inputs = job.inputs;
  fold.payload = job.sync.attempts.payload;
  fold.taken_from = job.taken_from;
  fold.fence = job.fence;
  SLUICE_ASSIGN(SyncSummary summary, FoldDelivery(connection, fold, clock_));
  Step("folded");
  SLUICE_TRY(files.RemoveFolded(delivery.id));
  Step("removed");
  return summary;
}

}  // namespace sluice::sync
