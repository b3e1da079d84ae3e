// From names to rows. Iterable reports failures by e-mail or userId, as it keeps them, and never by
// position; each row of a request has one or two of those.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "connector/destination.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

// For each row why it failed, nothing where the answer names it nowhere.
//
// A name that stands beside the data fields of one row and in those of another is ambiguous: a
// conflict is then about the row that wanted to take the name (in its data fields), other reasons
// are settled by the deprecated lists, which name the user object itself. What stays ambiguous is
// attributed to nobody: the counts tell that something is missing.
std::vector<std::optional<FailedUser>> Attribute(ProjectType project, const BulkOutcome& outcome,
                                                 std::span<const connector::Operation> rows);

}  // namespace sluice::connectors::iterable
