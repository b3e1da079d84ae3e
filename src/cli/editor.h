// A text through the user's editor.
#pragma once

#include <string>

#include "base/status.h"

namespace sluice::cli {

// Opens $VISUAL, $EDITOR or vi with `text` in a file that only the user can read, and gives what it
// holds afterwards. The file is removed whatever happens. kFailed when the editor says that it failed.
Result<std::string> EditText(const std::string& text);

}  // namespace sluice::cli
