#include <fmt/format.h>

#include "base/text.h"
#include "connector/destination.h"
#include "connector/identity_change.h"
#include "sync/look_first.h"
#include "sync/payload.h"
#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

std::string QuotedList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(QuoteText(text));
  return Join(quoted, ", ");
}

namespace {

// Temporary tables belong to one connection, and that folds one delivery at a time.
std::string TempName(std::string_view what, const FoldNames& names) {
  return fmt::format("_sluice_fold_{}_{}", what, names.delivery_id);
}

// Of a person or thing that is not there one try goes with the next run, the others after 1, 2, 4, ... hours,
// at most a week: 12 of them in about 25 days.
constexpr int kMostAbsences = 12;
constexpr int kLongestAbsenceHours = 7 * 24;
// The one that is folded counted.
constexpr const char* kTimes =
    "(CASE WHEN o.state = 'deferred' AND o.identity = s.identity THEN coalesce(o.absences, 0) ELSE "
    "0 "
    "END + 1)";

// Mode insert found it: acknowledged, and nothing was sent.
std::string Untouched() {
  return fmt::format("(a.state = 'acknowledged' AND a.code IS NOT DISTINCT FROM {})",
                     QuoteText(kAlreadyThereCode));
}

// Taken, without some of its fields.
std::string Incomplete() {
  return fmt::format("(a.state = 'acknowledged' AND a.code IS NOT DISTINCT FROM {})",
                     QuoteText(connector::kFieldsDropped));
}

// What went out: the payload, unless it was less, or otherwise.
constexpr const char* kSent = "coalesce(s.sent, s.payload)";

std::string DeliveredWhere(const FoldNames& names, const std::string& which) {
  return fmt::format("(SELECT * FROM _sluice.sync_delivered WHERE sync = {}{})",
                     QuoteText(names.sync), which);
}

// What was known before of the rows of which it matters: of one that was simply taken everything is known from now
// on, and one that was removed is gone. A join that carries all payloads does not fit into memory.
std::string Before(const FoldNames& names) {
  if (!names.any_before) return DeliveredWhere(names, " AND false");
  return DeliveredWhere(
      names,
      fmt::format(" AND key IN (SELECT s.key FROM {} WHERE a.state <> 'acknowledged' OR "
                  "coalesce(a.code, {}) <> {}{})",
                  names.Judged(), QuoteText(connector::kFieldsDropped),
                  QuoteText(connector::kFieldsDropped), names.any_moves ? " OR s.moves" : ""));
}

// What was known of the keys whose place others take.
std::string Prior(const FoldNames& names) {
  if (!names.any_prior) return DeliveredWhere(names, " AND false");
  return DeliveredWhere(
      names, fmt::format(" AND key IN (SELECT prior_key FROM {} WHERE prior_key IS NOT NULL)",
                         names.spool));
}

// What is known of a row after its last try that counts. Only an acknowledgement moves what was
// delivered. After a try that may have arrived, what another key left at the same identity is what
// this one has to replace. A row that was unknown before, and only deferred now, is unknown still; one that
// is rejected now keeps what may have arrived then, without a digest, for it has to be removed one day. Of a
// removal that may have arrived nothing may be left there: `{}`, so that a row that comes back goes whole.
// What was taken without some fields is delivered without them, and its digest is still that of the model's payload.
// A changed identity moves the row, and nothing but the identifier. One that may have happened leaves both: the old one
// as identity, the new one in what was attempted.
std::string FreshRows(const FoldNames& names) {
  return fmt::format(
      R"(SELECT s.key,
  CASE WHEN s.moves AND a.state <> 'acknowledged' THEN o.identity ELSE s.identity END AS identity,
  (s.removes AND a.state = 'acknowledged') OR (s.moves AND a.state = 'acknowledged' AND
    a.code IS NOT DISTINCT FROM {nobody}) AS gone,
  CASE WHEN s.moves AND a.state = 'acknowledged'
      THEN _sluice_digest(_sluice_overlay(o.payload, {sent}))
    WHEN s.removes OR s.moves OR {untouched} THEN o.digest WHEN a.state = 'acknowledged' THEN s.digest
    WHEN a.state = 'unknown' THEN coalesce(o.digest, p.digest) ELSE o.digest END AS digest,
  CASE WHEN s.removes OR (s.moves AND a.state <> 'acknowledged') THEN o.digest_kind WHEN a.state = 'acknowledged' THEN {kind}
    WHEN a.state = 'unknown' THEN coalesce(o.digest_kind, p.digest_kind)
    ELSE o.digest_kind END AS digest_kind,
  CASE WHEN s.removes THEN o.payload
    WHEN s.moves AND a.state = 'acknowledged' THEN _sluice_overlay(o.payload, {sent})
    WHEN s.moves AND (a.state = 'unknown' OR (a.state = 'rejected' AND {doubted} AND NOT s.in_doubt))
      THEN coalesce(o.payload, o.attempted_payload)
    WHEN s.moves THEN o.payload WHEN {untouched} THEN coalesce(o.payload, '{{}}')
    WHEN {without} THEN _sluice_without(s.payload, a.message)
    WHEN a.state = 'acknowledged' THEN s.payload
    WHEN a.state = 'unknown' THEN coalesce(o.payload, p.payload)
    WHEN a.state = 'rejected' AND o.state IN ('unknown', 'left')
      THEN coalesce(o.payload, o.attempted_payload)
    ELSE o.payload END AS payload,
  CASE WHEN s.moves AND a.state = 'acknowledged' AND {doubted} THEN 'unknown'
    WHEN a.state = 'acknowledged' THEN 'delivered'
    WHEN a.state = 'deferred' AND a.absent
      THEN CASE WHEN {times} < {most} THEN 'deferred' ELSE 'rejected' END
    WHEN a.state = 'deferred' AND {doubted} THEN 'unknown' ELSE a.state END AS state,
  CASE WHEN a.state <> 'acknowledged' THEN s.digest END AS attempted_digest,
  CASE WHEN s.moves THEN CASE
      WHEN a.state = 'acknowledged' AND {doubted} THEN _sluice_overlay(o.attempted_payload, {sent})
      WHEN a.state = 'unknown' AND NOT s.in_doubt THEN _sluice_overlay(
        coalesce(CASE WHEN {doubted} THEN o.attempted_payload END, o.payload), {sent})
      WHEN a.state <> 'acknowledged' AND {doubted} AND NOT (s.in_doubt AND a.state = 'rejected')
        THEN o.attempted_payload END
    WHEN a.state = 'acknowledged' THEN NULL
    WHEN s.removes THEN CASE a.state WHEN 'unknown' THEN '{{}}' WHEN 'deferred'
      THEN o.attempted_payload END
    ELSE _sluice_overlay(s.payload, {sent}) END AS attempted_payload,
  CASE WHEN a.state <> 'acknowledged' OR {untouched} OR {without} THEN a.code END AS code,
  CASE WHEN a.state <> 'acknowledged' OR {untouched} OR {without} THEN a.message END AS message,
  CASE WHEN a.absent THEN {times} END AS absences,
  CASE WHEN a.absent AND {times} BETWEEN 2 AND {most} - 1 THEN
    a.answered_at + to_hours(least(CAST(pow(2, {times} - 2) AS BIGINT), {longest})) END
    AS next_try_at,
  a.answered_at
FROM {judged}
LEFT JOIN {before} AS o ON o.key = s.key
LEFT JOIN {prior} AS p ON p.key = s.prior_key)",
      fmt::arg("untouched", Untouched()), fmt::arg("times", kTimes),
      fmt::arg("most", kMostAbsences), fmt::arg("longest", kLongestAbsenceHours),
      fmt::arg("without", Incomplete()), fmt::arg("nobody", QuoteText(connector::kNobodyThere)),
      fmt::arg(
          "doubted",
          "coalesce(o.attempted_payload IS NOT NULL AND o.state IN ('unknown', 'left'), false)"),
      fmt::arg("sent", kSent), fmt::arg("kind", QuoteText(kDigestKind)),
      fmt::arg("judged", names.Judged()), fmt::arg("before", Before(names)),
      fmt::arg("prior", Prior(names)));
}

// Found before the new rows are there.
std::string MakeOld(const FoldNames& names) {
  const std::string keys = fmt::format("SELECT key FROM {} WHERE answer IS NOT NULL", names.spool);
  const std::string priors = fmt::format(
      " UNION ALL SELECT s.prior_key FROM {} WHERE s.prior_key IS NOT NULL AND a.state IN "
      "('acknowledged', 'unknown')",
      names.Judged());
  const std::string which = fmt::format(" AND key IN ({}{})", keys, names.any_prior ? priors : "");
  return fmt::format(
      "CREATE TEMP TABLE {} AS SELECT rowid AS place FROM _sluice.sync_delivered "
      "WHERE sync = {}{}",
      names.Old(), QuoteText(names.sync), names.any_before ? which : " AND false");
}

// What others have delivered, before it was taken away.
std::string Taken(const FoldNames& names) {
  return fmt::format(
      "SELECT d.rowid FROM _sluice.sync_delivered AS d JOIN (SELECT s.identity, "
      "max(a.answered_at) AS gone_at FROM {} WHERE a.state = 'acknowledged' GROUP BY s.identity) "
      "AS t "
      "ON t.identity = d.identity WHERE d.sync IN ({}) AND {} AND d.answered_at <= t.gone_at",
      names.Judged(), QuotedList(names.taken_from), kMayBeThere);
}

// Every try of every row: mostly the one that counts.
std::string Tries(const FoldNames& names) {
  if (names.once) return names.Judged();
  return fmt::format(
      "(SELECT id, unnest(range(first, first + count)) AS position FROM {0}) AS t JOIN {0} AS a ON "
      "a.id = t.id JOIN {1} AS s ON s.position = t.position",
      names.Answers(), names.spool);
}

}  // namespace

std::string FoldNames::Answers() const {
  return TempName("answers", *this);
}
std::string FoldNames::Judged() const {
  return fmt::format("{} AS s JOIN {} AS a ON a.id = s.answer", spool, Answers());
}
std::string FoldNames::Old() const {
  return TempName("old", *this);
}

std::string KeptOf(config::Attempts::Payload payload, std::string_view sent) {
  switch (payload) {
    case config::Attempts::Payload::kNone:
      return "NULL::VARCHAR";
    case config::Attempts::Payload::kMasked:
      return fmt::format("_sluice_masked({})", sent);
    case config::Attempts::Payload::kFull:
      break;
  }
  return std::string(sent);
}

std::string MakeAnswers(const FoldNames& names) {
  return fmt::format(
      "CREATE TEMP TABLE {} (id BIGINT, attempt BIGINT, first BIGINT, count BIGINT, state VARCHAR, "
      "http_status INTEGER, code VARCHAR, message VARCHAR, was_sent BOOLEAN, answered_at "
      "TIMESTAMP, "
      "absent BOOLEAN)",
      names.Answers());
}

std::string CountStates(const FoldNames& names) {
  return fmt::format("SELECT a.state, count(*) FROM {} GROUP BY a.state", names.Judged());
}

std::string CountMoves(const FoldNames& names) {
  return fmt::format(
      "SELECT count(*), count(*) FILTER (a.state = 'acknowledged') FROM {} WHERE s.moves",
      names.Judged());
}

std::string CountRefusals(const FoldNames& names) {
  return fmt::format(
      "SELECT a.state, coalesce(a.code, ''), coalesce(a.message, ''), count(*) AS n FROM {} WHERE "
      "a.state <> 'acknowledged' GROUP BY ALL ORDER BY n DESC, 1, 2, 3 LIMIT 10",
      names.Judged());
}

std::string CountTaken(const FoldNames& names) {
  return fmt::format("SELECT count(*) FROM _sluice.sync_delivered WHERE rowid IN ({})",
                     Taken(names));
}

std::vector<std::string> ForgetTaken(const FoldNames& names) {
  return {
      fmt::format("DELETE FROM _sluice.sync_delivered WHERE rowid IN ({})", Taken(names)),
      // They look at their rows with the next run, also without news.
      fmt::format("UPDATE _sluice.syncs SET inputs = '' WHERE inputs IS NOT NULL AND sync IN ({})",
                  QuotedList(names.taken_from))};
}

std::vector<std::string> WriteFold(const FoldNames& names) {
  const std::string sync = QuoteText(names.sync);
  const std::string run = QuoteText(names.run_id);
  return {
      MakeOld(names),
      fmt::format(
          "INSERT INTO _sluice.sync_delivered (sync, key, identity, digest, digest_kind, "
          "payload, state, attempted_digest, attempted_payload, code, message, run_id, "
          "answered_at, absences, next_try_at) SELECT {}, key, identity, digest, digest_kind, "
          "payload, state, attempted_digest, attempted_payload, code, message, {}, answered_at, "
          "absences, next_try_at FROM ({}) WHERE NOT gone",
          sync, run, FreshRows(names)),
      fmt::format("DELETE FROM _sluice.sync_delivered WHERE rowid IN (SELECT place FROM {})",
                  names.Old()),
      fmt::format(
          "INSERT INTO _sluice.sync_attempts (sync, key, run_id, delivery_id, attempt, sent, "
          "state, http_status, code, message, answered_at) SELECT {}, s.key, {}, {}, "
          "a.attempt, CASE WHEN a.was_sent THEN {} END, a.state, a.http_status, a.code, "
          "a.message, a.answered_at FROM {}",
          sync, run, names.delivery_id, KeptOf(names.payload, kSent), Tries(names))};
}

std::vector<std::string> DropFold(const FoldNames& names) {
  std::vector<std::string> statements;
  for (const std::string& table : {names.Old(), names.Answers()}) {
    statements.push_back("DROP TABLE IF EXISTS " + table);
  }
  return statements;
}

}  // namespace sluice::sync::sql
