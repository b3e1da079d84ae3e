// Which fields of a project a sync would make, lose or meet with another type, by the answer to
// GET /api/users/getFields.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"

namespace sluice::connectors::iterable {

// `answer` is the body: {"fields": {"city": "string", ...}}. kConfig when it is something else.
// Types are those that Iterable gives a field by its first value; text is not held against a date
// field, for it may be one.
Result<connector::FieldsReport> CompareFields(std::string_view answer,
                                              std::span<const connector::FieldToSend> fields,
                                              bool create_new_fields);

}  // namespace sluice::connectors::iterable
