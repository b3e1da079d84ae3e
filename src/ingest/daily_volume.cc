#include "ingest/daily_volume.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ddl.h"
#include "ingest/ledger.h"
#include "quality/checks.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr int64_t kDay = 86'400'000'000;  // microseconds
constexpr int kDaysBack = 14;

class DayJudge {
 public:
  DayJudge(engine::Connection& connection, const config::Ingest& ingest,
           const quality::RunInfo& run, std::vector<std::string>* warnings,
           std::vector<std::string>* notes, std::map<std::string, std::set<std::string>>* young)
      : connection_(connection),
        ingest_(ingest),
        run_(run),
        warnings_(warnings),
        notes_(notes),
        young_(young) {}

  Status Judge(const config::Check& check, const std::string& table, bool is_replaced) {
    SLUICE_TRY(is_replaced ? ReadContents(table) : ReadVolumes(table));
    if (volumes_.empty()) return Status::Ok();
    SLUICE_TRY(ReadJudged(check, table));
    for (int back = kDaysBack; back >= 1; --back) {
      const std::string day = env::FormatDate(run_.now - back * kDay);
      // The first day of a table has nothing before it to be compared with.
      if (day <= volumes_.begin()->first || IsSettled(day)) continue;
      // Without a load a table that is replaced is what it was.
      if (is_replaced && volumes_.count(day) == 0) continue;
      SLUICE_TRY(JudgeDay(check, table, day));
    }
    return SettlePassed(check, table);
  }

 private:
  // What a table that is replaced was at the end of each day on which that happened.
  Status ReadContents(const std::string& table) {
    volumes_.clear();
    groups_wait_ = false;
    SLUICE_ASSIGN(const auto rows,
                  connection_.Rows("SELECT day, arg_max(rows_read, rowid) FROM _sluice.loads WHERE "
                                   "ingest = $1 AND table_name = $2 AND mode = 'replace' AND "
                                   "unloaded_at IS NULL GROUP BY day",
                                   {ingest_.name, table}));
    for (const auto& row : rows) volumes_[ToText(row[0])] = static_cast<double>(ToInt(row[1]));
    return Status::Ok();
  }

  Status ReadVolumes(const std::string& table) {
    volumes_.clear();
    SLUICE_ASSIGN(
        const auto rows,
        connection_.Rows("SELECT day, sum(rows_read) FROM _sluice.loads WHERE ingest = $1 "
                         "AND table_name = $2 AND kind = 'increment' AND unloaded_at IS NULL "
                         "GROUP BY day",
                         {ingest_.name, table}));
    for (const auto& row : rows) volumes_[ToText(row[0])] = static_cast<double>(ToInt(row[1]));
    if (volumes_.empty()) return Status::Ok();
    // What a gate holds came on its day all the same.
    SLUICE_ASSIGN(
        const auto held,
        connection_.Rows("SELECT CAST(max(modified) AS DATE), sum(rows_read) FROM "
                         "_sluice.files WHERE ingest = $1 AND table_name = $2 AND state = "
                         "'held' AND NOT " +
                             std::string(kIsHeldLate) + " GROUP BY load_id",
                         {ingest_.name, table}));
    for (const auto& row : held) volumes_[ToText(row[0])] += static_cast<double>(ToInt(row[1]));
    SLUICE_ASSIGN(const auto waiting,
                  connection_.Scalar("SELECT count(*) FROM _sluice.holds WHERE state = 'open' AND "
                                     "owner = $1 AND table_name = $2 AND kind IN ('gate', 'file')",
                                     {ingest_.name, table}));
    groups_wait_ = ToInt(waiting) > 0;
    return Status::Ok();
  }

  double VolumeOf(const std::string& day) const {
    const auto found = volumes_.find(day);
    return found == volumes_.end() ? 0 : found->second;
  }

  // Judged for good, or judged with the rows that are there now: what came later is judged again.
  bool IsSettled(const std::string& day) const {
    const auto judged = judged_.find(day);
    return judged != judged_.end() &&
           (judged->second.passed || judged->second.measured == VolumeOf(day));
  }

  // Days that were judged, and those among them that failed: past incidents are no baseline.
  Status ReadJudged(const config::Check& check, const std::string& table) {
    judged_.clear();
    failed_.clear();
    SLUICE_ASSIGN(
        const auto rows,
        connection_.Rows("SELECT day, outcome, measured FROM _sluice.check_results WHERE owner = "
                         "$1 AND table_name = $2 AND check_name = $3 AND day IS NOT NULL ORDER BY "
                         "checked_at",
                         {ingest_.name, table, check.Name()}));
    for (const auto& row : rows) {
      const std::string day = ToText(row[0]);
      const std::string outcome = ToText(row[1]);
      const auto* measured = std::get_if<double>(&row[2]);
      judged_[day] = {outcome == "pass", measured == nullptr ? 0 : *measured};
      // The last judgement counts.
      if (outcome == "fail" || outcome == "warn") {
        failed_.insert(day);
      } else {
        failed_.erase(day);
      }
    }
    return Status::Ok();
  }

  Status JudgeDay(const config::Check& check, const std::string& table, const std::string& day) {
    std::vector<double> history;
    for (auto past = volumes_.rbegin(); past != volumes_.rend(); ++past) {
      if (past->first < day && failed_.count(past->first) == 0) history.push_back(past->second);
    }
    const double measured = VolumeOf(day);
    const std::string subject = fmt::format("{}.{} on {}", ingest_.name, table, day);
    const quality::CheckResult result = quality::CompareVolume(check, measured, history, subject);
    const bool bad =
        result.outcome == quality::Outcome::kFail || result.outcome == quality::Outcome::kWarn;
    // Groups that nobody has read wait behind a hold: whether they fill the day shows when they may go on.
    if (bad && groups_wait_) return Status::Ok();
    SLUICE_ASSIGN(const bool held, IsHeld(table, day));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(quality::RecordCheck(connection_, {ingest_.name, table, "", 0, day}, result, run_));
    judged_[day] = {result.outcome == quality::Outcome::kPass, measured};
    if (result.outcome == quality::Outcome::kFail) {
      failed_.insert(day);
      if (held) return transaction->Commit();
      quality::NewHold hold;
      hold.kind = "day";
      hold.owner = ingest_.name;
      hold.table = table;
      hold.check = check.Name();
      hold.files = {day};
      hold.message = fmt::format("{}: {}", day, result.message);
      SLUICE_TRY(quality::WriteHold(connection_, hold, run_).status());
    } else if (result.outcome == quality::Outcome::kWarn) {
      failed_.insert(day);
      warnings_->push_back(fmt::format("{}: {}", subject, result.message));
    } else if (result.outcome == quality::Outcome::kNotEnoughHistory) {
      (*young_)[check.Name()].insert(table);
    }
    return transaction->Commit();
  }

  // A day that was too small when it was judged, and is not with what came since.
  Status SettlePassed(const config::Check& check, const std::string& table) {
    SLUICE_ASSIGN(const auto open, quality::ListHolds(connection_, false));
    for (const quality::HoldRecord& hold : open) {
      if (hold.kind != "day" || hold.owner != ingest_.name || hold.table != table ||
          hold.check != check.Name() || hold.files.size() != 1) {
        continue;
      }
      const std::string& day = hold.files.front();
      const auto judged = judged_.find(day);
      if (judged == judged_.end() || !judged->second.passed) continue;
      const std::string why =
          fmt::format("the day has {} by now and passes",
                      Counted(static_cast<uint64_t>(judged->second.measured), "row"));
      SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
      SLUICE_TRY(quality::SettleHold(connection_, hold, "accepted", why, run_.now));
      SLUICE_TRY(transaction->Commit());
      notes_->push_back(
          fmt::format("{}.{}: {}: hold {} is settled: {}", ingest_.name, table, day, hold.id, why));
    }
    return Status::Ok();
  }

  // A day is held once, however often it is judged.
  Result<bool> IsHeld(const std::string& table, const std::string& day) {
    SLUICE_ASSIGN(const auto holds,
                  connection_.Scalar("SELECT count(*) FROM _sluice.holds WHERE owner = $1 AND "
                                     "table_name = $2 AND kind = 'day' AND files = $3",
                                     {ingest_.name, table, day}));
    return ToInt(holds) > 0;
  }

  struct Judged {
    bool passed = false;
    double measured = 0;
  };

  engine::Connection& connection_;
  const config::Ingest& ingest_;
  const quality::RunInfo& run_;
  std::vector<std::string>* warnings_;
  std::vector<std::string>* notes_;
  std::map<std::string, std::set<std::string>>* young_;
  std::map<std::string, double> volumes_;  // day -> rows
  bool groups_wait_ = false;
  std::map<std::string, Judged> judged_;  // the last time
  std::set<std::string> failed_;
};

}  // namespace

Status JudgeDays(engine::Connection& connection, const config::Ingest& ingest,
                 const quality::RunInfo& run, std::vector<std::string>* warnings,
                 std::vector<std::string>* notes,
                 std::map<std::string, std::set<std::string>>* young) {
  DayJudge judge(connection, ingest, run, warnings, notes, young);
  for (const config::Table& table : ingest.tables) {
    const std::string name =
        ingest.layout == "zenoti" ? CanonicalTableName(table.name) : table.name;
    std::vector<config::Check> checks = ingest.checks;
    checks.insert(checks.end(), table.checks.begin(), table.checks.end());
    for (const config::Check& check : checks) {
      const bool per_day = check.kind == config::Check::Kind::kVolume &&
                           check.volume.per == config::VolumeCheck::Per::kDay;
      const bool concerns =
          check.tables.empty() ||
          std::any_of(check.tables.begin(), check.tables.end(),
                      [&](const std::string& t) { return CanonicalTableName(t) == name; });
      const bool is_replaced = table.mode == config::Table::Mode::kReplace;
      if (per_day && concerns) SLUICE_TRY(judge.Judge(check, name, is_replaced));
    }
  }
  return Status::Ok();
}

}  // namespace sluice::ingest
