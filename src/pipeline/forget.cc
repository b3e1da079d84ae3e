#include "pipeline/forget.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/rewrite_database.h"
#include "env/file.h"
#include "env/random.h"
#include "ingest/stage.h"
#include "models/build.h"
#include "models/graph.h"
#include "pipeline/forget_files.h"
#include "pipeline/forget_rows.h"
#include "pipeline/interrupt.h"
#include "pipeline/project_locks.h"
#include "pipeline/run_record.h"
#include "pipeline/sync_calls.h"
#include "pipeline/sync_state.h"
#include "pipeline/sync_step.h"
#include "sync/delivery_files.h"
#include "sync/recover.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

using engine::ToText;
using privacy::ForgetRecord;
using privacy::Subject;

constexpr std::chrono::seconds kWarehouseWait{10};

std::string CountsOf(const std::vector<PersonPlace>& places,
                     const std::vector<ForgetReport::Files>& files) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const PersonPlace& place : places) {
    auto& count = json[fmt::format("{} {}", KindName(place.kind), place.name)];
    count = (count.is_null() ? int64_t{0} : count.get<int64_t>()) + place.rows;
  }
  for (const ForgetReport::Files& file : files) json[file.what] = file.count;
  return json.dump();
}

std::string DestinationsOf(const std::vector<DestinationAnswer>& answers) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const DestinationAnswer& answer : answers) {
    json.push_back({{"sync", answer.sync},
                    {"to", answer.to},
                    {"did", answer.did},
                    {"rows", answer.rows},
                    {"lines", answer.lines},
                    {"answer", answer.answer}});
  }
  return json.dump();
}

class Forgetting {
 public:
  Forgetting(Runtime& runtime, const ForgetRequest& request, const env::Cancel* cancel)
      : runtime_(runtime), request_(request), cancel_(cancel) {}

  Result<ForgetReport> Run() {
    if (!request_.confirm) {
      SLUICE_ASSIGN(const auto session, Open());
      SLUICE_TRY(Look(*session));
      const bool nothing = report_.rows == 0 && report_.files.empty();
      if (nothing && report_.before.empty()) {
        return NotFoundError("nothing is held about whom you name",
                             "sluice forget KEY --confirm 0 keeps them out all the same");
      }
      report_.state = nothing && open_.empty() ? "nothing" : "planned";
      return std::move(report_);
    }
    SLUICE_ASSIGN(const auto locks, LockProject(runtime_));
    bool remove = true;
    {
      SLUICE_ASSIGN(const auto session, Open());
      const InterruptOnCancel interrupt(session->connection(), cancel_);
      SLUICE_TRY(ingest::DropStaleStages(session->connection()));
      SLUICE_TRY(FoldDeliveries(session->connection()));
      SLUICE_TRY(Look(*session));
      SLUICE_TRY(CheckConfirmed());
      remove = open_.empty() || open_.front().state == "open";
      if (remove) SLUICE_TRY(CheckDestinations(runtime_, delivered_));
      if (remove) SLUICE_TRY(PutOnList(session->connection()));
    }
    if (remove) {
      SLUICE_ASSIGN(report_.destinations, ForgetAtDestinations(runtime_, delivered_, cancel_));
      if (IsRefused()) {
        SLUICE_TRY(KeepAnswers());
        report_.state = "refused";
        return std::move(report_);
      }
      SLUICE_ASSIGN(report_.files, ForgetFiles(runtime_, WordsOf(subjects_), true));
    }
    {
      SLUICE_ASSIGN(const auto session, Open());
      const InterruptOnCancel interrupt(session->connection(), cancel_);
      if (remove) SLUICE_TRY(RemoveRows(session->connection()));
      SLUICE_TRY(BuildModels(session->connection()));
    }
    SLUICE_TRY(WriteFresh());
    SLUICE_TRY(Finish());
    report_.state = "done";
    return std::move(report_);
  }

 private:
  Result<std::unique_ptr<warehouse::Session>> Open() {
    return runtime_.warehouse().Open(false, kWarehouseWait, cancel_);
  }

  const config::Project& project() const { return runtime_.project(); }

  std::string Now() { return env::FormatUtc(runtime_.clock().Now(), true); }

  Status Look(warehouse::Session& session) {
    engine::Connection& connection = session.connection();
    SLUICE_ASSIGN(subjects_, privacy::FindSubjects(connection, project().persons, request_.query));
    SLUICE_ASSIGN(report_.before,
                  privacy::FindForgotten(connection, project().persons, request_.query));
    for (const ForgetRecord& record : report_.before) {
      if (record.state == "open" || record.state == "removed") open_.push_back(record);
    }
    SLUICE_ASSIGN(report_.places, FindPersonPlaces(connection, project(), subjects_));
    for (const PersonPlace& place : report_.places) report_.rows += place.rows;
    for (const Subject& subject : subjects_) {
      report_.persons.push_back(subject.person);
      report_.keys += static_cast<int64_t>(subject.keys.size());
      for (const auto& [name, values] : subject.identifiers) {
        report_.identifiers += static_cast<int64_t>(values.size());
      }
      for (const auto& [name, count] : subject.shared) report_.shared += count;
    }
    SLUICE_ASSIGN(delivered_, FindDelivered(connection, project(), subjects_));
    for (const DeliveredPerson& person : delivered_) {
      report_.destinations.push_back({person.sync->name, person.sync->to, person.on_forget,
                                      static_cast<int64_t>(person.keys.size()), 0, ""});
    }
    SLUICE_ASSIGN(report_.files, ForgetFiles(runtime_, WordsOf(subjects_), false));
    return Status::Ok();
  }

  // What was begun is gone on with by the same number.
  Status CheckConfirmed() const {
    const uint64_t confirmed = *request_.confirm;
    if (confirmed == static_cast<uint64_t>(report_.rows)) return Status::Ok();
    const bool begun = std::any_of(open_.begin(), open_.end(), [&](const ForgetRecord& record) {
      return static_cast<uint64_t>(record.rows) == confirmed;
    });
    if (begun) return Status::Ok();
    return ConfigError(fmt::format("--confirm {}: it is {} now; nothing was removed", confirmed,
                                   Counted(static_cast<uint64_t>(report_.rows), "row")),
                       "Look at them again (sluice forget KEY), and type the number that is shown");
  }

  // A spool holds whole rows, and what is in flight may have to be found at the destination.
  Status FoldDeliveries(engine::Connection& connection) {
    SLUICE_ASSIGN(const auto open, connection.Rows("SELECT sync FROM _sluice.deliveries"));
    for (const auto& row : open) {
      const std::string name = ToText(row[0]);
      const config::Sync* sync = project().FindSync(name);
      if (sync == nullptr) {
        return FailedError(
            fmt::format("a delivery of {} is open, and the project has no such sync", name),
            "Put the sync back into the project file, and run it");
      }
      SLUICE_ASSIGN(connector::Destination * destination, runtime_.DestinationOf(*sync));
      SLUICE_ASSIGN(const auto fence, warehouse::TakeFence(connection, "sync:" + name));
      sync::RecoverJob job{name, HostName(), fence, sync->attempts.payload};
      SLUICE_ASSIGN(job.taken_from, TakenFrom(runtime_, *sync));
      const sync::DeliveryFiles files(project().StateFolder(), name);
      SLUICE_TRY(
          sync::RecoverDelivery(connection, job, files, *destination, runtime_.clock()).status());
    }
    return Status::Ok();
  }

  Status PutOnList(engine::Connection& connection) {
    if (!open_.empty()) {
      report_.forget_id = open_.front().forget_id;
      return Status::Ok();
    }
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    for (const Subject& subject : subjects_) {
      ForgetRecord record;
      record.forget_id = NewRunId(runtime_.clock().Now(), env::SystemRandom().Next());
      record.person = subject.person;
      record.state = "open";
      record.requested_at = Now();
      record.rows = report_.rows;
      record.counts = CountsOf(report_.places, report_.files);
      record.destinations = "[]";
      SLUICE_TRY(privacy::AddForgotten(connection, subject, record));
      if (report_.forget_id.empty()) report_.forget_id = record.forget_id;
      open_.push_back(std::move(record));
    }
    return transaction->Commit();
  }

  Status SetState(engine::Connection& connection, const std::string& state) {
    for (ForgetRecord& record : open_) {
      record.state = state;
      if (state == "removed") record.destinations = DestinationsOf(report_.destinations);
      if (state == "done") record.done_at = Now();
      SLUICE_TRY(privacy::UpdateForgotten(connection, record));
    }
    return Status::Ok();
  }

  bool IsRefused() const {
    return std::any_of(report_.destinations.begin(), report_.destinations.end(),
                       [](const DestinationAnswer& answer) { return answer.refused > 0; });
  }

  // The entry stays open, with what was said.
  Status KeepAnswers() {
    SLUICE_ASSIGN(const auto session, Open());
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session->connection()));
    for (ForgetRecord& record : open_) {
      record.destinations = DestinationsOf(report_.destinations);
      SLUICE_TRY(privacy::UpdateForgotten(session->connection(), record));
    }
    return transaction->Commit();
  }

  Status RemoveRows(engine::Connection& connection) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    SLUICE_ASSIGN(const auto places, FindPersonPlaces(connection, project(), subjects_));
    SLUICE_TRY(RemovePersonRows(connection, project(), subjects_, places));
    SLUICE_TRY(SetState(connection, "removed"));
    return transaction->Commit();
  }

  // Those that are made from tables that lost rows, in their order; others are as they were.
  Status BuildModels(engine::Connection& connection) {
    SLUICE_ASSIGN(const auto nodes,
                  models::OrderModels(project(), models::LoadedTables(project())));
    const models::BuildContext context{connection, runtime_.clock(), "forget"};
    for (const models::ModelNode& node : nodes) {
      if (!node.model->as_table || !connection.HasTable("main", node.model->name)) continue;
      auto built = models::BuildModel(context, node);
      if (built.status().code() == Code::kCancelled) return built.status();
      if (!built.ok() || (built->outcome != "done" && built->outcome != "unchanged")) {
        report_.warnings.push_back(
            fmt::format("model {} has lost the rows, and could not be built again: {}",
                        node.model->name, built.ok() ? built->message : built.status().message()));
      } else if (built->outcome == "done") {
        report_.rebuilt.push_back(node.model->name);
      }
    }
    return Status::Ok();
  }

  Status WriteFresh() {
    const std::string& path = runtime_.warehouse().path();
    SLUICE_ASSIGN(const auto lock,
                  env::FileLock::Acquire(path + ".lock", runtime_.options().command, kWarehouseWait,
                                         runtime_.clock(), cancel_));
    engine::RewriteOptions options;
    options.cancel = cancel_;
    options.open.threads = project().warehouse.threads;
    // The engine takes more than it is told.
    options.open.memory_limit = project().warehouse.memory_limit / 3 * 2;
    options.room = [&](uint64_t bytes) -> Status {
      SLUICE_ASSIGN(const uint64_t free, env::FreeSpace(env::Dirname(path)));
      if (free > bytes) return Status::Ok();
      return FailedError(fmt::format("writing the warehouse into a fresh file takes up to {}, and "
                                     "{} are free",
                                     HumanBytes(bytes), HumanBytes(free)),
                         "Make room and type the same command again: it goes on");
    };
    SLUICE_ASSIGN(const auto written, engine::RewriteDatabase(path, options));
    report_.bytes_before = written.bytes_before;
    report_.bytes_after = written.bytes_after;
    return Status::Ok();
  }

  Status Finish() {
    SLUICE_ASSIGN(const auto session, Open());
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session->connection()));
    SLUICE_TRY(SetState(session->connection(), "done"));
    SLUICE_TRY(transaction->Commit());
    if (!open_.empty()) {
      report_.forget_id = open_.front().forget_id;
      report_.rows = std::max(report_.rows, open_.front().rows);  // removed before it was stopped
    }
    return session->database().Checkpoint();
  }

  Runtime& runtime_;
  const ForgetRequest& request_;
  const env::Cancel* cancel_;
  std::vector<Subject> subjects_;
  std::vector<DeliveredPerson> delivered_;
  std::vector<ForgetRecord> open_;  // that this command makes, or goes on with
  ForgetReport report_;
};

}  // namespace

Result<ForgetReport> Forget(Runtime& runtime, const ForgetRequest& request,
                            const env::Cancel* cancel) {
  return Forgetting(runtime, request, cancel).Run();
}

Result<std::vector<ForgetRecord>> Unforget(Runtime& runtime, const privacy::SubjectQuery& query,
                                           const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto locks, LockProject(runtime));
  SLUICE_ASSIGN(const auto session, runtime.warehouse().Open(false, kWarehouseWait, cancel));
  engine::Connection& connection = session->connection();
  SLUICE_ASSIGN(auto records, privacy::FindForgotten(connection, runtime.project().persons, query));
  if (records.empty()) {
    SLUICE_ASSIGN(auto all, privacy::ListForgotten(connection));
    for (ForgetRecord& record : all) {
      if (record.forget_id == query.key && record.state != "undone") {
        records.push_back(std::move(record));
      }
    }
  }
  if (records.empty()) {
    return NotFoundError("nobody on the list of the forgotten is called so",
                         "sluice forget --list");
  }
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  for (const ForgetRecord& record : records) {
    SLUICE_TRY(privacy::UndoForgotten(connection, record.forget_id,
                                      env::FormatUtc(runtime.clock().Now(), true)));
  }
  SLUICE_TRY(transaction->Commit());
  SLUICE_TRY(session->database().Checkpoint());
  return records;
}

}  // namespace sluice::pipeline
