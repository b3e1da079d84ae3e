#include "pipeline/person_places.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/forgotten_rows.h"
#include "ingest/sql.h"
#include "models/build.h"
#include "pipeline/person_delivered.h"
#include "pipeline/person_models.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using engine::ToInt;
using engine::ToText;
using privacy::Subject;
using warehouse::QualifiedName;
using warehouse::QuoteText;

constexpr int64_t kMostQuarantined = 1'000'000;

std::string Or(const std::vector<std::string>& conditions) {
  return conditions.empty() ? std::string() : "(" + Join(conditions, " OR ") + ")";
}

std::vector<std::string> IdentifiersOf(const std::vector<Subject>& subjects) {
  std::vector<std::string> values;
  for (const Subject& subject : subjects) {
    for (const auto& [name, of] : subject.identifiers) {
      values.insert(values.end(), of.begin(), of.end());
    }
  }
  return values;
}

std::vector<std::string> KeysOf(const std::vector<Subject>& subjects) {
  std::vector<std::string> values;
  for (const Subject& subject : subjects) {
    values.insert(values.end(), subject.keys.begin(), subject.keys.end());
  }
  return values;
}

class Finder {
 public:
  Finder(engine::Connection& connection, const config::Project& project,
         const std::vector<Subject>& subjects)
      : connection_(connection),
        project_(project),
        subjects_(subjects),
        models_(connection, project) {}

  Result<std::vector<PersonPlace>> Run() {
    for (const config::Person& person : project_.persons) {
      for (const std::string& table : privacy::TablesOf(person)) {
        if (seen_.insert(table).second) SLUICE_TRY(AddTable(table));
      }
    }
    SLUICE_TRY(AddModels());
    SLUICE_TRY(AddQuarantine());
    SLUICE_TRY(AddSyncs());
    return std::move(places_);
  }

 private:
  Status Add(PersonPlace::Kind kind, const std::string& name, const std::string& relation,
             const std::string& condition) {
    if (condition.empty()) return Status::Ok();
    SLUICE_ASSIGN(const auto rows,
                  connection_.Scalar(
                      fmt::format("SELECT count(*) FROM {} AS t WHERE {}", relation, condition)));
    if (ToInt(rows) > 0) places_.push_back({kind, name, relation, condition, ToInt(rows)});
    return Status::Ok();
  }

  Result<std::string> About(const std::vector<privacy::ScopedColumns>& scopes,
                            const std::vector<warehouse::ColumnInfo>& present,
                            const std::string& relation) {
    std::vector<std::string> conditions;
    for (const Subject& subject : subjects_) {
      SLUICE_ASSIGN(std::string one, privacy::RowsAbout(subject, scopes, present, relation));
      if (!one.empty()) conditions.push_back(std::move(one));
    }
    return Or(conditions);
  }

  bool IsMade(const std::string& name) const {
    const config::Model* model = project_.FindModel(name);
    return model != nullptr && model->kind == config::Model::Kind::kSql;
  }

  Status AddTable(const std::string& table) {
    if (IsMade(table)) return Status::Ok();  // among the models
    const auto scopes = privacy::ScopesOfTable(project_.persons, table);
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, table));
    if (kind == "table") {
      SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection_, table));
      SLUICE_ASSIGN(const std::string condition, About(scopes, present, table));
      SLUICE_TRY(Add(PersonPlace::Kind::kTable, table, QualifiedName(table), condition));
    } else if (kind.empty() && !IsDeclared(table)) {
      return ConfigError(fmt::format("persons names the table {}, which is neither in the "
                                     "warehouse nor in the project",
                                     table),
                         "sluice tables");
    }
    return AddStages(table, scopes);
  }

  bool IsDeclared(const std::string& name) const {
    return std::any_of(
        project_.ingests.begin(), project_.ingests.end(), [&](const config::Ingest& ingest) {
          return std::any_of(ingest.tables.begin(), ingest.tables.end(),
                             [&](const config::Table& table) { return table.name == name; });
        });
  }

  // What is held of a table: its stage, and the keys that it deletes.
  Status AddStages(const std::string& table, const std::vector<privacy::ScopedColumns>& scopes) {
    SLUICE_ASSIGN(const auto holds,
                  connection_.Rows("SELECT stage, load_id FROM _sluice.holds WHERE state = 'open' "
                                   "AND table_name = $1 AND stage IS NOT NULL AND stage <> ''",
                                   {table}));
    for (const auto& hold : holds) {
      for (const std::string& stage : {ToText(hold[0]), ingest::GoneName(ToInt(hold[1]))}) {
        SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection_, stage));
        if (present.empty()) continue;
        SLUICE_ASSIGN(const std::string condition, About(Within(scopes, present), present, stage));
        SLUICE_TRY(Add(PersonPlace::Kind::kStage, table, QualifiedName(stage), condition));
      }
    }
    return Status::Ok();
  }

  static std::vector<privacy::ScopedColumns> Within(
      std::vector<privacy::ScopedColumns> scopes,
      const std::vector<warehouse::ColumnInfo>& present) {
    std::erase_if(scopes, [&](const privacy::ScopedColumns& scoped) {
      return std::any_of(scoped.columns.begin(), scoped.columns.end(), [&](const auto& column) {
        return std::none_of(present.begin(), present.end(), [&](const auto& there) {
          return EqualsIgnoreCase(there.name, column);
        });
      });
    });
    return scopes;
  }

  // A view holds nothing of its own.
  Status AddModels() {
    for (const config::Model& model : project_.models) {
      const std::string relation = models::RelationOf(model);
      SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, relation));
      if (kind != "table" || (seen_.count(relation) > 0 && !IsMade(model.name))) continue;
      SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection_, relation));
      SLUICE_ASSIGN(const ModelScopes scopes, models_.ScopesOf(model));
      std::vector<std::string> conditions;
      for (const Subject& subject : subjects_) {
        SLUICE_TRY(PersonModels::CheckTold(scopes, subject.person, model.name));
        SLUICE_ASSIGN(std::string one,
                      privacy::RowsAbout(subject, scopes.Of(subject.person), present, relation));
        if (!one.empty()) conditions.push_back(std::move(one));
      }
      SLUICE_TRY(
          Add(PersonPlace::Kind::kModel, model.name, QualifiedName(relation), Or(conditions)));
    }
    return Status::Ok();
  }

  Status AddQuarantine() {
    SLUICE_ASSIGN(const auto entries, QuarantineAbout(connection_, project_, subjects_));
    std::vector<std::string> ids;
    for (const ingest::QuarantineEntry& entry : entries) {
      ids.push_back(fmt::format("({}, {}, {}, {})", entry.id, entry.load_id, entry.file_id,
                                QuoteText(entry.table)));
    }
    if (!ids.empty()) {
      SLUICE_TRY(Add(
          PersonPlace::Kind::kQuarantine, "quarantine", "_sluice.quarantine",
          "(t.quarantine_id, t.load_id, t.file_id, t.table_name) IN (" + Join(ids, ", ") + ")"));
    }
    // A fix stands for a row that is not in quarantine any more, too.
    std::vector<std::string> conditions;
    std::vector<std::string> fixed;
    for (const ingest::QuarantineEntry& entry : entries) fixed.push_back(std::to_string(entry.id));
    if (!fixed.empty()) conditions.push_back("t.quarantine_id IN (" + Join(fixed, ", ") + ")");
    for (const std::string& value : IdentifiersOf(subjects_)) {
      conditions.push_back(WordIn("concat_ws(' ', t.raw, t.original)", value));
    }
    for (const Subject& subject : subjects_) {
      const std::string of_tables = OfTablesOf(subject.person);
      for (const std::string& value : subject.keys) {
        if (value.size() < kShortestWord) continue;
        conditions.push_back(fmt::format(
            "({} AND {})", of_tables, WordIn("concat_ws(' ', t.raw, t.original)", Lower(value))));
      }
    }
    return Add(PersonPlace::Kind::kFixes, "quarantine fixes", "_sluice.quarantine_fixes",
               Or(conditions));
  }

  // A key of theirs is another one's in other tables.
  std::string OfTablesOf(const std::string& name) const {
    std::vector<std::string> tables;
    for (const config::Person& person : project_.persons) {
      if (person.name == name) tables = privacy::TablesOf(person);
    }
    return fmt::format("t.table_name IN ({})", privacy::TextList(tables));
  }

  // As ingest::WordsOf tells words apart.
  static std::string WordIn(const std::string& text, const std::string& value) {
    return fmt::format(
        "list_contains(regexp_split_to_array(lower(coalesce({}, '')), "
        "'[^a-z0-9@._+\\-\\x{{80}}-\\x{{10ffff}}]+'), {})",
        text, QuoteText(value));
  }

  Status AddSyncs() {
    SLUICE_ASSIGN(const auto rows, connection_.Rows("SELECT DISTINCT sync FROM (SELECT sync FROM "
                                                    "_sluice.sync_delivered UNION SELECT sync FROM "
                                                    "_sluice.sync_attempts UNION SELECT sync FROM "
                                                    "_sluice.sync_findings) ORDER BY sync"));
    for (const auto& row : rows) {
      const std::string name = ToText(row[0]);
      const config::Sync* sync = project_.FindSync(name);
      SLUICE_ASSIGN(const std::string delivered,
                    DeliveredAbout(models_, sync, subjects_, Trace::kDelivered));
      SLUICE_ASSIGN(const std::string tried,
                    DeliveredAbout(models_, sync, subjects_, Trace::kTried));
      if (delivered.empty()) continue;
      const std::string of_sync = fmt::format("t.sync = {}", QuoteText(name));
      const std::string by_key =
          fmt::format("t.key IN (SELECT t.key FROM _sluice.sync_delivered AS t WHERE {} AND {})",
                      of_sync, delivered);
      SLUICE_TRY(Add(PersonPlace::Kind::kDelivered, name, "_sluice.sync_delivered",
                     of_sync + " AND " + delivered));
      SLUICE_TRY(Add(PersonPlace::Kind::kAttempts, name, "_sluice.sync_attempts",
                     of_sync + " AND " + (tried.empty() ? by_key : Or({tried, by_key}))));
      std::vector<std::string> named = {by_key};
      SLUICE_ASSIGN(const std::string keys, KeysOfSync(models_, sync, subjects_));
      if (!keys.empty()) named.push_back(keys);
      for (const std::string& value : IdentifiersOf(subjects_)) {
        named.push_back(WordIn("concat_ws(' ', t.key, t.message)", value));
      }
      SLUICE_TRY(Add(PersonPlace::Kind::kFindings, name, "_sluice.sync_findings",
                     of_sync + " AND " + Or(named)));
    }
    return Status::Ok();
  }

  engine::Connection& connection_;
  const config::Project& project_;
  const std::vector<Subject>& subjects_;
  PersonModels models_;
  std::set<std::string> seen_;
  std::vector<PersonPlace> places_;
};

// Whether a row of quarantine is about one of the subjects.
class QuarantineJudge {
 public:
  QuarantineJudge(engine::Connection& connection, const config::Project& project,
                  const std::vector<Subject>& subjects)
      : connection_(connection), project_(project), subjects_(subjects) {}

  bool IsAbout(const ingest::QuarantineEntry& entry) {
    const auto scopes = privacy::ScopesOfTable(project_.persons, entry.table);
    const ingest::RowEditor* editor = EditorOf(entry);
    const auto cells = editor == nullptr
                           ? Result<std::vector<std::optional<std::string>>>(NotFoundError(""))
                           : editor->CellsOf(entry);
    std::vector<std::string> words = ingest::WordsOf(entry.raw + " " + entry.value);
    for (std::string& word : words) word = Lower(word);
    const auto is_word = [&](const std::string& value) {
      return std::find(words.begin(), words.end(), Lower(value)) != words.end();
    };
    for (const Subject& subject : subjects_) {
      for (const auto& [name, values] : subject.identifiers) {
        if (std::any_of(values.begin(), values.end(), is_word)) return true;
      }
      for (const privacy::ScopedColumns& scoped : scopes) {
        if (!scoped.scope.IsKey() || scoped.scope.person != subject.person) continue;
        if (!cells.ok()) {
          if (std::any_of(subject.keys.begin(), subject.keys.end(), is_word)) return true;
          continue;
        }
        const auto value = ingest::ValueIn(scoped, entry.file_columns, *cells);
        if (value &&
            std::find(subject.keys.begin(), subject.keys.end(), *value) != subject.keys.end()) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  const ingest::RowEditor* EditorOf(const ingest::QuarantineEntry& entry) {
    const auto [at, is_new] = editors_.try_emplace(entry.ingest + "." + entry.table);
    if (!is_new) return at->second.get();
    const config::Ingest* ingest = project_.FindIngest(entry.ingest);
    if (ingest == nullptr || entry.file_columns.empty()) return nullptr;
    auto target = ingest::TargetOf(connection_, *ingest, entry.table);
    if (!target.ok()) return nullptr;
    at->second = std::make_unique<ingest::RowEditor>(std::move(target).value());
    return at->second.get();
  }

  engine::Connection& connection_;
  const config::Project& project_;
  const std::vector<Subject>& subjects_;
  std::map<std::string, std::unique_ptr<ingest::RowEditor>> editors_;
};

}  // namespace

std::string_view KindName(PersonPlace::Kind kind) {
  using Kind = PersonPlace::Kind;
  switch (kind) {
    case Kind::kTable:
      return "table";
    case Kind::kStage:
      return "held";
    case Kind::kModel:
      return "model";
    case Kind::kQuarantine:
      return "quarantine";
    case Kind::kFixes:
      return "fixes";
    case Kind::kDelivered:
      return "delivered";
    case Kind::kAttempts:
      return "attempts";
    case Kind::kFindings:
      return "left out";
  }
  return "table";
}

Result<std::vector<PersonPlace>> FindPersonPlaces(engine::Connection& connection,
                                                  const config::Project& project,
                                                  const std::vector<Subject>& subjects) {
  return Finder(connection, project, subjects).Run();
}

Result<std::vector<ingest::QuarantineEntry>> QuarantineAbout(engine::Connection& connection,
                                                             const config::Project& project,
                                                             const std::vector<Subject>& subjects) {
  std::vector<std::string> mentions;
  for (const auto& values : {KeysOf(subjects), IdentifiersOf(subjects)}) {
    for (const std::string& value : values) {
      for (const std::string& part : Split(value, ',')) {
        mentions.push_back(fmt::format("contains(lower(concat_ws(' ', q.raw, q.value)), lower({}))",
                                       QuoteText(part)));
      }
    }
  }
  std::vector<ingest::QuarantineEntry> about;
  if (mentions.empty()) return about;
  SLUICE_ASSIGN(auto entries,
                ingest::ReadQuarantine(connection, Or(mentions), {}, kMostQuarantined));
  QuarantineJudge judge(connection, project, subjects);
  for (ingest::QuarantineEntry& entry : entries) {
    if (judge.IsAbout(entry)) about.push_back(std::move(entry));
  }
  return about;
}

}  // namespace sluice::pipeline
