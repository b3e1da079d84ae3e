// One person, found by their key or by what else they are known by, and the rows about them in tables.
// Holds personal data: it goes to whoever asked, nowhere else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "privacy/scope.h"

namespace sluice::privacy {

struct Subject {
  std::string person;  // name of the kind
  std::vector<std::string>
      keys;  // in the form that is compared; several when an identifier is shared
  // Identifier -> what only they are known by.
  std::map<std::string, std::vector<std::string>> identifiers;
  // Identifier -> how many values other keys have too: by them nobody is found, and they stay.
  std::map<std::string, int64_t> shared;
  bool in_tables = false;  // else nothing is known but what was typed

  // "" when the person has none of this scope.
  std::vector<std::string> ValuesOf(const Scope& scope) const;
};

struct SubjectQuery {
  std::string key;   // as typed
  std::string in;    // one kind of person; "": all
  bool all = false;  // what several people are known by means all of them
};

// The people whom `query` means, at most one of each kind unless `all`. Where no table has them they are taken
// to be called so in every way. kConfig: `in` is no kind, a table or column of `persons` is not there, or
// several people of one kind are meant.
Result<std::vector<Subject>> FindSubjects(engine::Connection& connection,
                                          const std::vector<config::Person>& persons,
                                          const SubjectQuery& query);

// Which rows of `relation` are about `subject`: by its key where it has one, else by identifiers. "" when none
// can be. `scopes` are those of the relation.
Result<std::string> RowsAbout(const Subject& subject, const std::vector<ScopedColumns>& scopes,
                              const std::vector<warehouse::ColumnInfo>& present,
                              std::string_view relation);

// The tables that `persons` names for this kind, once each.
std::vector<std::string> TablesOf(const config::Person& person);

}  // namespace sluice::privacy
