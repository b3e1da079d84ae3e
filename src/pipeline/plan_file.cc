#include "pipeline/plan_file.h"

#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/json_text.h"

namespace sluice::pipeline {
namespace {

using Json = nlohmann::ordered_json;

std::string_view ChangeName(sync::Change change) {
  switch (change) {
    case sync::Change::kAdded:
      return "added";
    case sync::Change::kChanged:
      return "changed";
    case sync::Change::kReturned:
      return "returned";
    case sync::Change::kRetried:
      return "retried";
    case sync::Change::kIdentity:
      return "identity";
    case sync::Change::kRemoved:
      break;
  }
  return "removed";
}

Status NoPlan(const std::string& path, std::string_view what) {
  return ConfigError(fmt::format("{} {}", path, what), "sluice plan --out FILE makes one");
}

}  // namespace

void WritePlanHead(std::ostream& out, const config::Project& project, bool deep) {
  Json head = {{"sluice_plan", 1}, {"project", project.name}, {"env", project.env}};
  if (deep) head["deep"] = true;
  out << head.dump() << "\n";
}

void WritePlannedRow(std::ostream& out, const std::string& sync, const sync::SpoolRow& row) {
  // By hand: numbers of payloads are longer than a reader of JSON can hold.
  std::string line = "{\"sync\":";
  AppendJsonString(line, sync);
  line += ",\"change\":\"";
  line += ChangeName(row.change);
  line += "\",\"key\":";
  AppendJsonString(line, row.key);
  out << line << ",\"sent\":" << row.sent << "}\n";
}

void WritePlannedSync(std::ostream& out, const std::string& sync, const sync::SyncPlan& plan,
                      const std::map<std::string, std::string>& fields) {
  const Json line = {{"plan_of", sync},
                     {"rows", plan.planned.rows},
                     {"requests", plan.totals.requests},
                     {"bytes", plan.totals.bytes},
                     {"least_seconds", plan.LeastSeconds()},
                     {"requests_per_day", plan.requests_per_day},
                     {"left_today", plan.left_today},
                     {"days_to_wait", plan.DaysToWait()},
                     {"new_fields", fields},
                     {"held", plan.held},
                     {"mapping", plan.mapping},
                     {"digest", plan.planned.digest.Hex()}};
  out << line.dump() << "\n";
}

Result<std::map<std::string, PlannedDelivery>> ReadPlanFile(const std::string& path,
                                                            const config::Project& project) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!file || !std::getline(file, line)) return NoPlan(path, "cannot be read");
  const Json head = Json::parse(line, nullptr, false);
  if (!head.is_object() || head.value("sluice_plan", 0) != 1) return NoPlan(path, "is no plan");
  if (head.value("project", "") != project.name || head.value("env", "") != project.env) {
    return NoPlan(path, fmt::format("is a plan of the project {} in the environment {}",
                                    head.value("project", "?"), head.value("env", "?")));
  }
  std::map<std::string, PlannedDelivery> deliveries;
  uint64_t rows = 0;
  while (std::getline(file, line)) {
    if (line.rfind("{\"plan_of\"", 0) != 0) {
      ++rows;
      continue;
    }
    const Json sync = Json::parse(line, nullptr, false);
    if (!sync.is_object() || sync.value("rows", uint64_t{0}) != rows || !sync.contains("digest")) {
      return NoPlan(path, "is not whole");
    }
    deliveries[sync.value("plan_of", "")] = {sync.value("mapping", ""), rows,
                                             sync.value("digest", ""), head.value("deep", false)};
    rows = 0;
  }
  if (rows > 0 || deliveries.empty()) return NoPlan(path, "is not whole");
  return deliveries;
}

}  // namespace sluice::pipeline
