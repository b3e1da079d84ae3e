// Looking for single people: GET /api/users/getByEmail and /api/users/byUserId, 100 a second in a project.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connector/lookup.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

connector::Lookup::Terms UserLookupTerms(const IterableSettings& settings);

// The fields of a payload that `user`, as Iterable shows a person (canonical), has another value of. Data fields are
// those of `dataFields`, or where there is none the others of `user` itself.
std::vector<std::string> FieldsThatDiffer(std::string_view payload, std::string_view user);

// What is asked by GET for the person with this identifier.
std::string UserTarget(IdKind kind, std::string_view id);
// Who the payload of `row` identifies, as IdentityOfUser.
Result<connector::Lookup::Found> LookForUser(Api& api, const connector::Operation& row, bool values,
                                             const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
