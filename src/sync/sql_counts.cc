// What a difference comes to, and what of it somebody has confirmed where nothing is taken back.
#include <fmt/format.h>

#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

namespace {

// Stands for a row that somebody has confirmed: no data of anybody.
constexpr std::string_view kConfirmedRow = "_sluice_digest(key || chr(10) || identity)";

std::string IsConfirmed(const DifferenceNames& names) {
  return fmt::format("{} IN (SELECT row_digest FROM _sluice.sync_confirmed WHERE sync = {})",
                     kConfirmedRow, QuoteText(names.sync));
}

}  // namespace

std::string CountClasses(const DifferenceNames& names) {
  std::string from = names.Rows();
  if (names.TakesNewest()) {
    from =
        fmt::format("(SELECT class FROM {} UNION ALL SELECT class FROM {})", from, names.Older());
  }
  return fmt::format("SELECT class, count(*) FROM {} GROUP BY class ORDER BY class", from);
}

std::string CountRemovals(const DifferenceNames& names) {
  return fmt::format("SELECT class, count(*) FROM {} GROUP BY class", names.Removed());
}

std::string CountDelivered(const DifferenceNames& names) {
  // Two counts: payloads are read of few rows.
  return fmt::format(
      "SELECT (SELECT count(*) FROM _sluice.sync_delivered WHERE sync = {0} AND state = "
      "'delivered') "
      "+ (SELECT count(*) FROM _sluice.sync_delivered AS d WHERE d.sync = {0} AND d.state NOT IN "
      "('delivered', 'left') AND {1})",
      QuoteText(names.sync), kMayBeThere);
}

std::string CountConfirmed(const DifferenceNames& names) {
  return fmt::format("SELECT count(*) FROM {} WHERE class IN ({}) AND class <> 'retried' AND {}",
                     names.Rows(), kSendClasses, IsConfirmed(names));
}

std::string CountTaken(const DifferenceNames& names, const std::vector<std::string>& syncs) {
  return fmt::format(
      "SELECT count(*) FROM _sluice.sync_delivered AS d WHERE d.sync IN ({}) AND {} AND d.identity "
      "IN (SELECT identity FROM {} WHERE class IN ({}))",
      QuotedList(syncs), kMayBeThere, names.Rows(), kSendClasses);
}

std::string HoldUnconfirmed(const DifferenceNames& names) {
  return fmt::format(
      "UPDATE {} SET class = 'unconfirmed', message = 'what is done with it cannot be taken back, "
      "and nobody has confirmed it' WHERE class IN ({}) AND class <> 'retried' AND NOT {}",
      names.Rows(), kSendClasses, IsConfirmed(names));
}

std::vector<std::string> PutConfirmed(const DifferenceNames& names) {
  return {
      fmt::format("DELETE FROM _sluice.sync_confirmed WHERE sync = {}", QuoteText(names.sync)),
      fmt::format("INSERT INTO _sluice.sync_confirmed SELECT {}, {} FROM {} WHERE class IN ({})",
                  QuoteText(names.sync), kConfirmedRow, names.Rows(), kSendClasses)};
}

std::string KeepConfirmed(const DifferenceNames& names) {
  return fmt::format(
      "DELETE FROM _sluice.sync_confirmed WHERE sync = {} AND row_digest NOT IN (SELECT {} FROM {} "
      "WHERE class IN ({}))",
      QuoteText(names.sync), kConfirmedRow, names.Rows(), kSendClasses);
}

}  // namespace sluice::sync::sql
