// The functions of this folder inside the engine: payloads, digests, identities and differences are
// made by them, a vector at a time, on all of the engine's threads.
//
//   _sluice_payload(binding, column...)        the payload, or '!' and what is wrong (payload.h)
//   _sluice_digest(payload)                    its stored digest
//   _sluice_identity(binding, key, payload)    '=' and the identity, or '!' and what is wrong
//   _sluice_sent(binding, payload, delivered, maybe1, maybe2, maybe3)   changed_fields.h
//   _sluice_kept(binding, payload, delivered, maybe)   WithKept of changed_fields.h
//   _sluice_differs(binding, payload, delivered)   whether there is anything to send
//   _sluice_forgotten(binding, payload)        whether the destination has forgotten who that is
//   _sluice_person(binding, payload)           who that is, as it hashes people; with a blank between two
//   _sluice_overlay(payload, sent)             changed_fields.h
//   _sluice_masked(payload)                    changed_fields.h
//   _sluice_spool(number)                      a table: spool_table.h
//
// A function of the engine has no state, and what a sync maps is state: so it is bound to a number
// for as long as statements need it, and the number is an argument.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "connector/destination.h"
#include "connector/suppressing.h"
#include "engine/engine.h"
#include "sync/changed_fields.h"
#include "sync/payload.h"

namespace sluice::sync {

// What the functions know of one sync.
struct Binding {
  PayloadBuilder builder;
  const connector::Destination* destination = nullptr;  // outlives the binding
  ChangedFieldsRules rules;
  // Whom nothing may be sent about, as the destination hashes them; null: nobody.
  std::shared_ptr<const connector::ForgottenHashes> suppressed = nullptr;
};

// Thread-safe. May be destroyed while functions are registered: they keep what they need.
class SyncFunctions {
 private:
  struct Table;

 public:
  SyncFunctions();
  ~SyncFunctions();
  SyncFunctions(const SyncFunctions&) = delete;
  SyncFunctions& operator=(const SyncFunctions&) = delete;

  // Once for every opening of a database.
  Status Register(engine::Connection& connection) const;

  // A binding's number, for as long as it lives.
  class Bound {
   public:
    Bound(Bound&& other) noexcept;
    Bound& operator=(Bound&&) = delete;
    ~Bound();
    int64_t number() const { return number_; }
    // Statements that begin later know whom the destination has forgotten.
    void Suppress(std::shared_ptr<const connector::ForgottenHashes> people) const;

   private:
    friend class SyncFunctions;
    Bound(std::shared_ptr<Table> table, int64_t number);
    std::shared_ptr<Table> table_;
    int64_t number_;
  };
  Bound Bind(Binding binding) const;

 private:
  std::shared_ptr<Table> table_;
};

}  // namespace sluice::sync
