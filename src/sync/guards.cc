#include "sync/guards.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::sync {
namespace {

// "1,204 rows would be removed, more than guards.at_most.removed: 1000"; "" when it is within.
std::string Beyond(const std::optional<config::Amount>& most, std::string_view name, uint64_t rows,
                   uint64_t delivered) {
  if (!most || rows == 0) return {};
  if (!most->percent) {
    if (rows <= static_cast<uint64_t>(most->rows)) return {};
    return fmt::format("{} would be {}, more than {} ({}) allows", Counted(rows, "row"), name,
                       most->rows, "guards.at_most." + std::string(name));
  }
  // Of nothing there is no share: a first run is told as such.
  if (delivered == 0) return {};
  const double share = 100.0 * static_cast<double>(rows) / static_cast<double>(delivered);
  if (share <= *most->percent) return {};
  return fmt::format("{} of {} would be {} ({:.1f}%), more than {:g}% ({}) allows", Thousands(rows),
                     Counted(delivered, "delivered row"), name, share, *most->percent,
                     "guards.at_most." + std::string(name));
}

// Of a share of nothing nobody can say that it was meant.
std::string Unconfirmed(const config::Guards& guards, const SyncCounts& counts) {
  const uint64_t rows = counts.ToConfirm();
  if (rows == 0) return {};
  const bool share = guards.added && guards.added->percent;
  if (guards.added && !(share && counts.delivered == 0)) {
    return Beyond(guards.added, "added", rows, counts.delivered);
  }
  return fmt::format(
      "what is done with {} cannot be taken back, and nobody has confirmed it "
      "(guards.at_most.added lets so many through)",
      Counted(rows, "row"));
}

std::string Confirming(const config::Sync& sync, const std::string& command, uint64_t number) {
  return fmt::format("{} --confirm {}", command.empty() ? "sluice run " + sync.name : command,
                     number);
}

}  // namespace

Status CheckGuards(const config::Sync& sync, const SyncCounts& counts, bool irreversible,
                   std::optional<uint64_t> confirmed, const std::string& command) {
  std::vector<std::string> beyond;
  const config::Guards& guards = sync.guards;
  const auto look = [&](const std::optional<config::Amount>& most, std::string_view name,
                        uint64_t rows) {
    std::string text = Beyond(most, name, rows, counts.delivered);
    if (!text.empty()) beyond.push_back(std::move(text));
  };
  if (irreversible) {
    std::string text = Unconfirmed(guards, counts);
    if (!text.empty()) beyond.push_back(std::move(text));
  } else {
    look(guards.added, "added", counts.added + counts.returned);
  }
  look(guards.changed, "changed", counts.changed + counts.identities);
  look(guards.removed, "removed", counts.removed);
  if (counts.model == 0 && counts.removed > 0 && !guards.allow_empty) {
    beyond.push_back(fmt::format(
        "the model {} is empty, and all {} that {} delivered would be removed", sync.model,
        Counted(counts.removed, "row"), counts.removed == 1 ? "is" : "are"));
  }
  const uint64_t number = NumberToConfirm(counts, irreversible);
  if (beyond.empty() || confirmed == number) return Status::Ok();
  if (confirmed) {
    beyond.push_back(fmt::format("{} were confirmed and {} would be sent",
                                 Counted(*confirmed, "row"), Thousands(number)));
  }
  return HeldError(fmt::format("nothing is sent: {}", Join(beyond, "; ")),
                   Confirming(sync, command, number));
}

uint64_t NumberToConfirm(const SyncCounts& counts, bool irreversible) {
  return irreversible ? counts.ToConfirm() : counts.ToSend();
}

Status UnconfirmedWait(const config::Sync& sync, const SyncCounts& counts,
                       const std::string& command) {
  const uint64_t rows = counts.ToConfirm();
  if (rows == counts.ToSend()) return Status::Ok();
  const std::string text = Unconfirmed(sync.guards, counts);
  if (text.empty()) return Status::Ok();
  return HeldError(fmt::format("{} {}, {} confirmed before {}: {}", Counted(rows, "row"),
                               rows == 1 ? "waits" : "wait", Thousands(counts.ToSend() - rows),
                               counts.ToSend() - rows == 1 ? "goes" : "go", text),
                   Confirming(sync, command, rows));
}

}  // namespace sluice::sync
