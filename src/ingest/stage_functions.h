// Two functions inside the engine that count, per file, what a staging statement lets through:
//
//   sluice_file(path VARCHAR) -> BIGINT     the id of the file that is being read; also (BIGINT), for
//                                           one file of a known id
//   sluice_accept(file BIGINT, bad BOOLEAN, too_long BOOLEAN, forgotten BOOLEAN) -> BOOLEAN
//                                           neither bad nor forgotten; counts the row for its file
//
// Both are volatile, so that the engine neither folds them nor moves the filter below the casts, which
// would then run twice. One staging statement at a time (one thread writes); inside it the engine
// calls from many threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"

namespace sluice::ingest {

class StageFunctions {
 public:
  // `persons` of the project: by them rows about people who were forgotten are left out.
  explicit StageFunctions(std::vector<config::Person> persons = {})
      : persons_(std::move(persons)) {}
  const std::vector<config::Person>& persons() const { return persons_; }

  struct Tally {
    int64_t accepted = 0;
    int64_t bad = 0;
    int64_t forgotten = 0;  // about somebody who was forgotten, and not bad
    int64_t too_long = 0;   // of the accepted
  };

  // For every opening of the warehouse; `functions` is shared with the engine.
  static Status Register(engine::Connection& connection, std::shared_ptr<StageFunctions> functions);

  // Before a statement: which file each path is. Tallies start at zero.
  void Begin(std::map<std::string, int64_t, std::less<>> files);
  // After it: what was counted, by file id.
  std::map<int64_t, Tally> Take();
  // Rows seen so far, of the running statement. For progress.
  int64_t rows() const;

 private:
  const std::vector<config::Person> persons_;
  mutable std::mutex mutex_;
  std::map<std::string, int64_t, std::less<>> files_;
  std::map<int64_t, Tally> tallies_;
  int64_t rows_ = 0;
};

}  // namespace sluice::ingest
