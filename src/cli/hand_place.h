// What is known of a file that `sluice load` is given: where it lies, as the ingest of its table sees it, and what
// became of it.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "cli/hand_file.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::cli {

// A file that a run would find: loaded under this address it is the same file for both.
struct HandPlace {
  std::string connection;
  std::string address;
};

// The place of `file` in a folder that `ingest` reads, where the pattern of `table` takes it there. kConfig for
// patterns that cannot be read.
Result<std::optional<HandPlace>> PlaceInIngest(const config::Project& project,
                                               const config::Ingest& ingest,
                                               const config::Table& table, const HandFile& file,
                                               env::Micros now);

// Whether what was last read from that place for the table is this content.
Result<bool> WasReadThere(engine::Connection& connection, const config::Ingest& ingest,
                          const std::string& table, const HandPlace& place,
                          const std::string& hash);

// The same content, whatever the file is called: kConfig or kHeld with what became of it for the table, and how it is
// loaded all the same.
Status CheckContentIsNew(engine::Connection& connection, const std::string& table,
                         const std::string& hash);

// As a run waits for the checksum that `table` requires, a load says that there is none. `named`: as it was typed.
Status CheckIsProven(const config::Table& table, const std::string& named, const HandFile& file);

// kFailed, with what to look at, unless the table has the file now, or a decision about it is waited for.
Status CheckWasTaken(engine::Connection& connection, const config::Ingest& ingest,
                     const HandPlace& place, const HandFile& file);

}  // namespace sluice::cli
