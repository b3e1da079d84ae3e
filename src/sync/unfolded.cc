#include "sync/unfolded.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "env/file.h"
#include "sync/delivery_files.h"
#include "sync/delivery_log.h"
#include "sync/recover.h"

namespace sluice::sync {
namespace {

using connector::RowState;

struct OpenFiles {
  int64_t delivery_id = 0;
  std::string log;
  std::string spool;
};

Result<std::optional<OpenFiles>> FindFiles(engine::Connection& connection,
                                           const std::string& state_folder,
                                           const std::string& sync) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT max(delivery_id), max(host) FROM _sluice.deliveries WHERE "
                                "sync = $1",
                                {sync}));
  const int64_t id = engine::ToInt(rows[0][0]);
  if (id == 0) return std::optional<OpenFiles>();
  const DeliveryFiles files(state_folder, sync);
  if (!env::Exists(files.Log(id))) {
    return NotFoundError(
        fmt::format("delivery {} of {} is open, but its log {} is not here (it was "
                    "made on {})",
                    id, sync, files.Log(id), engine::ToText(rows[0][1])));
  }
  return std::optional<OpenFiles>(OpenFiles{id, files.Log(id), files.Spool(id)});
}

uint64_t CountRows(const std::vector<RowRange>& ranges) {
  uint64_t count = 0;
  for (const RowRange& range : ranges) count += range.count;
  return count;
}

bool Contains(const std::vector<RowRange>& ranges, uint64_t position) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const RowRange& range) {
    return position >= range.first && position < range.first + range.count;
  });
}

using Places = std::map<uint64_t, UnfoldedRow>;  // by position in the spool

Result<Places> FindRows(const OpenFiles& files, const std::function<bool(const SpoolRow&)>& matches,
                        size_t most, std::map<uint64_t, std::string>& sent) {
  Places places;
  if (!env::Exists(files.spool)) {
    return NotFoundError(fmt::format("the spool {} is not here", files.spool));
  }
  SLUICE_ASSIGN(auto spool, SpoolReader::Open(files.spool));
  while (places.size() < most) {
    const uint64_t position = spool.position();
    SLUICE_ASSIGN(auto row, spool.Next());
    if (!row) break;
    if (!matches(*row)) continue;
    UnfoldedRow found;
    found.delivery_id = files.delivery_id;
    found.key = std::move(row->key);
    found.identity = std::move(row->identity);
    found.payload = std::move(row->payload);
    sent[position] = std::move(row->sent);
    places.emplace(position, std::move(found));
  }
  return places;
}

void AddIntent(const LogIntent& intent, const std::map<uint64_t, std::string>& sent,
               Places& places) {
  for (auto& [position, row] : places) {
    if (!Contains(intent.rows, position)) continue;
    row.tries.push_back({intent.attempt, "in_flight", 0, "", "", sent.at(position), intent.at});
  }
}

void AddOutcome(const LogOutcome& outcome, Places& places) {
  for (const LogAnswer& answer : outcome.answers) {
    for (auto& [position, row] : places) {
      if (!Contains(answer.rows, position)) continue;
      if (row.tries.empty() || row.tries.back().attempt != outcome.attempt) {
        row.tries.push_back({outcome.attempt, "", 0, "", "", "", 0});  // never sent
      }
      UnfoldedTry& last = row.tries.back();
      last.state = StateName(answer.state);
      last.http_status = outcome.http_status;
      last.code = answer.code;
      last.message = answer.message;
      last.at = outcome.at;
    }
  }
}

}  // namespace

Result<std::optional<UnfoldedDelivery>> ReadUnfolded(engine::Connection& connection,
                                                     const std::string& state_folder,
                                                     const std::string& sync) {
  SLUICE_ASSIGN(const auto files, FindFiles(connection, state_folder, sync));
  if (!files) return std::optional<UnfoldedDelivery>();
  UnfoldedDelivery delivery;
  delivery.delivery_id = files->delivery_id;
  std::map<uint64_t, uint64_t> open;  // attempt -> rows
  const auto visit = [&](uint64_t, const LogEntry& entry) {
    if (const auto* header = std::get_if<LogHeader>(&entry)) {
      delivery.run_id = header->run_id;
      delivery.host = header->host;
      delivery.started = header->at;
      delivery.rows = header->spool.rows;
    } else if (const auto* intent = std::get_if<LogIntent>(&entry)) {
      ++delivery.requests;
      open[intent->attempt] = CountRows(intent->rows);
    } else if (const auto* outcome = std::get_if<LogOutcome>(&entry)) {
      open.erase(outcome->attempt);
      for (const LogAnswer& answer : outcome->answers) {
        if (answer.state == RowState::kAcknowledged)
          delivery.acknowledged += CountRows(answer.rows);
        if (answer.state == RowState::kRejected) delivery.rejected += CountRows(answer.rows);
      }
    } else {
      delivery.outcome = std::get<LogEnding>(entry).outcome;
    }
    return Status::Ok();
  };
  SLUICE_TRY(ReadLog(files->log, visit).status());
  for (const auto& [attempt, rows] : open) delivery.in_flight += rows;
  return std::optional<UnfoldedDelivery>(std::move(delivery));
}

Result<std::vector<UnfoldedRow>> UnfoldedRowsOf(engine::Connection& connection,
                                                const std::string& state_folder,
                                                const std::string& sync,
                                                const std::function<bool(const SpoolRow&)>& matches,
                                                size_t most) {
  std::vector<UnfoldedRow> rows;
  SLUICE_ASSIGN(const auto files, FindFiles(connection, state_folder, sync));
  if (!files) return rows;
  std::map<uint64_t, std::string> sent;
  SLUICE_ASSIGN(Places places, FindRows(*files, matches, most, sent));
  if (places.empty()) return rows;
  std::string run_id;
  const auto visit = [&](uint64_t, const LogEntry& entry) {
    if (const auto* header = std::get_if<LogHeader>(&entry)) run_id = header->run_id;
    if (const auto* intent = std::get_if<LogIntent>(&entry)) AddIntent(*intent, sent, places);
    if (const auto* outcome = std::get_if<LogOutcome>(&entry)) AddOutcome(*outcome, places);
    return Status::Ok();
  };
  SLUICE_TRY(ReadLog(files->log, visit).status());
  for (auto& [position, row] : places) {
    if (row.tries.empty()) row.tries.push_back({0, "waiting", 0, "", "", sent.at(position), 0});
    row.run_id = run_id;
    rows.push_back(std::move(row));
  }
  return rows;
}

Status ReadAsFolded(engine::Connection& connection, const std::string& state_folder,
                    const std::string& sync, const std::string& host, env::Clock& clock,
                    const std::function<Status()>& read) {
  SLUICE_ASSIGN(const bool open, IsAnyOpen(connection, sync));
  if (!open) return read();
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(RecoverWithin(connection, {sync, host, std::nullopt},
                           DeliveryFiles(state_folder, sync), clock)
                 .status());
  return read();
}

Result<std::string> DumpLog(const std::string& log_path) {
  std::string out;
  SLUICE_ASSIGN(const LogExtent extent,
                ReadLog(log_path, [&](uint64_t offset, const LogEntry& entry) {
                  out += DescribeEntry(offset, entry) + "\n";
                  return Status::Ok();
                }));
  if (extent.torn > 0) out += fmt::format("{:>10}  torn     {} bytes\n", extent.valid, extent.torn);
  return out;
}

}  // namespace sluice::sync
