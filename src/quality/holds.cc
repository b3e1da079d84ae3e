#include "quality/holds.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"

namespace sluice::quality {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;

std::string Timestamp(env::Micros time) {
  return env::FormatUtc(time, true);
}

constexpr const char* kSelectHolds =
    "SELECT hold_id, kind, owner, connection, table_name, pod, group_id, check_name, stage, "
    "load_id, "
    "files, message, created_at, run_id, state, reason, decided_at FROM _sluice.holds";

HoldRecord FromRow(const std::vector<Value>& row) {
  HoldRecord hold;
  hold.id = ToText(row[0]);
  hold.kind = ToText(row[1]);
  hold.owner = ToText(row[2]);
  hold.connection = ToText(row[3]);
  hold.table = ToText(row[4]);
  hold.pod = ToText(row[5]);
  hold.group = ToInt(row[6]);
  hold.check = ToText(row[7]);
  hold.stage = ToText(row[8]);
  hold.load_id = ToInt(row[9]);
  if (!ToText(row[10]).empty()) hold.files = Split(ToText(row[10]), '\n');
  hold.message = ToText(row[11]);
  hold.created_at = ToText(row[12]);
  hold.run_id = ToText(row[13]);
  hold.state = ToText(row[14]);
  hold.reason = ToText(row[15]);
  hold.decided_at = ToText(row[16]);
  return hold;
}

Result<std::vector<HoldRecord>> Select(engine::Connection& connection, const std::string& rest) {
  SLUICE_ASSIGN(const auto rows, connection.Rows(std::string(kSelectHolds) + " " + rest));
  std::vector<HoldRecord> holds;
  for (const auto& row : rows) holds.push_back(FromRow(row));
  return holds;
}

}  // namespace

Result<std::string> WriteHold(engine::Connection& connection, const NewHold& hold,
                              const RunInfo& run) {
  std::string id;
  for (int64_t n = 0;; ++n) {
    const int64_t number =
        StableId({hold.kind, hold.owner, hold.connection, hold.table, hold.pod,
                  std::to_string(hold.group), Join(hold.files, "\n"), std::to_string(n)});
    id = HexEncode(static_cast<uint64_t>(number)).substr(8);
    SLUICE_ASSIGN(const auto taken,
                  connection.Scalar("SELECT count(*) FROM _sluice.holds WHERE hold_id = $1", {id}));
    if (ToInt(taken) == 0) break;
  }
  SLUICE_TRY(
      connection
          .Execute("INSERT INTO _sluice.holds VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                   "$10, $11, $12, $13::TIMESTAMP, $14, 'open', NULL, NULL)",
                   {id, hold.kind, hold.owner, hold.connection, hold.table, hold.pod, hold.group,
                    hold.check, hold.stage.empty() ? Value() : Value(hold.stage), hold.load_id,
                    Join(hold.files, "\n"), hold.message, Timestamp(run.now), run.run_id})
          .status());
  return id;
}

Result<std::vector<HoldRecord>> ListHolds(engine::Connection& connection, bool all) {
  return Select(connection, fmt::format("{} ORDER BY created_at DESC, hold_id",
                                        all ? "" : "WHERE state = 'open'"));
}

Result<HoldRecord> FindHold(engine::Connection& connection, const std::string& name) {
  SLUICE_ASSIGN(auto holds, ListHolds(connection, true));
  if (name == "latest") {
    const auto open = std::find_if(holds.begin(), holds.end(),
                                   [](const HoldRecord& hold) { return hold.state == "open"; });
    if (open == holds.end()) return NotFoundError("nothing is held");
    return *open;
  }
  std::vector<HoldRecord> fitting;
  for (HoldRecord& hold : holds) {
    if (hold.id == name) return std::move(hold);
    if (StartsWith(hold.id, name)) fitting.push_back(std::move(hold));
  }
  if (fitting.empty()) {
    return NotFoundError(fmt::format("there is no hold {}", name), "sluice gate list");
  }
  if (fitting.size() > 1) {
    return ConfigError(fmt::format("{} holds begin with {}", fitting.size(), name),
                       "Give more digits of the id: sluice gate list");
  }
  return std::move(fitting.front());
}

Status SettleHold(engine::Connection& connection, const HoldRecord& hold, const std::string& state,
                  const std::string& reason, env::Micros now) {
  if (hold.state != "open") {
    return ConfigError(fmt::format("hold {} was {} on {} already", hold.id, hold.state,
                                   hold.decided_at.substr(0, 16)));
  }
  return connection
      .Execute(
          "UPDATE _sluice.holds SET state = $2, reason = $3, decided_at = $4::TIMESTAMP WHERE "
          "hold_id = $1",
          {hold.id, state, reason, Timestamp(now)})
      .status();
}

Result<std::vector<HoldRecord>> StoppingHolds(engine::Connection& connection) {
  // A file that came too late changes nothing that is published: it stops nobody.
  return Select(connection, "WHERE state = 'open' AND kind <> 'late' ORDER BY created_at, hold_id");
}

Status RecordCheck(engine::Connection& connection, const CheckSubject& subject,
                   const CheckResult& result, const RunInfo& run) {
  return RecordChecks(connection, {{subject, result}}, run);
}

Status RecordChecks(engine::Connection& connection, const std::vector<CheckRecord>& checks,
                    const RunInfo& run) {
  if (checks.empty()) return Status::Ok();
  const auto number = [](const std::optional<double>& n) { return n ? Value(*n) : Value(); };
  SLUICE_ASSIGN(const auto appender,
                engine::Appender::Open(connection, "_sluice", "check_results"));
  for (const auto& [subject, result] : checks) {
    SLUICE_TRY(appender->Row({run.run_id, subject.owner, subject.table, result.check, subject.pod,
                              subject.group, subject.day.empty() ? Value() : Value(subject.day),
                              number(result.measured), number(result.low), number(result.high),
                              result.history, std::string(OutcomeName(result.outcome)),
                              result.message, Timestamp(run.now)}));
  }
  return appender->Close();
}

}  // namespace sluice::quality
