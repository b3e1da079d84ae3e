// The destination `iterable`, object `catalog:NAME`: the items of one catalog.
//
//   the catalog   by name (Container): made when it is missing; fields get their types before the first
//                 item has them, since neither can be changed
//   item          the field `itemId` says which; the others are its value, merged into what is there, or in
//                 its place
//   requests      catalog_body.h: at most 1,000 items and 4 MB, each item at most 30,000 bytes
//   answers       202: accepted, and written some time later. No answer says what became of one item, so
//                 some of what was accepted is looked at afterwards (Sampling)
//   repeatable    an item is its id: writing it again writes the same
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

// Alphanumeric characters and dashes, 1 to 255: names of catalogs and ids of items.
bool IsCatalogName(std::string_view text);

// `name` is one. `whole`: items that are sent take the place of those that are there. As MakeIterableDestination.
std::unique_ptr<connector::Destination> MakeCatalogDestination(
    IterableSettings settings, std::string name, bool whole,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock);

}  // namespace sluice::connectors::iterable
