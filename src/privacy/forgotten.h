// Who was forgotten: salted SHA-256 of keys and identifiers in the form of scope.h, so that whoever reads
// the warehouse learns nobody's name from it, and a load can still tell who comes back.
//
// Tables: `_sluice.forgotten`, one row for each time somebody was forgotten, the proof; and
// `_sluice.forgotten_hashes`, the list that is in force. The salt is in `_sluice.meta`, made with the first
// entry: it is the project's own, so that hashes of two projects do not tell that they know the same person.
// A hash is of (salt, scope, value): a guest's key 7 is not an employee's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "privacy/scope.h"
#include "privacy/subject.h"

namespace sluice::privacy {

class ForgottenList {
 public:
  // Empty where nobody was forgotten, also in a warehouse without `_sluice`.
  static Result<ForgottenList> Read(engine::Connection& connection);

  bool empty() const { return entries_ == 0; }
  int64_t entries() const { return entries_; }
  // Another one whenever the list is another one.
  const std::string& fingerprint() const { return fingerprint_; }

  // kConfig when the list has a kind of person or an identifier that `persons` does not name any more: they
  // would come back.
  Status CheckNamed(const std::vector<config::Person>& persons) const;

  // The condition under which a row of a relation with `scopes` is about somebody on the list; never NULL,
  // "false" when none can be. `alias` with its dot.
  Result<std::string> RowsOf(const std::vector<ScopedColumns>& scopes, std::string_view alias,
                             const std::vector<warehouse::ColumnInfo>& present,
                             std::string_view relation) const;

  // The same for staging: a call of a function of ours, which keeps the rows in their order, where a subquery
  // would not. Prepare has registered it.
  Result<std::string> CallOf(const std::vector<ScopedColumns>& scopes,
                             const ExpressionOf& expression_of,
                             const std::vector<warehouse::ColumnInfo>& present,
                             std::string_view relation) const;
  // Outside of a transaction, which would take the function away again when it is rolled back.
  static Status Prepare(engine::Connection& connection);
  // Which of `texts`, of one scope, are on it. Prepare has been called.
  Result<std::vector<bool>> Find(engine::Connection& connection, const Scope& scope,
                                 const std::vector<std::string>& texts) const;

  // Whether a text is on it.
  Result<bool> Has(engine::Connection& connection, const Scope& scope,
                   const std::string& text) const;

 private:
  // Over the scopes that somebody was forgotten by.
  using Test = std::function<Result<std::string>(const ScopedColumns&)>;
  Result<std::string> AnyOf(const std::vector<ScopedColumns>& scopes, const Test& test) const;
  std::string FunctionName() const;

  std::string salt_;
  std::string fingerprint_;  // of the hashes
  int64_t entries_ = 0;
  std::vector<Scope> scopes_;  // that it has entries of
};

// An act of forgetting. `state`: open (on the list; rows are still there), removed (from the warehouse), done,
// undone (not on the list any more).
struct ForgetRecord {
  std::string forget_id;
  std::string person;
  std::string state;
  std::string requested_at;
  std::string done_at;
  std::string undone_at;
  std::string run_id;
  std::string hash;          // of the key, for people
  int64_t rows = 0;          // that it showed before
  std::string counts;        // JSON: place -> rows
  std::string destinations;  // JSON: list of {sync, to, did, answer}
};

// Newest first.
Result<std::vector<ForgetRecord>> ListForgotten(engine::Connection& connection);
// What is in force for any of these subjects, or for `key` in any scope: newest first.
Result<std::vector<ForgetRecord>> FindForgotten(engine::Connection& connection,
                                                const std::vector<config::Person>& persons,
                                                const SubjectQuery& query);

// Puts `subject` on the list, in the state open. In the caller's transaction. Makes the salt where there is none.
Status AddForgotten(engine::Connection& connection, const Subject& subject,
                    const ForgetRecord& record);
// Rewrites state, counts, destinations and times of a record that is there.
Status UpdateForgotten(engine::Connection& connection, const ForgetRecord& record);
// Takes the hashes of a record off the list; the record stays, as undone.
Status UndoForgotten(engine::Connection& connection, const std::string& forget_id,
                     const std::string& now);

}  // namespace sluice::privacy
