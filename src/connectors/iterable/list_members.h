// Who is on a static list: GET /api/lists/getUsers, 5 a minute in a project, which answers with one identifier on each
// line, however many there are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/lookup.h"
#include "connectors/iterable/api.h"
#include "env/clock.h"

namespace sluice::connectors::iterable {

connector::Lookup::Terms ListLookupTerms();

// Which of `rows` the list holds, by the identifiers that their payloads name people by. One request; memory: that
// of the rows. kRetry when the answer broke off.
Result<std::vector<connector::Lookup::Found>> LookForMembers(
    Api& api, int64_t list, std::span<const connector::Operation> rows, const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
