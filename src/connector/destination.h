// The contract of a destination: something that receives rows of a sync. Narrow on purpose: how a
// difference is made, what is remembered and what is tried again is the sync engine's matter (sync/);
// how one request looks and what its answer says about each row is the destination's.
//
// A delivery goes in three steps, so that a plan can count requests and `--dry-run` can write them
// without sending anything, and so that the intent is durable before a request leaves:
//   Prepare (pure) -> the engine writes the intent -> Send -> the engine writes the outcomes.
//
// Conformance: every implementation and every fake passes connector/destination_conformance.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::connector {

enum class OperationKind { kUpsert };

// One row of a sync on its way. Views into memory that the caller keeps until Send returned.
struct Operation {
  OperationKind kind = OperationKind::kUpsert;
  std::string_view key;       // the model's stable key, as text
  // Who or what it is at the destination, normalised as the destination compares it (e-mail:
  // lower-cased); equal identities are the same person. Made by IdentityOf.
  std::string_view identity;
  // The fields to send: a JSON object, names sorted, no blanks, nested fields nested, null where a
  // value delivered before is to be cleared. Identifiers are among them.
  std::string_view payload;
};

enum class RowState {
  kAcknowledged,  // the destination has it
  kRejected,      // refused for good: tried again only when the payload changes
  kDeferred,      // refused for now, or not reached: goes again in the next run
  kUnknown,       // it may or may not have arrived
};

struct RowOutcome {
  RowState state = RowState::kDeferred;
  std::string code;     // the destination's or ours: "InvalidEmailAddressError", "http_503"
  std::string message;  // for people; no payload values beyond what names the field
};

// One request, ready to go. `rows` of the operations given to Prepare are in it, the first of them.
struct PreparedRequest {
  size_t rows = 0;
  std::string method;       // "POST", or "APPEND" for files: for --dry-run and logs
  std::string target;       // URL path or file name, no credentials
  std::string body;
};

struct SendResult {
  std::vector<RowOutcome> outcomes;        // one per row of the request, in order
  int status = 0;                          // HTTP status; 0 without an answer
  // Asked for by the destination (Retry-After); the engine waits at least so long before the next.
  std::optional<std::chrono::milliseconds> retry_after;
  // Set when going on makes no sense for now (bad key, forbidden): the engine stops the sync with it.
  Status stop;
  // Things the run must report although rows were acknowledged: filtered fields, created fields.
  std::vector<std::string> warnings;
};

// How values stand in payloads.
enum class TimestampStyle {
  kIso,       // 2026-11-21T14:03:07.5Z
  kIterable,  // 2026-11-21 14:03:07 +00:00, whole seconds
};

struct Capabilities {
  int64_t max_rows_per_request = 1000;
  int64_t max_bytes_per_request = 4'000'000;
  double requests_per_second = 0;  // 0: no limit
  // At most one operation per identity in one request: answers name identities, not positions.
  bool one_per_identity = false;
  // Sending an operation again is harmless (keyed upserts): "unknown" rows are simply sent again.
  bool repeatable = false;
  TimestampStyle timestamps = TimestampStyle::kIso;
  // For plans: "users", "user".
  std::string noun = "row";
  std::string request_name;  // "POST /api/users/bulkUpdate"
};

class Destination {
 public:
  virtual ~Destination() = default;

  virtual std::string Describe() const = 0;  // "iterable (us, e-mail project)"; no credentials
  virtual const Capabilities& capabilities() const = 0;

  // Whether a sync may map these destination fields: identifiers present, no clash between "a" and
  // "a.b", names allowed. Pure. The error names the field.
  virtual Status CheckFields(std::span<const std::string> fields) const = 0;

  // Who this payload (complete, not a difference) is about, normalised; an error (kRejected, message
  // for people) when there is no usable identifier: missing, malformed, too long. Pure, thread-safe.
  virtual Result<std::string> IdentityOf(std::string_view payload) const = 0;

  // The names of the top-level payload fields that identify: they go with every operation, changed
  // or not.
  virtual std::span<const std::string> identifiers() const = 0;

  // The largest request that can be made from the first of `operations` within the limits (and
  // `max_rows`, when positive). At least one row always fits or the outcome is an error of that one
  // row: kRejected. Pure.
  virtual Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                          int64_t max_rows) const = 0;

  // Sends `request`, made by Prepare from exactly the first request.rows of `operations`, once: no
  // retries inside. Reads the answer in full and attributes it to rows.
  virtual SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                          const env::Cancel* cancel) = 0;

  // For `validate --connect`: one cheap request that shows whether address and credentials are right.
  virtual Status Probe(const env::Cancel* cancel) = 0;
};

}  // namespace sluice::connector
