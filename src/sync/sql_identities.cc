// What is known of people who were given another identity: by whom rows are meant that knew them by the former
// one, and about whom nothing may be sent for a while.
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "connector/identity_change.h"
#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

namespace {

// Whom a row `payload` is about, as destinations hash them: two at most.
std::string AboutAny(const DifferenceNames& names) {
  const std::string unsettled = fmt::format("(SELECT hash FROM _sluice.unsettled WHERE {})",
                                            IsUnsettled(names.connection, names.settling));
  return fmt::format(
      "(split_part(_sluice_person({0}, payload), ' ', 1) IN {1} OR "
      "split_part(_sluice_person({0}, payload), ' ', 2) IN {1})",
      names.binding, unsettled);
}

std::string Movers(const DifferenceNames& names) {
  std::vector<std::string> syncs;
  for (const std::string& mover : names.movers) syncs.push_back(QuoteText(mover));
  return Join(syncs, ", ");
}

// key, current: to which identity (its digest) the one was changed by which a row was delivered, and has been since.
std::string Moved(const DifferenceNames& names, const std::string& keys) {
  return fmt::format(
      "SELECT d.key, arg_min(v.current, v.moved_at) AS current FROM _sluice.sync_delivered AS d "
      "JOIN "
      "_sluice.identity_moves AS v ON v.former = _sluice_digest(d.identity) AND v.moved_at > "
      "d.answered_at WHERE d.sync = {} AND v.sync IN ({}) AND d.key IN ({}) GROUP BY d.key",
      QuoteText(names.sync), Movers(names), keys);
}

}  // namespace

std::string IsUnsettled(std::string_view connection, const Settling& settling) {
  // A clock that was set back holds nothing up for longer than that.
  return fmt::format(
      "connection = {0} AND ((changed_at IS NULL AND sync IN (SELECT sync FROM "
      "_sluice.deliveries)) "
      "OR changed_at BETWEEN CAST({1} AS TIMESTAMP) - to_milliseconds({2}) + to_microseconds(1) "
      "AND "
      "CAST({1} AS TIMESTAMP) + to_milliseconds({2}))",
      QuoteText(connection), QuoteText(settling.now), settling.milliseconds);
}

std::string LeftToSettle(std::string_view connection, const Settling& settling) {
  return fmt::format(
      "SELECT max(CASE WHEN changed_at IS NULL THEN {0} * 1000 ELSE date_diff('microsecond', "
      "CAST({1} AS TIMESTAMP), changed_at) + {0} * 1000 END) FROM _sluice.unsettled WHERE {2}",
      settling.milliseconds, QuoteText(settling.now), IsUnsettled(connection, settling));
}

std::vector<std::string> HoldUnsettled(const DifferenceNames& names) {
  std::vector<std::string> statements = {fmt::format(
      "UPDATE {} SET class = 'unsettled', message = 'an identifier of this person was changed a "
      "moment ago: it goes when that has settled' WHERE class IN ({}) AND {}",
      names.Rows(), kSendClasses, AboutAny(names))};
  if (names.mirror) {
    statements.push_back(
        fmt::format("UPDATE {} SET class = 'unsettled' WHERE class = 'removed' AND {}",
                    names.Removed(), AboutAny(names)));
  }
  return statements;
}

std::vector<std::string> RecordMoving(const DifferenceNames& names, bool all) {
  const std::string connection = QuoteText(names.connection);
  const std::string people =
      all ? fmt::format("SELECT payload FROM {} WHERE class IN ({})", names.Rows(), kSendClasses)
          : fmt::format(
                "SELECT payload FROM {0} WHERE class = 'identity' UNION ALL SELECT "
                "delivered_payload FROM {0} WHERE class = 'identity'",
                names.Rows());
  return {
      fmt::format("DELETE FROM _sluice.unsettled WHERE connection = {} AND changed_at < "
                  "CAST({} AS TIMESTAMP) - to_days(1)",
                  connection, QuoteText(names.now)),
      fmt::format("INSERT INTO _sluice.unsettled SELECT DISTINCT {}, {}, hash, NULL FROM (SELECT "
                  "unnest(string_split(_sluice_person({}, payload), ' ')) AS hash FROM ({})) "
                  "WHERE hash <> ''",
                  connection, QuoteText(names.sync), names.binding, people)};
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
      names.Gone(), Moved(names, "SELECT key FROM " + names.Gone()), Movers(names));
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
          Movers(names)),
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
