// What the rows of a statement depend on, by the engine's own plan of it: names in a text say
// nothing of the tables behind a view, nor of a macro that asks the clock.
#pragma once

#include <set>
#include <string>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::models {

struct Dependencies {
  // Tables and views of the warehouse that the statement names, and the tables behind these views.
  // Lower-cased.
  std::set<std::string> names;
  // "customers@4 orders@2 plan:9f..": what was read, in which versions and how (the definitions of
  // views are in the plan), to be compared as text: equal text, equal rows. "" when the rows can
  // differ without a new version: the statement asks the clock or chance, reads what nobody here
  // writes (files, other schemas), reads no table at all, or the engine cannot write its plan down.
  std::string versions;
};

// An error when the statement cannot be prepared: a table of it is not there, say.
Result<Dependencies> DependenciesOf(engine::Connection& connection, const std::string& sql);

}  // namespace sluice::models
