#include "pipeline/sync_forgotten.h"

#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "pipeline/person_models.h"
#include "privacy/forgotten.h"
#include "sync/field_sql.h"

namespace sluice::pipeline {
namespace {

// Null where nobody is to be passed over: somebody who is to be forgotten, or may come back, is what
// such a sync is about.
Result<connector::Suppressing*> SuppressingOf(Runtime& runtime, const config::Sync& sync) {
  SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(sync));
  if (destination->capabilities().tells_again) return static_cast<connector::Suppressing*>(nullptr);
  return connector::SuppressingOf(*destination);
}

// The object of syncs that forget, and of those that take it back.
constexpr const char* kForget = "forget";
constexpr const char* kUnforget = "unforget";

struct Told {
  bool forgotten = false;
  std::string at;
};

// The last that was told about each, by its hashes. What may have arrived counts as told.
Status ReadTold(engine::Connection& connection, const config::Sync& sync,
                const connector::Suppressing& suppressing, std::map<std::string, Told>& last) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT coalesce(payload, attempted_payload), "
                      "strftime(answered_at, '%Y-%m-%d %H:%M:%S.%f') FROM "
                      "_sluice.sync_delivered WHERE sync = $1 AND (payload IS NOT NULL OR "
                      "state = 'unknown')",
                      {sync.name}));
  for (const auto& row : rows) {
    const std::string at = engine::ToText(row[1]);
    for (const std::string& hash : suppressing.HashesOf(engine::ToText(row[0]))) {
      Told& told = last[hash];
      if (told.at < at) told = {sync.object == kForget, at};
    }
  }
  return Status::Ok();
}

}  // namespace

const connector::ForgottenHashes& ForgottenPeople::Ask(connector::Suppressing& suppressing) {
  if (asked_) return *asked_;
  asked_.emplace();
  auto answer = suppressing.Forgotten(cancel_);
  if (answer.ok()) {
    asked_ = std::move(answer).value();
  } else {
    problem_(fmt::format("whom {} has forgotten could not be asked, it refuses them itself: {}",
                         sync_.to, answer.status().message()));
  }
  return *asked_;
}

Result<sync::WhoIsForgotten> ForgottenPeople::Over(engine::Connection& connection) {
  SLUICE_ASSIGN(connector::Suppressing * suppressing, SuppressingOf(runtime_, sync_));
  if (suppressing == nullptr) return sync::WhoIsForgotten();
  return sync::WhoIsForgotten(
      [this, suppressing,
       &connection]() -> Result<std::shared_ptr<const connector::ForgottenHashes>> {
        connector::ForgottenHashes hashes = Ask(*suppressing);
        std::map<std::string, Told> last;
        for (const config::Sync& other : runtime_.project().syncs) {
          if (other.to != sync_.to || (other.object != kForget && other.object != kUnforget)) {
            continue;
          }
          SLUICE_TRY(ReadTold(connection, other, *suppressing, last));
        }
        for (const auto& [hash, told] : last) {
          if (told.forgotten) hashes.insert(hash);
        }
        return std::make_shared<const connector::ForgottenHashes>(std::move(hashes));
      });
}

Status LeaveOutForgotten(Runtime& runtime, engine::Connection& connection, sync::SyncJob& job) {
  SLUICE_ASSIGN(const auto list, privacy::ForgottenList::Read(connection));
  if (list.empty()) return Status::Ok();
  SLUICE_TRY(list.CheckNamed(runtime.project().persons));
  SLUICE_ASSIGN(const auto columns, sync::ColumnsOfRelation(connection, job.relation));
  std::vector<privacy::ScopedColumns> scopes;
  if (const config::Model* model = runtime.project().FindModel(job.sync.model)) {
    PersonModels models(connection, runtime.project());
    SLUICE_ASSIGN(ModelScopes of, models.ScopesOf(*model));
    scopes = std::move(of.scopes);
    scopes.insert(scopes.end(), of.called_so.begin(), of.called_so.end());
  }
  SLUICE_ASSIGN(const std::string forgotten, list.RowsOf(scopes, "p.", columns, job.sync.model));
  if (!job.inputs.empty()) job.inputs += " forgotten:" + list.fingerprint();
  if (forgotten == "false") return Status::Ok();
  SLUICE_ASSIGN(const auto rows,
                connection.Scalar(
                    fmt::format("SELECT count(*) FROM {} AS p WHERE {}", job.relation, forgotten)));
  job.forgotten = static_cast<uint64_t>(engine::ToInt(rows));
  job.relation = fmt::format("(SELECT * FROM {} AS p WHERE NOT {})", job.relation, forgotten);
  return Status::Ok();
}

}  // namespace sluice::pipeline
