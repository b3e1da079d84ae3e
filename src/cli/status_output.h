// `sluice status` for machines and for people.
#pragma once

#include <ostream>

#include "cli/status_data.h"
#include "cli/terminal.h"

namespace sluice::cli {

void WriteStatusJson(std::ostream& out, const StatusData& data);

// What waits for somebody stands first.
void PrintStatus(std::ostream& out, const Terminal& terminal, const StatusData& data);

// Whether the run lives that makes the open delivery of `sync`.
bool IsUnderWay(const StatusData& data, const SyncStatus& sync);

}  // namespace sluice::cli
