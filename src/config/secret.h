// Secrets by reference: `{ secret: { file: … } }` and `{ secret: { command: … } }`.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"

namespace sluice::config {

// Runs `command` with /bin/sh in `folder` and gives what it wrote to standard output, at most 64
// KB. Its standard error is that of this process, so that it can ask to log in; its standard input
// is empty. It is killed, with its children, at the deadline. Errors tell how it ended, never what
// it wrote.
Result<std::string> RunSecretCommand(const std::string& command, const std::string& folder,
                                     std::chrono::milliseconds deadline, env::Clock& clock);

// The secret in the text of a file or the output of a command: the first line, without blanks
// around it (what follows in the files of password managers are notes). An error when it is empty.
Result<Secret> SecretFromText(const std::string& text);

// True when others than the owner may read the file.
bool OthersMayRead(const std::string& path);

}  // namespace sluice::config
