// A destination in memory, for tests: people by e-mail, fields kept one by one, and faults on
// demand. What it holds lies in a MemoryWorld that outlives it, as a real destination outlives our
// process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/destination.h"
#include "connector/lookup.h"

namespace sluice::connector {

struct MemoryWorld {
  // identity -> field -> canonical value.
  std::map<std::string, std::map<std::string, std::string>> people;
  // Every operation that took effect, in order.
  struct Applied {
    std::string key;
    std::string identity;
    std::string payload;
    OperationKind kind = OperationKind::kUpsert;
  };
  std::vector<Applied> applied;
  uint64_t requests = 0;   // that reached it
  uint64_t questions = 0;  // lookups

  // One person as a canonical object; empty when not there.
  std::string Person(const std::string& identity) const;
};

enum class MemoryFault {
  kNone,
  kTooMany,      // 429
  kUnavailable,  // 503, nothing took effect
  kLostRequest,  // no answer, nothing arrived; it looks like a time-out
  kLostAnswer,   // no answer, everything took effect
  kBadRequest,   // 400 for the whole, nothing said about why
  kForbidden,    // the key was revoked
  kHalfUnknown,  // 200, and for every second row nobody knows
};

struct MemoryOptions {
  Capabilities capabilities;  // defaults as below
  // Asked for every request that arrives. May throw, as a process that is killed: `Crash`.
  std::function<MemoryFault()> fault;
  // Asked for every row: an outcome other than kAcknowledged refuses it.
  std::function<std::optional<RowOutcome>(const Operation&)> refuse;
  // Asked for every lookup: whether it fails for now.
  std::function<bool()> lookup_fault;
  // A row for which this holds makes the whole request a 400, which names it when `name_poison`.
  std::function<bool(const Operation&)> poison;
  bool name_poison = false;
  RowState named = RowState::kRejected;                  // what it is named as
  std::optional<std::chrono::milliseconds> retry_after;  // comes with 429
  // Warnings that come with the answer to these rows, when one comes.
  std::function<std::vector<std::string>(std::span<const Operation>)> warn;
  // Called after the request took effect and before the answer: where a kill hurts most.
  std::function<void()> before_answer;

  MemoryOptions() {
    capabilities.max_rows_per_request = 10;
    capabilities.max_bytes_per_request = 100'000;
    capabilities.at_once = 8;
    capabilities.one_per_identity = true;
    capabilities.repeatable = true;
    capabilities.removes = true;
    capabilities.changes_identities = true;
    capabilities.noun = "user";
    capabilities.request_name = "POST /people";
  }
};

class MemoryDestination : public Destination, public Lookup {
 public:
  explicit MemoryDestination(MemoryWorld& world, MemoryOptions options = {})
      : world_(world), options_(std::move(options)) {}

  std::string Describe() const override { return "memory"; }
  const Capabilities& capabilities() const override { return options_.capabilities; }
  Status CheckFields(std::span<const std::string> fields) const override;
  Result<std::string> IdentityOf(std::string_view key, std::string_view payload) const override;
  std::span<const std::string> identifiers() const override;
  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override;
  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override;
  Status Probe(const env::Cancel* cancel) override;
  const Terms& lookup_terms() const override;
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool values,
                                     const env::Cancel* cancel) override;

  MemoryOptions& options() { return options_; }

 private:
  void Apply(const Operation& operation);
  // What is to be answered other than that it is done.
  std::optional<RowOutcome> ChangeIdentity(const Operation& operation);
  SendResult Answer(std::span<const Operation> operations, MemoryFault fault);

  MemoryWorld& world_;
  MemoryOptions options_;
  std::mutex mutex_;  // of the world and of what the options do: one request after the other
};

}  // namespace sluice::connector
