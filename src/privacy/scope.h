// What a value says about a person: which kind of person, and whether it is their key or what they are
// also known by. And how values of columns are compared: as SQL, so that the engine, which lower-cases
// all of Unicode, is the only one that does it.
//
// The form that is compared: without blanks around it; an identifier in lower case besides; a number
// with a fraction of zeros as the whole number; several columns of a key joined by commas.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "warehouse/dialect.h"

namespace sluice::privacy {

struct Scope {
  std::string person;      // name of the kind: "guest"
  std::string identifier;  // "email"; "": the key
  bool IsKey() const { return identifier.empty(); }
  // What stands before a value when it is hashed. An e-mail address is the same whoever has it, a key
  // is not.
  std::string Text() const;
  bool operator==(const Scope&) const = default;
  auto operator<=>(const Scope&) const = default;
};

// A scope and where its values are in one relation.
struct ScopedColumns {
  Scope scope;
  std::vector<std::string> columns;
};

// What `persons` says of a table or model.
std::vector<ScopedColumns> ScopesOfTable(const std::vector<config::Person>& persons,
                                         const std::string& table);

// The form that is compared, of the columns of a relation called `alias` (with its dot, or ""). NULL when one
// of them is. kConfig when `present` has no such column.
Result<std::string> FormOf(const ScopedColumns& scoped, std::string_view alias,
                           const std::vector<warehouse::ColumnInfo>& present,
                           std::string_view relation);

// The same where the columns stand as other expressions: `expression_of` gives them by name.
using ExpressionOf = std::function<std::string(const std::string& column)>;
Result<std::string> FormOf(const ScopedColumns& scoped, const ExpressionOf& expression_of,
                           const std::vector<warehouse::ColumnInfo>& present,
                           std::string_view relation);

// The same of one SQL expression that is text.
std::string FormOfText(const Scope& scope, const std::string& expression);

// `'a', 'b'`.
std::string TextList(const std::vector<std::string>& values);

}  // namespace sluice::privacy
