#include "privacy/subject.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::privacy {
namespace {

using engine::ToInt;
using engine::ToText;
using warehouse::QualifiedName;

constexpr int kMostKeys = 10'000;  // of one person; more is a mistake in `persons`

Result<std::string> Form(engine::Connection& connection, const Scope& scope,
                         const std::string& text) {
  SLUICE_ASSIGN(const auto form, connection.Scalar("SELECT " + FormOfText(scope, "$1"), {text}));
  return ToText(form);
}

// A column, or the columns of a key, in a table that is there.
struct Place {
  std::string table;
  std::string form;  // SQL, over `t`
  std::string key;   // the form of the person's key in this table; "" when it has none
};

class Finder {
 public:
  Finder(engine::Connection& connection, const config::Person& person, const SubjectQuery& query)
      : connection_(connection), person_(person), query_(query) {
    subject_.person = person.name;
  }

  Result<Subject> Run() {
    SLUICE_TRY(FindPlaces());
    SLUICE_TRY(FindKeys());
    if (subject_.keys.empty()) {
      SLUICE_TRY(TakeAsTyped());
    } else {
      subject_.in_tables = true;
    }
    for (const config::Person::Identifier& identifier : person_.identifiers) {
      SLUICE_TRY(FindIdentifiers(identifier.name));
    }
    return std::move(subject_);
  }

 private:
  Status FindPlaces() {
    for (const std::string& table : TablesOf(person_)) {
      SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, table));
      if (kind.empty()) continue;
      SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection_, table));
      const auto scopes = ScopesOfTable({person_}, table);
      std::string key;
      for (const ScopedColumns& scoped : scopes) {
        if (!scoped.scope.IsKey()) continue;
        SLUICE_ASSIGN(key, FormOf(scoped, "t.", present, table));
      }
      for (const ScopedColumns& scoped : scopes) {
        SLUICE_ASSIGN(std::string form, FormOf(scoped, "t.", present, table));
        places_[scoped.scope.identifier].push_back({table, std::move(form), key});
      }
    }
    return Status::Ok();
  }

  Status FindKeys() {
    std::set<std::string> keys;
    SLUICE_ASSIGN(const std::string typed, Form(connection_, {person_.name, ""}, query_.key));
    for (const Place& place : places_[""]) {
      SLUICE_ASSIGN(const auto there,
                    connection_.Scalar(fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} AS t "
                                                   "WHERE {} = $1 LIMIT 1)",
                                                   QualifiedName(place.table), place.form),
                                       {typed}));
      if (ToInt(there) > 0) keys.insert(typed);
    }
    for (const config::Person::Identifier& identifier : person_.identifiers) {
      SLUICE_ASSIGN(const std::string value,
                    Form(connection_, {person_.name, identifier.name}, query_.key));
      for (const Place& place : places_[identifier.name]) {
        if (place.key.empty()) continue;
        SLUICE_ASSIGN(
            const auto rows,
            connection_.Rows(
                fmt::format("SELECT DISTINCT {} AS k FROM {} AS t WHERE {} = "
                            "$1 AND k IS NOT NULL ORDER BY k LIMIT {}",
                            place.key, QualifiedName(place.table), place.form, kMostKeys + 1),
                {value}));
        for (const auto& row : rows) keys.insert(ToText(row[0]));
      }
    }
    if (keys.size() > 1 && !query_.all) {
      return ConfigError(
          fmt::format("{} people ({}) are called so: name one by key", keys.size(), person_.name),
          "With --all what is known of all of them is meant");
    }
    if (keys.size() > static_cast<size_t>(kMostKeys)) {
      return ConfigError(fmt::format("more than {} people ({}) are called so", Thousands(kMostKeys),
                                     person_.name));
    }
    subject_.keys.assign(keys.begin(), keys.end());
    return Status::Ok();
  }

  // Who is in no table may be in quarantine, or at a destination.
  Status TakeAsTyped() {
    SLUICE_ASSIGN(const std::string key, Form(connection_, {person_.name, ""}, query_.key));
    subject_.keys = {key};
    for (const config::Person::Identifier& identifier : person_.identifiers) {
      SLUICE_ASSIGN(const std::string value,
                    Form(connection_, {person_.name, identifier.name}, query_.key));
      subject_.identifiers[identifier.name] = {value};
      for (const Place& place : places_[identifier.name]) {
        SLUICE_ASSIGN(const auto there,
                      connection_.Scalar(fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} AS t "
                                                     "WHERE {} = $1 LIMIT 1)",
                                                     QualifiedName(place.table), place.form),
                                         {value}));
        subject_.in_tables = subject_.in_tables || ToInt(there) > 0;
      }
    }
    return Status::Ok();
  }

  // What the rows of the person's keys say, without what rows of others say too.
  Status FindIdentifiers(const std::string& identifier) {
    std::string own;
    std::string others;
    const std::string keys = TextList(subject_.keys);
    for (const Place& place : places_[identifier]) {
      if (place.key.empty()) continue;
      const auto select = [&](std::string& to, std::string_view which) {
        to += fmt::format("{}SELECT {} AS v FROM {} AS t WHERE {} {} ({})",
                          to.empty() ? "" : " UNION ", place.form, QualifiedName(place.table),
                          place.key, which, keys);
      };
      select(own, "IN");
      select(others, "NOT IN");
    }
    if (own.empty()) return Status::Ok();
    SLUICE_ASSIGN(
        const auto rows,
        connection_.Rows(fmt::format("SELECT v, (v IN ({}))::INTEGER FROM ({}) WHERE v IS NOT NULL "
                                     "AND v <> '' ORDER BY v",
                                     others, own)));
    std::vector<std::string>& values = subject_.identifiers[identifier];
    for (const auto& row : rows) {
      const std::string value = ToText(row[0]);
      if (ToInt(row[1]) != 0) {
        ++subject_.shared[identifier];
      } else if (std::find(values.begin(), values.end(), value) == values.end()) {
        values.push_back(value);
      }
    }
    return Status::Ok();
  }

  engine::Connection& connection_;
  const config::Person& person_;
  const SubjectQuery& query_;
  std::map<std::string, std::vector<Place>> places_;  // by identifier; "": the key
  Subject subject_;
};

}  // namespace

std::vector<std::string> Subject::ValuesOf(const Scope& scope) const {
  if (scope.person != person) return {};
  if (scope.IsKey()) return keys;
  const auto found = identifiers.find(scope.identifier);
  return found == identifiers.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> TablesOf(const config::Person& person) {
  std::vector<std::string> tables;
  const auto add = [&](const std::string& table) {
    if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
  };
  for (const config::PersonColumn& of : person.tables) add(of.table);
  for (const config::Person::Identifier& identifier : person.identifiers) {
    for (const config::PersonColumn& of : identifier.columns) add(of.table);
  }
  return tables;
}

Result<std::vector<Subject>> FindSubjects(engine::Connection& connection,
                                          const std::vector<config::Person>& persons,
                                          const SubjectQuery& query) {
  std::vector<Subject> subjects;
  std::vector<std::string> names;
  for (const config::Person& person : persons) {
    names.push_back(person.name);
    if (!query.in.empty() && query.in != person.name) continue;
    SLUICE_ASSIGN(Subject subject, Finder(connection, person, query).Run());
    subjects.push_back(std::move(subject));
  }
  if (subjects.empty()) {
    return ConfigError(
        fmt::format("persons has no kind \"{}\"{}", query.in, DidYouMean(query.in, names)));
  }
  // Where some kind has the person, the others are not meant by what was typed.
  const bool known = std::any_of(subjects.begin(), subjects.end(),
                                 [](const Subject& subject) { return subject.in_tables; });
  if (known) std::erase_if(subjects, [](const Subject& subject) { return !subject.in_tables; });
  return subjects;
}

Result<std::string> RowsAbout(const Subject& subject, const std::vector<ScopedColumns>& scopes,
                              const std::vector<warehouse::ColumnInfo>& present,
                              std::string_view relation) {
  std::string keys;
  std::string no_key;
  std::string identifiers;
  for (const ScopedColumns& scoped : scopes) {
    if (scoped.scope.person != subject.person) continue;
    SLUICE_ASSIGN(const std::string form, FormOf(scoped, "t.", present, relation));
    if (scoped.scope.IsKey()) no_key += fmt::format(" AND {} IS NULL", form);
    const auto values = subject.ValuesOf(scoped.scope);
    if (values.empty()) continue;
    std::string& to = scoped.scope.IsKey() ? keys : identifiers;
    to += fmt::format("{}{} IN ({})", to.empty() ? "" : " OR ", form, TextList(values));
  }
  if (!identifiers.empty()) identifiers = fmt::format("(({}){})", identifiers, no_key);
  if (keys.empty() || identifiers.empty()) {
    const std::string& one = keys.empty() ? identifiers : keys;
    return one.empty() ? one : fmt::format("coalesce({}, false)", one);
  }
  return fmt::format("coalesce({} OR {}, false)", keys, identifiers);
}

}  // namespace sluice::privacy
