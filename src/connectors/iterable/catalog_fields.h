// The types of a catalog's fields: those that it has, those that a sync gives new ones. A type can never
// be changed.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"

namespace sluice::connectors::iterable {

// Top-level field -> boolean, date, geo_location, long, double, object or string.
using CatalogTypes = std::map<std::string, std::string>;

// `body` answers GET /api/catalogs/NAME/fieldMappings. kConfig when it is something else.
Result<CatalogTypes> ReadCatalogTypes(std::string_view body);

// The body of PUT /api/catalogs/NAME/fieldMappings for those of `fields` that have no type in `known`; ""
// when all have. Fields of a nested object make one of type object.
std::string DefinitionsBody(std::span<const connector::FieldToSend> fields,
                            const CatalogTypes& known);

// What a run would define, and what does not fit to what is defined: Iterable takes values of another
// type without a word, and does not find them later.
connector::FieldsReport CompareCatalogFields(std::span<const connector::FieldToSend> fields,
                                             const CatalogTypes& known);

}  // namespace sluice::connectors::iterable
