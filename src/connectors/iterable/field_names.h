// Which destination fields a sync to `users` may map. Everything but the identifiers goes into the
// profile's data fields, where a dot makes an object of a name.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

// kConfig, naming the field and what to do: the project's identifier is missing, a name is empty,
// comes twice or is both a value and an object, or is one that Iterable keeps for itself.
Status CheckUserFields(ProjectType project, std::span<const std::string> fields);

// The same where nothing else may be mapped than what says who a row is.
Status CheckIdentifiersAlone(ProjectType project, std::span<const std::string> fields);

// The same for the items of a catalog: `itemId` has to be there.
Status CheckItemFields(std::span<const std::string> fields);

}  // namespace sluice::connectors::iterable
