// Looking for single people: GET /api/users/getByEmail and /api/users/byUserId, 100 a second in a project.
#pragma once

#include "base/status.h"
#include "connector/lookup.h"
#include "connectors/iterable/api.h"

namespace sluice::connectors::iterable {

connector::Lookup::Terms UserLookupTerms(const IterableSettings& settings);

// Who the payload of `row` identifies, as IdentityOfUser.
Result<connector::Lookup::Found> LookForUser(Api& api, const connector::Operation& row, bool values,
                                             const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
