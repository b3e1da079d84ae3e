#include "pipeline/sync_container.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "connector/container.h"
#include "sync/container.h"

namespace sluice::pipeline {
namespace {

constexpr std::chrono::minutes kOthersMakeIt{2};

std::string NothingIn(const config::Sync& sync, const connector::Container& container) {
  return fmt::format("{} is not there at {}: nothing to remove", container.Name(), sync.to);
}

std::string Target(Runtime& runtime, const config::Sync& sync,
                   const connector::Destination& destination, const std::string& object) {
  // A project that is moved delivers to the same files as before. What was removed there is the opposite
  // of what was delivered.
  return ReplaceAll(fmt::format("{}: {}, {}{}, key {}", sync.to, destination.Describe(), object,
                                sync.mode == "remove" ? " to remove" : "", sync.key),
                    runtime.project().folder + "/", "");
}

// Of one that is not there.
std::string TargetWithout(Runtime& runtime, const config::Sync& sync,
                          const connector::Destination& destination,
                          const connector::Container& container) {
  return Target(runtime, sync, destination, container.Name() + " (not there)");
}

}  // namespace

std::string TargetOf(Runtime& runtime, const config::Sync& sync,
                     connector::Destination& destination) {
  connector::Container* container = connector::ContainerOf(destination);
  if (container == nullptr) return Target(runtime, sync, destination, sync.object);
  return container->Id().empty() ? "" : Target(runtime, sync, destination, container->Id());
}

Result<ContainerNote> LookAtContainer(Runtime& runtime, const config::Sync& sync,
                                      const env::Cancel* cancel) {
  SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(sync));
  connector::Container* container = connector::ContainerOf(*destination);
  if (container == nullptr) return ContainerNote();
  const auto there = container->Find(cancel);
  if (!there.ok() && there.status().code() == Code::kConfig) return there.status();
  ContainerNote note;
  if (!there.ok()) {
    note.text =
        fmt::format("{} could not be looked up: {}", container->Name(), there.status().ToString());
  } else if (!there.value() && sync.mode == "remove") {
    note.text = NothingIn(sync, *container);
    note.nothing = true;
  } else if (!there.value()) {
    note.text = fmt::format("makes {} at {}", container->Name(), sync.to);
    note.target = TargetWithout(runtime, sync, *destination, *container);
  }
  return note;
}

Result<std::optional<std::string>> EnsureContainer(Runtime& runtime, const config::Sync& sync,
                                                   report::Reporter& reporter,
                                                   const env::Cancel* cancel) {
  const std::optional<std::string> kGoOn;
  SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(sync));
  connector::Container* container = connector::ContainerOf(*destination);
  if (container == nullptr) return kGoOn;
  SLUICE_ASSIGN(bool there, container->Find(cancel));
  if (there) return kGoOn;
  if (sync.mode == "remove") return std::optional(NothingIn(sync, *container));
  // Nothing is made for a sync that could not send anything into it.
  std::vector<std::string> fields;
  for (const config::Field& field : sync.fields) fields.push_back(field.to);
  SLUICE_TRY(destination->CheckFields(fields).WithContext(sync.where.ToString()));
  // Two syncs may go into one, and run at once.
  const auto lock = runtime.Lock("container", sync.to, kOthersMakeIt, cancel);
  if (!lock.ok()) return lock.status();
  SLUICE_ASSIGN(there, container->Find(cancel));
  while (!there) {
    std::optional<env::Micros> until;
    {
      SLUICE_ASSIGN(const auto session,
                    runtime.warehouse().Open(false, kRunWaitsForWarehouse, cancel));
      SLUICE_ASSIGN(until, sync::NoteMaking(session->connection(), sync.name,
                                            TargetWithout(runtime, sync, *destination, *container),
                                            runtime.clock().Now()));
    }
    if (!until) break;
    reporter.Note(report::Level::kInfo,
                  fmt::format("{}: an earlier run was about to make {}; waiting for it", sync.name,
                              container->Name()));
    SLUICE_ASSIGN(there, sync::AwaitContainer(*container, *until, runtime.clock(), cancel));
  }
  if (there) return kGoOn;
  const Status made = container->Make(cancel);
  if (made.ok()) {
    reporter.Note(report::Level::kInfo,
                  fmt::format("{}: made {} at {}", sync.name, container->Name(), sync.to));
    return kGoOn;
  }
  if (made.code() == Code::kConfig || made.code() == Code::kAuth) {
    SLUICE_ASSIGN(const auto session,
                  runtime.warehouse().Open(false, kRunWaitsForWarehouse, cancel));
    SLUICE_TRY(sync::ForgetMaking(session->connection(), sync.name));
  }
  return made;
}

}  // namespace sluice::pipeline
