#include <ostream>

#include "cli/json_writer.h"
#include "cli/plan_output.h"
#include "cli/unmatched_json.h"

namespace sluice::cli {
namespace {

void WriteStrings(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.Name(name);
  json.BeginArray();
  for (const std::string& text : texts) json.Text(text);
  json.EndArray();
}

void WriteIngest(JsonWriter& json, const ingest::IngestPlan& plan) {
  json.BeginObject();
  json.Field("name", plan.ingest);
  json.Field("files", static_cast<int64_t>(plan.files()));
  json.Field("groups", static_cast<int64_t>(plan.groups()));
  json.Field("bytes", static_cast<int64_t>(plan.bytes()));
  json.Name("steps");
  json.BeginArray();
  for (const ingest::Step& step : plan.steps) {
    json.BeginObject();
    json.Field("label", step.label);
    json.Name("loads");
    json.BeginArray();
    for (const ingest::TableLoad& load : step.loads) {
      json.BeginObject();
      json.Field("table", load.target.name);
      json.Field("mode", ingest::MergeName(load.target.merge));
      json.Name("files");
      json.BeginArray();
      for (const ingest::LoadFile& file : load.files) {
        json.BeginObject();
        json.Field("connection", file.connection);
        json.Field("path", file.stored.path);
        json.Field("bytes", static_cast<int64_t>(file.stored.size));
        json.FieldOrNull("pod", file.pod);
        json.Field("group", file.group);
        json.Field("log_id", file.log_id);
        json.EndObject();
      }
      json.EndArray();
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.Name("waiting");
  json.BeginArray();
  for (const auto& waiting : plan.waiting) {
    json.BeginObject();
    json.Field("table", waiting.table);
    json.FieldOrNull("pod", waiting.pod);
    json.Field("hold", waiting.hold_id);
    json.Field("groups", waiting.groups);
    json.EndObject();
  }
  json.EndArray();
  json.Name("rebuilds");
  json.BeginArray();
  for (const ingest::Rebuild& rebuild : plan.rebuilds) {
    json.BeginObject();
    json.Field("table", rebuild.target.name);
    json.FieldOrNull("pod", rebuild.pod);
    json.Field("files", static_cast<int64_t>(rebuild.files()));
    json.Field("bytes", static_cast<int64_t>(rebuild.bytes()));
    json.Field("because", rebuild.reason);
    const bool restores = rebuild.partial && !rebuild.loads.empty();
    json.FieldOrNull("month", restores ? rebuild.loads.front().restore->month.Text() : "");
    json.EndObject();
  }
  json.EndArray();
  json.Name("late");
  json.BeginArray();
  for (const ingest::LateFile& late : plan.late) {
    json.BeginObject();
    json.Field("table", late.table);
    json.FieldOrNull("pod", late.pod);
    json.Field("group", late.group);
    json.Field("path", late.file.path);
    json.Field("changed", late.changed);
    json.FieldOrNull("why", late.why);
    json.EndObject();
  }
  json.EndArray();
  json.Name("without_key");
  json.BeginArray();
  for (const auto& [table, files] : plan.unknown_tables) {
    json.BeginObject();
    json.Field("table", table);
    json.Field("files", files);
    json.EndObject();
  }
  json.EndArray();
  WriteUnmatched(json, plan.unmatched);
  WriteStrings(json, "unsettled", plan.unsettled);
  WriteStrings(json, "notes", plan.notes);
  WriteStrings(json, "problems", plan.problems);
  json.EndObject();
}

}  // namespace

void WritePlanJson(std::ostream& out, const ShownPlan& shown) {
  const pipeline::ProjectPlan& plan = shown.plan;
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Name("ingests");
  json.BeginArray();
  for (const ingest::IngestPlan& ingest : plan.ingests) WriteIngest(json, ingest);
  json.EndArray();
  WriteStrings(json, "models", plan.models);
  json.Name("syncs");
  json.BeginArray();
  for (const pipeline::PlannedSync& sync : plan.syncs) {
    json.BeginObject();
    json.Field("name", sync.name);
    json.FieldOrNull("text", sync.text);
    json.FieldOrNull("problem", sync.problem);
    json.FieldOrNull("waits_for_hold", sync.hold_id);
    json.Name("plan");
    if (sync.json.empty()) {
      json.Null();
    } else {
      json.Raw(sync.json);
    }
    json.EndObject();
  }
  json.EndArray();
  json.Name("holds");
  json.BeginArray();
  for (const pipeline::PlannedHold& planned : plan.holds) {
    json.BeginObject();
    json.Field("id", planned.hold.id);
    json.Field("kind", planned.hold.kind);
    json.Field("what", pipeline::HeldName(planned.hold));
    json.Field("message", planned.hold.message);
    json.Field("groups_behind", planned.groups_behind);
    json.Field("would_be", planned.would_be);
    WriteStrings(json, "waiting", planned.waiting);
    json.EndObject();
  }
  json.EndArray();
  WriteStrings(json, "problems", plan.problems);
  json.Name("load");
  if (shown.load == nullptr) {
    json.Null();
  } else {
    json.Raw(pipeline::ToJson(*shown.load));
  }
  json.EndObject();
  json.Finish();
}

}  // namespace sluice::cli
