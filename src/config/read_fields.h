// The `fields` of a sync. Internal to this folder.
#pragma once

#include <string>

#include "config/read_options.h"

namespace sluice::config {

// Destination field → column or options, into `value->fields` with dots between nested names, in
// the order of the file. A map whose keys are all options of a field (column, value, …) is a field;
// a map without any of them is an object at the destination, as dots in the name would make it.
void ReadFieldMap(const OptionSpec& spec, const Node& node, const std::string& key,
                  const ReadContext& context, Value* value);

}  // namespace sluice::config
