#include "cli/typed_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "config/units.h"

namespace sluice::cli {
namespace {

bool TakesValue(std::string_view word) {
  return word == "--project" || word == "--env";
}

Status UnknownCommand(std::string_view typed, std::string_view word,
                      const std::vector<std::string>& known) {
  const auto nearest = Nearest(word, known);
  const std::string prefix = typed.empty() ? "sluice" : fmt::format("sluice {}", typed);
  return ConfigError(
      fmt::format("there is no command \"{}{}{}\"{}", typed, typed.empty() ? "" : " ",
                  Printable(word), DidYouMean(word, known)),
      nearest ? fmt::format("{} {}", prefix, *nearest) : fmt::format("{} --help", prefix));
}

}  // namespace

std::vector<std::string> CommandWords(const std::vector<std::string>& words) {
  std::vector<std::string> found;
  for (size_t i = 0; i < words.size() && found.size() < 2; ++i) {
    if (TakesValue(words[i])) {
      ++i;
    } else if (!StartsWith(words[i], "-")) {
      found.push_back(words[i]);
    }
  }
  return found;
}

Status CheckCommand(const std::vector<std::string>& words) {
  const std::vector<std::string> named = CommandWords(words);
  if (named.empty()) return Status::Ok();
  const auto first = TopLevelNames();
  if (std::find(first.begin(), first.end(), named[0]) == first.end()) {
    return UnknownCommand("", named[0], first);
  }
  const auto second = SecondNames(named[0]);
  if (second.empty() || named.size() < 2) return Status::Ok();
  if (std::find(second.begin(), second.end(), named[1]) == second.end()) {
    return UnknownCommand(named[0], named[1], second);
  }
  return Status::Ok();
}

std::vector<std::string> JoinWait(std::vector<std::string> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "--wait") continue;
    if (i + 1 < words.size() && config::ParseDuration(words[i + 1])) {
      words[i] += "=" + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    } else {
      words[i] += "=forever";
    }
  }
  return words;
}

std::string InPlainWords(const std::string& text) {
  const size_t colon = text.find(": ");
  const std::string option = text.substr(0, colon);
  const auto ends = [&](std::string_view with) { return EndsWith(text, with); };
  if (StartsWith(text, "Could not convert: ")) {
    const auto parts = Split(text.substr(colon + 2), '=');
    return fmt::format("{}: \"{}\" is no number", Trim(parts[0]),
                       parts.size() > 1 ? Printable(Trim(parts[1])) : "");
  }
  if (ends(" is required")) {
    return text.substr(0, text.size() - std::string_view(" is required").size()) + " is missing";
  }
  if (colon == std::string::npos) return text;
  if (ends(" missing")) return option + " needs a value";
  const size_t range = text.find(" not in range ");
  if (range != std::string::npos) {
    return fmt::format("{} must be a whole number from 1 to {}", option, Thousands(kMostLimit));
  }
  const size_t set = text.find(" not in {");
  if (set == std::string::npos) return text;
  const std::string value = text.substr(colon + 2, set - colon - 2);
  const std::string names = text.substr(set + 9, text.size() - set - 10);
  const auto known = Split(names, ',');
  return fmt::format("{}: there is no \"{}\"{}; known: {}", option, Printable(value),
                     DidYouMean(value, known), Join(known, ", "));
}

}  // namespace sluice::cli
