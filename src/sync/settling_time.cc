#include "sync/settling_time.h"

#include <algorithm>

#include "sync/sql.h"

namespace sluice::sync {

Result<std::chrono::milliseconds> LeftToSettle(engine::Connection& connection,
                                               const std::string& to,
                                               std::chrono::milliseconds settles, env::Micros now) {
  constexpr std::chrono::milliseconds kNone{0};
  if (settles == kNone) return kNone;
  SLUICE_ASSIGN(const auto micros, connection.Scalar(sql::LeftToSettle(
                                       to, {settles.count(), env::FormatUtc(now, true)})));
  if (engine::IsNull(micros)) return kNone;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::microseconds(engine::ToInt(micros)));
  return std::clamp(left, kNone, settles);
}

}  // namespace sluice::sync
