// What a difference writes down without sending anything: rows that left, that are back, that the destination has
// as they are, and findings.
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "connector/destination.h"
#include "sync/payload.h"
#include "sync/recover.h"
#include "sync/sql.h"
#include "warehouse/dialect.h"

namespace sluice::sync::sql {

using warehouse::QuoteText;

namespace {

// Keys that have left since they were looked at last, and are not to be removed.
std::string HasLeft(const DifferenceNames& names) {
  std::string left = "state <> 'left'";
  if (names.mirror) left += fmt::format(" AND key NOT IN (SELECT key FROM {})", names.Removed());
  return left;
}

// `run`: quoted, as below.
std::vector<std::string> RecordLeft(const DifferenceNames& names, const std::string& run) {
  const std::string sync = QuoteText(names.sync);
  return {// What never arrived is nothing that could be left behind.
          fmt::format(
              "DELETE FROM _sluice.sync_delivered WHERE sync = {} AND key IN (SELECT key FROM {} "
              "WHERE never_arrived AND {})",
              sync, names.Gone(), HasLeft(names)),
          fmt::format(
              "UPDATE _sluice.sync_delivered SET state = 'left', run_id = {} WHERE sync = {} AND "
              "key IN (SELECT key FROM {} WHERE {} AND NOT never_arrived)",
              run, sync, names.Gone(), HasLeft(names))};
}

std::string RecordBack(const DifferenceNames& names, const std::string& run) {
  return fmt::format(
      "UPDATE _sluice.sync_delivered SET state = 'delivered', attempted_digest = NULL, code = "
      "NULL, "
      "message = NULL, run_id = {} WHERE sync = {} AND key IN (SELECT key FROM {} WHERE class = "
      "'back')",
      run, QuoteText(names.sync), names.Rows());
}

std::vector<std::string> RecordRemapped(const DifferenceNames& names) {
  const std::string sync = QuoteText(names.sync);
  return {
      fmt::format(
          "CREATE OR REPLACE TEMP TABLE {0} AS SELECT d.* REPLACE (r.digest AS digest, {1} AS "
          "digest_kind, _sluice_kept({4}, r.payload, d.payload, NULL) AS payload, 'delivered' AS "
          "state, CASE WHEN d.code IS DISTINCT FROM {5} THEN d.code END AS code) FROM "
          "_sluice.sync_delivered AS d JOIN {2} AS r ON r.key = d.key WHERE d.sync = "
          "{3} "
          "AND r.class = 'remapped'",
          names.Remapped(), QuoteText(kDigestKind), names.Rows(), sync, names.binding,
          QuoteText(connector::kFieldsDropped)),
      fmt::format(
          "DELETE FROM _sluice.sync_delivered WHERE sync = {} AND key IN (SELECT key FROM {})",
          sync, names.Remapped()),
      fmt::format("INSERT INTO _sluice.sync_delivered SELECT * FROM {}", names.Remapped())};
}

std::string RecordTaken(const DifferenceNames& names, const std::string& run,
                        std::string_view now) {
  return fmt::format(
      "INSERT INTO _sluice.sync_delivered (sync, key, identity, digest, digest_kind, payload, "
      "state, "
      "code, message, run_id, answered_at) SELECT {}, key, identity, digest, {}, payload, "
      "'delivered', {}, 'it was there before the first run, and was never sent', {}, "
      "CAST({} AS TIMESTAMP) FROM {} WHERE class = 'taken'",
      QuoteText(names.sync), QuoteText(kDigestKind), QuoteText(kTakenCode), run, QuoteText(now),
      names.Rows());
}

std::vector<std::string> RecordFindings(const DifferenceNames& names, const std::string& run,
                                        std::string_view now) {
  const std::string sync = QuoteText(names.sync);
  const std::string at = QuoteText(now);
  std::vector<std::string> statements = {
      fmt::format("DELETE FROM _sluice.sync_findings WHERE sync = {}", sync),
      fmt::format(
          "INSERT INTO _sluice.sync_findings SELECT {}, {}, key, class, message, CAST({} AS "
          "TIMESTAMP) FROM {} WHERE class IN ({}) ORDER BY key",
          sync, run, at, names.Rows(), kFindingClasses)};
  if (names.TakesNewest()) {
    statements.push_back(
        fmt::format("INSERT INTO _sluice.sync_findings SELECT {}, {}, key, class, message, CAST({} "
                    "AS TIMESTAMP) FROM {} WHERE class = 'superseded' ORDER BY key",
                    sync, run, at, names.Older()));
  }
  if (names.mirror) {
    statements.push_back(fmt::format(
        "INSERT INTO _sluice.sync_findings SELECT {}, {}, key, class, CASE class WHEN 'unsettled' "
        "THEN 'an identifier of this person was changed a moment ago: it goes when that has "
        "settled' "
        "ELSE 'its removal may have arrived, and must not be sent twice' END, CAST({} AS "
        "TIMESTAMP) "
        "FROM {} WHERE class IN ('unknown_outcome', 'unsettled') ORDER BY key",
        sync, run, at, names.Removed()));
  }
  return statements;
}

}  // namespace

std::string CountLeft(const DifferenceNames& names) {
  return fmt::format("SELECT count(*) FROM {} WHERE {} AND NOT never_arrived", names.Gone(),
                     HasLeft(names));
}

std::vector<std::string> RecordUnsent(const DifferenceNames& names, std::string_view run_id,
                                      std::string_view now) {
  const std::string run = QuoteText(run_id);
  std::vector<std::string> statements = RecordLeft(names, run);
  const auto add = [&statements](std::vector<std::string> more) {
    std::move(more.begin(), more.end(), std::back_inserter(statements));
  };
  if (names.any_back) statements.push_back(RecordBack(names, run));
  if (names.any_remapped) add(RecordRemapped(names));
  if (names.takes_known) statements.push_back(RecordTaken(names, run, now));
  add(RecordFindings(names, run, now));
  return statements;
}

}  // namespace sluice::sync::sql
