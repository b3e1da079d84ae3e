// How a run tells what it does: a rewriting line on a terminal, plain lines elsewhere, JSON events, or
// next to nothing.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "cli/terminal.h"
#include "env/clock.h"
#include "report/report.h"

namespace sluice::cli {

// Rows that the engine's current or last loading statement has seen, while nobody tells the reporter
// anything. Thread-safe.
using RowsNow = std::function<uint64_t()>;

// One line that is written again and again, and a final line for each step. `Tick` draws; who owns the
// reporter calls it a few times a second (Ticker).
class TerminalReporter : public report::Reporter {
 public:
  // All outlive the reporter. `rows_now` may be empty. `verbose`: also parts of steps that are done.
  TerminalReporter(std::ostream& out, Terminal terminal, env::Clock& clock, RowsNow rows_now,
                   bool verbose = false);
  ~TerminalReporter() override;  // leaves no half line behind

  void StepBegan(std::string_view id) override;
  void StepAdvanced(std::string_view id, const report::Progress& progress) override;
  void StepEnded(std::string_view id, std::string_view outcome, std::string_view summary) override;
  void PartEnded(std::string_view id, std::string_view outcome, std::string_view summary,
                 double seconds) override;
  void Note(report::Level level, std::string_view text) override;

  void Tick();

 private:
  struct Step {
    std::chrono::nanoseconds began{0};
    report::Progress progress;
    uint64_t rows_before = 0;  // what `rows_now` said of the statement before
    uint64_t order = 0;
  };
  std::string LineOf(const std::string& id, const Step& step);
  void Erase();

  std::ostream& out_;
  const Terminal terminal_;
  env::Clock& clock_;
  const RowsNow rows_now_;
  const bool verbose_;
  std::mutex mutex_;
  std::map<std::string, Step, std::less<>> steps_;
  uint64_t next_order_ = 0;
  bool drawn_ = false;
};

// Calls something a few times a second from a thread of its own, until it is destroyed.
class Ticker {
 public:
  Ticker(std::chrono::milliseconds every, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A line when a step ends, and one a minute while it goes on; warnings and errors. `verbose`: also
// parts of steps that are done.
std::unique_ptr<report::Reporter> MakePlainReporter(std::ostream& out, env::Clock& clock,
                                                    bool verbose = false);
// One JSON object a line (pipeline/events.h); progress at most once a second for each step.
std::unique_ptr<report::Reporter> MakeJsonReporter(std::ostream& out, env::Clock& clock);
// Warnings and errors only, to `err`.
std::unique_ptr<report::Reporter> MakeQuietReporter(std::ostream& err);

// "12 s left, reading, 12,345 rows, 4,100 rows/s, 3.2 of 8.0 MB": what is known of it.
std::string DescribeProgress(const report::Progress& progress, double seconds);

}  // namespace sluice::cli
