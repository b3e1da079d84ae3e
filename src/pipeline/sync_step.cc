#include "pipeline/sync_step.h"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "connector/container.h"
#include "connector/lookup.h"
#include "connector/sampling.h"
#include "env/file.h"
#include "models/build.h"
#include "models/dependencies.h"
#include "pipeline/interrupt.h"
#include "pipeline/sync_calls.h"
#include "pipeline/sync_container.h"
#include "pipeline/sync_fields.h"
#include "pipeline/sync_forgotten.h"
#include "pipeline/sync_warnings.h"
#include "sync/decisions.h"
#include "sync/field_sql.h"
#include "warehouse/dialect.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

constexpr std::chrono::seconds kSamplePatience{60};
// Of one run: changes of identity that wait for each other take one each, the rest goes with the next run.
// One of them sends nothing and waits until changed identities have settled.
constexpr int kMostRounds = 6;

class SyncStep {
 public:
  SyncStep(Runtime& runtime, const config::Sync& sync, const RunOptions& options,
           const std::string& run_id, report::Reporter& reporter)
      : runtime_(runtime),
        sync_(sync),
        options_(options),
        run_id_(run_id),
        reporter_(reporter),
        label_("sync " + sync.name),
        forgotten_(runtime, sync, options.cancel, [this](const std::string& problem) {
          reporter_.Note(report::Level::kWarning, sync_.name + ": " + problem);
        }) {
    report_.name = sync.name;
  }

  SyncReport Run() {
    reporter_.StepBegan(label_);
    const Status status = options_.dry_run ? DryRun() : Deliver();
    if (!status.ok()) {
      report_.outcome = status.code() == Code::kBusy        ? "busy"
                        : status.code() == Code::kHeld      ? "held"
                        : status.code() == Code::kCancelled ? "stopped"
                                                            : "failed";
      report_.misconfigured = status.code() == Code::kConfig;
      report_.message = ReplaceAll(status.ToString(), "\n", " ");
    }
    reporter_.StepEnded(label_, report_.outcome, report_.message);
    return std::move(report_);
  }

 private:
  Result<std::unique_ptr<warehouse::Session>> OpenWarehouse() {
    return runtime_.warehouse().Open(false, kRunWaitsForWarehouse, options_.cancel);
  }

  Status DryRun() {
    SLUICE_ASSIGN(const ContainerNote note, LookAtContainer(runtime_, sync_, options_.cancel));
    if (note.nothing) {
      report_.outcome = "dry";
      report_.message = note.text;
      return Status::Ok();
    }
    SLUICE_ASSIGN(const auto session, OpenWarehouse());
    SLUICE_ASSIGN(sync::SyncJob job, Job(*session));
    if (!note.target.empty()) job.target = note.target;
    const std::string folder =
        env::JoinPath(runtime_.StatePath("dry-run"), run_id_ + "/" + sync_.name);
    SLUICE_ASSIGN(const sync::SyncPlan plan,
                  runtime_.sync_engine().DryRun(session->connection(), job, folder));
    report_.outcome = "dry";
    report_.first_run = plan.first_run;
    report_.planned = static_cast<int64_t>(plan.totals.rows);
    report_.requests = static_cast<int64_t>(plan.totals.requests);
    report_.bytes = static_cast<int64_t>(plan.totals.bytes);
    report_.message = plan.Describe();
    if (!note.text.empty()) report_.message += "; " + note.text;
    if (plan.totals.requests > 0) {
      report_.message += fmt::format("; nothing was sent, the requests are in {}", folder);
    }
    return Status::Ok();
  }

  Result<sync::SyncJob> Job(warehouse::Session& session) {
    SLUICE_ASSIGN(sync::SyncJob job, MakeSyncJob(runtime_, session.connection(), sync_, run_id_));
    job.limit = static_cast<uint64_t>(options_.limit);
    job.confirmed = options_.confirmed;
    job.only_key = options_.only_key;
    if (const auto planned = options_.planned.find(sync_.name); planned != options_.planned.end()) {
      const PlannedDelivery& delivery = planned->second;
      job.expected = {delivery.mapping, delivery.rows, delivery.digest, delivery.deep};
      job.command = "sluice run --plan FILE";
    }
    SLUICE_ASSIGN(job.who_is_forgotten, forgotten_.Over(session.connection()));
    // A plan, a limit and a number that was confirmed are about all rows at once.
    job.others_first = !job.expected && job.limit == 0 && job.only_key.empty() &&
                       !job.destination.capabilities().irreversible;
    // What is still left out counts too, so it is looked at also without news.
    if (options_.strict) job.inputs.clear();
    return job;
  }

  // Nothing is looked up or made at the destination then.
  Result<bool> IsPaused() {
    SLUICE_ASSIGN(const auto session, OpenWarehouse());
    SLUICE_ASSIGN(const auto paused, sync::PausedSince(session->connection(), sync_.name));
    if (!paused) return false;
    report_.outcome = "paused";
    report_.message = *paused;
    return true;
  }

  Status Deliver() {
    const auto lock = runtime_.Lock("sync", sync_.name, options_.wait, options_.cancel);
    if (!lock.ok()) return lock.status();
    SLUICE_ASSIGN(const bool paused, IsPaused());
    if (paused) return Status::Ok();
    SLUICE_ASSIGN(const auto nothing, EnsureContainer(runtime_, sync_, reporter_, options_.cancel));
    if (nothing) {
      report_.outcome = "done";
      report_.message = *nothing;
      return Status::Ok();
    }
    // Whose identity was changed has the rest sent in a round of its own, behind the others.
    bool again = true;
    for (int round = 1; again && round <= kMostRounds; ++round) {
      SLUICE_ASSIGN(again, OneRound(round));
    }
    report_.warnings.insert(report_.warnings.end(), findings_.begin(), findings_.end());
    return Status::Ok();
  }

  // Whether there may be more to send now.
  Result<bool> OneRound(int round) {
    std::optional<sync::SyncJob> job;
    sync::Delivery delivery;
    std::vector<connector::FieldToSend> fields;
    {
      SLUICE_ASSIGN(const auto session, OpenWarehouse());
      engine::Connection& connection = session->connection();
      const InterruptOnCancel interrupt(connection, options_.cancel);
      SLUICE_ASSIGN(auto made, Job(*session));
      job.emplace(std::move(made));
      SLUICE_ASSIGN(job->fence, warehouse::TakeFence(connection, "sync:" + sync_.name));
      SLUICE_ASSIGN(const auto recovered, runtime_.sync_engine().Recover(connection, *job));
      if (recovered) TellRecovered(*recovered);
      if (!options_.only_key.empty() && round == 1) {
        SLUICE_TRY(IsConfirmed(job->destination));
        SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
        SLUICE_TRY(
            sync::Resync(connection, sync_.name, options_.only_key, "", runtime_.clock()).status());
        SLUICE_TRY(transaction->Commit());
      }
      SLUICE_ASSIGN(fields, sync::FieldsOf(connection, job->sync, job->relation));
      SLUICE_ASSIGN(const bool new_mapping, IsMappingNew(connection, *job));
      if (new_mapping && round == 1) SLUICE_TRY(LookAtTypes(job->destination, fields));
      SLUICE_ASSIGN(delivery, runtime_.sync_engine().Prepare(connection, *job));
    }
    TellCounts(delivery);
    connector::Container* container = connector::ContainerOf(job->destination);
    if (delivery.id != 0 && container != nullptr) {
      SLUICE_TRY(container->Define(fields, options_.cancel));
    }
    if (delivery.id == 0) {
      if (round == 1) TellNothing(delivery, job->destination);
      if (round == 1 && !options_.only_key.empty()) {
        report_.outcome = "failed";
        report_.message += fmt::format(
            "; no row of the model {} with this key can be sent (sluice "
            "trace KEY)",
            sync_.model);
        return false;
      }
      // Once: who changes more meanwhile is another run.
      if (delivery.counts.HeldUnsettled() == 0 || std::exchange(settled_, true)) return false;
      if (Settle(delivery)) return true;
      return CancelledError("stopped before what was sent a moment ago had settled");
    }
    reporter_.Note(
        report::Level::kInfo,
        fmt::format("{}: {}", label_, sync::SyncEngine::PlanOf(delivery, *job).Describe()));
    if (!job->others_first) (void)Settle(delivery);
    const auto delivered =
        runtime_.sync_engine().Deliver(delivery, *job, Limiter(*job), Options(job->destination));
    sync::SyncSummary summary;
    {
      const auto session = OpenWarehouse();
      if (!delivered.ok()) {
        if (session.ok()) TakeIn(session.value()->connection(), *job);
        return delivered.status();
      }
      SLUICE_TRY(session.status());
      SLUICE_ASSIGN(summary,
                    runtime_.sync_engine().Fold(session.value()->connection(), *job, delivery));
    }
    TellSummary(summary, delivered.value(), delivery.counts, job->destination);
    if (summary.acknowledged > 0) TellSamples(job->destination);
    if (!delivery.held.ok() && report_.outcome == "done") {
      report_.outcome = "held";
      report_.message += "; " + ReplaceAll(delivery.held.ToString(), "\n", " ");
    }
    // A plan that is carried out, and a limit, say what is sent.
    return summary.moved + delivery.counts.HeldUnsettled() > 0 && delivered->stopped.ok() &&
           !delivered->tomorrow && !job->expected && job->limit == 0;
  }

  // One row that somebody asks for is no surprise, but where it cannot be taken back a slip of the key must not be
  // all that it takes.
  Status IsConfirmed(const connector::Destination& destination) const {
    if (!destination.capabilities().irreversible || options_.confirmed == uint64_t{1}) {
      return Status::Ok();
    }
    return HeldError("nothing is sent: what is done with this row cannot be taken back",
                     fmt::format("sluice sync test {} --key KEY --confirm 1", sync_.name));
  }

  void TellNothing(const sync::Delivery& delivery, const connector::Destination& destination) {
    report_.outcome = delivery.up_to_date ? "unchanged" : "done";
    report_.message = (delivery.counts.taken == 0
                           ? "nothing to send"
                           : sync::TakesKnown(delivery.counts, destination.capabilities().noun)) +
                      Quiet(delivery.counts);
  }

  // False when Ctrl-C ended the wait; a delivery notices that by itself.
  bool Settle(const sync::Delivery& delivery) {
    if (delivery.settle.count() == 0) return true;
    reporter_.Note(
        report::Level::kInfo,
        fmt::format("{}: waiting for {} until what was sent about the same people has settled",
                    sync_.name,
                    HumanSeconds(std::chrono::duration<double>(delivery.settle).count())));
    return runtime_.clock().Sleep(delivery.settle, options_.cancel);
  }

  sync::RateLimiter& Limiter(const sync::SyncJob& job) {
    return runtime_.LimiterOf(sync_.to, job.destination.capabilities());
  }

  sync::DeliverOptions Options(const connector::Destination& destination) {
    sync::DeliverOptions deliver;
    deliver.makes_ahead = true;
    if (const connector::Lookup* lookup = connector::LookupOf(destination)) {
      deliver.lookups = runtime_.LookupLimiterOf(sync_.to, *lookup);
    }
    deliver.stop = options_.cancel;
    deliver.abort = options_.abort;
    if (!options_.only_key.empty()) {
      deliver.on_exchange = [this](const auto& request, const auto& result) {
        Keep(request, result);
      };
    }
    deliver.progress = [this](const sync::DeliverProgress& progress) {
      report::Progress step;
      step.rows = progress.settled;
      step.total_rows = progress.rows;
      reporter_.StepAdvanced(label_, step);
      if (!progress.note.empty()) {
        reporter_.Note(report::Level::kInfo, sync_.name + ": " + progress.note);
      }
    };
    return deliver;
  }

  void Keep(const connector::PreparedRequest& request, const connector::SendResult& result) {
    SyncExchange exchange{request.method, request.target, request.body, result.status, {}};
    for (const connector::RowOutcome& outcome : result.outcomes) {
      std::string text(sync::StateName(outcome.state));
      for (const std::string* part : {&outcome.code, &outcome.message}) {
        if (!part->empty()) text += ": " + *part;
      }
      exchange.outcomes.push_back(std::move(text));
    }
    report_.exchanges.push_back(std::move(exchange));
  }

  // A delivery whose log could not be written has ended like one that was killed: what the log does not say the
  // destination may know. Where that cannot be done now, the next run does it.
  void TakeIn(engine::Connection& connection, const sync::SyncJob& job) {
    const auto taken = runtime_.sync_engine().Recover(connection, job);
    if (taken.ok() && taken.value()) TellRecovered(*taken.value());
  }

  void TellRecovered(const sync::SyncSummary& taken) {
    std::string text = fmt::format("{} acknowledged", Thousands(taken.acknowledged));
    AddCount(text, taken.rejected, "rejected");
    AddCount(text, taken.deferred, "deferred");
    text += fmt::format(", {} not known", Thousands(taken.unknown));
    reporter_.Note(report::Level::kInfo,
                   fmt::format("{}: an interrupted delivery was taken in: {}", sync_.name, text));
  }

  static void AddCount(std::string& text, uint64_t n, std::string_view what) {
    if (n > 0) text += fmt::format(", {} {}", Thousands(n), what);
  }

  // Types of fields are for good: before the first rows of a mapping make them, and before anything is noted that a run
  // which is held would leave.
  Status LookAtTypes(connector::Destination& destination,
                     const std::vector<connector::FieldToSend>& fields) {
    const FieldNotes notes = LookAtFields(sync_.to, destination, fields, options_.cancel);
    for (const std::string& line : notes.lines) {
      const bool bad = !notes.report.conflicts.empty() || !notes.report.dropped.empty();
      reporter_.Note(bad ? report::Level::kWarning : report::Level::kInfo,
                     sync_.name + ": " + line);
    }
    return CheckTypes(sync_.name, notes);
  }

  // What was accepted is known by now; that it was written is looked for with the warehouse closed.
  void TellSamples(connector::Destination& destination) {
    connector::Sampling* sampling = connector::SamplingOf(destination);
    if (sampling == nullptr) return;
    const auto seen = sampling->LookAgain(kSamplePatience, options_.cancel);
    if (!seen.ok()) {
      report_.warnings.push_back(fmt::format("{}: what was accepted could not be looked at: {}",
                                             sync_.name, seen.status().ToString()));
    } else if (seen->found < seen->looked) {
      report_.warnings.push_back(
          fmt::format("{}: {} of {} that were looked at are not to be seen after {} s: they are "
                      "written late, or "
                      "were lost; if they do not come: sluice sync resync {}",
                      sync_.name, seen->looked - seen->found,
                      Counted(seen->looked, destination.capabilities().noun),
                      kSamplePatience.count(), sync_.name));
    } else if (seen->looked > 0) {
      reporter_.Note(report::Level::kInfo,
                     fmt::format("{}: {} looked at, all there as they were sent", sync_.name,
                                 Counted(seen->looked, destination.capabilities().noun)));
    }
  }

  // What a run that sends nothing, or little, must not pass over in silence.
  std::string Quiet(const sync::SyncCounts& counts) const {
    std::string text;
    if (counts.left > 0) {
      text += fmt::format("; {} of {} left the model", Thousands(counts.left),
                          Counted(counts.delivered, "delivered row"));
    }
    if (counts.absent > 0) {
      text += fmt::format("; {} not there, looked for again later", Thousands(counts.absent));
    }
    if (counts.superseded > 0) {
      text += fmt::format("; {} older than another of {} key", Counted(counts.superseded, "row"),
                          counts.superseded == 1 ? "its" : "their");
    }
    if (counts.refused > 0) {
      text += fmt::format("; {} rejected before, not retried until they change",
                          Thousands(counts.refused));
    }
    if (counts.forgotten > 0) {
      text += fmt::format("; {} of people who were forgotten", Thousands(counts.forgotten));
    }
    if (report_.left_out > 0) {
      text += fmt::format("; {} left out (sluice sync rows {} --state left_out)",
                          Counted(static_cast<uint64_t>(report_.left_out), "row"), sync_.name);
    }
    return text;
  }

  void TellCounts(const sync::Delivery& delivery) {
    report_.unchanged = static_cast<int64_t>(delivery.counts.unchanged + delivery.counts.refused);
    report_.rejected_before = static_cast<int64_t>(delivery.counts.refused);
    report_.left_out = 0;
    findings_.clear();
    for (const auto& [kind, rows] : delivery.counts.findings) {
      report_.left_out += static_cast<int64_t>(rows);
      findings_.push_back(fmt::format("{}: {} left out: {}", sync_.name, Counted(rows, "row"),
                                      ReplaceAll(kind, "_", " ")));
    }
  }

  void TellSummary(const sync::SyncSummary& summary, const sync::DeliverReport& delivered,
                   const sync::SyncCounts& counts, const connector::Destination& destination) {
    // Of the rounds before, what went on is planned again.
    report_.planned =
        report_.acknowledged + report_.rejected + static_cast<int64_t>(summary.planned);
    report_.acknowledged += static_cast<int64_t>(summary.acknowledged);
    report_.rejected += static_cast<int64_t>(summary.rejected);
    report_.deferred = static_cast<int64_t>(summary.deferred);
    report_.absent = static_cast<int64_t>(delivered.absent);
    report_.waiting = static_cast<int64_t>(summary.waiting);
    report_.unknown = static_cast<int64_t>(summary.unknown);
    report_.requests += static_cast<int64_t>(summary.requests);
    report_.bytes += static_cast<int64_t>(summary.bytes);
    for (const std::string& text : GroupWarnings(summary.warnings)) {
      report_.warnings.push_back(fmt::format("{}: {}", sync_.name, text));
    }
    report_.outcome = summary.outcome;
    report_.message = fmt::format("{} of {} acknowledged in {}", Thousands(report_.acknowledged),
                                  Counted(static_cast<uint64_t>(report_.planned), "row"),
                                  Counted(static_cast<uint64_t>(report_.requests), "request"));
    AddCount(report_.message, static_cast<uint64_t>(report_.rejected), "rejected");
    AddCount(report_.message, summary.deferred, "deferred");
    AddCount(report_.message, summary.waiting, "waiting");
    AddCount(report_.message, summary.unknown, "unknown");
    AddCount(report_.message, delivered.already_there, "there already");
    if (delivered.questions > 0) {
      report_.message += fmt::format(", {} before", Counted(delivered.questions, "question"));
    }
    if (summary.taken_from > 0) {
      report_.message += fmt::format("; {} of other syncs about them delivered no more",
                                     Counted(summary.taken_from, "row"));
    }
    report_.message += Quiet(counts);
    if (delivered.tomorrow) {
      report_.message +=
          fmt::format("; the day's requests are used up, more can go in {}",
                      HumanSeconds(std::chrono::duration<double>(*delivered.tomorrow).count()));
    }
    const bool cancelled = delivered.stopped.code() == Code::kCancelled;
    if (!delivered.stopped.ok() && !cancelled) {
      report_.outcome = "failed";
      report_.message += ": " + delivered.stopped.ToString();
      return;
    }
    // Nobody arrived: that is no success, whatever the single rows deserve.
    if (report_.acknowledged > 0 || summary.refusals.empty() || cancelled) return;
    if (delivered.absent == summary.deferred + summary.rejected + summary.unknown) return;
    report_.outcome = "failed";
    const sync::AnswerCount& most = summary.refusals.front();
    std::vector<std::string> codes;
    for (const sync::AnswerCount& answer : summary.refusals) codes.push_back(answer.code);
    const bool unreached = most.code == "not_sent";
    report_.message += fmt::format("; {}{}{}", unreached ? "not sent: " : most.code,
                                   unreached || most.code.empty() ? "" : ": ", most.message);
    const std::string hint = destination.HintOf(codes);
    if (!hint.empty()) report_.message += " (" + hint + ")";
  }

  Runtime& runtime_;
  const config::Sync& sync_;
  const RunOptions& options_;
  const std::string& run_id_;
  report::Reporter& reporter_;
  const std::string label_;
  ForgottenPeople forgotten_;
  std::vector<std::string> findings_;  // of the last round
  bool settled_ = false;               // a round has waited until what was sent before had settled
  SyncReport report_;
};

}  // namespace

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

Result<sync::SyncJob> MakeSyncJob(Runtime& runtime, engine::Connection& connection,
                                  const config::Sync& sync, const std::string& run_id) {
  const config::Model* model = runtime.project().FindModel(sync.model);
  if (model == nullptr) return ConfigError("there is no model " + sync.model);
  SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(sync));
  const std::string relation = models::RelationOf(*model);
  SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, relation));
  if (kind.empty()) {
    return NotFoundError(fmt::format("model {} is not built yet", sync.model),
                         fmt::format("Run it first: sluice run {}", sync.model));
  }
  const std::string from = warehouse::QualifiedName(relation);
  SLUICE_ASSIGN(const auto columns, sync::ColumnsOfRelation(connection, from));
  sync::SyncJob job{sync::WithAutoFields(sync, columns, destination->identifiers()),
                    *destination,
                    from,
                    "",
                    "",
                    "",
                    "",
                    "",
                    "",
                    std::nullopt,
                    0};
  SLUICE_ASSIGN(auto read, models::DependenciesOf(connection, models::SelectAll(*model)));
  job.inputs = std::move(read.versions);
  job.state_folder = runtime.project().StateFolder();
  job.warehouse_path = runtime.project().warehouse.path;
  job.host = HostName();
  job.run_id = run_id;
  job.target = TargetOf(runtime, sync, *destination);
  job.daily = runtime.DailyBudgetOf(sync.to, destination->capabilities());
  for (const config::Sync& other : runtime.project().syncs) {
    const bool same = other.to == sync.to && other.object == sync.object;
    if (same && other.name != sync.name && other.mode != "remove") {
      job.siblings.push_back(other.name);
    }
    if (other.to == sync.to && other.change_identifiers) job.movers.push_back(other.name);
  }
  SLUICE_ASSIGN(job.calls, CallsOf(runtime, connection, sync));
  SLUICE_ASSIGN(job.taken_from, TakenFrom(runtime, sync));
  SLUICE_TRY(LeaveOutForgotten(runtime, connection, job));
  return job;
}

SyncReport RunSync(Runtime& runtime, const config::Sync& sync, const RunOptions& options,
                   const std::string& run_id, report::Reporter& reporter) {
  return SyncStep(runtime, sync, options, run_id, reporter).Run();
}

}  // namespace sluice::pipeline
