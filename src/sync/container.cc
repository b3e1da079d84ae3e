#include "sync/container.h"

#include "base/text.h"
#include "sync/target.h"
#include "warehouse/notes.h"

namespace sluice::sync {
namespace {

std::string NoteOf(const std::string& sync) {
  return "making what sync " + sync + " delivers into";
}

}  // namespace

Result<std::optional<env::Micros>> NoteMaking(engine::Connection& connection,
                                              const std::string& sync, const std::string& target,
                                              env::Micros now) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(CheckTarget(connection, sync, target));
  SLUICE_ASSIGN(const auto note, warehouse::ReadNote(connection, NoteOf(sync)));
  if (note) {
    const auto noted = ParseUnsigned(*note);
    const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(kMayStillCome).count();
    const env::Micros until = static_cast<env::Micros>(noted.value_or(0)) + wait;
    // A note of the future is one of another clock.
    if (noted && now < until && until <= now + wait) return std::optional(until);
  }
  SLUICE_TRY(warehouse::PutNote(connection, NoteOf(sync), std::to_string(now)));
  SLUICE_TRY(transaction->Commit());
  return std::optional<env::Micros>();
}

Status ForgetMaking(engine::Connection& connection, const std::string& sync) {
  return warehouse::DropNote(connection, NoteOf(sync));
}

Result<bool> AwaitContainer(connector::Container& container, env::Micros until, env::Clock& clock,
                            const env::Cancel* cancel) {
  while (clock.Now() < until) {
    if (!clock.Sleep(std::chrono::seconds(1), cancel)) {
      return CancelledError("stopped while waiting for " + container.Name());
    }
    SLUICE_ASSIGN(const bool there, container.Find(cancel));
    if (there) return true;
  }
  return false;
}

}  // namespace sluice::sync
