// Lines from somebody at a terminal, with editing and history (libedit); from anything else as they come.
#pragma once

#include <iosfwd>
#include <string>

namespace sluice::cli {

enum class LineEnd { kLine, kInterrupted, kEnd };

// One at a time in a process: libedit's history is global.
class LineEditor {
 public:
  // `history`: a file that is read now and written at the end, mode 0600, the last 1,000 lines. Not used
  // unless `terminal`.
  LineEditor(std::istream& in, bool terminal, std::string history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // kInterrupted: Ctrl-C while the line was typed; it is dropped.
  LineEnd Read(const std::string& prompt, std::string& line);
  void Remember(const std::string& statement);

 private:
  std::istream& in_;
  const bool terminal_;
  const std::string history_;
};

// Ctrl-C as a flag, for as long as it lives: it ends a statement, not the program.
class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;
  // How often since the last Reset.
  static int count();
  static void Reset();
};

}  // namespace sluice::cli
