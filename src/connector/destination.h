// The contract of a destination: something that receives rows of a sync. Narrow on purpose: how a
// difference is made, what is remembered and what is tried again is the sync engine's matter
// (sync/); how one request looks and what its answer says about each row is the destination's.
//
// A delivery goes in three steps, so that a plan can count requests and `--dry-run` can write them
// without sending anything, and so that the intent is durable before a request leaves:
//   Prepare (pure) -> the engine writes the intent -> Send -> the engine writes the outcomes.
//
// One instance serves one sync: the sync's own options (new fields, nested merging) are given to it
// when it is made. Const functions are pure and thread-safe. Send is called by as many threads at a time as
// Capabilities::at_once says, each with other rows; Probe and settling() by one.
//
// Conformance: every implementation and every fake passes connector/destination_conformance.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::connector {

enum class OperationKind {
  kUpsert,
  kRemove,  // what the destination has under the identity goes; it is no error when there is nothing
  // Who or what the destination knows by `former` is known by `identity` from then on. It is no error
  // when that is so already.
  kChangeIdentity,
};

// One row of a sync on its way. Views into memory that the caller keeps until Send returned.
struct Operation {
  OperationKind kind = OperationKind::kUpsert;
  std::string_view key;  // the model's stable key, as text
  // Who or what it is at the destination, as IdentityOf gave it: equal identities are the same one.
  std::string_view identity;
  // The fields to send, canonical as base/json_text.h describes: a JSON object, names sorted, no
  // blanks, nested fields nested, null where a value delivered before is to be cleared. Identifiers
  // are always among them. Of a kRemove: the identifiers alone. Of a kChangeIdentity: the new one alone.
  std::string_view payload;
  // Of a kChangeIdentity: the identifier by which the row is known so far, as a payload.
  std::string_view former = {};
};

enum class RowState {
  kAcknowledged,  // the destination has it
  kRejected,      // refused for good: tried again only when the payload changes
  kDeferred,      // refused for now, or not reached; nothing of it took effect. It goes again
  kUnknown,       // it may or may not have arrived
  // Deferred, since nobody is there whom the row could be about, or somebody else still has what it
  // is to get. Tried less and less often, and rejected one day.
  kAbsent,
};

// The `code` of a row that was taken without some of its fields, which the destination does not hold then. The message is
// a JSON list of their names: ["level","address.city"].
inline constexpr std::string_view kFieldsDropped = "fields_dropped";

struct RowOutcome {
  RowState state = RowState::kDeferred;
  // The destination's or ours: "InvalidEmailAddressError", "http_503". Few different ones.
  std::string code;
  // For people. It may name a field, never the value of one: it goes into logs.
  std::string message;
};

// The sync's own limits of a request, below those of the destination. 0: the destination's.
struct RequestLimit {
  int64_t rows = 0;
  int64_t bytes = 0;
};

// One request, ready to go. The first `rows` of the operations given to Prepare are in it.
struct PreparedRequest {
  size_t rows = 0;
  std::string method;  // "POST", or "APPEND" for files: for --dry-run and logs
  std::string target;  // URL path or file name, no credentials
  std::string body;
};

struct SendResult {
  std::vector<RowOutcome> outcomes;  // one per row of the request, in order
  int status = 0;                    // HTTP status; 0 without an answer
  // The request was refused as a whole because of some of its rows (400, 413): nothing of it took
  // effect. Rows to blame, as far as the answer lets them be found, are kRejected; the others are
  // kDeferred and go again at once, without them. Where no row is to blame the engine sends the
  // request in halves, down to the single row, which is then rejected with its code and message.
  // A repeatable destination also asks for it when an answer counts failures that it does not name:
  // the rows in doubt are then kUnknown and go again in the same way.
  bool split = false;
  // Asked for by the destination (Retry-After); the engine waits at least so long before the next.
  std::optional<std::chrono::milliseconds> retry_after;
  // Set when going on makes no sense for now (bad key, forbidden): the engine stops the sync with
  // it.
  Status stop;
  // What the run must report although rows were acknowledged: filtered fields, created fields. The
  // same text for the same thing, whatever the request: the engine counts how often it came.
  std::vector<std::string> warnings;
};

// How values stand in payloads.
enum class TimestampStyle {
  kIso,       // 2026-11-21T14:03:07.5Z; dates: 2026-11-21
  kIterable,  // 2026-11-21 14:03:07 +00:00, whole seconds; dates the same, at midnight UTC
};

enum class NumberStyle {
  kShortest,  // 12: as few digits as say the number
  // 12.0: what can have a fraction (FLOAT, DOUBLE, DECIMAL with a scale) is always written with
  // one. For destinations that make a field by its first value, and then refuse fractions for ever.
  kTyped,
};

// How a destination is told about somebody. Where it carries out the two ways apart from each other, one may only be
// told about in one of them within Capabilities::settles.
enum class CallKind {
  kAny,  // it does not matter
  kBulk,
  kSingle,
};

struct Capabilities {
  int64_t max_rows_per_request = 1000;
  int64_t max_bytes_per_request = 4'000'000;
  double requests_per_second = 0;  // 0: no limit
  int64_t requests_per_day = 0;    // in any 24 hours; 0: no limit
  // Requests that may be on their way at the same time, in whatever order they arrive. 1 where the order
  // of rows means something, or where it can only do one thing after the other.
  int64_t at_once = 1;
  // Under which name the destination counts these requests apart from others of the connection, by the
  // second and by the day; "": it does not.
  std::string budget;
  // At most one operation per identity in one request: answers name identities, not positions.
  bool one_per_identity = false;
  // Sending an operation again is harmless (keyed upserts): "unknown" rows are simply sent again.
  bool repeatable = false;
  // kRemove can be sent, so that the destination can be kept equal to a model (mode mirror).
  bool removes = false;
  // Null takes the value of a field away. Without it a NULL leaves what is there.
  bool clears = true;
  // kChangeIdentity can be sent.
  bool changes_identities = false;
  // What one row gives up another can take: a row that is kAbsent goes again at the end of the delivery,
  // those that came last first, as long as others are taken.
  bool hands_over = false;
  // Whatever it takes is such a change, of whichever kind its operations are.
  bool is_all_identities = false;
  // How long after a change of identity nothing else may be sent about the same one. A destination that is
  // Suppressing too says who a row is about.
  std::chrono::milliseconds settles{0};
  // Of its operations, but for changes of identity: those are single calls where it matters.
  CallKind calls = CallKind::kAny;
  // Its identities are those that others of the connection can change: what it took under a former one it
  // holds under the one that it became.
  bool follows_identities = false;
  // What is done with a row cannot be taken back: rows go only where a guard allows so many, or
  // somebody has confirmed their number.
  bool irreversible = false;
  // A row that is known, left the model, and is back is sent again: what it did may be undone by now.
  bool tells_again = false;
  // Objects that are sent are merged into what is there, instead of replacing it: names inside them
  // that are gone are then sent as null.
  bool merges_nested = false;
  TimestampStyle timestamps = TimestampStyle::kIso;
  NumberStyle numbers = NumberStyle::kShortest;
  // For plans: "users", "user".
  std::string noun = "row";
  std::string request_name;  // "POST /api/users/bulkUpdate"
};

// An optional ability: what became of a request can be found out after the process ended before the
// answer was durable, and a part of it that arrived can be undone. The engine then sends one
// request at a time, and an interrupted delivery ends as an undisturbed one would have.
class Settling {
 public:
  virtual ~Settling() = default;
  // Called right before the intent to send `request` becomes durable; the text (at most 256 bytes,
  // no personal data) is kept with the intent. Nothing is sent between Mark and its Send.
  virtual Result<std::string> Mark(const PreparedRequest& request) = 0;
  // True: the request marked so arrived, whole. False: it did not, or what arrived of it was
  // undone. An error: it cannot be told. May be called again for the same mark.
  virtual Result<bool> Settle(const std::string& mark) = 0;
};

// What a sync sends in one field, and what the destination would make of it.
enum class ValueKind { kText, kWhole, kFraction, kBoolean, kTime, kNested };
struct FieldToSend {
  std::string name;  // "address.city"
  ValueKind kind = ValueKind::kText;
};
struct FieldsReport {
  std::vector<std::pair<std::string, std::string>> created;  // name, and the type that it would get
  std::vector<std::string> dropped;                          // not there, and not made either
  std::vector<std::string> conflicts;                        // sentences: the type is another
  std::vector<std::string> refused;  // of these: no value that would be sent can be of the type
  size_t there = 0;                  // how many fields there are
  size_t most = 0;                   // how many there may be; 0: not known
};

// An optional ability: the fields that are there can be asked for, before anything is sent.
class FieldCatalog {
 public:
  virtual ~FieldCatalog() = default;
  virtual Result<FieldsReport> Compare(std::span<const FieldToSend> fields,
                                       const env::Cancel* cancel) = 0;
};

class Destination {
 public:
  virtual ~Destination() = default;

  virtual std::string Describe() const = 0;  // "iterable (us, e-mail project)"; no credentials
  virtual const Capabilities& capabilities() const = 0;

  // Whether a sync may map these destination fields ("address.city" is nested): identifiers
  // present, no clash between "a" and "a.b", names allowed. kConfig; the error names the field.
  virtual Status CheckFields(std::span<const std::string> fields) const = 0;

  // Who or what this row is about, normalised as the destination compares (e-mail: lower-cased).
  // `payload` is complete, not a difference, and canonical. kRejected, with a message for people,
  // when there is no usable identifier: missing, malformed, too long.
  virtual Result<std::string> IdentityOf(std::string_view key, std::string_view payload) const = 0;

  // The names of the top-level payload fields that identify: they go with every operation, changed
  // or not.
  virtual std::span<const std::string> identifiers() const = 0;

  // The largest request that can be made from the first of `operations` (not empty) within the
  // limits. With one_per_identity it ends before an identity that is in it already. kRejected: the
  // first operation cannot be sent in any request (too large for one): the engine rejects that row
  // with the message and goes on behind it. The same operations give the same bytes.
  virtual Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                          const RequestLimit& limit) const = 0;

  // Sends `request`, made by Prepare from exactly the first request.rows of `operations`, once: no
  // retries inside, no rate limit (both are the engine's). Reads the answer in full and attributes
  // it to rows. `cancel` (may be null) aborts it: the rows are then kUnknown, or kDeferred when
  // nothing went out.
  virtual SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                          const env::Cancel* cancel) = 0;

  // The optional ability; null without it. Belongs to the destination.
  virtual Settling* settling() { return nullptr; }

  // Likewise.
  virtual FieldCatalog* catalog() { return nullptr; }

  // When no row of a run was taken: what of the connection or the sync may be wrong, by the codes of
  // the outcomes. One sentence for people, empty when they say nothing.
  virtual std::string HintOf(std::span<const std::string> codes) const {
    (void)codes;
    return {};
  }

  // For `validate --connect`: one cheap request that shows whether address and credentials are
  // right.
  virtual Status Probe(const env::Cancel* cancel) = 0;
};

}  // namespace sluice::connector
