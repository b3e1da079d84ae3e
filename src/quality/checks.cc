#include "quality/checks.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/text.h"
#include "warehouse/dialect.h"

namespace sluice::quality {
namespace {

using warehouse::NameList;
using warehouse::QuoteName;
using warehouse::QuoteText;

Outcome Failure(const config::Check& check) {
  return check.on_failure == config::OnFailure::kFail ? Outcome::kFail : Outcome::kWarn;
}

Result<CheckResult> NotNull(engine::Connection& connection, const config::Check& check,
                            const Subject& subject, CheckResult result) {
  std::string counts;
  for (const std::string& column : check.columns) {
    if (!counts.empty()) counts += ", ";
    counts += fmt::format("count(*) - count({})", QuoteName(column));
  }
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format("SELECT {} FROM {}", counts, subject.relation)));
  double nulls = 0;
  for (size_t i = 0; i < check.columns.size(); ++i) {
    const int64_t n = engine::ToInt(rows[0][i]);
    if (n == 0) continue;
    nulls += static_cast<double>(n);
    if (!result.message.empty()) result.message += "; ";
    result.message +=
        fmt::format("{} is NULL in {}", check.columns[i], Counted(static_cast<uint64_t>(n), "row"));
  }
  result.measured = nulls;
  result.high = 0;
  if (nulls > 0) result.outcome = Failure(check);
  return result;
}

Result<CheckResult> Unique(engine::Connection& connection, const config::Check& check,
                           const Subject& subject, CheckResult result) {
  const std::string& relation =
      subject.published_relation.empty() ? subject.relation : subject.published_relation;
  std::string not_null;
  for (const std::string& column : check.columns) {
    if (!not_null.empty()) not_null += " AND ";
    not_null += QuoteName(column) + " IS NOT NULL";
  }
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format(
                    "SELECT count(*), sum(n) FROM (SELECT count(*) AS n FROM {} WHERE {} GROUP BY "
                    "{} HAVING count(*) > 1)",
                    relation, not_null, NameList(check.columns))));
  const int64_t keys = engine::ToInt(rows[0][0]);
  result.measured = static_cast<double>(keys);
  result.high = 0;
  if (keys > 0) {
    result.outcome = Failure(check);
    result.message = fmt::format("{} of ({}) stand{} more than once, in {}",
                                 Counted(static_cast<uint64_t>(keys), "value"),
                                 Join(check.columns, ", "), keys == 1 ? "s" : "",
                                 Counted(static_cast<uint64_t>(engine::ToInt(rows[0][1])), "row"));
  }
  return result;
}

Result<CheckResult> AcceptedValues(engine::Connection& connection, const config::Check& check,
                                   const Subject& subject, CheckResult result) {
  const std::string column = QuoteName(check.columns.front());
  std::string accepted;
  for (const std::string& value : check.values) {
    if (!accepted.empty()) accepted += ", ";
    accepted += QuoteText(value);
  }
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format(
                    "SELECT count(*), count(DISTINCT {0}) FROM {1} WHERE {0} IS NOT NULL AND "
                    "CAST({0} AS VARCHAR) NOT IN ({2})",
                    column, subject.relation, accepted)));
  const int64_t bad = engine::ToInt(rows[0][0]);
  result.measured = static_cast<double>(bad);
  result.high = 0;
  if (bad > 0) {
    result.outcome = Failure(check);
    result.message = fmt::format("{} holds {} that {} not accepted ({})", check.columns.front(),
                                 Counted(static_cast<uint64_t>(engine::ToInt(rows[0][1])), "value"),
                                 engine::ToInt(rows[0][1]) == 1 ? "is" : "are",
                                 Counted(static_cast<uint64_t>(bad), "row"));
  }
  return result;
}

double Mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kWarn:
      return "warn";
    case Outcome::kFail:
      return "fail";
    case Outcome::kNotEnoughHistory:
      return "not_enough_history";
  }
  return "fail";
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Result<CheckResult> RunColumnCheck(engine::Connection& connection, const config::Check& check,
                                   const Subject& subject) {
  CheckResult result;
  result.check = check.Name();
  for (const std::string& column : check.columns) {
    if (std::find(subject.columns.begin(), subject.columns.end(), column) !=
        subject.columns.end()) {
      continue;
    }
    result.outcome = Failure(check);
    result.message = fmt::format("there is no column {}{} ({})", column,
                                 DidYouMean(column, subject.columns), check.where.ToString());
    return result;
  }
  switch (check.kind) {
    case config::Check::Kind::kNotNull:
      return NotNull(connection, check, subject, result);
    case config::Check::Kind::kUnique:
      return Unique(connection, check, subject, result);
    case config::Check::Kind::kAcceptedValues:
      return AcceptedValues(connection, check, subject, result);
    case config::Check::Kind::kVolume:
      break;
  }
  return FailedError("a volume check is no column check");
}

CheckResult CompareVolume(const config::Check& check, double measured,
                          const std::vector<double>& history, const std::string& subject) {
  const config::VolumeCheck& volume = check.volume;
  const std::vector<double> window(
      history.begin(),
      history.begin() + static_cast<ptrdiff_t>(std::min(
                            history.size(), static_cast<size_t>(std::max(volume.last, 0)))));
  CheckResult result;
  result.check = check.Name();
  result.measured = measured;
  result.history = static_cast<int64_t>(window.size());
  const std::string_view unit = volume.per == config::VolumeCheck::Per::kDay ? "day" : "load";
  if (static_cast<int>(window.size()) < volume.min_history) {
    result.outcome = Outcome::kNotEnoughHistory;
    result.message = fmt::format("{}: not enough history: {} of {} needed", subject,
                                 Counted(window.size(), unit), volume.min_history);
    return result;
  }
  const bool median = volume.against == config::VolumeCheck::Against::kMedian;
  const double usual = median ? Median(window) : Mean(window);
  if (volume.at_least) result.low = usual * volume.at_least->value / 100;
  if (volume.at_most) result.high = usual * volume.at_most->value / 100;
  const auto rows = [](double n) { return Thousands(static_cast<uint64_t>(n + 0.5)); };
  const std::string usual_text =
      fmt::format("the {} of the last {} is {}", median ? "median" : "mean",
                  Counted(window.size(), unit), rows(usual));
  if ((measured <= 0 && usual > 0) || (result.low && measured < *result.low)) {
    result.outcome = Failure(check);
    result.message = fmt::format("too few rows: {}, expected at least {} ({})", rows(measured),
                                 rows(result.low.value_or(1)), usual_text);
  } else if (result.high && measured > *result.high) {
    result.outcome = Failure(check);
    result.message = fmt::format("too many rows: {}, expected at most {} ({})", rows(measured),
                                 rows(*result.high), usual_text);
  }
  return result;
}

}  // namespace sluice::quality
