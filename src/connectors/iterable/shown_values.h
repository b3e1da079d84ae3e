// Whether what Iterable shows of a person or an item is what was sent. It may write values otherwise than
// they came.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::connectors::iterable {

// The fields of `sent` whose value `shown` does not have; both are canonical objects. Null and missing are
// the same; numbers are compared by value, times and nested values only by being there.
std::vector<std::string> FieldsNotShown(std::string_view sent, std::string_view shown);

}  // namespace sluice::connectors::iterable
