#include <utility>

#include <fmt/format.h>

#include "sync/look_first.h"
#include "sync/payload.h"
#include "sync/recover.h"
#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

namespace {

// kRemovalDigest of spool.h.
constexpr std::string_view kRemovalSql = "0::UHUGEINT";

std::string TempName(std::string_view what, int64_t number) {
  return fmt::format("_sluice_sync_{}_{}", what, number);
}

// Whether the rows' `column` may come more than once: of what comes once, nearly everything, only hashes are grouped.
std::string MayRepeat(const DifferenceNames& names, std::string_view column) {
  return fmt::format(
      "hash({0}) IN (SELECT h FROM (SELECT hash({0}) AS h FROM {1} WHERE {0} IS NOT NULL) GROUP BY "
      "h HAVING count(*) > 1)",
      column, names.Rows());
}

// What rows with one key have in common.
std::string MakePairs(const DifferenceNames& names) {
  return fmt::format(
      "CREATE TEMP TABLE {} AS SELECT key, count(*) AS n, min(digest) = max(digest) AS "
      "same, min(rowid) AS first FROM {} WHERE key IS NOT NULL AND {} GROUP BY key HAVING "
      "count(*) > 1",
      names.Pairs(), names.Rows(), MayRepeat(names, "key"));
}

// All are left out, unless they say the same; then one of them stands for all, where that is wanted.
std::string JudgePairs(const DifferenceNames& names) {
  const bool collapse = names.duplicates == config::Duplicates::Policy::kCollapse;
  return fmt::format(
      "UPDATE {0} SET class = CASE WHEN {2} THEN 'collapsed' ELSE 'duplicate_key' "
      "END, message = CASE WHEN NOT {2} THEN p.n || ' rows have this key' || CASE WHEN p.same THEN "
      "'' ELSE ' and differ' END END FROM {1} AS p WHERE p.key = {0}.key AND NOT ({2} AND p.first "
      "= "
      "{0}.rowid)",
      names.Rows(), names.Pairs(), collapse ? "p.same" : "false");
}

// The newest row of each key stays as if the others were not there. Among rows that are equally new
// the digest decides, so that the order in which the engine gives them does not.
std::vector<std::string> TakeNewest(const DifferenceNames& names) {
  return {
      fmt::format(
          "CREATE TEMP TABLE {0} AS SELECT id, key, CASE WHEN digest = best THEN 'collapsed' ELSE "
          "'superseded' END AS class, CASE WHEN digest = best THEN NULL WHEN newness IS NOT "
          "DISTINCT FROM top THEN 'another row of this key is as new, and was taken by its "
          "content' "
          "ELSE 'a newer row of this key was taken' END AS message FROM (SELECT r.rowid AS id, "
          "r.key, r.digest, r.newness, first_value(r.digest) OVER newest AS best, "
          "first_value(r.newness) OVER newest AS top, row_number() OVER newest AS place FROM {1} "
          "AS "
          "r JOIN {2} AS p ON p.key = r.key WINDOW newest AS (PARTITION BY r.key ORDER BY "
          "r.newness "
          "DESC NULLS LAST, r.digest DESC, r.rowid)) WHERE place > 1",
          names.Older(), names.Rows(), names.Pairs()),
      fmt::format("DELETE FROM {} WHERE rowid IN (SELECT id FROM {})", names.Rows(),
                  names.Older())};
}

std::vector<std::string> JudgeDuplicates(const DifferenceNames& names) {
  std::vector<std::string> statements = {MakePairs(names)};
  if (!names.TakesNewest()) {
    statements.push_back(JudgePairs(names));
    return statements;
  }
  for (std::string& statement : TakeNewest(names)) statements.push_back(std::move(statement));
  return statements;
}

// Two keys for one identity would overwrite each other for ever: both are left out, whatever else
// is to be said of them. Rows of a duplicate key count too: they may be meant.
std::string JudgeIdentities(const DifferenceNames& names) {
  return fmt::format(
      "UPDATE {0} SET class = 'same_identity', message = 'the same one at the destination as key ' "
      "|| CASE WHEN {0}.key = s.low THEN s.high ELSE s.low END FROM (SELECT identity, min(key) AS "
      "low, max(key) AS high FROM {0} WHERE identity IS NOT NULL AND {1} GROUP BY identity HAVING "
      "min(key) <> max(key)) AS s WHERE s.identity = {0}.identity AND {0}.class NOT IN "
      "('duplicate_key', 'collapsed')",
      names.Rows(), MayRepeat(names, "identity"));
}

// key, identity: which keys of the model the destination knows, or may know, by another identity.
std::string HeldIdentities(const DifferenceNames& names) {
  std::string held =
      fmt::format("SELECT other_identity AS identity, key FROM {} WHERE other_identity IS NOT NULL",
                  names.Rows());
  if (!names.changes) return held;
  return held + fmt::format(
                    " UNION ALL SELECT maybe_identity, key FROM {} WHERE maybe_identity IS "
                    "NOT NULL",
                    names.Rows());
}

// The same with what was delivered: the identity that a row comes with is still that of another key
// at the destination, which is in the model and has another identity now, or none that can be used.
std::string JudgeTakenIdentities(const DifferenceNames& names) {
  return fmt::format(
      "UPDATE {0} SET class = 'same_identity', message = 'still the one at the destination that "
      "key ' || t.key || ' was delivered as' FROM ({1}) AS t WHERE t.identity = {0}.identity AND "
      "t.key "
      "<> {0}.key AND {0}.class IN ({2})",
      names.Rows(), HeldIdentities(names), kSendClasses);
}

// Who has news is looked for at once, and what waited for that one goes before it. By person: each row of an
// ordered destination has an identity of its own.
std::string TakeTheWaiting(const DifferenceNames& names) {
  const std::string person = fmt::format("_sluice_person({}, payload)", names.binding);
  return fmt::format(
      "UPDATE {0} SET class = 'retried' WHERE class = 'absent' AND {1} <> '' AND {1} IN (SELECT "
      "{1} "
      "FROM {0} WHERE class IN ({2}) AND (SELECT count(*) FROM {0} WHERE class = 'absent') > 0)",
      names.Rows(), person, kSendClasses);
}

// An identity that another key of the model still has can be given to nobody before that one has got its
// own: with the next look, or never, where identities are exchanged.
std::string JudgeExchanges(const DifferenceNames& names) {
  return fmt::format(
      "UPDATE {0} SET class = 'identifier_changed', message = 'is to become what key ' || t.key || "
      "' "
      "still is at the destination: held until that one has its own (where two exchange theirs, "
      "one "
      "needs a third one in between)' FROM ({1}) AS t WHERE t.identity = {0}.identity AND t.key <> "
      "{0}.key AND {0}.class = "
      "'identity'",
      names.Rows(), HeldIdentities(names));
}

// A key that is new while another one, gone from the model, was delivered as the same identity:
// what that one left there has to be replaced, not only added to.
std::string MakePrior(const DifferenceNames& names) {
  return fmt::format(
      "CREATE TEMP TABLE {1} AS SELECT g.identity, d.key, d.payload, d.attempted_payload FROM "
      "_sluice.sync_delivered AS d JOIN (FROM {4} WHERE may_be_there AND identity IN (SELECT "
      "identity FROM {0} WHERE class IN ({3}) AND delivered_payload IS NULL)) AS g ON g.key = "
      "d.key "
      "WHERE d.sync = {2} QUALIFY row_number() OVER (PARTITION BY g.identity ORDER BY "
      "d.answered_at DESC, d.key) = 1",
      names.Rows(), names.Prior(), QuoteText(names.sync), kSendClasses, names.Gone());
}

// " AND ...": that no sync to the same place has delivered the identity of `row`; "" where there is none.
std::string UnknownToSiblings(const DifferenceNames& names, std::string_view row,
                              std::string_view delivered) {
  if (names.siblings.empty()) return {};
  return fmt::format(
      " AND {}.identity NOT IN (SELECT identity FROM _sluice.sync_delivered WHERE sync IN ({}) AND "
      "{} AND identity IS NOT NULL)",
      row, QuotedList(names.siblings), delivered);
}

// Whether a row `r` that is to be sent, with what another key left there (`p`), has to be looked for.
std::string MustLook(const DifferenceNames& names) {
  if (names.looks_for_all) return "true";
  if (!names.looks_for_unknown) return "false";
  return fmt::format("(r.delivered_payload IS NULL AND p.payload IS NULL{})",
                     UnknownToSiblings(names, "r", "payload IS NOT NULL"));
}

// What the destination holds of keys that are gone, unless a row of the model is the same one there, or another sync
// has put it there too: the last one of them removes it. A
// removal that was refused for good is not asked for again; one that may have arrived is where that is
// harmless.
std::string MakeRemoved(const DifferenceNames& names) {
  return fmt::format(
      "CREATE TEMP TABLE {removed} AS SELECT d.key, d.identity, coalesce(d.payload, "
      "d.attempted_payload) AS payload, CASE WHEN d.state = 'rejected' AND d.attempted_digest = "
      "{removal} THEN 'refused' WHEN d.state = 'unknown' AND NOT {repeatable} AND d.code IS "
      "DISTINCT FROM {retry} THEN 'unknown_outcome' ELSE 'removed' END AS class, false AS moved "
      "FROM "
      "_sluice.sync_delivered AS d WHERE d.sync = {sync} AND d.key IN (SELECT g.key FROM {gone} AS "
      "g "
      "WHERE g.may_be_there AND g.identity IS NOT NULL AND NOT EXISTS (FROM {rows} AS r WHERE "
      "r.identity = g.identity){others})",
      fmt::arg("others", UnknownToSiblings(names, "g", "state = 'delivered'")),
      fmt::arg("removed", names.Removed()), fmt::arg("removal", kRemovalSql),
      fmt::arg("retry", QuoteText(kRetryCode)),
      fmt::arg("repeatable", names.repeatable ? "true" : "false"),
      fmt::arg("sync", QuoteText(names.sync)), fmt::arg("gone", names.Gone()),
      fmt::arg("rows", names.Rows()));
}

}  // namespace

std::string DifferenceNames::Rows() const {
  return TempName("rows", binding);
}
std::string DifferenceNames::Pairs() const {
  return TempName("pairs", binding);
}
std::string DifferenceNames::Older() const {
  return TempName("older", binding);
}
std::string DifferenceNames::Gone() const {
  return TempName("gone", binding);
}
std::string DifferenceNames::Prior() const {
  return TempName("prior", binding);
}

std::string DifferenceNames::Removed() const {
  return TempName("removed", binding);
}

std::string DifferenceNames::Unsettled() const {
  return TempName("unsettled", binding);
}

std::string DifferenceNames::Remapped() const {
  return TempName("remapped", binding);
}

std::vector<std::string> MakeDifference(const DifferenceNames& names) {
  std::vector<std::string> statements = MakeRows(names);
  if (names.changes) statements.push_back(SettleGone(names));
  if (!names.movers.empty()) statements.push_back(FollowMoves(names));
  if (!names.movers.empty()) statements.push_back(FollowGone(names));
  for (std::string& statement : JudgeDuplicates(names)) statements.push_back(std::move(statement));
  statements.push_back(JudgeIdentities(names));
  statements.push_back(JudgeTakenIdentities(names));
  if (names.changes) statements.push_back(JudgeExchanges(names));
  if (!names.sequence.empty()) statements.push_back(TakeTheWaiting(names));
  statements.push_back(MakePrior(names));
  if (names.mirror) statements.push_back(MakeRemoved(names));
  if (names.mirror && !names.movers.empty()) {
    for (std::string& follow : FollowRemovals(names)) statements.push_back(std::move(follow));
  }
  return statements;
}

std::string JudgeForgotten(const DifferenceNames& names) {
  return fmt::format(
      "UPDATE {} SET class = 'forgotten', message = 'this person was forgotten at the destination: "
      "nothing about them is sent' WHERE class IN ({}, 'identity') AND _sluice_forgotten({}, "
      "payload)",
      names.Rows(), kSendClasses, names.binding);
}

std::vector<std::string> DropDifference(const DifferenceNames& names) {
  std::vector<std::string> statements;
  for (const std::string& table :
       {names.Rows(), names.Pairs(), names.Older(), names.Gone(), names.Prior(), names.Removed(),
        names.Remapped(), names.Unsettled()}) {
    statements.push_back("DROP TABLE IF EXISTS " + table);
  }
  return statements;
}

std::string RowsToSend(const DifferenceNames& names, uint64_t limit) {
  // Of what was never there nothing is kept, and the payload goes as it is: a text less to sort.
  std::string statement = fmt::format(
      "SELECT r.key, r.identity, r.class, r.digest, CASE WHEN {5} THEN r.payload ELSE "
      "_sluice_kept({0}, r.payload, coalesce(r.delivered_payload, p.payload), "
      "coalesce(r.attempted_payload, p.attempted_payload)) END AS payload, CASE WHEN NOT ({5}) "
      "THEN "
      "_sluice_sent({0}, r.payload, r.delivered_payload, r.attempted_payload, p.payload, "
      "p.attempted_payload) END AS sent, p.key AS prior_key, CASE WHEN {4} THEN '' END AS "
      "look_first FROM {1} AS r LEFT JOIN {2} AS p ON p.identity = CASE WHEN r.delivered_payload "
      "IS "
      "NULL THEN r.identity END WHERE r.class IN ({3})",
      names.binding, names.Rows(), names.Prior(), kSendClasses, MustLook(names),
      "coalesce(r.delivered_payload, r.attempted_payload, p.payload, p.attempted_payload) IS NULL");
  if (names.mirror) {
    statement = fmt::format(
        "FROM ({} UNION ALL SELECT key, identity, class, {}, payload, '', NULL, NULL FROM {} WHERE "
        "class "
        "= "
        "'removed') AS r ORDER BY r.class = 'removed', r.key",
        statement, kRemovalSql, names.Removed());
  } else if (names.changes) {
    statement = fmt::format(
        "FROM (SELECT *, NULL AS former, false AS in_doubt FROM ({}) UNION ALL SELECT key, "
        "identity, "
        "class, digest, payload, '', NULL, NULL, delivered_payload, in_doubt FROM {} WHERE class = "
        "'identity') AS r ORDER BY r.class <> 'identity', r.key",
        statement, names.Rows());
  } else {
    statement += names.sequence.empty() ? " ORDER BY r.key" : " ORDER BY r.turn NULLS FIRST, r.key";
  }
  if (!names.only_key.empty()) {
    statement = fmt::format("FROM ({}) WHERE key = {}", statement, QuoteText(names.only_key));
  }
  if (limit > 0) statement += fmt::format(" LIMIT {}", limit);
  return statement;
}

std::string ListUntried(const DifferenceNames& names, std::string_view table) {
  return fmt::format(
      "CREATE OR REPLACE TEMP TABLE {} AS SELECT key, identity, payload FROM ({}) WHERE class <> "
      "'retried'",
      table, RowsToSend(names, 0));
}

}  // namespace sluice::sync::sql
