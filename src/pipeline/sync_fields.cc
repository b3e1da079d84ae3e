#include "pipeline/sync_fields.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::pipeline {

FieldNotes LookAtFields(const std::string& connection, connector::Destination& destination,
                        const std::vector<connector::FieldToSend>& fields,
                        const env::Cancel* cancel) {
  FieldNotes notes;
  connector::FieldCatalog* catalog = destination.catalog();
  if (catalog == nullptr) return notes;
  auto report = catalog->Compare(fields, cancel);
  if (!report.ok()) {
    notes.problem = report.status().message();
    notes.lines.push_back("the fields at the destination are not known: " + notes.problem);
    return notes;
  }
  notes.report = std::move(report).value();
  const auto& created = notes.report.created;
  if (!created.empty()) {
    std::vector<std::string> names;
    for (const auto& [name, type] : created) names.push_back(fmt::format("{} ({})", name, type));
    notes.lines.push_back(fmt::format("{} gets {}: {}", connection,
                                      Counted(created.size(), "new field"), Join(names, ", ")));
  }
  const auto& dropped = notes.report.dropped;
  if (!dropped.empty()) {
    notes.lines.push_back(fmt::format("{} does not have {}, and will drop {}: {}", connection,
                                      Counted(dropped.size(), "field"),
                                      dropped.size() == 1 ? "it" : "them", Join(dropped, ", ")));
  }
  const size_t after = notes.report.there + created.size();
  if (notes.report.most > 0 && after > notes.report.most) {
    notes.lines.push_back(fmt::format(
        "{} has {}; with new ones there would be {}, more than the {} that it may have", connection,
        Counted(notes.report.there, "field"), Thousands(after), Thousands(notes.report.most)));
  }
  for (const std::string& conflict : notes.report.conflicts) {
    notes.lines.push_back("conflict: " + conflict);
  }
  return notes;
}

Result<bool> IsMappingNew(engine::Connection& connection, const sync::SyncJob& job) {
  SLUICE_ASSIGN(const auto rows, connection.Rows("SELECT coalesce(mapping_digest, '') FROM "
                                                 "_sluice.syncs WHERE sync = $1",
                                                 {job.sync.name}));
  return rows.empty() ||
         engine::ToText(rows[0][0]) != sync::MappingDigest(job.sync, job.destination);
}

Status CheckTypes(const std::string& sync, const FieldNotes& notes) {
  if (notes.report.refused.empty()) return Status::Ok();
  return HeldError(
      fmt::format("nothing is sent: {}", Join(notes.report.refused, "; ")),
      fmt::format("Send it to another field, or cast it: syncs.{}.fields; sluice plan {}", sync,
                  sync));
}

std::string DescribeMapping(const config::Sync& sync) {
  std::vector<std::string> fields;
  for (const config::Field& field : sync.fields) {
    const bool plain = field.from == config::Field::From::kColumn;
    fields.push_back(fmt::format("{}: {}", field.to, plain ? field.column : "..."));
  }
  return fmt::format("map: auto is fields: {{ {} }}", Join(fields, ", "));
}

}  // namespace sluice::pipeline
