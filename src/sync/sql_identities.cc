// What is known of people who were given another identity: by whom rows are meant that knew them by the former
// one, and about whom nothing may be sent for a while.
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "connector/identity_change.h"
#include "sync/recover.h"
#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

namespace {

// Whether something is to settle, of the kinds `by`, about whom `payload` is, as destinations hash them: by three
// identifiers at most.
std::string AboutAny(const DifferenceNames& names, std::string_view payload,
                     const std::string& by) {
  const std::string hashes =
      fmt::format("(SELECT hash FROM {} WHERE \"by\" IN ({}))", names.Unsettled(), by);
  std::vector<std::string> any;
  for (int place = 1; place <= 3; ++place) {
    any.push_back(fmt::format("split_part(_sluice_person({}, {}), ' ', {}) IN {}", names.binding,
                              payload, place, hashes));
  }
  return "(" + Join(any, " OR ") + ")";
}

// What rows wait for, and changes of identity, which are single calls.
std::string RowsWaitFor(const DifferenceNames& names) {
  std::string by = names.single ? "'bulk'" : names.bulk ? "'single'" : "''";
  if (names.heeds_changes) by += ", 'change'";
  return by;
}
constexpr const char* kChangesWaitFor = "'bulk'";

// A change in doubt was sent a moment ago by itself.
constexpr const char* kIsChange = "class = 'identity' AND NOT in_doubt";

// A condition over `_sluice.unsettled`.
std::string IsUnsettled(const DifferenceNames& names) {
  // A clock that was set back holds nothing up for longer than that.
  return fmt::format(
      "connection = {0} AND ((changed_at IS NULL AND sync IN (SELECT sync FROM "
      "_sluice.deliveries)) OR changed_at BETWEEN CAST({1} AS TIMESTAMP) - to_milliseconds({2}) + "
      "to_microseconds(1) AND CAST({1} AS TIMESTAMP) + to_milliseconds({2}))",
      QuoteText(names.connection), QuoteText(names.settling.now), names.settling.milliseconds);
}

// payload, answered_at: what went in bulk calls a moment ago. It is found by the answers, since of what goes in bulk
// nobody wants to write down every row twice. (What was taken off is not among them: RecordUnsettled.)
std::string BulkCalls(const DifferenceNames& names) {
  return fmt::format(
      "SELECT coalesce(attempted_payload, payload) AS payload, answered_at FROM "
      "_sluice.sync_delivered WHERE sync IN ({}) AND answered_at BETWEEN CAST({} AS TIMESTAMP) - "
      "to_milliseconds({}) + to_microseconds(1) AND CAST({} AS TIMESTAMP) + to_milliseconds({}) "
      "AND code IS DISTINCT FROM {}",
      QuotedList(names.bulk_syncs), QuoteText(names.settling.now), names.settling.milliseconds,
      QuoteText(names.settling.now), names.settling.milliseconds, QuoteText(kTakenCode));
}

// key, current: to which identity (its digest) the one was changed by which a row was delivered, and has been since.
std::string Moved(const DifferenceNames& names, const std::string& keys) {
  return fmt::format(
      "SELECT d.key, arg_min(v.current, v.moved_at) AS current FROM _sluice.sync_delivered AS d "
      "JOIN "
      "_sluice.identity_moves AS v ON v.former = _sluice_digest(d.identity) AND v.moved_at > "
      "d.answered_at WHERE d.sync = {} AND v.sync IN ({}) AND d.key IN ({}) GROUP BY d.key",
      QuoteText(names.sync), QuotedList(names.movers), keys);
}

}  // namespace

std::string FindUnsettled(const DifferenceNames& names) {
  const std::string now = fmt::format("CAST({} AS TIMESTAMP)", QuoteText(names.settling.now));
  const std::string settles = fmt::format("to_milliseconds({})", names.settling.milliseconds);
  std::string found = fmt::format(
      "SELECT hash, coalesce(call, 'change') AS \"by\", coalesce(changed_at, {0}) AS called_at "
      "FROM "
      "_sluice.unsettled WHERE {1}",
      now, IsUnsettled(names));
  const std::string hashes = fmt::format(
      "SELECT unnest(string_split(_sluice_person({}, payload), ' ')), 'bulk'", names.binding);
  const bool looks = names.single || names.any_identities;
  if (looks && !names.bulk_syncs.empty()) {
    found += fmt::format(" UNION ALL {}, answered_at FROM ({})", hashes, BulkCalls(names));
  }
  if (looks && names.bulk_under_way) {
    found += fmt::format(" UNION ALL {}, {} FROM {} WHERE class IN ({}, 'identity')", hashes, now,
                         names.Rows(), kSendClasses);
    if (names.mirror) {
      found += fmt::format(" UNION ALL {}, {} FROM {} WHERE class = 'removed'", hashes, now,
                           names.Removed());
    }
  }
  return fmt::format(
      "CREATE OR REPLACE TEMP TABLE {} AS SELECT hash, \"by\", max(called_at) + {} AS until FROM "
      "({}) "
      "WHERE hash <> '' GROUP BY ALL",
      names.Unsettled(), settles, found);
}

std::string LeftToSettle(const DifferenceNames& names) {
  std::string rows = fmt::format("SELECT payload FROM {} WHERE class IN ({}, 'unsettled')",
                                 names.Rows(), kSendClasses);
  if (names.mirror) {
    rows += fmt::format(" UNION ALL SELECT payload FROM {} WHERE class IN ('removed', 'unsettled')",
                        names.Removed());
  }
  const auto until = [&](const std::string& payloads, const std::string& by) {
    return fmt::format(
        "SELECT max(until) AS until FROM {} WHERE \"by\" IN ({}) AND hash IN (SELECT "
        "unnest(string_split(_sluice_person({}, payload), ' ')) FROM ({}))",
        names.Unsettled(), by, names.binding, payloads);
  };
  std::string all = until(rows, RowsWaitFor(names));
  if (names.any_identities) {
    all += " UNION ALL " +
           until(fmt::format("SELECT unnest([payload, delivered_payload]) AS payload FROM {} WHERE "
                             "class = 'unsettled' OR ({})",
                             names.Rows(), kIsChange),
                 kChangesWaitFor);
  }
  return fmt::format("SELECT date_diff('microsecond', CAST({} AS TIMESTAMP), max(until)) FROM ({})",
                     QuoteText(names.settling.now), all);
}

std::vector<std::string> HoldUnsettled(const DifferenceNames& names) {
  const std::string hold = fmt::format(
      "UPDATE {} SET class = 'unsettled', message = 'an identifier of this person was changed a "
      "moment ago, or bulk and single calls would be mixed: it goes when that has settled' WHERE ",
      names.Rows());
  std::vector<std::string> statements;
  if (names.any_identities) {
    statements.push_back(hold + kIsChange + " AND (" + AboutAny(names, "payload", kChangesWaitFor) +
                         " OR " + AboutAny(names, "delivered_payload", kChangesWaitFor) + ")");
  }
  const std::string by = RowsWaitFor(names);
  statements.push_back(
      hold + fmt::format("class IN ({}) AND {}", kSendClasses, AboutAny(names, "payload", by)));
  if (names.mirror) {
    statements.push_back(
        fmt::format("UPDATE {} SET class = 'unsettled' WHERE class = 'removed' AND {}",
                    names.Removed(), AboutAny(names, "payload", by)));
  }
  return statements;
}

std::vector<std::string> RecordUnsettled(const DifferenceNames& names, bool all) {
  const std::string connection = QuoteText(names.connection);
  std::vector<std::string> statements = {
      fmt::format("DELETE FROM _sluice.unsettled WHERE connection = {} AND changed_at < "
                  "CAST({} AS TIMESTAMP) - to_days(1)",
                  connection, QuoteText(names.now))};
  const auto record = [&](const std::string& people, std::string_view call) {
    statements.push_back(fmt::format(
        "INSERT INTO _sluice.unsettled SELECT DISTINCT {}, {}, hash, NULL, {} FROM (SELECT "
        "unnest(string_split(_sluice_person({}, payload), ' ')) AS hash FROM ({})) WHERE hash <> "
        "''",
        connection, QuoteText(names.sync), call, names.binding, people));
  };
  const std::string sent =
      fmt::format("SELECT payload FROM {} WHERE class IN ({})", names.Rows(), kSendClasses);
  const std::string removed =
      fmt::format("SELECT payload FROM {} WHERE class = 'removed'", names.Removed());
  if (all) {
    record(sent, "NULL");
  } else if (names.changes) {
    record(fmt::format("SELECT unnest([payload, delivered_payload]) AS payload FROM {} WHERE class "
                       "= 'identity'",
                       names.Rows()),
           "NULL");
  }
  if (!all && names.single) record(sent, "'single'");
  if (names.mirror && names.single) record(removed, "'single'");
  if (names.mirror && names.bulk && names.any_single) record(removed, "'bulk'");
  return statements;
}

std::string FollowMoves(const DifferenceNames& names) {
  return fmt::format(
      "UPDATE {0} SET class = CASE class WHEN 'identifier_changed' THEN 'changed' ELSE class END, "
      "other_identity = NULL, message = NULL FROM ({1}) AS m WHERE m.key = {0}.key AND "
      "{0}.other_identity IS NOT NULL AND _sluice_digest({0}.identity) = m.current",
      names.Rows(),
      Moved(names,
            fmt::format("SELECT key FROM {} WHERE other_identity IS NOT NULL", names.Rows())));
}

std::string FollowGone(const DifferenceNames& names) {
  // Of whom it is not known any more under which identity they are there: under none that a row could be.
  return fmt::format(
      "UPDATE {0} SET identity = m.identity FROM (SELECT g.key, any_value(p.identity) AS identity "
      "FROM ({1}) AS g LEFT JOIN (SELECT identity, _sluice_digest(identity) AS digest FROM "
      "_sluice.sync_delivered WHERE sync IN ({2})) AS p ON p.digest = g.current GROUP BY g.key) AS "
      "m WHERE m.key = {0}.key",
      names.Gone(), Moved(names, "SELECT key FROM " + names.Gone()), QuotedList(names.movers));
}

std::string MaybeAt(const DifferenceNames& names) {
  return fmt::format("substr(_sluice_identity({}, d.key, d.attempted_payload), 2)", names.binding);
}

std::vector<std::string> FollowRemovals(const DifferenceNames& names) {
  return {
      fmt::format(
          "UPDATE {0} SET identity = p.identity, payload = p.payload, moved = true FROM ({1}) AS m "
          "JOIN (SELECT identity, payload, _sluice_digest(identity) AS digest FROM "
          "_sluice.sync_delivered WHERE sync IN ({2}) AND payload IS NOT NULL) AS p ON p.digest = "
          "m.current WHERE m.key = {0}.key",
          names.Removed(),
          Moved(names, fmt::format("SELECT key FROM {} WHERE class = 'removed'", names.Removed())),
          QuotedList(names.movers)),
      // Where it is not known by which identity the one is there, it is known when that change has been settled.
      fmt::format(
          "UPDATE {0} SET class = 'unsettled' WHERE class = 'removed' AND identity IN (SELECT "
          "d.identity FROM _sluice.sync_delivered AS d WHERE d.sync IN ({1}) AND {2} AND {3} <> "
          "d.identity AND {3} NOT IN (SELECT identity FROM _sluice.sync_delivered WHERE sync IN "
          "({1}) AND state = 'delivered'))",
          names.Removed(), QuotedList(names.movers), kMovedInDoubt, MaybeAt(names)),
      // Who is in the model under another key stays.
      fmt::format("DELETE FROM {0} WHERE moved AND identity IN (SELECT identity FROM {1} WHERE "
                  "identity IS NOT NULL)",
                  names.Removed(), names.Rows())};
}

std::vector<std::string> RecordMoved(const FoldNames& names, std::string_view now) {
  const std::string sync = QuoteText(names.sync);
  const std::string at = fmt::format("CAST({} AS TIMESTAMP)", QuoteText(now));
  const std::string moves = fmt::format(
      "SELECT _sluice_digest(o.identity) AS former, _sluice_digest(s.identity) AS current FROM {} "
      "JOIN _sluice.sync_delivered AS o ON o.sync = {} AND "
      "o.key = s.key WHERE s.moves AND a.state = 'acknowledged' AND a.code IS DISTINCT FROM {} AND "
      "o.identity <> s.identity",
      names.Judged(), sync, QuoteText(connector::kNobodyThere));
  return {// When the first of several changes happened is what older deliveries are compared with.
          fmt::format("UPDATE _sluice.identity_moves SET current = m.current FROM ({}) AS m WHERE "
                      "sync = {} AND identity_moves.current = m.former",
                      moves, sync),
          fmt::format("INSERT INTO _sluice.identity_moves SELECT {}, former, current, {} FROM ({})",
                      sync, at, moves)};
}

std::string BeginSettling(const FoldNames& names, std::string_view now) {
  return fmt::format(
      "UPDATE _sluice.unsettled SET changed_at = CAST({} AS TIMESTAMP) WHERE sync = {} AND "
      "changed_at "
      "IS NULL",
      QuoteText(now), QuoteText(names.sync));
}

}  // namespace sluice::sync::sql
