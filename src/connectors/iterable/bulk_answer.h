// What an answer to users/bulkUpdate, users/bulkUpdateSubscriptions, lists/subscribe, lists/unsubscribe or events/trackBulk means for the rows of its
// request. Pure.
//
//   200, with counts      rows that are named failed for good; the rest are acknowledged when the
//                         counts agree with the names, else in doubt: they go again
//   other 2xx, no counts, unknown: nothing says what became of them
//   no JSON
//   type mismatch         rows that hold the value (type_mismatch.h) are rejected, the rest go
//   again 400, 409, 422         rows that the answer names by index are rejected, the rest go again
//   413, BatchTooLarge    in halves
//   401, 403, bad key     stop: the key has to be renewed
//   field limit reached   stop: more requests would end the same
//   no such list          stop
//   429                   deferred, with the time that was asked for
//   408, 5xx              unknown: it may have happened before the commit or after it
//   anything else         stop: the address is not Iterable's
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "connector/destination.h"
#include "connectors/iterable/identifiers.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// What was asked. Somebody who is not found is refused by an update; he may still come and is tried
// again where he was to be put on a list of known people, or did something; there is nothing to take off
// a list.
enum class BulkCall { kUpdate, kSubscribe, kUnsubscribe, kTrack, kSubscriptions };

// `rows` are exactly those of the request, in order. `now` is for a Retry-After that is a date. Unless `makes_fields` (the
// request asked for none) rows say which of their fields were dropped: connector::kFieldsDropped.
connector::SendResult ReadBulkAnswer(ProjectType project, BulkCall call,
                                     const env::HttpResponse& response,
                                     std::span<const connector::Operation> rows, env::Micros now,
                                     bool makes_fields = true);

// The same of an answer that is no success, for requests whose successes mean something else.
connector::SendResult ReadRefusedRequest(BulkCall call, const env::HttpResponse& response,
                                         std::span<const connector::Operation> rows,
                                         env::Micros now);

// How long the answer asks to stay away, a day at most; nothing when it does not.
std::optional<std::chrono::milliseconds> RetryAfter(const env::HttpResponse& response,
                                                    env::Micros now);

// The error of an answer that is about key or address, for requests without rows. Ok when it is
// about neither.
Status StatusOfRefusal(const env::HttpResponse& response);

}  // namespace sluice::connectors::iterable
