// The specification of the whole project file.
#pragma once

#include <vector>

#include "config/connection_types.h"
#include "config/option_spec.h"

namespace sluice::config {

// Readings point into the specification: keep it as long as they are used.
OptionSpec ProjectSpec(const std::vector<ConnectionType>& connection_types);

// Its parts, for those who read a part alone.
OptionSpec WarehouseSpec();
OptionSpec RetentionSpec();
OptionSpec ConnectionSpec(const std::vector<ConnectionType>& connection_types);
OptionSpec CheckSpec(bool of_ingest);
OptionSpec IngestSpec();
OptionSpec CsvSpec();
OptionSpec ModelSpec();
OptionSpec SyncSpec();
OptionSpec PersonSpec();

}  // namespace sluice::config
