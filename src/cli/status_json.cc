#include <algorithm>

#include "cli/json_writer.h"
#include "cli/run_list.h"
#include "cli/status_output.h"
#include "cli/unmatched_json.h"

namespace sluice::cli {
namespace {

void WriteIngests(JsonWriter& json, const StatusData& data) {
  json.Name("ingests");
  json.BeginArray();
  for (const IngestStatus& ingest : data.ingests) {
    json.BeginObject();
    json.Field("name", ingest.name);
    json.Field("layout", ingest.layout);
    json.Name("tables");
    json.BeginArray();
    for (const TableStatus& table : ingest.tables) {
      json.BeginObject();
      json.Field("table", table.table);
      json.Field("connection", table.connection);
      json.FieldOrNull("pod", table.pod);
      json.Field("group", table.group);
      json.Field("log_id", table.log_id);
      json.FieldOrNull("loaded_at", table.loaded_at);
      if (table.rows < 0) {
        json.Name("rows");
        json.Null();
      } else {
        json.Field("rows", table.rows);
      }
      json.Field("table_rows", table.table_rows);
      json.EndObject();
    }
    json.EndArray();
    json.Name("never_loaded");
    json.BeginArray();
    for (const std::string& table : ingest.never_loaded) json.Text(table);
    json.EndArray();
    json.Name("waiting");
    const WaitingStatus& waiting = ingest.waiting;
    json.BeginObject();
    json.Field("known", waiting.known);
    json.FieldOrNull("why_not", waiting.why_not);
    json.Field("files", waiting.files);
    json.Field("groups", waiting.groups);
    json.Field("bytes", waiting.bytes);
    json.Field("late_files", waiting.late_files);
    json.Name("held");
    json.BeginArray();
    for (const WaitingStatus::Held& held : waiting.held) {
      json.BeginObject();
      json.Field("table", held.table);
      json.FieldOrNull("pod", held.pod);
      json.Field("hold", held.hold_id);
      json.Field("groups", held.groups);
      json.EndObject();
    }
    json.EndArray();
    json.Name("not_whole_yet");
    json.BeginArray();
    for (const std::string& group : waiting.unsettled) json.Text(group);
    json.EndArray();
    json.Field("unfit_files", waiting.unfit);
    json.Name("rebuilds");
    json.BeginArray();
    for (const std::string& rebuild : waiting.rebuilds) json.Text(rebuild);
    json.EndArray();
    json.Name("without_key");
    json.BeginObject();
    for (const auto& [table, files] : waiting.without_key) json.Field(table, files);
    json.EndObject();
    WriteUnmatched(json, waiting.unmatched);
    json.Name("problems");
    json.BeginArray();
    for (const std::string& problem : waiting.problems) json.Text(problem);
    json.EndArray();
    json.EndObject();
    json.EndObject();
  }
  json.EndArray();
}

void WriteSyncs(JsonWriter& json, const StatusData& data) {
  json.Name("syncs");
  json.BeginArray();
  for (const SyncStatus& sync : data.syncs) {
    json.BeginObject();
    json.Field("name", sync.name);
    json.Name("last_run");
    if (!sync.ever_run) {
      json.Null();
    } else {
      json.BeginObject();
      json.Field("run", sync.run_id);
      json.Field("started_at", sync.started_at);
      json.FieldOrNull("ended_at", sync.ended_at);
      json.FieldOrNull("outcome", sync.outcome);
      json.FieldOrNull("message", sync.message);
      json.Field("planned", sync.planned);
      json.Field("acknowledged", sync.acknowledged);
      json.Field("rejected", sync.rejected);
      json.Field("deferred", sync.deferred);
      json.Field("waiting", sync.waiting);
      json.Field("unknown", sync.unknown);
      json.Field("requests", sync.requests);
      json.EndObject();
    }
    json.Name("rows");
    json.BeginObject();
    for (const auto& [state, rows] : sync.states) json.Field(state, rows);
    json.EndObject();
    json.Field("left_out", sync.left_out);
    json.Field("delivery_open", sync.delivery_open);
    json.Field("delivery_under_way", IsUnderWay(data, sync));
    json.FieldOrNull("delivery_problem", sync.delivery_problem);
    json.EndObject();
  }
  json.EndArray();
}

void WriteRun(JsonWriter& json, const pipeline::RunSummary& run) {
  json.BeginObject();
  json.Field("id", run.run_id);
  json.Field("command", run.command);
  json.Field("outcome", OutcomeOf(run));
  json.Field("started_at", run.started_at);
  json.FieldOrNull("ended_at", run.ended_at);
  json.Field("process", run.process);
  json.EndObject();
}

}  // namespace

bool IsUnderWay(const StatusData& data, const SyncStatus& sync) {
  return sync.delivery &&
         std::any_of(data.running.begin(), data.running.end(),
                     [&](const auto& run) { return run.run_id == sync.delivery->run_id; });
}

void WriteStatusJson(std::ostream& out, const StatusData& data) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("project", data.project);
  json.Field("env", data.env);
  json.Name("warehouse");
  json.BeginObject();
  json.Field("path", data.warehouse);
  json.Field("exists", data.warehouse_exists);
  json.Field("bytes", data.warehouse_bytes);
  json.EndObject();
  WriteIngests(json, data);
  json.Name("holds");
  json.BeginArray();
  for (const quality::HoldRecord& hold : data.holds) {
    json.BeginObject();
    json.Field("id", hold.id);
    json.Field("kind", hold.kind);
    json.Field("owner", hold.owner);
    json.FieldOrNull("table", hold.table);
    json.FieldOrNull("pod", hold.pod);
    json.Field("group", hold.group);
    json.Field("message", hold.message);
    json.Field("created_at", hold.created_at);
    json.EndObject();
  }
  json.EndArray();
  json.Field("quarantined", data.quarantined);
  json.Name("models");
  json.BeginArray();
  for (const ModelStatus& model : data.models) {
    json.BeginObject();
    json.Field("name", model.name);
    json.FieldOrNull("kind", model.kind);
    json.FieldOrNull("built_at", model.built_at);
    json.EndObject();
  }
  json.EndArray();
  WriteSyncs(json, data);
  json.Name("last_run");
  if (data.last_run) {
    WriteRun(json, *data.last_run);
  } else {
    json.Null();
  }
  json.Name("running");
  json.BeginArray();
  for (const pipeline::RunSummary& run : data.running) WriteRun(json, run);
  json.EndArray();
  json.EndObject();
  json.Finish();
}

}  // namespace sluice::cli
