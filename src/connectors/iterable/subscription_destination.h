// The destination `iterable`, object `subscriptions`: what people agreed to, through POST
// /api/users/bulkUpdateSubscriptions.
//
//   fields       subscription_body.h: which lists, channels and message types
//   overwriting  a list that is named takes the place of the one that is there: it goes whole whenever
//                it changed. NULL leaves what is there, [] empties it
//   answers      bulk_answer.h: internal failures go again
#pragma once

#include <memory>

#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// As MakeIterableDestination.
std::unique_ptr<connector::Destination> MakeSubscriptionDestination(
    IterableSettings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock);

}  // namespace sluice::connectors::iterable
