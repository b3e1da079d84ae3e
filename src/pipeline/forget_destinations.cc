#include "pipeline/forget_destinations.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "connector/erasing.h"
#include "connector/purging.h"
#include "pipeline/person_delivered.h"
#include "pipeline/person_models.h"
#include "sync/delivery_log.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using connector::Erasure;
using connector::RowState;

constexpr int kMostTries = 5;
constexpr std::chrono::seconds kFirstPause{1};
constexpr const char* kAcknowledged = "acknowledged";

std::string OnForget(const config::Project& project, const config::Sync& sync) {
  const config::Connection* connection = project.FindConnection(sync.to);
  if (connection == nullptr || !connection->options.Has("on_forget")) return "leave";
  return connection->options.Text("on_forget");
}

// A person is one of the whole connection: whichever of its syncs can remove them.
Result<connector::Erasing*> ErasingAt(Runtime& runtime, const std::string& connection) {
  for (const config::Sync& sync : runtime.project().syncs) {
    if (sync.to != connection) continue;
    SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(sync));
    if (connector::Erasing* erasing = connector::ErasingOf(*destination)) return erasing;
  }
  return static_cast<connector::Erasing*>(nullptr);
}

Erasure ErasureOf(const DeliveredPerson& person) {
  return person.on_forget == "forget" ? Erasure::kForget : Erasure::kDelete;
}

constexpr const char* kByHand = "Remove them there by hand, and write on_forget: leave";

class Eraser {
 public:
  Eraser(Runtime& runtime, const env::Cancel* cancel) : runtime_(runtime), cancel_(cancel) {}

  // Until bulk calls about these people are over that a single one is not to be mixed with.
  Status AwaitBulkCalls(const std::vector<DeliveredPerson>& delivered) {
    const env::Micros now = runtime_.clock().Now();
    env::Micros until = now;
    for (const DeliveredPerson& person : delivered) {
      if (person.on_forget == "leave") continue;
      SLUICE_ASSIGN(const connector::Destination* destination,
                    runtime_.DestinationOf(*person.sync));
      const connector::Capabilities& can = destination->capabilities();
      if (can.calls != connector::CallKind::kBulk || person.answered_at > now) continue;
      const std::chrono::microseconds settles = can.settles;
      until = std::max<env::Micros>(until, person.answered_at + settles.count());
    }
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(until - now));
    if (wait.count() == 0 || runtime_.clock().Sleep(wait, cancel_)) return Status::Ok();
    return CancelledError("stopped");
  }

  Result<DestinationAnswer> Run(const DeliveredPerson& person) {
    DestinationAnswer answer{person.sync->name,
                             person.sync->to,
                             person.on_forget,
                             static_cast<int64_t>(person.keys.size()),
                             0,
                             ""};
    if (person.on_forget == "leave") {
      answer.answer = "stays there";
      return answer;
    }
    SLUICE_ASSIGN(connector::Destination * destination, runtime_.DestinationOf(*person.sync));
    if (connector::Purging* purging = connector::PurgingOf(*destination)) {
      const std::set<std::string> keys(person.keys.begin(), person.keys.end());
      SLUICE_ASSIGN(answer.lines, purging->Purge(keys, cancel_));
      answer.answer = "removed";
      return answer;
    }
    SLUICE_ASSIGN(connector::Erasing * erasing, ErasingAt(runtime_, person.sync->to));
    const Erasure erasure = ErasureOf(person);
    std::map<std::string, int64_t> codes;
    std::set<std::string> of_sync;
    for (const std::string& payload : person.payloads) {
      SLUICE_ASSIGN(const std::string who, erasing->WhomToErase(erasure, payload));
      if (!of_sync.insert(who).second) continue;
      const auto [at, is_new] = answers_.try_emplace({person.sync->to, who});
      if (is_new) {
        SLUICE_ASSIGN(at->second, Erase(*erasing, *person.sync, erasure, payload));
      }
      ++codes[at->second];
      if (at->second != kAcknowledged) ++answer.refused;
    }
    std::vector<std::string> parts;
    for (const auto& [code, count] : codes) parts.push_back(fmt::format("{} {}", count, code));
    answer.answer = Join(parts, ", ");
    return answer;
  }

 private:
  // The code of the answer.
  Result<std::string> Erase(connector::Erasing& erasing, const config::Sync& sync, Erasure erasure,
                            const std::string& payload) {
    const auto limits = erasing.ErasureLimits(erasure);
    sync::RateLimiter& limiter = runtime_.LimiterOf(sync.to, limits);
    sync::DailyBudget* daily = runtime_.DailyBudgetOf(sync.to, limits);
    connector::RowOutcome outcome;
    auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(kFirstPause);
    for (int i = 0; i < kMostTries; ++i, pause *= 2) {
      if (i > 0 && !runtime_.clock().Sleep(pause, cancel_)) return CancelledError("stopped");
      // Somebody waits for it at the command line.
      if (!limiter.Acquire(cancel_, sync::Priority::kHigh)) return CancelledError("stopped");
      if (daily != nullptr && !daily->Take()) return UsedUp(sync.to, *daily);
      outcome = erasing.Erase(erasure, payload, cancel_);
      if (outcome.state == RowState::kAcknowledged) return std::string(kAcknowledged);
      if (outcome.state == RowState::kRejected) {
        return outcome.code.empty() ? std::string("rejected") : outcome.code;
      }
    }
    return RetryError(
        fmt::format("{} did not take the request: {}{}{}", sync.to, outcome.code,
                    outcome.code.empty() || outcome.message.empty() ? "" : ": ", outcome.message),
        "Type the same command again: it goes on");
  }

  static Status UsedUp(const std::string& connection, sync::DailyBudget& daily) {
    const auto hours = std::chrono::ceil<std::chrono::hours>(daily.Look().wait).count();
    return RetryError(fmt::format("{}: none is left of {} in 24 hours", connection,
                                  Counted(static_cast<uint64_t>(daily.per_day()), "request")),
                      fmt::format("Type the same command again in {}: it goes on",
                                  Counted(static_cast<uint64_t>(hours), "hour")));
  }

  Runtime& runtime_;
  const env::Cancel* cancel_;
  // By connection and person, whichever of its syncs has delivered them.
  std::map<std::pair<std::string, std::string>, std::string> answers_;
};

}  // namespace

Result<std::vector<DeliveredPerson>> FindDelivered(engine::Connection& connection,
                                                   const config::Project& project,
                                                   const std::vector<privacy::Subject>& subjects) {
  std::vector<DeliveredPerson> delivered;
  PersonModels models(connection, project);
  for (const config::Sync& sync : project.syncs) {
    SLUICE_ASSIGN(const auto any, connection.Rows("SELECT 1 FROM _sluice.sync_delivered WHERE "
                                                  "sync = $1 LIMIT 1",
                                                  {sync.name}));
    if (any.empty()) continue;
    SLUICE_ASSIGN(const std::string about, DeliveredAs(models, sync, subjects));
    if (about.empty()) continue;
    SLUICE_ASSIGN(const auto rows,
                  connection.Rows(fmt::format(
                      "SELECT t.key, coalesce(t.payload, t.attempted_payload), "
                      "epoch_us(t.answered_at) FROM "
                      "_sluice.sync_delivered AS t WHERE t.sync = {} AND {} ORDER BY t.key",
                      warehouse::QuoteText(sync.name), about)));
    if (rows.empty()) continue;
    DeliveredPerson& person = delivered.emplace_back();
    person.sync = &sync;
    person.on_forget = OnForget(project, sync);
    for (const auto& row : rows) {
      person.keys.push_back(engine::ToText(row[0]));
      if (!engine::IsNull(row[2])) {
        person.answered_at = std::max<env::Micros>(person.answered_at, engine::ToInt(row[2]));
      }
      // Mode insert has sent nothing of whom somebody else had made ({}).
      std::string payload = engine::IsNull(row[1]) ? std::string() : engine::ToText(row[1]);
      if (!payload.empty() && payload != "{}") person.payloads.push_back(std::move(payload));
    }
  }
  return delivered;
}

Status CheckDestinations(Runtime& runtime, const std::vector<DeliveredPerson>& delivered) {
  for (const DeliveredPerson& person : delivered) {
    if (person.on_forget == "leave") continue;
    SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(*person.sync));
    if (connector::PurgingOf(*destination) != nullptr) continue;
    SLUICE_ASSIGN(const connector::Erasing* erasing, ErasingAt(runtime, person.sync->to));
    if (erasing == nullptr) {
      return ConfigError(
          fmt::format("connections.{}: on_forget: {}: sync {} delivers to {}, where a single "
                      "person cannot be removed",
                      person.sync->to, person.on_forget, person.sync->name,
                      destination->Describe()),
          kByHand);
    }
    for (const std::string& payload : person.payloads) {
      const auto who = erasing->WhomToErase(ErasureOf(person), payload);
      if (who.ok()) continue;
      return ConfigError(
          fmt::format("connections.{}: on_forget: {}: what sync {} has delivered does not say whom "
                      "to {}: {}; nothing was removed",
                      person.sync->to, person.on_forget, person.sync->name, person.on_forget,
                      who.status().message()),
          kByHand);
    }
  }
  return Status::Ok();
}

Result<std::vector<DestinationAnswer>> ForgetAtDestinations(
    Runtime& runtime, const std::vector<DeliveredPerson>& delivered, const env::Cancel* cancel) {
  Eraser eraser(runtime, cancel);
  SLUICE_TRY(eraser.AwaitBulkCalls(delivered));
  std::vector<DestinationAnswer> answers;
  for (const DeliveredPerson& person : delivered) {
    SLUICE_ASSIGN(DestinationAnswer answer, eraser.Run(person));
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace sluice::pipeline
