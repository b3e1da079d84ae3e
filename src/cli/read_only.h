// Statements of users: they look, and change nothing.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::cli {

// kConfig unless `sql` is one statement that can only read: SELECT, FROM, WITH, VALUES, DESCRIBE, SHOW,
// SUMMARIZE, or EXPLAIN (without ANALYZE, which executes) of such a one. Prepares it, executes nothing.
//
// The proof is the engine's own: only such a statement can stand in brackets behind FROM. (BEGIN … READ
// ONLY is not to be had on a shared connection, and settings would pass it.)
Status CheckReadOnly(engine::Connection& connection, const std::string& sql);

}  // namespace sluice::cli
