// A destination that is a file of this machine: FOLDER/NAME.jsonl, one JSON line for each
// operation,
// {"kind":"upsert","key":"4711","payload":{...}}, in the order of the model's keys. A line holds
// the fields that were sent, null where one is to be cleared. Mode 0600: it is personal data.
//
// A request is a group of lines, appended by one write and synced. Where it began, its length and
// its hash are noted before; so after a kill it is known exactly whether the group is there, a part
// of one is cut off, and the file is in the end what an undisturbed run would have made of it. A
// last line that is no whole JSON and that nobody knows about is cut too.
//
// One sync per file: two that name the same object at once are kept apart by a lock (.NAME.lock),
// and one that finds lines of another behind its own torn ones leaves them alone.
#pragma once

#include <memory>
#include <string>

#include "connector/destination.h"

namespace sluice::connectors::file {

// `folder` is absolute, made when the first line is written; `name` (the sync's object, or its own
// name) has no '/'. Nothing is touched here. kConfig for an impossible name.
Result<std::unique_ptr<connector::Destination>> MakeFileDestination(std::string folder,
                                                                    std::string name);

}  // namespace sluice::connectors::file
