// Checks on a relation of the warehouse: rows that are staged, or what a model gave. A check measures
// and compares; what its failure means (hold, warn) its policy says, and who runs it carries out.
//
// Messages name columns and counts, and no values, which are personal data: they go into logs, and are
// kept. Which values it was a query shows on demand (pipeline::QueriesFor).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"

namespace sluice::quality {

enum class Outcome { kPass, kWarn, kFail, kNotEnoughHistory };
std::string_view OutcomeName(Outcome outcome);

struct CheckResult {
  std::string check;  // config::Check::Name()
  Outcome outcome = Outcome::kPass;
  std::optional<double> measured;
  std::optional<double> low;  // what was expected
  std::optional<double> high;
  int64_t history = 0;  // how many past loads or days were compared with
  std::string message;  // for people, empty when all is well
};

// What the checks look at.
struct Subject {
  std::string name;      // for messages: "zenoti.bi_dimuser POD1/7"
  std::string relation;  // SQL of a relation, behind FROM: a quoted table name or "(SELECT …)"
  // For `unique`: the rows that would stand in the table after publishing, restricted to those that
  // can clash with rows of `relation`. Empty: `relation` itself.
  std::string published_relation;
  std::vector<std::string> columns;  // which exist
};

// Not-null, unique and accepted-values checks. A column that is not there is a failure that names it.
Result<CheckResult> RunColumnCheck(engine::Connection& connection, const config::Check& check,
                                   const Subject& subject);

// Volume: `measured` rows against `history` (newest first). Pure.
//  - fewer than min_history values: "not enough history", never silently passed;
//  - no rows at all always fail where the history has rows;
//  - too few and too many are different findings.
CheckResult CompareVolume(const config::Check& check, double measured,
                          const std::vector<double>& history, const std::string& subject);

// The median of values; 0 of none. For an even count the mean of the two in the middle.
double Median(std::vector<double> values);

}  // namespace sluice::quality
