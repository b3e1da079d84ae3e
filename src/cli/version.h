// Which program this is.
#pragma once

#include <string_view>

namespace sluice::cli {

std::string_view ProgramVersion();  // "0.1.0"
std::string_view BuildCommit();     // of the source; "" when it is not known

}  // namespace sluice::cli
