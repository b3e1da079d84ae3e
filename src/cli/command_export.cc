// `sluice export KEY`: all that is held about a person, as JSON, row by row.
#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/hand_loads.h"
#include "cli/json_writer.h"
#include "env/file.h"
#include "ingest/table_load.h"
#include "pipeline/person_places.h"
#include "pipeline/run.h"
#include "privacy/subject.h"
#include "warehouse/dialect.h"

namespace sluice::cli {
namespace {

using engine::ToText;
using pipeline::PersonPlace;
using Kind = pipeline::PersonPlace::Kind;

constexpr int64_t kFormatVersion = 1;

class Exporter {
 public:
  Exporter(const ReadContext& context, const config::Project& project)
      : context_(context),
        project_(project),
        connection_(context.connection()),
        json_(context.world.out) {}

  Status Run(const std::vector<privacy::Subject>& subjects,
             const std::vector<PersonPlace>& places) {
    json_.BeginObject();
    json_.Field("version", kFormatVersion);
    json_.Field("project", project_.name);
    json_.Field("env", project_.env);
    json_.Field("exported_at", env::FormatUtc(context_.world.clock.Now()));
    json_.Field("asked_for", context_.arguments.subject);
    WriteSubjects(subjects);
    SLUICE_TRY(WriteRows("tables", places, {Kind::kTable}));
    SLUICE_TRY(WriteRows("models", places, {Kind::kModel}));
    SLUICE_TRY(WriteRows("held", places, {Kind::kStage}));
    SLUICE_TRY(WriteRows("quarantine", places, {Kind::kQuarantine, Kind::kFixes}));
    SLUICE_TRY(WriteRows("delivered", places, {Kind::kDelivered}));
    SLUICE_TRY(WriteRows("attempts", places, {Kind::kAttempts}));
    SLUICE_TRY(WriteRows("left_out", places, {Kind::kFindings}));
    SLUICE_TRY(WriteNotes());
    json_.EndObject();
    json_.Finish();
    return Status::Ok();
  }

 private:
  void WriteSubjects(const std::vector<privacy::Subject>& subjects) {
    json_.Name("persons");
    json_.BeginArray();
    for (const privacy::Subject& subject : subjects) {
      json_.BeginObject();
      json_.Field("person", subject.person);
      WriteTexts("keys", subject.keys);
      json_.Name("identifiers");
      json_.BeginObject();
      for (const auto& [name, values] : subject.identifiers) WriteTexts(name, values);
      json_.EndObject();
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteTexts(const std::string& name, const std::vector<std::string>& texts) {
    json_.Name(name);
    json_.BeginArray();
    for (const std::string& text : texts) json_.Text(text);
    json_.EndArray();
  }

  Status WriteRows(std::string_view section, const std::vector<PersonPlace>& places,
                   const std::vector<Kind>& kinds) {
    json_.Name(section);
    json_.BeginArray();
    for (const PersonPlace& place : places) {
      if (std::find(kinds.begin(), kinds.end(), place.kind) == kinds.end()) continue;
      SLUICE_TRY(WritePlace(place));
    }
    json_.EndArray();
    return Status::Ok();
  }

  // With the file that a loaded row came from, and when.
  Status WritePlace(const PersonPlace& place) {
    const bool loaded = place.kind == Kind::kTable || place.kind == Kind::kStage;
    bool lineage = false;
    if (loaded) {
      SLUICE_ASSIGN(const auto columns, warehouse::ColumnsOf(connection_, place.name));
      lineage = std::any_of(columns.begin(), columns.end(),
                            [](const auto& column) { return column.name == ingest::kFileColumn; });
    }
    const std::string select =
        lineage && place.kind == Kind::kTable
            ? fmt::format(
                  "SELECT to_json(t)::VARCHAR, (SELECT max(address) FROM _sluice.files AS "
                  "f WHERE f.file_id = t.{}), (SELECT max(published_at) FROM _sluice.loads "
                  "AS l WHERE l.load_id = t.{})::VARCHAR FROM {} AS t WHERE {}",
                  warehouse::QuoteName(ingest::kFileColumn),
                  warehouse::QuoteName(ingest::kLoadColumn), place.relation, place.condition)
            : fmt::format("SELECT to_json(t)::VARCHAR, NULL, NULL FROM {} AS t WHERE {}",
                          place.relation, place.condition);
    SLUICE_ASSIGN(auto result, connection_.Stream(select));
    while (context_.world.out.good()) {
      SLUICE_ASSIGN(const auto batch, result.Next());
      if (!batch) break;
      for (size_t row = 0; row < batch->rows(); ++row) {
        json_.BeginObject();
        json_.Field("where", place.name);
        if (!batch->is_null(1, row)) json_.Field("file", ToText(batch->value(1, row)));
        if (!batch->is_null(2, row)) json_.Field("loaded_at", ToText(batch->value(2, row)));
        json_.Name("row");
        json_.Raw(batch->text(0, row));
        json_.EndObject();
      }
    }
    return Status::Ok();
  }

  Status WriteNotes() {
    std::vector<std::string> notes = {
        "Views are not listed: their rows are those of the tables behind them.",
        "Files in the store that tables were loaded from, backups, and what destinations hold "
        "beyond "
        "what was sent to them, are not looked at."};
    SLUICE_ASSIGN(const auto open,
                  connection_.Rows("SELECT sync FROM _sluice.deliveries ORDER BY sync"));
    for (const auto& row : open) {
      notes.push_back(
          fmt::format("The delivery of sync {} is open: what it did is known when it has ended.",
                      ToText(row[0])));
    }
    WriteTexts("notes", notes);
    return Status::Ok();
  }

  const ReadContext& context_;
  const config::Project& project_;
  engine::Connection& connection_;
  JsonWriter json_;
};

}  // namespace

Result<int> ExportPerson(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  config::Project project = context.runtime.project();
  if (project.persons.empty()) {
    return ConfigError("the project file says of no table whose rows are about a person",
                       "Name them under persons: docs/privacy.md");
  }
  SLUICE_TRY(AddHandLoads(context.connection(), project));
  const Arguments& arguments = context.arguments;
  SLUICE_ASSIGN(const auto subjects,
                privacy::FindSubjects(context.connection(), project.persons,
                                      {arguments.subject, arguments.in, arguments.all}));
  SLUICE_ASSIGN(const auto places,
                pipeline::FindPersonPlaces(context.connection(), project, subjects));
  if (places.empty()) {
    return NotFoundError("nothing is held about whom you name",
                         "The key, or an identifier, as persons in the project file names them");
  }
  SLUICE_TRY(Exporter(context, project).Run(subjects, places));
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
