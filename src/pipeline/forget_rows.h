// The rows of a person go from the warehouse, with the counts that speak of them. In the caller's transaction.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/person_places.h"

namespace sluice::pipeline {

// As FindPersonPlaces has found them. Versions of tables that lost rows are raised.
Status RemovePersonRows(engine::Connection& connection, const config::Project& project,
                        const std::vector<privacy::Subject>& subjects,
                        const std::vector<PersonPlace>& places);

}  // namespace sluice::pipeline
