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
// Two rows of a request can have one name: one is identified by it, or both only mention it. A
// conflict is then about the rows that wanted to take the name (mention it). Otherwise all of them
// failed where the name comes as often as they do, else those whose own identifier is in the
// deprecated lists. What stays ambiguous is attributed to nobody: the counts tell that something is
// missing.
std::vector<std::optional<FailedUser>> Attribute(ProjectType project, const BulkOutcome& outcome,
                                                 std::span<const connector::Operation> rows);

}  // namespace sluice::connectors::iterable
