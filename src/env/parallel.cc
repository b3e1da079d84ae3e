#include "env/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace sluice::env {

void OnAllCores(size_t count, const std::function<bool(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto run = [&] {
    // Asked before the next one is taken: what stands before a failure is always done.
    while (!failed) {
      const size_t i = next++;
      if (i >= count) return;
      if (!work(i)) failed = true;
    }
  };
  const size_t cores = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  std::vector<std::thread> others;
  while (others.size() + 1 < std::min(cores, count)) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
}

}  // namespace sluice::env
