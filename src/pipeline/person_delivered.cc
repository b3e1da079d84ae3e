#include "pipeline/person_delivered.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using privacy::ScopedColumns;
using privacy::Subject;
using warehouse::QuoteText;

using Texts = std::vector<std::string>;

Texts PayloadsOf(Trace trace) {
  return trace == Trace::kTried ? Texts{"t.sent"} : Texts{"t.payload", "t.attempted_payload"};
}

std::string Any(const Texts& conditions) {
  return conditions.empty() ? std::string() : "coalesce((" + Join(conditions, " OR ") + "), false)";
}

std::string JsonPath(const std::string& field) {
  std::string path = "$";
  for (const std::string& part : Split(field, '.')) path += ".\"" + part + "\"";
  return path;
}

// The fields of a sync that send what `scoped` says have one of `values`.
void AddFields(const config::Sync& sync, const ScopedColumns& scoped, const Texts& values,
               Trace trace, Texts* conditions) {
  const std::string& column = scoped.columns.front();
  std::set<std::string> fields;
  if (sync.map_auto) fields.insert(column);
  for (const config::Field& field : sync.fields) {
    if (field.from == config::Field::From::kColumn && EqualsIgnoreCase(field.column, column)) {
      fields.insert(field.to);
    }
  }
  for (const std::string& field : fields) {
    for (const std::string& payload : PayloadsOf(trace)) {
      const std::string value =
          fmt::format("json_extract_string(CASE WHEN json_valid({0}) THEN {0} END, {1})", payload,
                      QuoteText(JsonPath(field)));
      conditions->push_back(fmt::format("{} IN ({})", privacy::FormOfText(scoped.scope, value),
                                        privacy::TextList(values)));
    }
  }
}

void AddKey(const ScopedColumns& scoped, const Texts& values, Texts* conditions) {
  conditions->push_back(fmt::format("{} IN ({})", privacy::FormOfText(scoped.scope, "t.key"),
                                    privacy::TextList(values)));
}

bool IsKeyOf(const config::Sync& sync, const ScopedColumns& scoped) {
  return EqualsIgnoreCase(sync.key, scoped.columns.front());
}

// `{scope, columns}` of a model about one subject, and what that is called there. Several columns of a key are no
// column of a payload.
struct Said {
  ScopedColumns scoped;
  Texts values;
};

Result<std::vector<Said>> SaidBy(PersonModels& models, const config::Sync& sync,
                                 const Subject& subject) {
  std::vector<Said> said;
  const config::Model* model = models.project().FindModel(sync.model);
  if (model == nullptr) return said;
  SLUICE_ASSIGN(const ModelScopes scopes, models.ScopesOf(*model));
  SLUICE_TRY(PersonModels::CheckTold(scopes, subject.person, model->name));
  for (const ScopedColumns& scoped : scopes.Of(subject.person)) {
    Texts values = subject.ValuesOf(scoped.scope);
    if (!values.empty() && scoped.columns.size() == 1) said.push_back({scoped, std::move(values)});
  }
  return said;
}

Texts IdentifiersOf(const Subject& subject) {
  Texts all;
  for (const auto& [name, values] : subject.identifiers) {
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

void AddIdentities(const Subject& subject, Texts* conditions) {
  for (const std::string& value : IdentifiersOf(subject)) {
    conditions->push_back(fmt::format("lower(t.identity) = {}", QuoteText(value)));
  }
}

Status AddKeys(PersonModels& models, const config::Sync* sync, const Subject& subject,
               Texts* conditions) {
  if (sync == nullptr) {
    if (!subject.keys.empty()) {
      conditions->push_back("t.key IN (" + privacy::TextList(subject.keys) + ")");
    }
    return Status::Ok();
  }
  SLUICE_ASSIGN(const auto said, SaidBy(models, *sync, subject));
  for (const Said& one : said) {
    if (IsKeyOf(*sync, one.scoped)) AddKey(one.scoped, one.values, conditions);
  }
  return Status::Ok();
}

bool IsSent(const config::Sync& sync, const ScopedColumns& scoped) {
  const std::string& column = scoped.columns.front();
  return IsKeyOf(sync, scoped) || sync.map_auto ||
         std::any_of(sync.fields.begin(), sync.fields.end(), [&](const config::Field& field) {
           return field.from == config::Field::From::kColumn &&
                  EqualsIgnoreCase(field.column, column);
         });
}

// Which of what a sync sends says who a row is: its key if that is the person's, else the one column with a key, else
// the one with an identifier. Of two (who it is, and who referred them) it cannot be told.
Result<std::vector<Said>> WhoItIs(const config::Sync& sync, const std::string& person,
                                  const std::vector<Said>& said) {
  std::vector<Said> keys;
  std::vector<Said> identifiers;
  for (const Said& one : said) {
    if (!IsSent(sync, one.scoped)) continue;
    if (one.scoped.scope.IsKey() && IsKeyOf(sync, one.scoped)) return std::vector<Said>{one};
    (one.scoped.scope.IsKey() ? keys : identifiers).push_back(one);
  }
  std::vector<Said>& chosen = keys.empty() ? identifiers : keys;
  std::map<privacy::Scope, std::set<std::string>> columns;
  for (const Said& one : chosen) columns[one.scoped.scope].insert(one.scoped.columns.front());
  for (const auto& [scope, names] : columns) {
    if (names.size() < 2) continue;
    return HeldError(
        fmt::format("whom the rows of sync {} are about cannot be told: {} say each who a {} is; "
                    "nothing was removed",
                    sync.name, Join(Texts(names.begin(), names.end()), " and "), person),
        fmt::format("Say which it is: persons.{}: tables: {{ {}: COLUMN }}", person, sync.model));
  }
  return std::move(chosen);
}

// Whether the sync's key says of each row which person of any kind it is.
Result<bool> IsKeyedByPeople(PersonModels& models, const config::Sync& sync) {
  const config::Model* model = models.project().FindModel(sync.model);
  if (model == nullptr) return false;
  SLUICE_ASSIGN(const ModelScopes scopes, models.ScopesOf(*model));
  return std::any_of(scopes.scopes.begin(), scopes.scopes.end(), [&](const ScopedColumns& scoped) {
    return scoped.scope.IsKey() && scoped.columns.size() == 1 && IsKeyOf(sync, scoped);
  });
}

// Who is somebody at the destination is not somebody else whom a field names.
void AddMentions(const Subject& subject, Trace trace, Texts* conditions) {
  const std::string nobody =
      trace == Trace::kDelivered
          ? "t.identity IS NULL"
          : "NOT EXISTS (SELECT 1 FROM _sluice.sync_delivered AS o WHERE o.sync = t.sync AND "
            "o.key = t.key AND o.identity IS NOT NULL)";
  for (const std::string& value : IdentifiersOf(subject)) {
    for (const std::string& payload : PayloadsOf(trace)) {
      conditions->push_back(fmt::format("({} AND contains(lower({}), {}))", nobody, payload,
                                        QuoteText("\"" + value + "\"")));
    }
  }
}

}  // namespace

Result<std::string> DeliveredAbout(PersonModels& models, const config::Sync* sync,
                                   const std::vector<Subject>& subjects, Trace trace) {
  Texts conditions;
  bool keyed = false;
  if (sync != nullptr) {
    SLUICE_ASSIGN(keyed, IsKeyedByPeople(models, *sync));
  }
  for (const Subject& subject : subjects) {
    SLUICE_TRY(AddKeys(models, sync, subject, &conditions));
    if (sync != nullptr) {
      SLUICE_ASSIGN(const auto said, SaidBy(models, *sync, subject));
      for (const Said& one : said) AddFields(*sync, one.scoped, one.values, trace, &conditions);
    }
    if (!keyed) AddMentions(subject, trace, &conditions);
    if (trace == Trace::kDelivered) AddIdentities(subject, &conditions);
  }
  return Any(conditions);
}

Result<std::string> KeysOfSync(PersonModels& models, const config::Sync* sync,
                               const std::vector<Subject>& subjects) {
  Texts conditions;
  for (const Subject& subject : subjects) {
    SLUICE_TRY(AddKeys(models, sync, subject, &conditions));
  }
  return Any(conditions);
}

Result<std::string> DeliveredAs(PersonModels& models, const config::Sync& sync,
                                const std::vector<Subject>& subjects) {
  Texts conditions;
  for (const Subject& subject : subjects) {
    SLUICE_ASSIGN(const auto said, SaidBy(models, sync, subject));
    SLUICE_ASSIGN(auto chosen, WhoItIs(sync, subject.person, said));
    // Who is in no table may be known by anything.
    if (!subject.in_tables) chosen = said;
    for (const Said& one : chosen) {
      if (IsKeyOf(sync, one.scoped)) {
        AddKey(one.scoped, one.values, &conditions);
      } else {
        AddFields(sync, one.scoped, one.values, Trace::kDelivered, &conditions);
      }
    }
    AddIdentities(subject, &conditions);
  }
  return Any(conditions);
}

}  // namespace sluice::pipeline
