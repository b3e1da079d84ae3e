// The words of a command line around CLI11: what it would get wrong before it, what it says badly after it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace sluice::cli {

// What --limit may be at most.
constexpr int64_t kMostLimit = 1'000'000'000;

// The words that name the command: the first ones, two at most, that are no options.
std::vector<std::string> CommandWords(const std::vector<std::string>& words);

// kConfig for a command that is not there, with the nearest one: CLI11's own message names no neighbour.
Status CheckCommand(const std::vector<std::string>& words);

// `--wait` may stand alone, and what follows may be a selector: only a duration belongs to it. Afterwards the
// option and its value are one word, "--wait=forever" where there was none.
std::vector<std::string> JoinWait(std::vector<std::string> words);

// A message of CLI11 about an option, in words for people: its own name types, and ranges in brackets.
std::string InPlainWords(const std::string& text);

}  // namespace sluice::cli
