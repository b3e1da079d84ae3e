#include "ingest/plan.h"

#include <set>

namespace sluice::ingest {

bool IsAhead(env::Micros modified, env::Micros now) {
  constexpr env::Micros kClocksDiffer = 60'000'000;
  return modified > now + kClocksDiffer;
}

uint64_t Step::bytes() const {
  uint64_t bytes = 0;
  for (const TableLoad& load : loads) bytes += load.bytes();
  return bytes;
}

size_t Step::files() const {
  size_t count = 0;
  for (const TableLoad& load : loads) count += load.files.size();
  return count;
}

uint64_t IngestPlan::bytes() const {
  uint64_t bytes = 0;
  for (const Step& step : steps) bytes += step.bytes();
  return bytes;
}

size_t IngestPlan::files() const {
  size_t count = 0;
  for (const Step& step : steps) count += step.files();
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

size_t Rebuild::files() const {
  size_t count = 0;
  for (const Load& one : loads) count += one.load.files.size();
  return count;
}

uint64_t Rebuild::bytes() const {
  uint64_t bytes = 0;
  for (const Load& one : loads) bytes += one.load.bytes();
  return bytes;
}

}  // namespace sluice::ingest
