// The tables of Sluice's own in the warehouse, schema `_sluice`: everything that must be atomic with
// the data. One list of statements per version; opening brings an older file up to date and refuses
// a newer one.
#pragma once

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::warehouse {

inline constexpr int kSchemaVersion = 7;

// Makes or upgrades `_sluice` in one transaction. kFailed with what to do when the file was written
// by a newer Sluice. Does nothing when the version is right.
Status EnsureSchema(engine::Connection& connection);

// The version in the file; 0 when `_sluice` is not there.
Result<int> SchemaVersion(engine::Connection& connection);

}  // namespace sluice::warehouse
