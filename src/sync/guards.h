// What a run of a sync may change at most before somebody confirms it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "sync/difference.h"

namespace sluice::sync {

// Where nothing that is done can be taken back (`irreversible`), rows need a guard that lets so many
// through, or somebody who has confirmed them, in this run or in one that did not get to them.
//
// Ok when nothing is beyond `guards`, or `confirmed` is exactly the number that is to be confirmed. Else kHeld, with
// what is beyond and the command that confirms it: `command` with the number, "" for "sluice run NAME".
Status CheckGuards(const config::Sync& sync, const SyncCounts& counts, bool irreversible,
                   std::optional<uint64_t> confirmed, const std::string& command);

// What `confirmed` has to be: all rows that would be sent; where nothing can be taken back, those of them that
// nobody has confirmed yet.
uint64_t NumberToConfirm(const SyncCounts& counts, bool irreversible);

// Where nothing can be taken back: kHeld when rows have to be confirmed and others that were, or were tried
// already, need not wait for that. Ok when there are none of the one or the other.
Status UnconfirmedWait(const config::Sync& sync, const SyncCounts& counts,
                       const std::string& command);

}  // namespace sluice::sync
