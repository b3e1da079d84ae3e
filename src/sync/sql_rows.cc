// What a difference begins with: the model's rows beside what was delivered under their keys, and what is gone.
#include <fmt/format.h>

#include "connector/destination.h"
#include "sync/look_first.h"
#include "sync/payload.h"
#include "sync/recover.h"
#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

namespace {

// A row that a mode sends once, and that somebody wants to go again (Resync): until it is acknowledged.
std::string IsAskedAgain() {
  return fmt::format(
      "(d.payload IS NOT NULL AND d.state <> 'left' AND (d.code IS NOT DISTINCT FROM {} OR "
      "(d.attempted_payload IS NOT NULL AND d.state IN ('deferred', 'unknown'))))",
      QuoteText(kRetryCode));
}

// What may have arrived before a row was rejected has a payload too, and no digest.
std::string WasAcknowledged() {
  return fmt::format(
      "(d.payload IS NOT NULL AND (d.digest IS NOT NULL OR d.code IS NOT DISTINCT FROM {}))",
      QuoteText(kAlreadyThereCode));
}

// What a row of the class `identity` is about. Usually: from what was delivered to what the model says. When
// an earlier change is in doubt (`maybe` is where it went): back, if the model says so again; else that
// change once more, and the model's with the next look, when it is known where it begins.
constexpr const char* kOnTheWay =
    "(class = 'identity' AND in_doubt AND identity <> delivered_identity AND identity <> "
    "substr(maybe, 2))";

std::string OnTheWayElse(std::string_view value, std::string_view otherwise) {
  return fmt::format("CASE WHEN {} THEN {} ELSE {} END", kOnTheWay, value, otherwise);
}

constexpr std::string_view kFormerPayload =
    "CASE WHEN in_doubt AND identity = delivered_identity THEN attempted_payload ELSE "
    "coalesce(delivered_payload, attempted_payload) END";

constexpr std::string_view kWayOut = "; identifier_changes: change of the sync lets it be changed";

constexpr std::string_view kDoubtOut =
    " in_doubt, CASE WHEN starts_with(maybe, '=') THEN substr(maybe, 2) END AS maybe_identity,";

// By which identity the destination may know the row instead, after a change without an answer.
std::string MaybeIdentity(const DifferenceNames& names) {
  return fmt::format(
      " CASE WHEN d.state IN ('unknown', 'left') AND d.attempted_payload IS NOT NULL THEN "
      "_sluice_identity({}, m.key, d.attempted_payload) END AS maybe, coalesce(starts_with(maybe, "
      "'=') AND substr(maybe, 2) <> d.identity, false) AS in_doubt,",
      names.binding);
}

// What the destination can hold of a row: while the sync makes no fields it drops those that it has not.
std::string Holdable(const DifferenceNames& names) {
  if (names.makes_fields) return "m.body";
  return fmt::format(
      "CASE WHEN d.code IS NOT DISTINCT FROM {} THEN _sluice_without(m.body, d.message) ELSE "
      "m.body END",
      QuoteText(connector::kFieldsDropped));
}

std::string WhenIdentityChanged(const DifferenceNames& names) {
  const std::string another =
      fmt::format("WHEN d.identity <> substr(m.who, 2) AND {}", kMayBeThere);
  if (!names.changes) return fmt::format("      {} THEN 'identifier_changed'", another);
  return fmt::format(
      "      WHEN in_doubt THEN 'identity'\n      {0} AND d.state = 'rejected' AND "
      "d.attempted_digest = m.digest THEN 'refused'\n      {0} THEN 'identity'",
      another);
}

// The rows of the model: key, payload, its digest, whom it is about. Each step is a sub-select of its own, so that
// nothing is computed twice.
constexpr std::string_view kModel = R"(SELECT *, _sluice_digest(body) AS digest,
      CASE WHEN starts_with(body, '{{') THEN _sluice_identity({binding}, key, body) END AS who
    FROM (
      SELECT CAST(src.{key} AS VARCHAR) AS key, _sluice_payload({arguments}) AS body{newness}{turn}
      FROM {relation} AS src
    ))";

std::string Model(const DifferenceNames& names) {
  std::string arguments = std::to_string(names.binding);
  for (const std::string& column : names.columns) arguments += ", " + column;
  return fmt::format(
      kModel, fmt::arg("binding", names.binding), fmt::arg("key", names.key),
      fmt::arg("arguments", arguments),
      fmt::arg("newness", names.TakesNewest() ? ", src." + names.newness + " AS newness" : ""),
      fmt::arg("turn", names.sequence.empty() ? "" : ", " + names.sequence + " AS turn"),
      fmt::arg("relation", names.relation));
}

constexpr std::string_view kRowsStatement = R"({into}
SELECT key, {target} AS identity, {digest} AS digest, class{turn},{newness_out}{doubt_out}
  CASE WHEN may_be_there AND identity IS DISTINCT FROM delivered_identity THEN delivered_identity
    END AS other_identity,
  CASE WHEN class IN ({kept}, 'remapped', 'taken') THEN body WHEN class = 'identity' THEN {goal} END AS payload,
  CASE WHEN class IN ({kept}) THEN delivered_payload WHEN class = 'identity' THEN {former} END
    AS delivered_payload,
  CASE WHEN class IN ({kept}) THEN attempted_payload END AS attempted_payload,
  CASE class WHEN 'null_key' THEN 'the key is NULL'
    WHEN 'bad_value' THEN substr(body, 2)
    WHEN 'no_identity' THEN substr(who, 2)
    WHEN 'identifier_changed' THEN 'was delivered as ' || delivered_identity || ', is ' || identity
      || ' now: held{way_out}'
    WHEN 'unknown_outcome' THEN 'it may have arrived, and must not be sent twice'
    END AS message
FROM (
  SELECT m.*, d.identity AS delivered_identity, {there} AS may_be_there,
    d.payload AS delivered_payload, d.attempted_payload,{maybe}
    CASE WHEN starts_with(m.who, '=') THEN substr(m.who, 2) END AS identity,
    CASE
      WHEN m.key IS NULL THEN 'null_key'
      WHEN NOT starts_with(m.body, '{{') THEN 'bad_value'
      WHEN NOT starts_with(m.who, '=') THEN 'no_identity'
      WHEN d.key IS NULL THEN {unknown_key}
      WHEN {again} AND {taken} AND d.state = 'left' THEN 'returned'
      WHEN {again} AND d.identity <> substr(m.who, 2) AND {there} THEN 'changed'
      WHEN {once} AND {taken} AND NOT {resent}
        THEN CASE d.state WHEN 'left' THEN 'back' ELSE 'unchanged' END
{changed}
      WHEN d.state = 'deferred' AND d.next_try_at > CAST({now} AS TIMESTAMP) AND d.identity =
        substr(m.who, 2) AND d.code IS DISTINCT FROM {retry}{same} THEN 'absent'
      WHEN d.state = 'unknown' AND NOT {repeatable} AND d.code IS DISTINCT FROM {retry}
        THEN 'unknown_outcome'
      WHEN d.state IN ('unknown', 'deferred') THEN 'retried'
      WHEN d.state = 'rejected' AND d.attempted_digest = m.digest THEN 'refused'
      WHEN d.payload IS NULL AND d.state <> 'left' THEN 'added'
      WHEN d.digest = m.digest AND d.digest_kind = {kind} AND d.attempted_payload IS NULL{closely}
        THEN CASE WHEN d.state IN ('left', 'rejected') THEN 'back' ELSE 'unchanged' END
      WHEN d.attempted_payload IS NULL AND NOT _sluice_differs({binding}, m.body, d.payload)
        THEN 'remapped'
      WHEN d.state = 'left' THEN 'returned'
      ELSE 'changed'
    END AS class
  FROM ({model}) AS m
  LEFT JOIN (SELECT * FROM _sluice.sync_delivered WHERE sync = {sync}{keys}) AS d ON d.key = m.key
))";

// The model's rows (`model`) beside what was delivered under their keys. Payloads are kept only where they
// may be needed: in a quiet run nearly all of them are not.
std::string PutRows(const DifferenceNames& names, const std::string& into, const std::string& model,
                    const std::string& keys) {
  return fmt::format(
      kRowsStatement, fmt::arg("into", into), fmt::arg("model", model), fmt::arg("keys", keys),
      fmt::arg("kept", std::string(kSendClasses) +
                           (names.movers.empty() ? "" : ", 'identifier_changed'") +
                           (names.sequence.empty() ? "" : ", 'absent'")),
      // The same payload can mean that something is to be cleared now, which stayed before.
      fmt::arg("way_out", names.can_change ? kWayOut : ""),
      // Where rows wait for what others have, another payload may want something else.
      fmt::arg("same", names.payload_waits ? " AND d.attempted_digest = m.digest" : ""),
      fmt::arg("closely", !names.narrow ? fmt::format(" AND NOT _sluice_differs({}, {}, d.payload)",
                                                      names.binding, Holdable(names))
                                        : ""),
      fmt::arg("target", names.changes ? OnTheWayElse("substr(maybe, 2)", "identity") : "identity"),
      fmt::arg("digest", names.changes ? OnTheWayElse("_sluice_digest(attempted_payload)", "digest")
                                       : "digest"),
      fmt::arg("goal", names.changes ? OnTheWayElse("attempted_payload", "body") : "body"),
      fmt::arg("former", names.changes ? kFormerPayload : "NULL"),
      fmt::arg("doubt_out", names.changes ? kDoubtOut : ""),
      fmt::arg("maybe", names.changes ? MaybeIdentity(names) : ""),
      fmt::arg("changed", WhenIdentityChanged(names)),
      fmt::arg("newness_out", names.TakesNewest() ? " newness," : ""),
      fmt::arg("there", kMayBeThere), fmt::arg("retry", QuoteText(kRetryCode)),
      fmt::arg("repeatable", names.repeatable ? "true" : "false"),
      fmt::arg("once", names.once ? "true" : "false"), fmt::arg("resent", IsAskedAgain()),
      fmt::arg("taken", WasAcknowledged()),
      fmt::arg("unknown_key", names.takes_known ? "'taken'" : "'added'"),
      fmt::arg("now", QuoteText(names.now)), fmt::arg("again", names.again ? "true" : "false"),
      fmt::arg("turn", names.sequence.empty() ? "" : ", turn"),
      fmt::arg("kind", QuoteText(kDigestKind)), fmt::arg("binding", names.binding),
      fmt::arg("sync", QuoteText(names.sync)));
}

// What most runs find: nearly everything is as it was delivered, and digests alone say so. No payload that was
// delivered is read for it, and none is held in the join. What may be otherwise is a candidate: its identity is
// still `who`, its payload the body. The two sides are joined in full, which tells what is gone as well.
constexpr std::string_view kNarrowStatement = R"(CREATE TEMP TABLE {rows} AS
SELECT key, CASE class WHEN 'candidate' THEN who WHEN 'unchanged' THEN substr(who, 2) END AS identity, digest,
  class{turn},{newness}{doubt} NULL::VARCHAR AS other_identity,
  CASE class WHEN 'candidate' THEN body END AS payload, NULL::VARCHAR AS delivered_payload,
  NULL::VARCHAR AS attempted_payload, NULL::VARCHAR AS message
FROM (
  SELECT m.* REPLACE (coalesce(m.key, d.key) AS key),
    CASE WHEN m.body IS NULL THEN 'gone'
      WHEN d.digest = m.digest AND starts_with(m.who, '=') AND d.whom = hash(substr(m.who, 2)) THEN 'unchanged'
      ELSE 'candidate' END AS class
  FROM ({model}) AS m
  FULL JOIN (
    SELECT key, hash(identity) AS whom, CASE WHEN state = 'delivered' AND attempted_payload IS NULL AND
      code IS DISTINCT FROM {retry} AND digest_kind = {kind} THEN digest END AS digest
    FROM _sluice.sync_delivered WHERE sync = {sync}
  ) AS d ON d.key = m.key
))";

std::string PutNarrow(const DifferenceNames& names) {
  return fmt::format(
      kNarrowStatement, fmt::arg("rows", names.Rows()),
      fmt::arg("turn", names.sequence.empty() ? "" : ", turn"),
      fmt::arg("newness", names.TakesNewest() ? " newness," : ""),
      fmt::arg("doubt",
               names.changes ? " false AS in_doubt, NULL::VARCHAR AS maybe_identity," : ""),
      fmt::arg("model", Model(names)), fmt::arg("retry", QuoteText(kRetryCode)),
      fmt::arg("kind", QuoteText(kDigestKind)), fmt::arg("sync", QuoteText(names.sync)));
}

// What was delivered under keys that the model has not (`is_gone` says so of `d`). Payloads are read where they are
// needed, of few of them.
std::string MakeGone(const DifferenceNames& names, const std::string& is_gone) {
  return fmt::format(
      "CREATE TEMP TABLE {gone} AS SELECT d.key, d.identity, d.state, {there} AS may_be_there, "
      "d.payload IS NULL AND d.state IN ('rejected', 'deferred') AS never_arrived FROM "
      "_sluice.sync_delivered AS d WHERE d.sync = {sync} AND {is_gone}",
      fmt::arg("gone", names.Gone()), fmt::arg("there", kMayBeThere),
      fmt::arg("sync", QuoteText(names.sync)), fmt::arg("is_gone", is_gone));
}

}  // namespace

std::string SettleGone(const DifferenceNames& names) {
  const std::string known =
      fmt::format("(SELECT identity FROM {} WHERE identity IS NOT NULL)", names.Rows());
  return fmt::format(
      "INSERT INTO {rows} BY NAME SELECT key, maybe AS identity, _sluice_digest(attempted_payload) "
      "AS digest, 'identity' AS class, true AS in_doubt, maybe AS maybe_identity, identity AS "
      "other_identity, attempted_payload AS payload, payload AS delivered_payload, "
      "attempted_payload FROM (SELECT d.key, d.identity, d.payload, d.attempted_payload, "
      "{maybe} AS maybe FROM _sluice.sync_delivered AS d WHERE d.sync = {sync} AND d.key IN "
      "(SELECT "
      "key FROM {gone}) AND {doubted}) WHERE maybe <> identity AND maybe NOT IN {known} AND "
      "identity NOT IN {known}",
      fmt::arg("rows", names.Rows()), fmt::arg("gone", names.Gone()), fmt::arg("known", known),
      fmt::arg("maybe", MaybeAt(names)), fmt::arg("doubted", kMovedInDoubt),
      fmt::arg("sync", QuoteText(names.sync)));
}

std::vector<std::string> MakeRows(const DifferenceNames& names) {
  if (!names.narrow) {
    // Keys alone first: a join that carries what was delivered does not fit into memory.
    const std::string without_rows = fmt::format(
        "d.key IN (SELECT k.key FROM _sluice.sync_delivered AS k ANTI JOIN {} AS r ON r.key = "
        "k.key "
        "WHERE k.sync = {})",
        names.Rows(), QuoteText(names.sync));
    return {PutRows(names, fmt::format("CREATE TEMP TABLE {} AS", names.Rows()), Model(names), ""),
            MakeGone(names, without_rows)};
  }
  const std::string candidates = fmt::format("FROM {} WHERE class = 'candidate'", names.Rows());
  return {PutNarrow(names),
          PutRows(names, "INSERT INTO " + names.Rows(),
                  fmt::format("SELECT key, digest, identity AS who, payload AS body{}{} {}",
                              names.sequence.empty() ? "" : ", turn",
                              names.TakesNewest() ? ", newness" : "", candidates),
                  fmt::format(" AND key IN (SELECT key {})", candidates)),
          MakeGone(names,
                   fmt::format("d.key IN (SELECT key FROM {} WHERE class = 'gone')", names.Rows())),
          fmt::format("DELETE FROM {} WHERE class IN ('candidate', 'gone')", names.Rows())};
}

}  // namespace sluice::sync::sql
