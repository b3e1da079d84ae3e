#include "config/schedule.h"

#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& word : Split(ReplaceAll(text, "\t", " "), ' ')) {
    if (!word.empty()) words.push_back(Lower(word));
  }
  return words;
}

Status NotASchedule(std::string_view text) {
  return ConfigError(
      fmt::format("\"{}\" is not a schedule", text),
      "Write every 15 minutes, every 2 hours, hourly, daily at 03:00 or a cron line");
}

// "every N minutes" as a step within the next larger unit.
Result<std::string> Interval(uint64_t count, std::string_view unit) {
  const bool minutes = unit == "minute";
  const bool hours = unit == "hour";
  const uint64_t whole = minutes ? 60 : 24;
  if (!minutes && !hours) {
    if (count == 1) return std::string("0 0 * * *");
    return ConfigError(fmt::format("cron cannot run something every {} days", count),
                       "Write every day, or a cron line with days of the week");
  }
  if (count == whole) return Interval(1, minutes ? "hour" : "day");
  if (count > whole || whole % count != 0) {
    return ConfigError(fmt::format("every {} {}s does not divide the {} evenly", count, unit,
                                   minutes ? "hour" : "day"),
                       minutes ? "Take 1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes"
                               : "Take 1, 2, 3, 4, 6, 8 or 12 hours");
  }
  const std::string step = count == 1 ? "*" : fmt::format("*/{}", count);
  return minutes ? step + " * * * *" : "0 " + step + " * * *";
}

Result<std::string> Every(const std::vector<std::string>& words, std::string_view text) {
  uint64_t count = 1;
  size_t unit_at = 1;
  if (words.size() == 3) {
    const auto number = ParseUnsigned(words[1]);
    if (!number || *number == 0) return NotASchedule(text);
    count = *number;
    unit_at = 2;
  } else if (words.size() != 2) {
    return NotASchedule(text);
  }
  for (const std::string_view unit : {"minute", "hour", "day"}) {
    if (words[unit_at] == unit || words[unit_at] == std::string(unit) + "s") {
      return Interval(count, unit);
    }
  }
  return NotASchedule(text);
}

Result<std::string> Daily(const std::vector<std::string>& words, std::string_view text) {
  if (words.size() == 1) return std::string("0 0 * * *");
  if (words.size() != 3 || words[1] != "at") return NotASchedule(text);
  const std::vector<std::string> parts = Split(words[2], ':');
  const auto hour = ParseUnsigned(parts[0]);
  const auto minute = parts.size() == 2 ? ParseUnsigned(parts[1]) : std::nullopt;
  if (!hour || !minute || *hour > 23 || *minute > 59 || parts[1].size() != 2) {
    return ConfigError(fmt::format("\"{}\" is not a time of the day", words[2]),
                       "Write it as 03:00, from 00:00 to 23:59");
  }
  return fmt::format("{} {} * * *", *minute, *hour);
}

struct CronField {
  std::string_view name;
  uint64_t low;
  uint64_t high;
  std::vector<std::string> words;  // names that stand for low, low + 1, …
};

const std::array<CronField, 5>& CronFields() {
  static const std::array<CronField, 5> kFields = {{
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day of the month", 1, 31, {}},
      {"month",
       1,
       12,
       {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
  }};
  return kFields;
}

std::optional<uint64_t> CronNumber(const std::string& text, const CronField& field) {
  for (size_t i = 0; i < field.words.size(); ++i) {
    if (field.words[i] == text) return field.low + i;
  }
  const auto number = ParseUnsigned(text);
  if (!number || *number < field.low || *number > field.high) return std::nullopt;
  return number;
}

// One of the parts between commas: "*", "5", "1-5", "*/15", "8-18/2".
bool IsCronPart(const std::string& part, const CronField& field) {
  const std::vector<std::string> step = Split(part, '/');
  if (step.size() > 2) return false;
  if (step.size() == 2) {
    const auto every = ParseUnsigned(step[1]);
    if (!every || *every == 0 || *every > field.high) return false;
  }
  if (step[0] == "*") return true;
  const std::vector<std::string> range = Split(step[0], '-');
  if (range.size() > 2) return false;
  const auto from = CronNumber(range[0], field);
  if (!from) return false;
  if (range.size() == 1) return step.size() == 1;
  const auto to = CronNumber(range[1], field);
  return to && *from <= *to;
}

Result<std::string> CronLine(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const CronField& field = CronFields()[i];
    for (const std::string& part : Split(words[i], ',')) {
      if (!IsCronPart(part, field)) {
        return ConfigError(fmt::format("\"{}\" is not a {} of a cron line ({} to {})", words[i],
                                       field.name, field.low, field.high));
      }
    }
  }
  return Join(words, " ");
}

}  // namespace

Result<std::string> ScheduleToCron(std::string_view text) {
  const std::vector<std::string> words = Words(text);
  if (words.empty()) return NotASchedule(text);
  if (words[0] == "every") return Every(words, text);
  if (words[0] == "daily") return Daily(words, text);
  if (words[0] == "hourly" && words.size() == 1) return std::string("0 * * * *");
  const bool cron_like = words[0].find_first_of("*0123456789") == 0;
  if (cron_like && words.size() == CronFields().size()) return CronLine(words);
  if (cron_like) {
    return ConfigError(
        fmt::format("\"{}\" has {}; a cron line has 5", text, Counted(words.size(), "field")));
  }
  return NotASchedule(text);
}

}  // namespace sluice::config
