// What was sent, why, and what was answered.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "cli/trace_data.h"
#include "sync/unfolded.h"

namespace sluice::cli {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr int kMostRows = 50;       // of syncs
constexpr int kMostAttempts = 200;  // of one row

// By key, by what identifies the row at the destination (alone or behind its kind), and by an
// identifier in a payload: in a project by userId an e-mail is a field. Also by a former one: in what was sent, or, where
// no payloads are kept, that became another. What is delivered no more has its attempts alone.
constexpr const char* kFindDelivered =
    "SELECT sync, key, d.identity, d.state, d.payload, d.attempted_payload, d.code, d.message, "
    "d.answered_at FROM (SELECT sync, key FROM _sluice.sync_delivered AS d WHERE key = $1 OR "
    "identity = $1 OR lower(identity) = lower($1) OR contains(lower(coalesce(attempted_payload, "
    "payload)), $3) OR contains(coalesce(attempted_payload, payload), $4) OR "
    "_sluice_digest(identity) IN (SELECT current FROM _sluice.identity_moves WHERE former IN "
    "(_sluice_digest($1), _sluice_digest(lower($1)))) UNION SELECT sync, key FROM "
    "_sluice.sync_attempts WHERE key = $1 OR contains(lower(sent), $3) OR contains(sent, $4) OR "
    "contains(lower(sent), $5) OR contains(lower(sent), $6)) AS found LEFT JOIN "
    "_sluice.sync_delivered AS d USING (sync, key) WHERE $2 = '' OR sync = $2 ORDER BY sync, key "
    "LIMIT 51";

// `"email":"ann@example.com"` as it stands in a canonical payload.
std::string Member(std::string_view name, std::string_view text) {
  std::string member;
  AppendJsonString(member, name);
  member += ':';
  AppendJsonString(member, text);
  return member;
}

Status AddAttempts(engine::Connection& connection, TracedSyncRow& row) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(
          fmt::format(
              "SELECT answered_at, run_id, delivery_id, attempt, sent, state, http_status, code, "
              "message FROM _sluice.sync_attempts WHERE sync = $1 AND key = $2 ORDER BY "
              "delivery_id, attempt LIMIT {}",
              kMostAttempts),
          {row.sync, row.key}));
  for (const auto& values : rows) {
    TracedAttempt& attempt = row.attempts.emplace_back();
    attempt.at = ToText(values[0]);
    attempt.run_id = ToText(values[1]);
    attempt.delivery = ToInt(values[2]);
    attempt.attempt = ToInt(values[3]);
    attempt.sent = ToText(values[4]);
    attempt.state = ToText(values[5]);
    attempt.http_status = ToInt(values[6]);
    attempt.code = ToText(values[7]);
    attempt.message = ToText(values[8]);
  }
  return Status::Ok();
}

TracedSyncRow& RowOf(TraceResult& result, const std::string& sync, const std::string& key) {
  const auto found =
      std::find_if(result.sync_rows.begin(), result.sync_rows.end(),
                   [&](const TracedSyncRow& row) { return row.sync == sync && row.key == key; });
  if (found != result.sync_rows.end()) return *found;
  TracedSyncRow& row = result.sync_rows.emplace_back();
  row.sync = sync;
  row.key = key;
  return row;
}

Status AddFindings(engine::Connection& connection, const std::string& key, const std::string& in,
                   TraceResult& result) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format("SELECT sync, key, kind, message FROM "
                                            "_sluice.sync_findings WHERE key = $1 AND ($2 = '' OR "
                                            "sync = $2) ORDER BY sync LIMIT {}",
                                            kMostRows),
                                {key, in}));
  for (const auto& values : rows) {
    TracedSyncRow& row = RowOf(result, ToText(values[0]), ToText(values[1]));
    row.findings.emplace_back(ToText(values[2]), ToText(values[3]));
  }
  return Status::Ok();
}

// Whether a row of a spool is what was typed: as kFindDelivered looks for rows that were folded.
bool IsMeant(const sync::SpoolRow& row, const std::string& key) {
  return row.key == key || EqualsIgnoreCase(row.identity, key) ||
         Lower(row.payload).find(Lower(Member("email", key))) != std::string::npos ||
         row.payload.find(Member("userId", key)) != std::string::npos;
}

void AddUnfolded(const sync::UnfoldedRow& unfolded, TracedSyncRow& row) {
  row.identity = unfolded.identity;
  row.delivery_open = true;
  for (const sync::UnfoldedTry& one : unfolded.tries) {
    TracedAttempt& attempt = row.attempts.emplace_back();
    attempt.at = one.at == 0 ? "" : env::FormatUtc(one.at, true);
    attempt.run_id = unfolded.run_id;
    attempt.delivery = unfolded.delivery_id;
    attempt.attempt = static_cast<int64_t>(one.attempt);
    attempt.sent = one.sent;
    attempt.state = one.state;
    attempt.http_status = one.http_status;
    attempt.code = one.code;
    attempt.message = one.message;
  }
  const sync::UnfoldedTry& last = unfolded.tries.back();
  row.answered_at = last.at == 0 ? "" : env::FormatUtc(last.at, true);
  row.code = last.code;
  row.message = last.message;
  row.state = last.state == "acknowledged" ? "delivered" : last.state;
  if (last.state == "acknowledged") {
    row.payload = unfolded.payload;
    row.attempted_payload.clear();
  } else {
    row.attempted_payload = unfolded.payload;
  }
}

// What open deliveries know of the key, over what was folded of it.
Status AddOpenDeliveries(const ReadContext& context, const std::string& key, const std::string& in,
                         TraceResult& result) {
  engine::Connection& connection = context.connection();
  SLUICE_ASSIGN(const auto open, connection.Rows("SELECT DISTINCT sync FROM _sluice.deliveries "
                                                 "WHERE $1 = '' OR sync = $1 ORDER BY sync",
                                                 {in}));
  for (const auto& values : open) {
    const std::string sync = ToText(values[0]);
    // Keys that an identifier led to.
    std::set<std::string> known;
    for (const TracedSyncRow& row : result.sync_rows) {
      if (row.sync == sync) known.insert(row.key);
    }
    const auto rows = sync::UnfoldedRowsOf(
        connection, context.runtime.project().StateFolder(), sync,
        [&](const sync::SpoolRow& row) { return known.count(row.key) > 0 || IsMeant(row, key); },
        kMostRows);
    if (!rows.ok()) {
      result.notes.push_back(fmt::format("what is not folded yet of {} is not shown: {}", sync,
                                         rows.status().message()));
      continue;
    }
    for (const sync::UnfoldedRow& row : rows.value()) {
      AddUnfolded(row, RowOf(result, sync, row.key));
    }
  }
  return Status::Ok();
}

}  // namespace

void ExplainAttempts(std::vector<TracedAttempt>& attempts) {
  std::map<std::string, std::string> there;  // what was acknowledged so far
  const TracedAttempt* before = nullptr;
  for (TracedAttempt& attempt : attempts) {
    const auto canonical = CanonicalJson(attempt.sent);
    std::vector<std::string> changed;
    if (canonical.ok() && StartsWith(*canonical, "{")) {
      for (const JsonMember& member : JsonMembers(*canonical)) {
        const auto known = there.find(std::string(member.name));
        const bool same =
            known == there.end() ? member.value == "null" : known->second == member.value;
        if (!same) changed.push_back(JsonText(fmt::format("\"{}\"", member.name)));
      }
    }
    if (before == nullptr) {
      attempt.why = "first sent";
    } else if (before->state == "deferred" || before->state == "unknown") {
      attempt.why = "tried again";
    } else if (before->state == "rejected") {
      attempt.why = "changed after it was refused";
    } else if (changed.empty()) {
      attempt.why = "sent again";
    } else {
      attempt.why = "changed: " + Join(changed, ", ");
    }
    if (attempt.state == "acknowledged" && canonical.ok() && StartsWith(*canonical, "{")) {
      for (const JsonMember& member : JsonMembers(*canonical)) {
        there[std::string(member.name)] = std::string(member.value);
      }
    }
    before = &attempt;
  }
}

Status FindSyncRows(const ReadContext& context, const std::string& key, const std::string& in,
                    TraceResult& result) {
  engine::Connection& connection = context.connection();
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(kFindDelivered,
                      {key, in, Lower(Member("email", key)), Member("userId", key),
                       Lower(Member("currentEmail", key)), Lower(Member("newEmail", key))}));
  for (size_t i = 0; i < rows.size() && i < static_cast<size_t>(kMostRows); ++i) {
    const auto& values = rows[i];
    TracedSyncRow& row = RowOf(result, ToText(values[0]), ToText(values[1]));
    row.identity = ToText(values[2]);
    row.state = ToText(values[3]);
    row.payload = ToText(values[4]);
    row.attempted_payload = ToText(values[5]);
    row.code = ToText(values[6]);
    row.message = ToText(values[7]);
    row.answered_at = ToText(values[8]);
  }
  if (rows.size() > static_cast<size_t>(kMostRows)) {
    result.notes.push_back(fmt::format("more rows were sent: the first {} are shown", kMostRows));
  }
  SLUICE_TRY(AddFindings(connection, key, in, result));
  for (TracedSyncRow& row : result.sync_rows) SLUICE_TRY(AddAttempts(connection, row));
  SLUICE_TRY(AddOpenDeliveries(context, key, in, result));
  for (TracedSyncRow& row : result.sync_rows) ExplainAttempts(row.attempts);
  return Status::Ok();
}

}  // namespace sluice::cli
