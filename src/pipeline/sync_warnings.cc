#include "pipeline/sync_warnings.h"

#include <map>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::pipeline {
namespace {

constexpr size_t kMostNames = 3;

// What stands around the first quoted name of a text; the whole text is `before` when there is none.
struct Parts {
  std::string before;
  std::string name;
  std::string after;
};

Parts Cut(const std::string& text) {
  const size_t open = text.find('"');
  const size_t close = open == std::string::npos ? open : text.find('"', open + 1);
  if (close == std::string::npos) return {text, "", ""};
  return {text.substr(0, open), text.substr(open, close + 1 - open), text.substr(close + 1)};
}

struct Kind {
  std::vector<std::string> names;
  uint64_t times = 0;
};

}  // namespace

std::vector<std::string> GroupWarnings(const std::vector<std::pair<std::string, uint64_t>>& texts) {
  std::map<std::pair<std::string, std::string>, Kind> kinds;
  for (const auto& [text, times] : texts) {
    const Parts parts = Cut(text);
    Kind& kind = kinds[{parts.before, parts.after}];
    if (!parts.name.empty()) kind.names.push_back(parts.name);
    kind.times += times;
  }
  std::vector<std::string> lines;
  for (const auto& [around, kind] : kinds) {
    std::string names;
    for (size_t i = 0; i < kind.names.size() && i < kMostNames; ++i) {
      names += (i == 0 ? "" : ", ") + kind.names[i];
    }
    if (kind.names.size() > kMostNames) {
      names += fmt::format(" and {} more", kind.names.size() - kMostNames);
    }
    std::string line = around.first + names + around.second;
    // How often each of many was met tells nothing.
    if (kind.times > 1 && kind.names.size() < 2)
      line += fmt::format(" ({} times)", Thousands(kind.times));
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace sluice::pipeline
