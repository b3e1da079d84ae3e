// Everywhere in the warehouse where rows about a person are held, as tables and conditions: what `export` shows and
// `forget` removes is one list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/quarantine.h"
#include "pipeline/runtime.h"
#include "privacy/subject.h"

namespace sluice::pipeline {

// What is shorter stands for too much else to be looked for as a word.
inline constexpr size_t kShortestWord = 4;

struct PersonPlace {
  enum class Kind {
    kTable,  // loaded, or of the user's own
    kStage,  // what a gate holds
    kModel,  // a table that a model makes
    kQuarantine,
    kFixes,
    kDelivered,  // what a destination holds by its own answers
    kAttempts,
    kFindings,
  } kind = Kind::kTable;
  std::string name;       // "bi_dimuser"; of a sync its name
  std::string relation;   // SQL
  std::string condition;  // over `t`
  int64_t rows = 0;
};
std::string_view KindName(PersonPlace::Kind kind);

// With the number of rows, places without any left out. kHeld when the rows of a model about them cannot be told. `project` has what was loaded by hand too.
Result<std::vector<PersonPlace>> FindPersonPlaces(engine::Connection& connection,
                                                  const config::Project& project,
                                                  const std::vector<privacy::Subject>& subjects);

// Rows in quarantine about a subject.
Result<std::vector<ingest::QuarantineEntry>> QuarantineAbout(
    engine::Connection& connection, const config::Project& project,
    const std::vector<privacy::Subject>& subjects);

}  // namespace sluice::pipeline
