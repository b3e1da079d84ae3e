// Small texts that Sluice keeps by name in `_sluice.meta`, until somebody needs them no more. In the caller's
// transaction, if there is one.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::warehouse {

Result<std::optional<std::string>> ReadNote(engine::Connection& connection,
                                            const std::string& name);
// In the place of what the name had.
Status PutNote(engine::Connection& connection, const std::string& name, const std::string& value);
Status DropNote(engine::Connection& connection, const std::string& name);

}  // namespace sluice::warehouse
