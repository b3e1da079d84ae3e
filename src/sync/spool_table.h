// The first rows of a spool as a table inside the engine, read where they lie by all of its threads: what a fold
// joins with what was answered.
//
// position, key, identity, digest, payload, sent (NULL: the payload), prior_key, removes, moves, in_doubt,
// answer (the id of the one that counts; NULL: the row was not tried)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "engine/tables.h"
#include "sync/spool.h"

namespace sluice::sync {

// In `answers`: of a row that was not tried.
inline constexpr uint32_t kUntried = 0;

// The engine's name for all of them, registered by SyncFunctions.
inline constexpr std::string_view kSpoolTable = "_sluice_spool";

class SpoolTable {
 public:
  // `answers`: by position, of as many rows as are wanted. kFailed when the file is not the one with the
  // numbers of `expected`; none is looked at where no rows are wanted.
  static Result<SpoolTable> Bind(engine::Connection& connection, const std::string& path,
                                 const SpoolInfo& expected, std::vector<uint32_t> answers);
  const std::string& sql() const { return table_->sql(); }  // what stands behind FROM
  bool any_prior() const { return any_prior_; }             // a row takes the place of another key
  bool any_moves() const { return any_moves_; }             // a row is a change of identity

 private:
  std::unique_ptr<engine::BoundTable> table_;
  bool any_prior_ = false;
  bool any_moves_ = false;
};

}  // namespace sluice::sync
