// Whole files copied by the kernel. Copies have mode 0600 and are not synced: for what is thrown away.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::env {

// Makes `to`, which is not there yet, a file that shares the blocks of `from` until somebody writes
// them (a reflink): at once and without taking room. False, and nothing is left, where the file
// system cannot.
Result<bool> CloneFile(const std::string& from, const std::string& to);

// Copies the bytes. `progress` (may be empty) is told how many are there. kCancelled, kNotFound.
Status CopyFile(const std::string& from, const std::string& to,
                const std::function<void(uint64_t)>& progress, const Cancel* cancel);

}  // namespace sluice::env
