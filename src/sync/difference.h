// What a sync has to do: the model as it is now beside what the destination is known to hold. Made
// in temporary tables by the engine, which spills them; C++ sees rows one after the other.
//
// Nothing is changed by making it. What it says holds while the caller holds the sync's lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "connector/destination.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/functions.h"
#include "sync/spool.h"
#include "sync/sql.h"

namespace sluice::sync {

struct SyncCounts {
  // To be sent.
  uint64_t added = 0;       // the destination is not known to hold the key
  uint64_t changed = 0;     // another payload than delivered
  uint64_t returned = 0;    // had left the model, and is not as it was
  uint64_t retried = 0;     // deferred or unknown since an earlier run
  uint64_t identities = 0;  // known by another identity: that is changed, the rest goes afterwards
  uint64_t removed = 0;     // mode mirror: not in the model any more, and goes at the destination
  // Nothing to send.
  uint64_t unchanged = 0;   // as delivered, those that had left and are back unchanged included
  uint64_t refused = 0;     // rejected for good before, and not changed since
  uint64_t collapsed = 0;   // the same row again under the same key
  uint64_t taken = 0;       // new, and counted as delivered: first_run: from_now_on
  uint64_t absent = 0;      // not there when they were tried last, and not tried yet again
  uint64_t superseded = 0;  // a newer row of the same key was taken; listed in `sync_findings`
  uint64_t left = 0;        // not in the model any more, since this run
  uint64_t delivered = 0;   // rows that are, or may be, there and had not left: `left` are of them
  uint64_t confirmed = 0;   // of those to be sent, that an earlier run was let through with
  // Rows of other syncs that count as delivered until those to be sent are taken away.
  uint64_t taken_from = 0;
  uint64_t model = 0;  // rows of the model, whatever becomes of them
  // Rows of the model that `relation` does not have, because they are about people who were forgotten. They are
  // counted, and listed nowhere.
  uint64_t forgotten = 0;
  // Left out and listed in `_sluice.sync_findings`: kind -> rows.
  std::map<std::string, uint64_t> findings;

  // With those whom the destination has forgotten.
  uint64_t Forgotten() const { return forgotten + Finding("forgotten"); }
  uint64_t ToSend() const { return added + changed + returned + retried + identities + removed; }
  // Rows that should go and are held: changed identifiers; sent once and not to be repeated; and below.
  uint64_t HeldIdentifiers() const { return Finding("identifier_changed"); }
  uint64_t HeldUnknown() const { return Finding("unknown_outcome"); }
  // Of what takes nothing back: rows that nobody has confirmed, while those go that somebody has.
  uint64_t HeldUnconfirmed() const { return Finding("unconfirmed"); }
  // About people whose identity was changed a moment ago.
  uint64_t HeldUnsettled() const { return Finding("unsettled"); }
  uint64_t Planned() const {
    return ToSend() + HeldIdentifiers() + HeldUnknown() + HeldUnconfirmed() + HeldUnsettled();
  }
  // Where nothing is taken back: rows that somebody has to confirm before they go.
  uint64_t ToConfirm() const { return added + changed + returned - confirmed; }
  uint64_t Finding(const std::string& kind) const {
    const auto at = findings.find(kind);
    return at == findings.end() ? 0 : at->second;
  }
};

// Whether what was delivered is not sent again in this mode, whatever it is now.
bool IsSentOnce(std::string_view mode);

// What the sync sends in which field, by the columns of the model.
Result<std::vector<connector::FieldToSend>> FieldsOf(engine::Connection& connection,
                                                     const config::Sync& sync,
                                                     const std::string& relation);

// Whom nothing may be sent about, as the destination hashes them; null: nobody.
using WhoIsForgotten = std::function<Result<std::shared_ptr<const connector::ForgottenHashes>>()>;

// In which calls the syncs of a connection send, where that matters (Capabilities::calls).
struct CallsOfConnection {
  std::vector<std::string> bulk;  // the syncs, also this one, that send in bulk calls
  bool any_single = false;        // others than this one send in single calls
  bool bulk_under_way = false;    // another one of `bulk` sends at this moment
};

struct DifferenceOptions {
  // All rows were looked at by this mapping, and nothing was left to do: digests say which are as they were. Else
  // what is to be done about NULL and unmapped fields may be another than when the rows were delivered: also rows
  // whose payload is the same are looked at.
  bool narrow = false;
  std::string only_key;  // of the rows to send only this one is given; "": all
  // A first run that takes rows as known instead of sending them.
  bool takes_known = false;
  // Syncs to the same place whose people are these people: whom they delivered is there.
  std::vector<std::string> siblings = {};
  env::Micros now = 0;     // rows that are not there are tried again after some time
  uint64_t forgotten = 0;  // SyncCounts::forgotten
  // Syncs that change identities which this one's rows are about (Capabilities::follows_identities).
  std::vector<std::string> movers = {};
  CallsOfConnection calls = {};
  // Of a destination that takes people away: other syncs of the connection that deliver to them.
  std::vector<std::string> taken_from = {};
  // Asked once, and only when there are rows to write; empty: nobody is passed over.
  WhoIsForgotten who_is_forgotten = {};
};

class Difference {
 public:
  // `relation` is SQL that can stand after FROM. kConfig when the mapping does not fit the model or
  // the destination.
  static Result<std::unique_ptr<Difference>> Make(engine::Connection& connection,
                                                  const SyncFunctions& functions,
                                                  const config::Sync& sync,
                                                  const std::string& relation,
                                                  const connector::Destination& destination,
                                                  const DifferenceOptions& options = {});
  ~Difference();  // drops the temporary tables
  Difference(const Difference&) = delete;
  Difference& operator=(const Difference&) = delete;

  const SyncCounts& counts() const { return counts_; }

  // The rows to send, by key, those to be removed last, at most `limit` (0: all). `visit` may not use the connection.
  Status ForEachRow(uint64_t limit, const std::function<Status(const SpoolRow&)>& visit);

  // Makes the temporary table `table` of (key, identity, payload): what is to be sent and was not
  // tried, so that no state of theirs is in `_sluice.sync_delivered`.
  Status ListUntried(const std::string& table);

  // Writes what needs no sending: findings, rows that left and rows that are back. In the caller's
  // transaction.
  Status RecordUnsent(const std::string& run_id, env::Micros now);

  // Writes about whom something is about to be sent that others have to let settle. In the caller's transaction, before
  // anything is sent.
  Status RecordUnsettled();

  // How long to wait before anything is sent: until what was sent a moment ago about the same people has settled
  // (Capabilities::settles), which is known in the warehouse, since a run that was killed may have sent it. A clock
  // that was set back makes it wait no longer than that. `alone`: rows about such people are left out from now on, and
  // it is the time that they need.
  Result<std::chrono::milliseconds> Settle(bool alone);

  // Of a destination that takes nothing back: rows that nobody has confirmed are left out from now on.
  Status HoldUnconfirmed();

  // Of a destination that takes nothing back: that all rows to send are confirmed, or only those that
  // were before. In the caller's transaction.
  Status RecordConfirmed(bool all);

 private:
  Difference(engine::Connection& connection, SyncFunctions::Bound bound)
      : connection_(connection), bound_(std::move(bound)) {}
  Status Count();
  Status PassOver(const WhoIsForgotten& who);
  // The one identifier of `payload` by which it has this identity, as a payload.
  Result<std::string> IdentifierAlone(std::string_view key, std::string_view payload) const;

  engine::Connection& connection_;
  SyncFunctions::Bound bound_;
  const connector::Destination* destination_ = nullptr;
  ChangedFieldsRules rules_;
  sql::DifferenceNames names_;
  std::vector<std::string> taken_from_;
  SyncCounts counts_;
};

}  // namespace sluice::sync
