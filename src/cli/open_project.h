// From the command line to a project and, where a command needs it, its warehouse.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/world.h"
#include "config/diagnostics.h"
#include "config/load.h"
#include "pipeline/runtime.h"
#include "warehouse/warehouse.h"

namespace sluice::cli {

// Whether secrets and variables are needed: only what connects needs them.
enum class Secrets { kNo, kYes };

Result<config::Project> OpenProject(const Arguments& arguments, const World& world, Secrets secrets,
                                    config::Diagnostics* diagnostics);

// For what only reads: a sync with a mistake is not there, and OpenForReading tells why as a warning.
Result<config::Project> OpenForReading(const Arguments& arguments, World& world);
Result<config::Project> OpenWithoutWrongSyncs(const Arguments& arguments, const World& world,
                                              config::Diagnostics* diagnostics);

// With the secrets of `connections`; what is wrong with those of others, or with a sync, is no matter.
Result<config::Project> OpenForConnections(const Arguments& arguments, const World& world,
                                           std::set<std::string> connections);

// The ingests that are named, or all, as far as they stand without what discover proposes, and with the secrets of the
// connections that they read from. kConfig also where one of the names is none, or there is no ingest.
Result<config::Project> OpenForDiscovery(const Arguments& arguments, const World& world);

// With the secrets of those connections that the selection (`names`) needs, and of no other.
Result<config::Project> OpenSelected(const Arguments& arguments, const World& world,
                                     config::Diagnostics* diagnostics);

// With the secrets of the connections that ingests read from; without any when one of these cannot be
// had: a store that needs it then says so when it is asked for something.
Result<config::Project> OpenForIngests(const Arguments& arguments, const World& world);

// The same, and with what was loaded by hand (hand_loads.h).
Result<config::Project> OpenForRows(const Arguments& arguments, const World& world);

// "sluice run zenoti", for those who wait for a lock of ours.
std::string HolderName(const Arguments& arguments);

std::unique_ptr<pipeline::Runtime> MakeRuntime(config::Project project, const Arguments& arguments,
                                               const World& world);

// What a read command works with. `session` is null when there is no warehouse yet.
struct ReadContext {
  World& world;
  const Arguments& arguments;
  pipeline::Runtime& runtime;
  warehouse::Session* session = nullptr;

  engine::Connection& connection() const { return session->connection(); }
  // Where people read: not --json and not --csv.
  bool for_people() const { return !arguments.json && !arguments.csv; }
};

// Below the state folder: where the process of a run answers reads.
inline constexpr const char* kSocketName = "sluice.sock";

// kNotFound with what to do, for commands that have nothing to say without a warehouse.
Status NeedsWarehouse(const ReadContext& context);

}  // namespace sluice::cli
