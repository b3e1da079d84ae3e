// Single values and secrets; read_options.cc puts them together. Internal to this folder.
#pragma once

#include <string>

#include "config/read_options.h"

namespace sluice::config {

// Reads a node that must be a scalar into `value` as `spec` wants it. Reports what is wrong.
void ReadScalar(const OptionSpec& spec, const Node& node, const std::string& key,
                const ReadContext& context, Value* value);

// Text, or `{ secret: { file: … } }`, or `{ secret: { command: … } }`.
void ReadSecret(const OptionSpec& spec, const Node& node, const std::string& key,
                const ReadContext& context, Value* value);

}  // namespace sluice::config
