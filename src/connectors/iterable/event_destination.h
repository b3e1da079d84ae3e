// The destinations `iterable` of what people did:
//
//   events      POST /api/events/trackBulk, at most 1,000 in a request, of one person one
//   purchases   POST /api/commerce/trackPurchase, one in a request; clears the person's cart
//   carts       POST /api/commerce/updateCart, one in a request; removing a row empties the cart
//
//   repeatable  an event or purchase with the id of one that is there is the same one again, and the id is
//               made from the row (event_payload.h); a cart is replaced
//   order       events and purchases want to be given in the order of `createdAt` (connector::Ordered)
//   people      events make nobody: who is not found is tried again by the next run. Purchases and carts
//               make whoever is not there
#pragma once

#include <memory>
#include <string>

#include "connector/destination.h"
#include "connectors/iterable/event_payload.h"
#include "connectors/iterable/iterable_settings.h"
#include "connectors/iterable/request_body.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// `sync` is the sync's name, a part of the ids that are made. As MakeIterableDestination.
std::unique_ptr<connector::Destination> MakeEventDestination(
    ActivityKind kind, IterableSettings settings, UserOptions options, std::string sync,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock);

}  // namespace sluice::connectors::iterable
