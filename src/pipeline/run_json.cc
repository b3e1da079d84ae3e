#include <nlohmann/json.hpp>

#include "pipeline/run.h"

namespace sluice::pipeline {
namespace {

using Json = nlohmann::ordered_json;

Json OfCounts(const ingest::FileCounts& c) {
  return {{"read", c.read},
          {"inserted", c.inserted},
          {"updated", c.updated},
          {"unchanged", c.unchanged},
          {"delete_matched", c.delete_matched},
          {"delete_unmatched", c.delete_unmatched},
          {"superseded", c.superseded},
          {"skipped", c.skipped},
          {"quarantined", c.quarantined},
          {"key_collisions", c.key_collisions},
          {"too_long", c.too_long},
          {"forgotten", c.forgotten}};
}

Json OfIngest(const IngestReport& report) {
  Json loads = Json::array();
  for (const ingest::LoadOutcome& load : report.result.loads) {
    loads.push_back({{"table", load.table},
                     {"label", load.label},
                     {"outcome", load.outcome},
                     {"message", load.message},
                     {"hold", load.hold_id},
                     {"rows", OfCounts(load.counts)}});
  }
  return {{"name", report.name},
          {"outcome", report.outcome},
          {"message", report.message},
          {"rows", OfCounts(report.result.total)},
          {"late_files", report.result.late_files},
          {"holds", report.result.hold_ids},
          {"loads", loads}};
}

Json OfModel(const ModelReport& report) {
  Json json = {{"name", report.name},
               {"outcome", report.outcome},
               {"message", report.message},
               {"hold", report.hold_id}};
  if (report.rows >= 0) json["rows"] = report.rows;
  return json;
}

Json OfSync(const SyncReport& report) {
  return {{"name", report.name},
          {"outcome", report.outcome},
          {"message", report.message},
          {"planned", report.planned},
          {"acknowledged", report.acknowledged},
          {"rejected", report.rejected},
          {"deferred", report.deferred},
          {"waiting", report.waiting},
          {"unknown", report.unknown},
          {"left_out", report.left_out},
          {"rejected_before", report.rejected_before},
          {"unchanged", report.unchanged},
          {"requests", report.requests},
          {"bytes", report.bytes}};
}

}  // namespace

std::string ToJson(const RunReport& report) {
  Json json = {{"version", 1},
               {"run", report.run_id},
               {"exit_code", report.exit_code},
               {"seconds", report.seconds},
               {"ingests", Json::array()},
               {"models", Json::array()},
               {"syncs", Json::array()},
               {"warnings", report.warnings}};
  for (const IngestReport& ingest : report.ingests) json["ingests"].push_back(OfIngest(ingest));
  for (const ModelReport& model : report.models) json["models"].push_back(OfModel(model));
  for (const SyncReport& sync : report.syncs) json["syncs"].push_back(OfSync(sync));
  // Names of files may hold bytes that are no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::pipeline
