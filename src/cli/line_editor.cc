#include "cli/line_editor.h"

#include <editline/readline.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <istream>
#include <thread>

#include "base/text.h"
#include "env/clock.h"
#include "env/file.h"

namespace sluice::cli {
namespace {

constexpr int kMostHistory = 1000;
std::atomic<int> g_interrupts{0};
struct sigaction g_before;

void OnInterrupt(int) {
  g_interrupts.fetch_add(1);
}

// A signal that comes just before the editor waits for a key wakes nobody: it is sent again until it is heard.
class Reminder {
 public:
  Reminder()
      : thread_([this, reader = pthread_self()] {
          while (!ended_.WaitFor(kRemindEvery)) {
            if (g_interrupts.load() > 0) pthread_kill(reader, SIGINT);
          }
        }) {}
  ~Reminder() {
    ended_.Set();
    thread_.join();
  }
  Reminder(const Reminder&) = delete;
  Reminder& operator=(const Reminder&) = delete;

 private:
  static constexpr std::chrono::milliseconds kRemindEvery{50};
  env::Cancel ended_;
  std::thread thread_;
};

char* ReadLine(const std::string& prompt) {
  const Reminder reminder;
  return readline(prompt.c_str());
}

}  // namespace

InterruptFlag::InterruptFlag() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;  // without SA_RESTART: a line that is being typed is given up
  sigaction(SIGINT, &action, &g_before);
  Reset();
}
InterruptFlag::~InterruptFlag() {
  sigaction(SIGINT, &g_before, nullptr);
}
int InterruptFlag::count() {
  return g_interrupts.load();
}
void InterruptFlag::Reset() {
  g_interrupts = 0;
}

LineEditor::LineEditor(std::istream& in, bool terminal, std::string history)
    : in_(in), terminal_(terminal), history_(std::move(history)) {
  if (!terminal_) return;
  using_history();
  stifle_history(kMostHistory);
  if (env::Exists(history_)) (void)read_history(history_.c_str());
}

LineEditor::~LineEditor() {
  if (!terminal_) return;
  // Made here, for libedit would make it readable for the group.
  const auto made = env::AppendFile::Open(history_, 0600);
  if (made.ok()) (void)write_history(history_.c_str());
}

LineEnd LineEditor::Read(const std::string& prompt, std::string& line) {
  if (!terminal_) return std::getline(in_, line) ? LineEnd::kLine : LineEnd::kEnd;
  char* typed = ReadLine(prompt);
  if (InterruptFlag::count() > 0) {
    std::free(typed);
    InterruptFlag::Reset();
    return LineEnd::kInterrupted;
  }
  if (typed == nullptr) return LineEnd::kEnd;
  line = typed;
  std::free(typed);
  return LineEnd::kLine;
}

void LineEditor::Remember(const std::string& statement) {
  if (terminal_ && !statement.empty()) add_history(ReplaceAll(statement, "\n", " ").c_str());
}

}  // namespace sluice::cli
