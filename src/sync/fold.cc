#include "sync/fold.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "sync/spool_table.h"
#include "sync/sql.h"

namespace sluice::sync {
namespace {

using engine::Value;

constexpr std::string_view kArrivedCode = "found_after_stop";

Value TextOrNull(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Status RunAll(engine::Connection& connection, const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) {
    SLUICE_TRY(connection.Execute(statement).status());
  }
  return Status::Ok();
}

// Reads the log into the table of answers, and sums up what is not about single rows.
class LogLoader {
 public:
  LogLoader(const FoldJob& job, engine::Appender& answers) : job_(job), answers_(answers) {}

  Status Visit(const LogEntry& entry) {
    if (const auto* header = std::get_if<LogHeader>(&entry)) return Header(*header);
    if (const auto* intent = std::get_if<LogIntent>(&entry)) return Intent(*intent);
    if (const auto* outcome = std::get_if<LogOutcome>(&entry)) return Outcome(*outcome);
    const auto& ending = std::get<LogEnding>(entry);
    summary_.outcome = ending.outcome;
    summary_.message = ending.message;
    summary_.warnings = ending.warnings;
    return Status::Ok();
  }

  // Intents that have no outcome: what became of them is unknown, unless it was found out.
  Status Finish() {
    for (const auto& [attempt, intent] : open_) {
      if (job_.undone.count(attempt) > 0) continue;
      const bool arrived = job_.arrived.count(attempt) > 0;
      LogAnswer answer;
      answer.state = arrived ? connector::RowState::kAcknowledged : connector::RowState::kUnknown;
      answer.code = arrived ? kArrivedCode : "interrupted";
      answer.message = arrived ? "found to have arrived after the delivery was interrupted"
                               : "the delivery was interrupted before an answer came";
      answer.rows = intent.rows;
      SLUICE_TRY(Append(attempt, 0, answer, true, intent.at));
    }
    return answers_.Close();
  }

  const LogHeader& header() const { return header_; }
  SyncSummary& summary() { return summary_; }
  // By position, up to the last row that was tried: the id of the answer that counts, or kUntried.
  std::vector<uint32_t> TakeFinal() { return std::move(final_); }
  bool once() const { return once_; }

 private:
  Status Header(const LogHeader& header) {
    if (header.sync != job_.sync || header.delivery_id != job_.delivery_id) {
      return FailedError(fmt::format("the delivery log {} belongs to delivery {} of {}",
                                     job_.log_path, header.delivery_id, header.sync));
    }
    header_ = header;
    return Status::Ok();
  }

  Status Intent(const LogIntent& intent) {
    open_.emplace(intent.attempt, intent);
    ++summary_.requests;
    summary_.bytes += intent.bytes;
    return Status::Ok();
  }

  Status Outcome(const LogOutcome& outcome) {
    const bool was_sent = open_.erase(outcome.attempt) > 0;
    for (const LogAnswer& answer : outcome.answers) {
      SLUICE_TRY(Append(outcome.attempt, outcome.http_status, answer, was_sent, outcome.at));
    }
    return Status::Ok();
  }

  Status Append(uint64_t attempt, int http_status, const LogAnswer& answer, bool was_sent,
                env::Micros at) {
    for (const RowRange& range : answer.rows) {
      if (weights_.size() > kMostAnswers) {
        return FailedError(fmt::format("the delivery log {} has too many answers", job_.log_path));
      }
      const auto id = static_cast<uint32_t>(weights_.size());
      weights_.push_back({Finality(answer.state), attempt});
      Judge(range, id);
      SLUICE_TRY(
          answers_.Row({static_cast<int64_t>(id), static_cast<int64_t>(attempt),
                        static_cast<int64_t>(range.first), static_cast<int64_t>(range.count),
                        std::string(StateName(answer.state)),
                        http_status == 0 ? Value() : Value(int64_t{http_status}),
                        TextOrNull(answer.code), TextOrNull(answer.message), was_sent,
                        env::FormatUtc(at, true), answer.state == connector::RowState::kAbsent}));
    }
    return Status::Ok();
  }

  // An answer for good counts, whichever came last; else that it may have arrived; else the last.
  static int Finality(connector::RowState state) {
    using connector::RowState;
    if (state == RowState::kAcknowledged || state == RowState::kRejected) return 2;
    return state == RowState::kUnknown ? 1 : 0;
  }

  void Judge(const RowRange& range, uint32_t id) {
    const uint64_t end = range.first + range.count;
    if (final_.size() < end) final_.resize(end, kUntried);
    for (uint64_t position = range.first; position < end; ++position) {
      uint32_t& final = final_[position];
      once_ &= final == kUntried;
      if (final == kUntried || weights_[final] < weights_[id]) final = id;
    }
  }

  static constexpr size_t kMostAnswers = std::numeric_limits<uint32_t>::max();

  const FoldJob& job_;
  engine::Appender& answers_;
  LogHeader header_;
  SyncSummary summary_;
  std::map<uint64_t, LogIntent> open_;  // as many as were in flight
  // By id, which is its place: finality, attempt. The first is nobody's.
  std::vector<std::pair<int, uint64_t>> weights_{{0, 0}};
  std::vector<uint32_t> final_;
  bool once_ = true;  // no row was tried twice
};

Status CountFinal(engine::Connection& connection, const sql::FoldNames& names,
                  SyncSummary& summary) {
  SLUICE_ASSIGN(const auto rows, connection.Rows(sql::CountStates(names)));
  for (const auto& row : rows) {
    const std::string state = engine::ToText(row[0]);
    const auto count = static_cast<uint64_t>(engine::ToInt(row[1]));
    if (state == "acknowledged") summary.acknowledged = count;
    if (state == "rejected") summary.rejected = count;
    if (state == "deferred") summary.deferred = count;
    if (state == "unknown") summary.unknown = count;
  }
  if (names.any_moves) {
    SLUICE_ASSIGN(const auto moves, connection.Rows(sql::CountMoves(names)));
    summary.identities = static_cast<uint64_t>(engine::ToInt(moves[0][0]));
    summary.moved = static_cast<uint64_t>(engine::ToInt(moves[0][1]));
  }
  SLUICE_ASSIGN(const auto refusals, connection.Rows(sql::CountRefusals(names)));
  for (const auto& row : refusals) {
    summary.refusals.push_back({engine::ToText(row[0]), engine::ToText(row[1]),
                                engine::ToText(row[2]),
                                static_cast<uint64_t>(engine::ToInt(row[3]))});
  }
  return Status::Ok();
}

// The run's own record holds what was planned and, as waiting, everything that is in the spool or
// was not even spooled. Promise 2: every planned row is in exactly one state.
Status Account(engine::Connection& connection, const FoldJob& job, uint64_t spooled,
               SyncSummary& summary) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT planned, waiting, unknown, acknowledged + rejected + deferred FROM "
                      "_sluice.sync_runs WHERE sync = $1 AND delivery_id = $2",
                      {job.sync, job.delivery_id}));
  if (rows.size() != 1) {
    return FailedError(fmt::format("delivery {} of {} has {} records of a run", job.delivery_id,
                                   job.sync, rows.size()));
  }
  const auto number = [&](size_t i) { return static_cast<uint64_t>(engine::ToInt(rows[0][i])); };
  const uint64_t settled =
      summary.acknowledged + summary.rejected + summary.deferred + summary.unknown;
  const uint64_t waiting_before = number(1);
  summary.planned = number(0);
  summary.unknown += number(2);
  const bool sound = number(3) == 0 && settled <= spooled && spooled <= waiting_before;
  summary.waiting = waiting_before - std::min(waiting_before, settled);
  if (!sound || summary.planned != summary.acknowledged + summary.rejected + summary.deferred +
                                       summary.waiting + summary.unknown) {
    return FailedError(fmt::format(
        "the rows of delivery {} of {} do not add up: {} planned, {} spooled, {} with an outcome",
        job.delivery_id, job.sync, summary.planned, spooled, settled));
  }
  return Status::Ok();
}

Status WriteRecords(engine::Connection& connection, const FoldJob& job, const SyncSummary& summary,
                    uint64_t left_over, env::Micros now) {
  const auto number = [](uint64_t n) { return static_cast<int64_t>(n); };
  SLUICE_TRY(
      connection
          .Execute(
              "UPDATE _sluice.sync_runs SET ended_at = CAST($3 AS TIMESTAMP), acknowledged = "
              "$4, rejected = $5, deferred = $6, waiting = $7, unknown = $8, requests = $9, "
              "bytes = $10, outcome = $11, message = $12 WHERE sync = $1 AND delivery_id = $2",
              {job.sync, job.delivery_id, env::FormatUtc(now, true), number(summary.acknowledged),
               number(summary.rejected), number(summary.deferred), number(summary.waiting),
               number(summary.unknown), number(summary.requests), number(summary.bytes),
               summary.outcome, TextOrNull(summary.message)})
          .status());
  const bool nothing_left = summary.Clean() && left_over == 0;
  SLUICE_TRY(connection
                 .Execute("UPDATE _sluice.syncs SET inputs = $2, mapping_digest = $3, run_id = $4, "
                          "finished_at = CAST($5 AS TIMESTAMP) WHERE sync = $1",
                          {job.sync, nothing_left && job.inputs ? Value(*job.inputs) : Value(),
                           TextOrNull(job.mapping_digest), job.run_id, env::FormatUtc(now, true)})
                 .status());
  return connection
      .Execute("DELETE FROM _sluice.deliveries WHERE sync = $1 AND delivery_id = $2",
               {job.sync, job.delivery_id})
      .status();
}

Status IsOpen(engine::Connection& connection, const FoldJob& job) {
  SLUICE_ASSIGN(const auto open,
                connection.Scalar("SELECT count(*) FROM _sluice.deliveries WHERE sync = $1 AND "
                                  "delivery_id = $2",
                                  {job.sync, job.delivery_id}));
  if (engine::ToInt(open) == 1) return Status::Ok();
  return NotFoundError(fmt::format("delivery {} of {} is not open", job.delivery_id, job.sync));
}

// The log and the rows that it is about, for statements to read.
struct Loaded {
  SyncSummary summary;
  uint64_t spooled = 0;  // rows of the delivery
  SpoolTable spool;
};

Result<Loaded> Load(engine::Connection& connection, const FoldJob& job, sql::FoldNames& names) {
  SLUICE_TRY(connection.Execute(sql::MakeAnswers(names)).status());
  SLUICE_ASSIGN(const auto answers, engine::Appender::Open(connection, "", names.Answers()));
  LogLoader log(job, *answers);
  SLUICE_TRY(ReadLog(job.log_path, [&](uint64_t, const LogEntry& entry) {
               return log.Visit(entry);
             }).status());
  SLUICE_TRY(log.Finish());
  auto final = log.TakeFinal();
  SLUICE_ASSIGN(const auto any, connection.Scalar(std::string(sql::kAnyDelivered), {job.sync}));
  names.any_before = engine::ToInt(any) > 0;
  const SpoolInfo& info = log.header().spool;
  SLUICE_ASSIGN(auto spool, SpoolTable::Bind(connection, job.spool_path, info, std::move(final)));
  names.spool = spool.sql();
  names.any_prior = spool.any_prior();
  names.any_moves = spool.any_moves();
  names.once = log.once();

  SyncSummary summary = std::move(log.summary());
  summary.delivery_id = job.delivery_id;
  if (summary.outcome.empty()) summary.outcome = "interrupted";
  SLUICE_TRY(CountFinal(connection, names, summary));
  return Loaded{std::move(summary), info.rows, std::move(spool)};
}

// In the caller's transaction.
Status Write(engine::Connection& connection, const FoldJob& job, const sql::FoldNames& names,
             uint64_t spooled, SyncSummary& summary, env::Clock& clock) {
  SLUICE_TRY(IsOpen(connection, job));
  SLUICE_TRY(Account(connection, job, spooled, summary));
  const std::string now = env::FormatUtc(clock.Now(), true);
  if (summary.moved > 0) SLUICE_TRY(RunAll(connection, sql::RecordMoved(names, now)));
  SLUICE_TRY(connection.Execute(sql::BeginSettling(names, now)).status());
  if (!names.taken_from.empty()) {
    SLUICE_ASSIGN(const auto taken, connection.Scalar(sql::CountTaken(names)));
    summary.taken_from = static_cast<uint64_t>(engine::ToInt(taken));
    if (summary.taken_from > 0) SLUICE_TRY(RunAll(connection, sql::ForgetTaken(names)));
  }
  SLUICE_TRY(connection.InAnyOrder([&] { return RunAll(connection, sql::WriteFold(names)); }));
  SLUICE_ASSIGN(const auto held,
                connection.Scalar("SELECT count(*) FROM _sluice.sync_findings WHERE sync = $1 AND "
                                  "kind = 'identifier_changed'",
                                  {job.sync}));
  // Held rows wait for a change of the model, not for the next run.
  // What follows a change of identity goes with the next difference.
  const uint64_t left_over =
      summary.identities +
      (summary.waiting - std::min(summary.waiting, static_cast<uint64_t>(engine::ToInt(held))));
  return WriteRecords(connection, job, summary, left_over, clock.Now());
}

Result<SyncSummary> LoadAndCommit(engine::Connection& connection, const FoldJob& job,
                                  sql::FoldNames& names, env::Clock& clock) {
  SLUICE_ASSIGN(auto loaded, Load(connection, job, names));
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  if (job.fence) SLUICE_TRY(warehouse::CheckFence(connection, *job.fence));
  SLUICE_TRY(Write(connection, job, names, loaded.spooled, loaded.summary, clock));
  SLUICE_TRY(transaction->Commit());
  return std::move(loaded.summary);
}

sql::FoldNames NamesOf(const FoldJob& job) {
  sql::FoldNames names{job.sync, job.run_id, job.delivery_id, job.payload};
  names.taken_from = job.taken_from;
  return names;
}

}  // namespace

Result<SyncSummary> FoldDelivery(engine::Connection& connection, const FoldJob& job,
                                 env::Clock& clock) {
  SLUICE_TRY(IsOpen(connection, job));
  sql::FoldNames names = NamesOf(job);
  auto summary = LoadAndCommit(connection, job, names, clock);
  for (const std::string& statement : sql::DropFold(names)) (void)connection.Execute(statement);
  return summary;
}

Result<SyncSummary> FoldWithin(engine::Connection& connection, const FoldJob& job,
                               env::Clock& clock) {
  sql::FoldNames names = NamesOf(job);
  SLUICE_ASSIGN(auto loaded, Load(connection, job, names));
  SLUICE_TRY(Write(connection, job, names, loaded.spooled, loaded.summary, clock));
  for (const std::string& statement : sql::DropFold(names)) {
    SLUICE_TRY(connection.Execute(statement).status());
  }
  return std::move(loaded.summary);
}

}  // namespace sluice::sync
