#include "sync/unfolded.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "env/file.h"
#include "sync/delivery_files.h"
#include "sync/delivery_log.h"
#include "sync/spool.h"

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

struct Place {
  uint64_t position = 0;
  std::string sent;
};

Result<std::optional<Place>> FindKey(const std::string& spool_path, std::string_view key) {
  SLUICE_ASSIGN(auto spool, SpoolReader::Open(spool_path));
  while (true) {
    const uint64_t position = spool.position();
    SLUICE_ASSIGN(auto row, spool.Next());
    if (!row) return std::optional<Place>();
    if (row->key == key) return std::optional<Place>(Place{position, std::move(row->sent)});
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

Result<std::vector<UnfoldedTry>> UnfoldedTriesOf(engine::Connection& connection,
                                                 const std::string& state_folder,
                                                 const std::string& sync, std::string_view key) {
  std::vector<UnfoldedTry> tries;
  SLUICE_ASSIGN(const auto files, FindFiles(connection, state_folder, sync));
  if (!files) return tries;
  SLUICE_ASSIGN(const auto place, FindKey(files->spool, key));
  if (!place) return tries;
  const auto visit = [&](uint64_t, const LogEntry& entry) {
    if (const auto* intent = std::get_if<LogIntent>(&entry)) {
      if (!Contains(intent->rows, place->position)) return Status::Ok();
      tries.push_back({intent->attempt, "in_flight", 0, "", "", place->sent, intent->at});
    } else if (const auto* outcome = std::get_if<LogOutcome>(&entry)) {
      for (const LogAnswer& answer : outcome->answers) {
        if (!Contains(answer.rows, place->position)) continue;
        if (tries.empty() || tries.back().attempt != outcome->attempt) {
          tries.push_back({outcome->attempt, "", 0, "", "", "", 0});  // never sent
        }
        UnfoldedTry& last = tries.back();
        last.state = StateName(answer.state);
        last.http_status = outcome->http_status;
        last.code = answer.code;
        last.message = answer.message;
        last.at = outcome->at;
      }
    }
    return Status::Ok();
  };
  SLUICE_TRY(ReadLog(files->log, visit).status());
  if (tries.empty()) tries.push_back({0, "waiting", 0, "", "", place->sent, 0});
  return tries;
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
