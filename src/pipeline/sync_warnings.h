// Warnings of a delivery, put together for people.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::pipeline {

// (text, times) of the destination's warnings become one line for each kind: texts that differ only in
// one quoted name ("made a new field "city"") are one, with the first names and how many more.
std::vector<std::string> GroupWarnings(const std::vector<std::pair<std::string, uint64_t>>& texts);

}  // namespace sluice::pipeline
