#include "ingest/plan.h"

#include <set>

namespace sluice::ingest {

uint64_t IngestPlan::bytes() const {
  uint64_t bytes = 0;
  for (const Step& step : steps) {
    for (const TableLoad& load : step.loads) {
      for (const LoadFile& file : load.files) bytes += file.stored.size;
    }
  }
  return bytes;
}

size_t IngestPlan::files() const {
  size_t count = 0;
  for (const Step& step : steps) {
    for (const TableLoad& load : step.loads) count += load.files.size();
  }
  return count;
}

size_t IngestPlan::groups() const {
  std::set<std::pair<std::string, int64_t>> groups;
  for (const Step& step : steps) {
    for (const TableLoad& load : step.loads) {
      for (const LoadFile& file : load.files) groups.insert({file.pod, file.group});
    }
  }
  return groups.size();
}

bool FitsPattern(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      const bool deep = pattern.substr(0, 2) == "**";
      std::string_view rest = pattern.substr(deep ? 2 : 1);
      // "a/**/b" also fits "a/b".
      if (deep && !rest.empty() && rest.front() == '/' && FitsPattern(rest.substr(1), path)) {
        return true;
      }
      for (size_t taken = 0; taken <= path.size(); ++taken) {
        if (FitsPattern(rest, path.substr(taken))) return true;
        if (taken < path.size() && path[taken] == '/' && !deep) return false;
      }
      return false;
    }
    if (path.empty()) return false;
    if (pattern.front() == '?' ? path.front() == '/' : pattern.front() != path.front())
      return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

}  // namespace sluice::ingest
