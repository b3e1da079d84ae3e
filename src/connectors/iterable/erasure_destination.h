// The destination `iterable`, objects `delete`, `forget` and `unforget`: the rows of a model are people
// who are deleted, forgotten, or may be written again. Requests and answers: erasure.h.
#pragma once

#include <memory>

#include "connector/destination.h"
#include "connectors/iterable/erasure.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// As MakeIterableDestination.
std::unique_ptr<connector::Destination> MakeErasureDestination(
    IterableSettings settings, const ErasureForm& form,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock);

}  // namespace sluice::connectors::iterable
