#include "sync/settling_time.h"

#include <algorithm>

#include "base/text.h"
#include "warehouse/notes.h"

namespace sluice::sync {
namespace {

std::string NameOf(const std::string& to) {
  return "identities changed at " + to;
}

}  // namespace

Status NoteIdentityChange(engine::Connection& connection, const std::string& to, env::Micros now) {
  return warehouse::PutNote(connection, NameOf(to), std::to_string(now));
}

Result<std::chrono::milliseconds> LeftToSettle(engine::Connection& connection,
                                               const std::string& to,
                                               std::chrono::milliseconds settles, env::Micros now) {
  constexpr std::chrono::milliseconds kNone{0};
  if (settles == kNone) return kNone;
  SLUICE_ASSIGN(const auto note, warehouse::ReadNote(connection, NameOf(to)));
  if (!note) return kNone;
  const auto at = ParseUnsigned(*note);
  if (!at) return settles;
  const auto passed = std::chrono::microseconds(now - static_cast<env::Micros>(*at));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(settles - passed);
  return std::clamp(left, kNone, settles);
}

}  // namespace sluice::sync
