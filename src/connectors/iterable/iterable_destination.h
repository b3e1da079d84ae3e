// The destination `iterable`, object `users`, mode upsert: people of an Iterable project, through
// POST /api/users/bulkUpdate.
//
//   identity     identifiers.h; the limits of names field_names.h
//   requests     request_body.h: at most 1,000 people and 4 MB, nobody twice; a change of identity goes
//                alone, by email_change.h
//   answers      bulk_answer.h: every list is read, failures are found back by identifier
//   repeatable   sending a person again writes the same values again
//   not here     retries, rate limit (capabilities() tells it), what changed: the sync engine's
//
// Bulk calls for all else, for single people too: Iterable keeps single calls apart from bulk calls, and
// mixing them for one person gives inconsistent profiles.
#pragma once

#include <memory>

#include "config/project.h"
#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "connectors/iterable/request_body.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// create_new_fields, merge_nested_objects and prefer_user_id of a sync.
UserOptions OptionsOfSync(const config::Sync& sync);

// `transport` does not retry by itself (env::MakeCurlTransport with the settings' ca_file); `clock`
// outlives the destination; what is asked of it are the pauses between questions for the fields, and
// Retry-After where it is a date.
std::unique_ptr<connector::Destination> MakeIterableDestination(
    IterableSettings settings, UserOptions options, std::unique_ptr<env::HttpTransport> transport,
    env::Clock& clock);

}  // namespace sluice::connectors::iterable
