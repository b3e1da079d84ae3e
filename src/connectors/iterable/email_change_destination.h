// The destination `iterable`, object `email_changes`: each row of the model is one change of somebody's
// e-mail address, from `currentEmail` (or `currentUserId`) to `newEmail`. email_change.h.
#pragma once

#include <memory>

#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// As MakeIterableDestination.
std::unique_ptr<connector::Destination> MakeEmailChangeDestination(
    IterableSettings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock);

}  // namespace sluice::connectors::iterable
