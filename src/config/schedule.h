// `schedule:` in words or as a cron line. Sluice has no clock of its own that starts runs: whatever
// starts it (cron, systemd, Airflow) takes the cron line that is made here.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::config {

// The five fields of a cron line for
//   every 15 minutes | every 2 hours | every day | hourly | daily [at 03:00] | a cron line itself.
// An interval must divide the hour or the day, as cron knows no other. Times are those of whoever
// runs the line. Anything else: kConfig that says what is wrong.
Result<std::string> ScheduleToCron(std::string_view text);

}  // namespace sluice::config
