// The tables that a text of SQL names behind FROM and JOIN, without the engine: the order of models
// and selectors need them before there is a warehouse. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::models {

struct NamedTable {
  std::string name;  // lower-cased, without its schema
  int line = 1;      // of the name within the text, from 1
  int column = 1;    // in bytes, from 1
};

// Each name once, where it stands first. Left out are names of common table expressions where these
// hold, functions, files, schemas other than `main`, comments and quotes. What `{{ }}` names is not
// among it (sql_template.h), nor what stands behind views and macros (dependencies.h). Text that is
// no SQL gives what looks like a name; nothing here fails.
std::vector<NamedTable> FindTableNames(std::string_view sql);

}  // namespace sluice::models
