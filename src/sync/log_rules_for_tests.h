// What holds of every delivery's log, however the delivery went.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "sync/delivery_log.h"

namespace sluice::sync {

struct LogRules {
  // The first thing that does not hold; "" when all do. Never more requests on their way than `parallel`, so
  // that an answer is in the log before its place is filled again; no row in two of them; none again after
  // its final state.
  std::string broken;
  std::set<uint64_t> final;      // rows that were acknowledged or rejected
  std::set<uint64_t> under_way;  // rows of requests without an answer
};

inline LogRules CheckLog(const std::string& path, size_t parallel) {
  LogRules rules;
  std::map<uint64_t, std::vector<RowRange>> open;
  const auto breaks = [&](const std::string& what) {
    if (rules.broken.empty()) rules.broken = what;
  };
  const auto each = [](const std::vector<RowRange>& ranges, const auto& visit) {
    for (const RowRange& range : ranges) {
      for (uint64_t row = range.first; row < range.first + range.count; ++row) visit(row);
    }
  };
  const auto extent = ReadLog(path, [&](uint64_t, const LogEntry& entry) {
    if (const auto* intent = std::get_if<LogIntent>(&entry)) {
      open[intent->attempt] = intent->rows;
      if (open.size() > parallel) breaks(std::to_string(open.size()) + " requests at once");
      each(intent->rows, [&](uint64_t row) {
        if (!rules.under_way.insert(row).second) breaks("row " + std::to_string(row) + " twice");
        if (rules.final.count(row) > 0) breaks("row " + std::to_string(row) + " after its answer");
      });
    } else if (const auto* outcome = std::get_if<LogOutcome>(&entry)) {
      each(open[outcome->attempt], [&](uint64_t row) { rules.under_way.erase(row); });
      open.erase(outcome->attempt);
      for (const LogAnswer& answer : outcome->answers) {
        const bool is_final = answer.state == connector::RowState::kAcknowledged ||
                              answer.state == connector::RowState::kRejected;
        if (is_final) each(answer.rows, [&](uint64_t row) { rules.final.insert(row); });
      }
    }
    return Status::Ok();
  });
  if (!extent.ok()) breaks(extent.status().ToString());
  return rules;
}

}  // namespace sluice::sync
