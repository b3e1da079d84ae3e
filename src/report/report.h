// What a run tells while it works: steps with their progress, notes, and what to remember of them.
// The command line shows it (a rewriting line, plain lines or JSON events), the run log keeps it.
// Messages hold no secrets and no values of rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::report {

enum class Level { kInfo, kWarning, kError };

// What a step is at.
enum class Phase { kUnsaid, kDownload, kRead, kCheck, kPublish };

// How far a step is. Totals of 0 are unknown.
struct Progress {
  uint64_t rows = 0;
  uint64_t total_rows = 0;
  uint64_t bytes = 0;
  uint64_t total_bytes = 0;
  Phase phase = Phase::kUnsaid;
};

// For machines; "" of what is not said.
inline std::string_view WordOf(Phase phase) {
  constexpr std::string_view kWords[] = {"", "download", "read", "check", "publish"};
  return kWords[static_cast<int>(phase)];
}

// Thread-safe.
class Reporter {
 public:
  virtual ~Reporter() = default;
  // `id` is stable for machines ("load zenoti.bi_dimuser POD1/7"), and what people see.
  virtual void StepBegan(std::string_view id) = 0;
  virtual void StepAdvanced(std::string_view id, const Progress& progress) = 0;
  // `outcome`: done, failed, held, skipped, waiting. `summary`: one short line for people.
  virtual void StepEnded(std::string_view id, std::string_view outcome,
                         std::string_view summary) = 0;
  // The end of a part of a step, begun like a step of its own ("zenoti.bi_dimuser POD1/7" in "zenoti
  // POD1/7"). People see it only when it is not simply done, or when they ask. `seconds`: what it took
  // itself, without its neighbours that are published with it.
  virtual void PartEnded(std::string_view id, std::string_view outcome, std::string_view summary,
                         double seconds) {
    static_cast<void>(seconds);
    StepEnded(id, outcome, summary);
  }
  virtual void Note(Level level, std::string_view text) = 0;
};

// Tells nobody. For tests and for code that has no audience.
class SilentReporter : public Reporter {
 public:
  void StepBegan(std::string_view) override {}
  void StepAdvanced(std::string_view, const Progress&) override {}
  void StepEnded(std::string_view, std::string_view, std::string_view) override {}
  void Note(Level, std::string_view) override {}
};

}  // namespace sluice::report
