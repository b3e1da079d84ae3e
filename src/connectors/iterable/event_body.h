// The bodies of POST /api/events/trackBulk, /api/commerce/trackPurchase and /api/commerce/updateCart:
//
//   {"events":[{"userId":"7","eventName":"visit","id":"sluice-…","createdAt":1795269787,
//               "dataFields":{"center":"Ulm"}}]}
//   {"user":{"userId":"7"},"items":[…],"total":80.5,"id":"sluice-…","createdAt":1795269787}
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/status.h"
#include "connector/destination.h"
#include "connectors/iterable/event_payload.h"
#include "connectors/iterable/request_body.h"

namespace sluice::connectors::iterable {

// The largest body within `limit` from the first of `operations` (not empty). It ends before a person who
// is in it already: answers name people, and events of one person stay in their order. kRejected when the
// first one cannot be sent.
Result<Body> BuildEventsBody(ProjectType project, bool create_new_fields,
                             std::span<const connector::Operation> operations,
                             const BodyLimit& limit);

// One purchase or cart; `operation` of kind kRemove empties a cart.
Result<Body> BuildCommerceBody(ActivityKind kind, ProjectType project, const UserOptions& options,
                               const connector::Operation& operation, size_t most_bytes);

}  // namespace sluice::connectors::iterable
