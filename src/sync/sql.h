// Every statement of this folder, in one place. Names and texts are quoted, values are bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/project.h"

namespace sluice::sync::sql {

// How long changed identities need to settle, and the time now (as env::FormatUtc writes it).
struct Settling {
  int64_t milliseconds = 0;
  std::string now;
};

// What the statements about one difference need. The temporary tables belong to one connection.
struct DifferenceNames {
  std::string sync;      // the sync's name
  std::string relation;  // SQL of the model
  std::string key;       // quoted column
  config::Duplicates::Policy duplicates = config::Duplicates::Policy::kCollapse;
  std::string newness;               // quoted column, of kNewest
  std::vector<std::string> columns;  // expressions, over `src`
  int64_t binding = 0;               // SyncFunctions::Bound
  bool repeatable = false;
  // Digests say which rows are as they were delivered. Else also rows whose payload is the one delivered may have
  // something to clear.
  bool narrow = false;
  bool mirror = false;
  bool once = false;  // what was delivered is not sent again, whatever it is now
  // Rows that are new count as delivered, and are not sent.
  bool takes_known = false;
  bool makes_fields = true;  // config::Sync::create_new_fields
  // Rows have to be looked for before they go: all of them, or those of which neither this sync nor one
  // of `siblings` has delivered anything.
  bool looks_for_all = false;
  bool looks_for_unknown = false;
  std::vector<std::string> siblings;
  std::string now;  // as env::FormatUtc writes it
  std::string
      sequence;  // expression over `src` by which rows are sent, before the key; may be empty
  bool any_back = true;  // whether rows are of these classes, once they were counted
  bool any_remapped = true;
  std::string connection;           // where the sync goes
  std::vector<std::string> movers;  // syncs that change identities which this one's rows are about
  Settling settling;
  bool single = false;  // rows go in single calls, which are not mixed with bulk calls
  bool bulk = false;    // the opposite
  std::vector<std::string> bulk_syncs;  // to the same connection: those in bulk calls
  bool bulk_under_way = false;  // another one of them sends at this moment, nobody knows about whom
  bool any_identities = false;  // of the rows to send some are changes of identity
  bool any_single = false;      // others of the connection send in single calls
  bool heeds_changes = true;    // waits for identities that were changed
  bool irreversible = false;    // likewise
  bool can_change = false;      // that they are could be asked for
  bool payload_waits =
      false;             // rows wait for what others have: another payload may want something else
  bool changes = false;  // identities that have changed are changed at the destination
  bool again = false;    // connector::Capabilities::tells_again
  std::string only_key;  // nothing else is sent; "": everything is
  bool TakesNewest() const { return duplicates == config::Duplicates::Policy::kNewest; }
  std::string Rows() const;      // one row for each of the model: key, class, digest, payload, ...
  std::string Pairs() const;     // keys that come more than once
  std::string Older() const;     // kNewest: rows that another one of their key stands for
  std::string Remapped() const;  // what `sync_delivered` will say of such rows
  std::string Gone() const;      // keys that were delivered and are not in the model
  std::string Prior() const;     // what keys that are gone left at identities that are to be sent
  std::string Unsettled()
      const;  // hash, `by` (change, single, bulk), until: about whom something is to settle
  std::string Removed() const;  // mirror: keys that are gone, with what is to be done about them
};

// `class` of a row:
//   to be sent: added, changed, returned, retried; identity (the destination knows the row by another one:
//   that is changed, and nothing else of it sent before)
//   nothing to do: unchanged, back (it had left, and is as it was delivered), refused (for good,
//   and not changed since), collapsed (the same row again), taken (counts as delivered from now on),
//   absent (was not there, and is not tried yet again)
//   left out and listed: null_key, bad_value, no_identity, duplicate_key, same_identity,
//   identifier_changed, forgotten, unknown_outcome, unconfirmed, unsettled, superseded (an older row of its
//   key; in Older() only)
inline constexpr const char* kSendClasses = "'added', 'changed', 'returned', 'retried'";
inline constexpr const char* kFindingClasses =
    "'null_key', 'bad_value', 'no_identity', 'duplicate_key', 'same_identity', "
    "'identifier_changed', 'forgotten', 'unknown_outcome', 'unconfirmed', 'unsettled'";

// Whether anything of a row `d` of what was delivered is, or may be, at the destination.
inline constexpr const char* kMayBeThere =
    "(d.payload IS NOT NULL OR (d.attempted_payload IS NOT NULL AND d.state IN ('unknown', "
    "'left')))";

// 'a', 'b'.
std::string QuotedList(const std::vector<std::string>& texts);

// Of a row `d` of what was delivered: whether a change may have made another identity of it, and which.
inline constexpr const char* kMovedInDoubt =
    "(d.payload IS NOT NULL AND d.attempted_payload IS NOT NULL AND d.state IN ('unknown', "
    "'left'))";
std::string MaybeAt(const DifferenceNames& names);

// In this order.
std::vector<std::string> MakeDifference(const DifferenceNames& names);
// About whom something was sent a moment ago through the connection that has to settle: a change of identity, or a call
// of the kind that is not to be mixed with this one's. After MakeDifference.
std::string FindUnsettled(const DifferenceNames& names);
// Microseconds until nothing has to, of the people whom rows to send are about; NULL: nothing has to. After that.
std::string LeftToSettle(const DifferenceNames& names);
// What is to be sent about such people is left out. Likewise.
std::vector<std::string> HoldUnsettled(const DifferenceNames& names);
// Whose identity is about to be changed (`all`: everybody whom a row to send is about), and about whom others have to
// know that a call is on its way.
std::vector<std::string> RecordUnsettled(const DifferenceNames& names, bool all);
// Parts of MakeDifference. Rows() and Gone():
std::vector<std::string> MakeRows(const DifferenceNames& names);
// Changes of identity without an answer of rows that are gone: they are sent once more, which settles where the one is whom
// others have to remove. Not when a row of the model is one of the two by now. After MakeRows.
std::string SettleGone(const DifferenceNames& names);
// What is gone, rows and removals that know somebody by a former identity are about the current one.
std::string FollowGone(const DifferenceNames& names);
std::string FollowMoves(const DifferenceNames& names);
std::vector<std::string> FollowRemovals(const DifferenceNames& names);
// Rows to send about people who were forgotten are left out. After MakeDifference.
std::string JudgeForgotten(const DifferenceNames& names);
std::vector<std::string> DropDifference(const DifferenceNames& names);

// class, count(*).
std::string CountClasses(const DifferenceNames& names);
// class, count(*) of what is gone, of mode mirror: removed; refused, unknown_outcome stay.
std::string CountRemovals(const DifferenceNames& names);
// Delivered rows whose key is not in the model any more and that are not marked so.
std::string CountLeft(const DifferenceNames& names);
// All rows that are at the destination, or may be, and are not marked so.
std::string CountDelivered(const DifferenceNames& names);
// What `syncs` have delivered to the identities that rows to send are about.
std::string CountTaken(const DifferenceNames& names, const std::vector<std::string>& syncs);
// Rows to send that somebody has confirmed in an earlier run, which did not get to them.
std::string CountConfirmed(const DifferenceNames& names);
// Those of the others that were not tried either are left out.
std::string HoldUnconfirmed(const DifferenceNames& names);
// What is to be sent is confirmed now.
std::vector<std::string> PutConfirmed(const DifferenceNames& names);
// Of what was confirmed only what is still to be sent stays so.
std::string KeepConfirmed(const DifferenceNames& names);
// key, identity, class, digest, payload, sent (NULL: the payload; not of a removal or an identity), prior key,
// whether it has to be looked for, and where identities are changed: payload of the former one, in doubt; identities first,
// removals last, ordered by key.
// `limit` 0: all.
std::string RowsToSend(const DifferenceNames& names, uint64_t limit);
// Makes a temporary table of key, identity, payload of RowsToSend without those that are retried.
std::string ListUntried(const DifferenceNames& names, std::string_view table);

// What changes without anything being sent: findings, rows that left, rows that are back. `now` as
// env::FormatUtc writes it.
std::vector<std::string> RecordUnsent(const DifferenceNames& names, std::string_view run_id,
                                      std::string_view now);

// An expression: what is kept of what was sent, `sent`.
std::string KeptOf(config::Attempts::Payload payload, std::string_view sent);

// Folding: `Spool` and `Answers` are temporary tables that fold.cc fills.
struct FoldNames {
  std::string sync;
  std::string run_id;
  int64_t delivery_id = 0;
  config::Attempts::Payload payload = config::Attempts::Payload::kFull;
  bool once = false;       // no row was tried twice
  bool any_before = true;  // anything is in `sync_delivered`
  bool any_prior = true;   // a row takes the place of another key
  bool any_moves = true;   // a row is a change of identity
  // Syncs that have not delivered any more what this one takes away.
  std::vector<std::string> taken_from = {};
  std::string spool = {};       // SpoolTable::sql()
  std::string Answers() const;  // id, attempt, first, count, state, ...: one for each range of rows
  std::string Judged()
      const;  // the rows that were tried (`s`), each with the answer that counts (`a`)
  std::string Old() const;  // place: the rows of `sync_delivered` that others take the place of
};
std::string MakeAnswers(const FoldNames& names);
// The statements that follow want the answers filled, and the spool bound.
// state, count(*) of the rows' final tries.
std::string CountStates(const FoldNames& names);
// count(*) of the rows that were tried and are changes of identity, and of those acknowledged.
std::string CountMoves(const FoldNames& names);
// state, code, message, count(*) of the rows that were not acknowledged, most first.
std::string CountRefusals(const FoldNames& names);
// In the folding transaction.
std::vector<std::string> WriteFold(const FoldNames& names);
// count(*) of what they have delivered to the identities that this one took away, and the statement that makes it
// delivered no more.
std::string CountTaken(const FoldNames& names);
std::vector<std::string> ForgetTaken(const FoldNames& names);
// Identities that were changed. Before WriteFold. `now` as env::FormatUtc writes it.
std::vector<std::string> RecordMoved(const FoldNames& names, std::string_view now);
// Whose identity was about to be changed has it from now on.
std::string BeginSettling(const FoldNames& names, std::string_view now);
std::vector<std::string> DropFold(const FoldNames& names);

// 1 where anything is in `sync_delivered` of the sync $1, else 0.
inline constexpr std::string_view kAnyDelivered =
    "SELECT count(*) FROM (FROM _sluice.sync_delivered WHERE sync = $1 LIMIT 1)";

}  // namespace sluice::sync::sql
