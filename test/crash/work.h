// What the crash tests do to a warehouse: a fixed row of steps, as Sluice's own loads do them. The
// content after each step follows from its number and the scale alone, so a run that was stopped and
// gone on with must end as one that was not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::crash {

struct Step {
  std::string name;
  bool is_checkpoint = false;           // then there are no statements
  std::vector<std::string> statements;  // one transaction; the last one is the load record
};

// Step i of the work is element i - 1. `rows` is the size of the largest table; the engine's row
// groups hold 122,880 rows, so take more for whole ones to be written before the commit.
std::vector<Step> Plan(int64_t rows);

// Runs one step; a transaction step is committed when it comes back.
Status RunStep(engine::Database& database, const Step& step);

// The last step whose load record is there; 0 in an empty file.
Result<int64_t> LastStep(engine::Connection& connection);

// Of every row, column name and type of every table; independent of the order of rows.
Result<std::string> Digest(engine::Connection& connection);

// CHECKPOINT through the engine's C API, without the guard: what the tests must find bad.
Status UnguardedCheckpoint(const std::string& path, int threads);

}  // namespace sluice::crash
