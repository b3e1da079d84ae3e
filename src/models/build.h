// Building models in the warehouse: views and tables, checked before they are visible.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "models/graph.h"
#include "quality/checks.h"

namespace sluice::models {

struct BuildResult {
  std::string outcome;  // done, unchanged, held, failed
  std::string message;
  std::string hold_id;
  int64_t rows = -1;  // of a table; -1 of a view
  std::vector<std::string> warnings;
};

struct BuildContext {
  engine::Connection& connection;
  env::Clock& clock;
  std::string run_id;
};

// Builds `node` unless its SQL and the versions of its inputs are those of the last time. A table is
// built beside its place and swapped in when its checks passed; a view is checked, then made. When a
// check with `on_failure: fail` fails, a hold is written and what was there before stays. A Status
// when the warehouse itself cannot go on, and kConfig, with its place, for a check on a column that
// the model does not have; SQL that fails is outcome "failed".
Result<BuildResult> BuildModel(const BuildContext& context, const ModelNode& node);

// The SQL that stands for the model in other statements: its own name, or the relation it is.
std::string RelationOf(const config::Model& model);

// SQL that gives its rows, once it is built.
std::string SelectAll(const config::Model& model);

struct ModelState {
  bool current = false;         // BuildModel would leave it as it is
  std::set<std::string> reads;  // Dependencies::names
};
// What BuildModel would find now; changes nothing. An error where its SQL cannot be prepared,
// and kConfig as there.
Result<ModelState> LookAtModel(const BuildContext& context, const ModelNode& node);

// The digest of the model's own text, 32 hex digits: recorded with every run.
std::string SqlDigest(const config::Model& model);

// After `gate accept|reject|skip` of a model's hold. In the caller's transaction.
Status PublishHeldModel(const BuildContext& context, const ModelNode& node,
                        const std::string& stage);
Status SkipHeldModel(const BuildContext& context, const ModelNode& node);

}  // namespace sluice::models
