// YAML refuses `{` and `}` in unquoted text inside `{ … }`, so `{ key: ${NAME} }` would not parse.
// Internal to this folder.
#pragma once

#include <string>
#include <string_view>

namespace sluice::config {

// The special characters of every `${…}` (on one line) are moved to a private area of Unicode, one
// for one, so that YAML takes them as text and columns stay.
std::string HideVariables(std::string_view text);

// The way back, for a scalar.
std::string ShowVariables(std::string_view text);

}  // namespace sluice::config
