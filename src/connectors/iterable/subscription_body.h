// Bodies of POST /api/users/bulkUpdateSubscriptions:
//
//   {"updateSubscriptionsRequests":[
//     {"email":"ann@x.org","emailListIds":[3,7],"unsubscribedChannelIds":[]}]}
//
// Every list that is named is overwritten, with an empty one too; one that is left out, or null, stays.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"
#include "connectors/iterable/identifiers.h"
#include "connectors/iterable/request_body.h"

namespace sluice::connectors::iterable {

// kConfig, naming the field: identifiers as for users, at least one of the lists of Iterable's
// UpdateSubscriptionsRequest, and none but its fields.
Status CheckSubscriptionFields(ProjectType project, std::span<const std::string> fields);

// As BuildBody. kRejected when the first operation has a value that is no list of whole numbers, or no
// whole number, where one belongs.
Result<Body> BuildSubscriptionsBody(ProjectType project,
                                    std::span<const connector::Operation> operations,
                                    const BodyLimit& limit);

}  // namespace sluice::connectors::iterable
