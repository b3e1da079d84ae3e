// Everybody in the project: GET /api/export/data.json, which answers with one person on each line, however many there
// are; 4 a minute in a project. Iterable's Swagger does not say how a person looks there: fields are taken from
// `dataFields`, or where there is none from the line itself, which is how exports are seen to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connector/exporting.h"
#include "connectors/iterable/api.h"
#include "env/clock.h"

namespace sluice::connectors::iterable {

// As connector::Exporting::Export. Who has no identifier of the project's kind is passed over.
Status ExportUsers(Api& api, const connector::Exporting::See& see, const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
