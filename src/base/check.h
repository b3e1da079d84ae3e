// Checks of invariants. They stay on in release builds: a program that goes on after its own
// assumptions broke does damage to data that nobody asked it to do.
#pragma once

#include <string_view>

namespace sluice {

// Writes "file:line: what" to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view what);

}  // namespace sluice

#define SLUICE_CHECK(condition, what)                                              \
  do {                                                                             \
    if (!(condition)) ::sluice::CheckFailed(__FILE__, __LINE__, #condition, what); \
  } while (false)
