// Which destination a sync to Iterable means, by its `object`:
//
//   users             the people of the project        iterable_destination.h
//   list:NAME         a static list, made if missing   list_destination.h
//   list_id:NUMBER    a static list that is there
//   catalog:NAME      the items of a catalog, made    catalog_destination.h
//                     if missing
//   email_changes     who gets another e-mail         email_change_destination.h
//   delete, forget,
//   unforget          people who go                   erasure_destination.h
//   events, purchases,
//   carts             what people did                 event_destination.h
//   subscriptions     what people agreed to           subscription_destination.h
#pragma once

#include <memory>

#include "base/status.h"
#include "config/project.h"
#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// As MakeIterableDestination. kConfig, with the place in the project file, for an object that is none, or
// that may not be written so.
Result<std::unique_ptr<connector::Destination>> MakeSyncDestination(
    IterableSettings settings, const config::Sync& sync,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock);

}  // namespace sluice::connectors::iterable
