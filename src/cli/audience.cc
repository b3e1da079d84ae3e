#include "cli/audience.h"

#include <chrono>
#include <utility>

namespace sluice::cli {
namespace {

constexpr std::chrono::milliseconds kDrawEvery{200};

// Passes on how far steps are, not how they end nor what they note.
class ProgressOnly : public report::Reporter {
 public:
  explicit ProgressOnly(std::unique_ptr<report::Reporter> inner) : inner_(std::move(inner)) {}
  void StepBegan(std::string_view id) override { inner_->StepBegan(id); }
  void StepAdvanced(std::string_view id, const report::Progress& progress) override {
    inner_->StepAdvanced(id, progress);
  }
  // Parts that are done are not shown.
  void StepEnded(std::string_view id, std::string_view, std::string_view) override {
    inner_->PartEnded(id, "done", "", 0);
  }
  void Note(report::Level, std::string_view) override {}

 private:
  std::unique_ptr<report::Reporter> inner_;
};

// Draws `reporter`, which outlives the ticker.
std::unique_ptr<Ticker> TickFor(TerminalReporter& reporter, const env::Cancel* cancel,
                                std::string_view on_cancel) {
  return std::make_unique<Ticker>(kDrawEvery,
                                  [&reporter, cancel, on_cancel, told = false]() mutable {
                                    if (!told && cancel != nullptr && cancel->is_set()) {
                                      told = true;
                                      reporter.Note(report::Level::kInfo, on_cancel);
                                    }
                                    reporter.Tick();
                                  });
}

std::unique_ptr<TerminalReporter> OnTerminal(World& world, const Arguments& arguments,
                                             pipeline::Runtime& runtime) {
  return std::make_unique<TerminalReporter>(
      world.out, world.terminal, world.clock,
      [&runtime] { return static_cast<uint64_t>(runtime.stage_functions().rows()); },
      arguments.verbose);
}

}  // namespace

Audience& Audience::operator=(Audience&& other) noexcept {
  ticker = std::move(other.ticker);
  reporter = std::move(other.reporter);
  return *this;
}

Audience MakeAudience(World& world, const Arguments& arguments, pipeline::Runtime& runtime) {
  Audience audience;
  if (arguments.json) {
    audience.reporter = MakeJsonReporter(world.out, world.clock);
  } else if (arguments.quiet) {
    audience.reporter = MakeQuietReporter(world.err);
  } else if (!world.terminal.is_terminal) {
    audience.reporter = MakePlainReporter(world.out, world.clock, arguments.verbose);
  } else {
    auto reporter = OnTerminal(world, arguments, runtime);
    audience.ticker = TickFor(*reporter, world.cancel,
                              "stopping when what is in work is done; Ctrl-C again breaks it off");
    audience.reporter = std::move(reporter);
  }
  return audience;
}

Audience MakeProgress(World& world, const Arguments& arguments, pipeline::Runtime& runtime) {
  Audience audience;
  if (arguments.quiet) {
    audience.reporter = std::make_unique<report::SilentReporter>();
  } else if (arguments.json || !world.terminal.is_terminal) {
    audience.reporter =
        std::make_unique<ProgressOnly>(MakePlainReporter(world.err, world.clock, false));
  } else {
    auto reporter = OnTerminal(world, arguments, runtime);
    audience.ticker = TickFor(*reporter, world.cancel, "stopping");
    audience.reporter = std::make_unique<ProgressOnly>(std::move(reporter));
  }
  return audience;
}

}  // namespace sluice::cli
