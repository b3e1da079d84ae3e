#include "cli/reporters.h"

#include <condition_variable>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "pipeline/events.h"

namespace sluice::cli {
namespace {

using report::Level;
using report::Phase;
using report::Progress;

constexpr double kTooSoon = 2;  // seconds before a rate says anything
constexpr auto kPlainEvery = std::chrono::seconds(60);
constexpr auto kJsonEvery = std::chrono::seconds(1);

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string InWords(Phase phase) {
  switch (phase) {
    case Phase::kUnsaid:
      break;
    case Phase::kDownload:
      return "downloading";
    case Phase::kRead:
      return "reading";
    case Phase::kCheck:
      return "checking";
    case Phase::kPublish:
      return "publishing";
  }
  return {};
}

Look LookOf(std::string_view outcome) {
  if (outcome == "done") return Look::kGood;
  if (outcome == "failed") return Look::kBad;
  if (outcome == "unchanged" || outcome == "skipped") return Look::kDim;
  return Look::kWarning;
}

std::string NoteLine(const Terminal& terminal, Level level, std::string_view text) {
  const std::string shown = PrintableLines(text, "  ");
  switch (level) {
    case Level::kInfo:
      return shown;
    case Level::kWarning:
      return Styled(terminal, Look::kWarning, "warning:") + " " + shown;
    case Level::kError:
      break;
  }
  return Styled(terminal, Look::kBad, "error:") + " " + shown;
}

std::string FinalLine(const Terminal& terminal, std::string_view id, std::string_view outcome,
                      std::string_view summary, double seconds) {
  std::string line = Styled(terminal, LookOf(outcome), fmt::format("{:<9}", Printable(outcome)));
  line += "  " + Printable(id);
  if (!summary.empty()) line += ": " + PrintableLines(summary, "  ");
  if (seconds >= 0.05)
    line += Styled(terminal, Look::kDim, fmt::format("  ({})", HumanSeconds(seconds)));
  return line;
}

// When each step was last told of.
class Throttle {
 public:
  explicit Throttle(std::chrono::nanoseconds every) : every_(every) {}
  void Begin(std::string_view id, std::chrono::nanoseconds now) {
    steps_[std::string(id)] = {now, now};
  }
  bool IsDue(std::string_view id, std::chrono::nanoseconds now) {
    const auto step = steps_.find(id);
    if (step == steps_.end() || now - step->second.told < every_) return false;
    step->second.told = now;
    return true;
  }
  // Whether the step was at something else when this was asked last.
  bool IsNewPhase(std::string_view id, report::Phase phase) {
    const auto step = steps_.find(id);
    if (step == steps_.end() || phase == report::Phase::kUnsaid) return false;
    return std::exchange(step->second.phase, phase) != phase;
  }
  double SecondsOf(std::string_view id, std::chrono::nanoseconds now) const {
    const auto step = steps_.find(id);
    return step == steps_.end() ? 0 : Seconds(now - step->second.began);
  }
  void End(std::string_view id) {
    const auto step = steps_.find(id);
    if (step != steps_.end()) steps_.erase(step);
  }

 private:
  struct Times {
    std::chrono::nanoseconds began;
    std::chrono::nanoseconds told;
    report::Phase phase = report::Phase::kUnsaid;
  };
  const std::chrono::nanoseconds every_;
  std::map<std::string, Times, std::less<>> steps_;
};

class PlainReporter : public report::Reporter {
 public:
  PlainReporter(std::ostream& out, env::Clock& clock, bool verbose)
      : out_(out), clock_(clock), verbose_(verbose) {}

  void StepBegan(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    throttle_.Begin(id, clock_.Monotonic());
  }

  void StepAdvanced(std::string_view id, const Progress& progress) override {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.Monotonic();
    if (!throttle_.IsDue(id, now)) return;
    out_ << fmt::format("{:<9}  {}: {}", "working", Printable(id),
                        DescribeProgress(progress, throttle_.SecondsOf(id, now)))
         << std::endl;
  }

  void StepEnded(std::string_view id, std::string_view outcome, std::string_view summary) override {
    const std::lock_guard lock(mutex_);
    const double seconds = throttle_.SecondsOf(id, clock_.Monotonic());
    throttle_.End(id);
    out_ << FinalLine({}, id, outcome, summary, seconds) << std::endl;
  }

  void PartEnded(std::string_view id, std::string_view outcome, std::string_view summary,
                 double seconds) override {
    const std::lock_guard lock(mutex_);
    throttle_.End(id);
    if (!verbose_ && outcome == "done") return;
    out_ << FinalLine({}, id, outcome, summary, seconds) << std::endl;
  }

  void Note(Level level, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    out_ << NoteLine({}, level, text) << std::endl;
  }

 private:
  std::ostream& out_;
  env::Clock& clock_;
  const bool verbose_;
  std::mutex mutex_;
  Throttle throttle_{kPlainEvery};
};

class JsonReporter : public report::Reporter {
 public:
  JsonReporter(std::ostream& out, env::Clock& clock) : out_(out), clock_(clock) {}

  void StepBegan(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    throttle_.Begin(id, clock_.Monotonic());
    Write(pipeline::StepBeganEvent(clock_.Now(), id));
  }
  void StepAdvanced(std::string_view id, const Progress& progress) override {
    const std::lock_guard lock(mutex_);
    const bool is_new = throttle_.IsNewPhase(id, progress.phase);
    if (!throttle_.IsDue(id, clock_.Monotonic()) && !is_new) return;
    Write(pipeline::ProgressEvent(clock_.Now(), id, progress));
  }
  void StepEnded(std::string_view id, std::string_view outcome, std::string_view summary) override {
    const std::lock_guard lock(mutex_);
    throttle_.End(id);
    Write(pipeline::StepEndedEvent(clock_.Now(), id, outcome, summary));
  }
  void Note(Level level, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    Write(pipeline::NoteEvent(clock_.Now(), level, text));
  }

 private:
  void Write(const std::string& line) { out_ << line << std::endl; }

  std::ostream& out_;
  env::Clock& clock_;
  std::mutex mutex_;
  Throttle throttle_{kJsonEvery};
};

class QuietReporter : public report::SilentReporter {
 public:
  explicit QuietReporter(std::ostream& err) : err_(err) {}
  void Note(Level level, std::string_view text) override {
    if (level == Level::kInfo) return;
    const std::lock_guard lock(mutex_);
    err_ << NoteLine({}, level, text) << std::endl;
  }

 private:
  std::ostream& err_;
  std::mutex mutex_;
};

}  // namespace

std::string DescribeProgress(const Progress& progress, double seconds) {
  std::vector<std::string> parts;
  const std::string phase = InWords(progress.phase);
  if (progress.phase == Phase::kCheck || progress.phase == Phase::kPublish) {
    // All rows are there: a rate would only sink.
    parts.push_back(phase);
    if (progress.rows > 0) parts.push_back(Counted(progress.rows, "row"));
    return Join(parts, ", ");
  }
  // Rows tell more than bytes, which may all be there long before the rows are.
  const bool by_rows = progress.total_rows > 0;
  const auto done = static_cast<double>(by_rows ? progress.rows : progress.bytes);
  const auto total = static_cast<double>(by_rows ? progress.total_rows : progress.total_bytes);
  // First, for the end of a line may be cut off.
  if (seconds >= kTooSoon && done > 0 && total > done) {
    parts.push_back(HumanSeconds(seconds * (total - done) / done) + " left");
  }
  if (!phase.empty()) parts.push_back(phase);
  if (by_rows && progress.rows >= progress.total_rows) {
    // A rate would only sink from here on.
    parts.push_back(Counted(progress.rows, "row"));
  } else if (progress.rows > 0) {
    parts.push_back(progress.total_rows > 0 ? fmt::format("{} of {}", Thousands(progress.rows),
                                                          Counted(progress.total_rows, "row"))
                                            : Counted(progress.rows, "row"));
    if (seconds >= kTooSoon) {
      parts.push_back(
          Thousands(static_cast<uint64_t>(static_cast<double>(progress.rows) / seconds)) +
          " rows/s");
    }
  }
  // That all bytes have come says nothing of how far they are read.
  if (progress.bytes > 0 && progress.bytes != progress.total_bytes) {
    parts.push_back(progress.total_bytes > 0 ? fmt::format("{} of {}", HumanBytes(progress.bytes),
                                                           HumanBytes(progress.total_bytes))
                                             : HumanBytes(progress.bytes));
  }
  return Join(parts, ", ");
}

TerminalReporter::TerminalReporter(std::ostream& out, Terminal terminal, env::Clock& clock,
                                   RowsNow rows_now, bool verbose)
    : out_(out),
      terminal_(terminal),
      clock_(clock),
      rows_now_(std::move(rows_now)),
      verbose_(verbose) {}

TerminalReporter::~TerminalReporter() {
  const std::lock_guard lock(mutex_);
  Erase();
  out_.flush();
}

void TerminalReporter::StepBegan(std::string_view id) {
  {
    const std::lock_guard lock(mutex_);
    steps_[std::string(id)] = {clock_.Monotonic(), {}, rows_now_ ? rows_now_() : 0, next_order_++};
  }
  Tick();
}

void TerminalReporter::StepAdvanced(std::string_view id, const Progress& progress) {
  const std::lock_guard lock(mutex_);
  const auto step = steps_.find(id);
  if (step != steps_.end()) step->second.progress = progress;
}

void TerminalReporter::StepEnded(std::string_view id, std::string_view outcome,
                                 std::string_view summary) {
  const std::lock_guard lock(mutex_);
  double seconds = 0;
  const auto step = steps_.find(id);
  if (step != steps_.end()) {
    seconds = Seconds(clock_.Monotonic() - step->second.began);
    steps_.erase(step);
  }
  Erase();
  out_ << FinalLine(terminal_, id, outcome, summary, seconds) << std::endl;
}

void TerminalReporter::PartEnded(std::string_view id, std::string_view outcome,
                                 std::string_view summary, double seconds) {
  const std::lock_guard lock(mutex_);
  const auto step = steps_.find(id);
  if (step != steps_.end()) steps_.erase(step);
  if (!verbose_ && outcome == "done") return;
  Erase();
  out_ << FinalLine(terminal_, id, outcome, summary, seconds) << std::endl;
}

void TerminalReporter::Note(Level level, std::string_view text) {
  const std::lock_guard lock(mutex_);
  Erase();
  out_ << NoteLine(terminal_, level, text) << std::endl;
}

// Of several steps the one that began last is shown.
void TerminalReporter::Tick() {
  const std::lock_guard lock(mutex_);
  if (steps_.empty()) return;
  auto shown = steps_.begin();
  for (auto step = steps_.begin(); step != steps_.end(); ++step) {
    if (step->second.order > shown->second.order) shown = step;
  }
  const std::string line =
      Shortened(LineOf(shown->first, shown->second), static_cast<size_t>(terminal_.width) - 1);
  out_ << '\r' << line << "\x1b[K" << std::flush;
  drawn_ = true;
}

std::string TerminalReporter::LineOf(const std::string& id, const Step& step) {
  const double seconds = Seconds(clock_.Monotonic() - step.began);
  Progress progress = step.progress;
  // A statement of this step has begun to count anew.
  if (progress.rows == 0 && rows_now_) {
    const uint64_t rows = rows_now_();
    if (rows != step.rows_before) progress.rows = rows;
  }
  std::string line = fmt::format("{:<9}  {}", "working", Printable(id));
  const std::string known = DescribeProgress(progress, seconds);
  if (!known.empty()) line += ": " + known;
  return line + fmt::format("  ({})", HumanSeconds(seconds));
}

void TerminalReporter::Erase() {
  if (drawn_) out_ << "\r\x1b[K";
  drawn_ = false;
}

struct Ticker::Impl {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  std::thread thread;
};

Ticker::Ticker(std::chrono::milliseconds every, std::function<void()> tick)
    : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get(), every, tick = std::move(tick)] {
    std::unique_lock lock(impl->mutex);
    while (!impl->changed.wait_for(lock, every, [impl] { return impl->ended; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
  });
}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ended = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
}

std::unique_ptr<report::Reporter> MakePlainReporter(std::ostream& out, env::Clock& clock,
                                                    bool verbose) {
  return std::make_unique<PlainReporter>(out, clock, verbose);
}

std::unique_ptr<report::Reporter> MakeJsonReporter(std::ostream& out, env::Clock& clock) {
  return std::make_unique<JsonReporter>(out, clock);
}

std::unique_ptr<report::Reporter> MakeQuietReporter(std::ostream& err) {
  return std::make_unique<QuietReporter>(err);
}

}  // namespace sluice::cli
