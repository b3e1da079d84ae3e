#include <array>
#include <map>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "env/file.h"
#include "pipeline/events.h"
#include "pipeline/run_record.h"

namespace sluice::pipeline {
namespace {

// Steps that run for hours tell how far they are, and do not fill the disk with it.
constexpr auto kProgressEvery = std::chrono::seconds(10);
constexpr uint64_t kMostNotes = 10'000;

class LoggingReporter : public report::Reporter {
 public:
  LoggingReporter(const std::string& path, report::Reporter& inner, env::Clock& clock)
      : path_(path), inner_(inner), clock_(clock) {
    Status made = env::CreateDirectories(env::Dirname(path), 0700);
    if (made.ok()) {
      auto file = env::AppendFile::Open(path);
      if (file.ok()) {
        file_.emplace(std::move(file).value());
        return;
      }
      made = file.status();
    }
    Complain(made);
  }

  void StepBegan(std::string_view id) override {
    Write(StepBeganEvent(clock_.Now(), id));
    inner_.StepBegan(id);
  }

  void StepAdvanced(std::string_view id, const report::Progress& progress) override {
    if (IsDue(id)) Write(ProgressEvent(clock_.Now(), id, progress));
    inner_.StepAdvanced(id, progress);
  }

  void StepEnded(std::string_view id, std::string_view outcome, std::string_view summary) override {
    {
      const std::lock_guard lock(mutex_);
      told_.erase(std::string(id));
    }
    Write(StepEndedEvent(clock_.Now(), id, outcome, summary));
    inner_.StepEnded(id, outcome, summary);
  }

  void PartEnded(std::string_view id, std::string_view outcome, std::string_view summary,
                 double seconds) override {
    {
      const std::lock_guard lock(mutex_);
      told_.erase(std::string(id));
    }
    Write(StepEndedEvent(clock_.Now(), id, outcome, summary));
    inner_.PartEnded(id, outcome, summary, seconds);
  }

  void Note(report::Level level, std::string_view text) override {
    const uint64_t count = CountNote(level);
    if (count < kMostNotes) {
      Write(NoteEvent(clock_.Now(), level, text));
    } else if (count == kMostNotes) {
      Write(NoteEvent(clock_.Now(), level, "more notes of this kind are left out"));
    }
    inner_.Note(level, text);
  }

 private:
  bool IsDue(std::string_view id) {
    const auto now = clock_.Monotonic();
    const std::lock_guard lock(mutex_);
    const auto [at, is_first] = told_.try_emplace(std::string(id), now);
    if (is_first) return false;  // the step has just begun
    if (now - at->second < kProgressEvery) return false;
    at->second = now;
    return true;
  }

  uint64_t CountNote(report::Level level) {
    const std::lock_guard lock(mutex_);
    return notes_[static_cast<size_t>(level)]++;
  }

  void Write(std::string line) {
    line += '\n';
    Status status;
    {
      const std::lock_guard lock(mutex_);
      if (!file_) return;
      status = file_->Append(line);
      if (!status.ok()) file_.reset();
    }
    Complain(status);
  }

  // A run goes on without its log: what it does matters more.
  void Complain(const Status& status) {
    if (status.ok()) return;
    inner_.Note(report::Level::kWarning, "this run has no log: " + status.message());
  }

  const std::string path_;
  report::Reporter& inner_;
  env::Clock& clock_;
  std::mutex mutex_;
  std::optional<env::AppendFile> file_;
  std::map<std::string, std::chrono::nanoseconds> told_;  // step -> when last
  std::array<uint64_t, 3> notes_{};
};

}  // namespace

std::unique_ptr<report::Reporter> MakeLoggingReporter(const std::string& path,
                                                      report::Reporter& inner, env::Clock& clock) {
  return std::make_unique<LoggingReporter>(path, inner, clock);
}

std::string LogPath(const std::string& state_folder, const std::string& run_id) {
  return env::JoinPath(env::JoinPath(state_folder, "logs"), run_id + ".jsonl");
}

std::string NewRunId(env::Micros now, uint64_t random) {
  std::string digits;
  for (const char c : env::FormatUtc(now)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return fmt::format("{}-{}-{:04x}", digits.substr(0, 8), digits.substr(8), random & 0xffffU);
}

}  // namespace sluice::pipeline
