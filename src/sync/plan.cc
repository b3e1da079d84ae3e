#include "sync/plan.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::sync {
namespace {

std::string FindingText(const std::string& kind, uint64_t rows) {
  static const std::vector<std::pair<std::string, std::string>> kTexts = {
      {"null_key", "without a key"},
      {"bad_value", "with a value that cannot be sent"},
      {"no_identity", "without a usable identifier"},
      {"duplicate_key", "with a duplicate key"},
      {"same_identity", "with the identifier of another key"},
      {"identifier_changed", "with a changed identifier"},
      {"forgotten", "about somebody who was forgotten"},
      {"unsettled", "about somebody about whom something was sent a moment ago"},
      {"unconfirmed", "that nobody has confirmed"},
      {"unknown_outcome", "that may have arrived and must not go twice"},
  };
  for (const auto& [name, text] : kTexts) {
    if (name == kind) return fmt::format("{} {}", Thousands(rows), text);
  }
  return fmt::format("{} {}", Thousands(rows), kind);
}

std::string Changes(const SyncCounts& counts) {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t n, std::string_view what) {
    if (n > 0) parts.push_back(fmt::format("{} {}", Thousands(n), what));
  };
  add(counts.identities, "with a new identifier");
  add(counts.added, "added");
  add(counts.changed, "changed");
  add(counts.returned, "returned");
  add(counts.retried, "again");
  add(counts.removed, "removed");
  return parts.empty() ? "" : " (" + Join(parts, ", ") + ")";
}

// What is not sent, and why.
std::string Remainder(const SyncCounts& counts) {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t n, std::string_view what) {
    if (n > 0) parts.push_back(fmt::format("{} {}", Thousands(n), what));
  };
  add(counts.unchanged, "unchanged");
  if (counts.left > 0) {
    parts.push_back(fmt::format("{} of {} left the model", Thousands(counts.left),
                                Counted(counts.delivered, "delivered row")));
  }
  add(counts.absent, "not there, looked for again later");
  add(counts.superseded, "older than another row of their key");
  add(counts.refused, "rejected before, not retried until they change");
  add(counts.forgotten, "of people who were forgotten");
  std::vector<std::string> out;
  for (const auto& [kind, rows] : counts.findings) out.push_back(FindingText(kind, rows));
  if (!out.empty()) parts.push_back("left out: " + Join(out, ", "));
  return parts.empty() ? "" : "; " + Join(parts, "; ");
}

}  // namespace

std::string TakesKnown(const SyncCounts& counts, const std::string& noun) {
  return fmt::format(
      "takes all {} as delivered and sends nothing (first_run: from_now_on); later ones "
      "are sent",
      Counted(counts.taken, noun));
}

std::string NothingToSend(const SyncCounts& counts) {
  return "nothing to send" + Remainder(counts);
}

uint64_t SyncPlan::DaysToWait() const {
  if (requests_per_day == 0 || totals.requests <= left_today) return 0;
  return (totals.requests - left_today + requests_per_day - 1) / requests_per_day;
}

double SyncPlan::LeastSeconds() const {
  constexpr double kDay = 86'400;
  const double questions = static_cast<double>(Questions());
  return kDay * static_cast<double>(DaysToWait()) +
         (requests_per_second > 0 ? static_cast<double>(totals.requests) / requests_per_second
                                  : 0) +
         (lookup.per_second > 0 ? questions / lookup.per_second : 0);
}

uint64_t SyncPlan::Questions() const {
  return (totals.looked_for + lookup.rows - 1) / std::max<size_t>(1, lookup.rows);
}

std::string SyncPlan::Describe() const {
  if (!open) return DescribeDifference();
  std::vector<std::string> parts;
  const auto add = [&](uint64_t n, std::string_view what) {
    if (n > 0) parts.push_back(fmt::format("{} {}", Thousands(n), what));
  };
  add(open->acknowledged, "acknowledged");
  add(open->rejected, "rejected");
  add(open->deferred, "deferred");
  add(open->unknown, under_way ? "in flight" : "not known");
  add(open->waiting, "not reached");
  const std::string done = Join(parts, ", ");
  if (under_way) {
    return fmt::format("a delivery is under way ({}); as it stands now, without it: {}", done,
                       DescribeDifference());
  }
  return fmt::format("an interrupted delivery is taken in first ({}); then {}", done,
                     DescribeDifference());
}

std::string SyncPlan::DescribeDifference() const {
  if (up_to_date) {
    return "nothing to send: neither the model nor the mapping has changed" + Remainder(counts);
  }
  if (counts.ToSend() == 0) {
    if (counts.taken == 0) return NothingToSend(counts);
    return fmt::format("FIRST RUN: {}{}", TakesKnown(counts, noun), Remainder(counts));
  }
  const bool limited = limit > 0 && limit < counts.ToSend();
  std::string what;
  if (limited) {
    what = fmt::format("{} of {}", Thousands(limit), Counted(counts.ToSend(), noun));
  } else {
    what = Counted(counts.ToSend(), noun);
    if (first_run) what = "all " + what;
  }
  std::string out =
      fmt::format("{}sends {}{}, {}", first_run ? "FIRST RUN: " : "", what,
                  first_run ? "" : Changes(counts), Counted(totals.requests, "request"));
  if (DaysToWait() > 0) {
    out += fmt::format(", {} at {} in 24 hours: {} can go now, the rest waits for later runs",
                       Counted(DaysToWait() + 1, "day"), Thousands(requests_per_day),
                       left_today == 0 ? "none" : Thousands(left_today));
  } else if (requests_per_second > 0) {
    const double seconds = std::ceil(LeastSeconds());
    out += fmt::format(", {} at {:g} requests/s",
                       seconds < 60 ? fmt::format("{:.0f} s", seconds) : HumanSeconds(seconds),
                       requests_per_second);
  }
  if (totals.looked_for > 0) {
    out += fmt::format(
        "; asks about {} first ({}{}): sends those that are {}there",
        totals.looked_for == totals.rows ? "all of them" : Thousands(totals.looked_for),
        lookup.request_name,
        lookup.per_second > 0
            ? fmt::format(", {} at {:g}/s", Counted(Questions(), "question"), lookup.per_second)
            : "",
        mode == "insert" ? "not " : "");
  }
  if (first_run && mode == "append" && !asked_to_backfill && !limited) {
    out += "; with first_run: from_now_on it would send none of them, and all later ones";
  }
  if (totals.unsendable > 0) {
    out += fmt::format("; {} cannot be sent: too large, or of the wrong kind",
                       Counted(totals.unsendable, "row"));
  }
  if (counts.taken_from > 0) {
    out += fmt::format(
        "; {} that other syncs have delivered to them {} as delivered no more: those that are in "
        "a model of theirs are sent anew",
        Counted(counts.taken_from, "row"), counts.taken_from == 1 ? "counts" : "count");
  }
  out += Remainder(counts);
  return held.empty() ? out : out + "\nHELD: " + held;
}

}  // namespace sluice::sync
