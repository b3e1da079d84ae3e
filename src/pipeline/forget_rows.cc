#include "pipeline/forget_rows.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/quarantine.h"
#include "ingest/table_load.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using engine::ToInt;
using engine::ToText;
using Kind = PersonPlace::Kind;
using warehouse::QuoteName;
using warehouse::QuoteText;

// Texts of Sluice's own in which a message of a destination or a check may have named somebody.
constexpr std::pair<const char*, const char*> kMessages[] = {{"sync_runs", "message"},
                                                             {"check_results", "message"},
                                                             {"holds", "message"},
                                                             {"holds", "reason"},
                                                             {"runs", "summary"},
                                                             {"runs", "command"},
                                                             {"loads", "unload_reason"},
                                                             {"files", "reason"},
                                                             {"quarantine", "reason"},
                                                             {"sync_attempts", "message"},
                                                             {"sync_delivered", "message"},
                                                             {"rebuilds", "reason"},
                                                             {"sync_pauses", "reason"},
                                                             {"quarantine_fixes", "reason"},
                                                             {"quarantine_fixes", "found_reason"}};

class Remover {
 public:
  Remover(engine::Connection& connection, const config::Project& project,
          const std::vector<privacy::Subject>& subjects, const std::vector<PersonPlace>& places)
      : connection_(connection), project_(project), subjects_(subjects), places_(places) {}

  Status Run() {
    // Attempts and findings are found by what was delivered.
    SLUICE_TRY(RemoveIdentities());
    for (const Kind kind : {Kind::kFixes, Kind::kAttempts, Kind::kFindings, Kind::kDelivered}) {
      for (const PersonPlace& place : places_) {
        if (place.kind == kind) SLUICE_TRY(Delete(place));
      }
    }
    SLUICE_TRY(RemoveQuarantined());
    std::set<std::string> changed;
    for (const PersonPlace& place : places_) {
      if (place.kind == Kind::kStage) SLUICE_TRY(RemoveStaged(place));
      if (place.kind == Kind::kTable || place.kind == Kind::kModel) {
        SLUICE_TRY(Delete(place));
        changed.insert(place.name);
      }
    }
    for (const std::string& table : changed) {
      SLUICE_TRY(warehouse::BumpVersion(connection_, table));
    }
    return BlankMessages();
  }

 private:
  // Digests that stand for somebody's identities, and hashes that are needed for a minute.
  Status RemoveIdentities() {
    for (const PersonPlace& place : places_) {
      if (place.kind != Kind::kDelivered) continue;
      for (const char* column : {"former", "current"}) {
        SLUICE_TRY(
            connection_
                .Execute(fmt::format("DELETE FROM _sluice.identity_moves WHERE {} IN (SELECT "
                                     "_sluice_digest(t.identity) FROM {} t WHERE {})",
                                     column, place.relation, place.condition))
                .status());
      }
    }
    return connection_.Execute("DELETE FROM _sluice.unsettled").status();
  }

  Status Delete(const PersonPlace& place) {
    return connection_
        .Execute(fmt::format("DELETE FROM {} t WHERE {}", place.relation, place.condition))
        .status();
  }

  Status RemoveQuarantined() {
    SLUICE_ASSIGN(const auto entries, QuarantineAbout(connection_, project_, subjects_));
    if (entries.empty()) return Status::Ok();
    std::map<std::pair<int64_t, int64_t>, int64_t> rows;
    for (const ingest::QuarantineEntry& entry : entries) ++rows[{entry.load_id, entry.file_id}];
    for (const auto& [file, n] : rows) SLUICE_TRY(Skip(file.first, file.second, n, true));
    std::map<std::string, std::vector<ingest::QuarantineEntry>> by_table;
    for (const ingest::QuarantineEntry& entry : entries) {
      by_table[entry.ingest + "." + entry.table].push_back(entry);
    }
    for (const auto& [table, of_table] : by_table) {
      SLUICE_TRY(ingest::RemoveFromQuarantine(connection_, of_table));
    }
    return Status::Ok();
  }

  Status Skip(int64_t load_id, int64_t file_id, int64_t rows, bool quarantined) {
    ingest::FileCounts counts;
    counts.skipped = rows;
    counts.forgotten = rows;
    counts.quarantined = quarantined ? -rows : 0;
    return ingest::AmendCounts(connection_, load_id, file_id, counts);
  }

  // What is held of a file counts as skipped when it comes in.
  Status RemoveStaged(const PersonPlace& place) {
    if (place.relation.find("_sluice_stage_") != std::string::npos) {
      SLUICE_ASSIGN(const auto rows,
                    connection_.Rows(
                        fmt::format("SELECT t.{0}, t.{1}, count(*) FROM {2} AS t WHERE {3} "
                                    "GROUP BY ALL",
                                    QuoteName(ingest::kLoadColumn), QuoteName(ingest::kFileColumn),
                                    place.relation, place.condition)));
      for (const auto& row : rows) {
        SLUICE_TRY(Skip(ToInt(row[0]), ToInt(row[1]), ToInt(row[2]), false));
      }
    }
    return Delete(place);
  }

  Status BlankMessages() {
    for (const privacy::Subject& subject : subjects_) {
      for (const auto& [name, values] : subject.identifiers) {
        for (const std::string& value : values) SLUICE_TRY(Blank(value));
      }
    }
    return Status::Ok();
  }

  Status Blank(const std::string& value) {
    if (value.size() < kShortestWord) return Status::Ok();
    for (const auto& [table, column] : kMessages) {
      SLUICE_TRY(connection_
                     .Execute(fmt::format(
                         "UPDATE _sluice.{0} SET {1} = regexp_replace({1}, '(?i)' || "
                         "regexp_escape({2}), '(forgotten)', 'g') WHERE contains(lower({1}), {2})",
                         table, QuoteName(column), QuoteText(value)))
                     .status());
    }
    return Status::Ok();
  }

  engine::Connection& connection_;
  const config::Project& project_;
  const std::vector<privacy::Subject>& subjects_;
  const std::vector<PersonPlace>& places_;
};

}  // namespace

Status RemovePersonRows(engine::Connection& connection, const config::Project& project,
                        const std::vector<privacy::Subject>& subjects,
                        const std::vector<PersonPlace>& places) {
  return Remover(connection, project, subjects, places).Run();
}

}  // namespace sluice::pipeline
