#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <thread>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/line_editor.h"
#include "cli/sql_lines.h"
#include "env/file.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

constexpr int64_t kRowsShown =
    200;  // where no --limit is given: a prompt is to look, not to export
constexpr std::chrono::milliseconds kLookEvery{50};

constexpr const char* kHelp =
    "SQL that reads, ended by ; on as many lines as it takes\n"
    ".tables         tables and models\n"
    ".schema NAME    columns of one\n"
    ".quit           or Ctrl-D\n";

// Sets a Cancel when Ctrl-C was pressed; a second one ends the program, for what answers may be the
// process of a run that does not hear of ours.
class StatementCancel {
 public:
  StatementCancel() {
    InterruptFlag::Reset();
    thread_ = std::thread([this] {
      while (!ended_.WaitFor(kLookEvery)) {
        if (InterruptFlag::count() > 0) cancel_.Set();
        if (InterruptFlag::count() > 1) _exit(pipeline::kExitCancelled);
      }
    });
  }
  ~StatementCancel() {
    ended_.Set();
    thread_.join();
    InterruptFlag::Reset();
  }
  StatementCancel(const StatementCancel&) = delete;
  StatementCancel& operator=(const StatementCancel&) = delete;
  const env::Cancel* get() const { return &cancel_; }

 private:
  env::Cancel cancel_;
  env::Cancel ended_;
  std::thread thread_;
};

class Prompt {
 public:
  Prompt(World& world, const Arguments& arguments, const ReadCommand& read)
      : world_(world), arguments_(arguments), read_(read) {
    arguments_.interactive = false;
    if (arguments_.limit == 0 && !arguments_.csv && !arguments_.json) {
      arguments_.limit = kRowsShown;
    }
  }

  int Run(LineEditor& editor, bool terminal) {
    const std::string name = "sluice> ";
    const std::string more = "   ...> ";
    std::string line;
    while (true) {
      switch (editor.Read(sql_.has_begun() ? more : name, line)) {
        case LineEnd::kEnd:
          if (terminal) world_.out << "\n";
          // What stands at the end of a file without a semicolon is meant to be run.
          if (!terminal && sql_.has_begun()) sql_.Add(";"), TakeStatements(editor);
          return failed_ && !terminal ? int{pipeline::kExitFailed} : int{pipeline::kExitDone};
        case LineEnd::kInterrupted:
          sql_.Clear();
          world_.out << "\n";
          continue;
        case LineEnd::kLine:
          break;
      }
      if (!sql_.has_begun() && StartsWith(Trim(line), ".")) {
        editor.Remember(line);
        if (!Dot(std::string(Trim(line)))) return pipeline::kExitDone;
        continue;
      }
      sql_.Add(line);
      TakeStatements(editor);
    }
  }

 private:
  void TakeStatements(LineEditor& editor) {
    while (const auto statement = sql_.Take()) {
      if (statement->empty()) continue;
      editor.Remember(*statement + ";");
      Arguments query = arguments_;
      query.subject = *statement;
      std::vector<std::string> words = {"query", *statement};
      if (query.csv) words.emplace_back("--csv");
      if (query.limit > 0) words.push_back(fmt::format("--limit={}", query.limit));
      Do(std::move(words), query);
    }
  }

  // False: to be left.
  bool Dot(const std::string& line) {
    const auto words = Split(line, ' ');
    const std::string& command = words.front();
    Arguments tables = arguments_;
    tables.command = Command::kTables;
    if (command == ".quit" || command == ".exit") return false;
    if (command == ".tables") {
      Do({"tables"}, tables);
    } else if (command == ".schema" && words.size() == 2) {
      tables.names = {words[1]};
      Do({"tables", words[1]}, tables);
    } else if (command == ".help" || command == ".schema") {
      world_.out << kHelp << std::flush;
    } else {
      const std::vector<std::string> known = {".tables", ".schema", ".quit", ".help"};
      world_.err << fmt::format("there is no {}{}: .help\n", Printable(command),
                                DidYouMean(command, known));
    }
    return true;
  }

  // Each statement opens the warehouse, or asks the run that has it, and lets go of it again: a prompt
  // that is left open overnight holds up nobody.
  void Do(std::vector<std::string> words, Arguments& arguments) {
    if (arguments.json) words.emplace_back("--json");
    if (arguments.quiet) words.emplace_back("--quiet");
    if (arguments.no_color) words.emplace_back("--no-color");
    const StatementCancel cancel;
    World world{world_.factories, world_.clock,   world_.random,
                world_.in,        world_.out,     world_.err,
                world_.terminal,  world_.program, world_.current_folder,
                cancel.get(),     world_.abort,   nullptr};
    const Result<int> result = read_(words, arguments, world);
    if (!result.ok() && result.status().code() == Code::kCancelled) {
      world_.err << "broken off\n";
    } else if (!result.ok()) {
      TellError(result.status(), arguments, world_);
    }
    failed_ = failed_ || !result.ok() || *result != pipeline::kExitDone;
    world_.out.flush();
    world_.err.flush();
  }

  World& world_;
  Arguments arguments_;
  const ReadCommand& read_;
  SqlLines sql_;
  bool failed_ = false;
};

}  // namespace

Result<int> QueryPrompt(World& world, const Arguments& arguments, const ReadCommand& read) {
  if (!arguments.subject.empty()) return ConfigError("a prompt takes its SQL there: query -i");
  SLUICE_ASSIGN(config::Project project, OpenForReading(arguments, world));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_TRY(runtime->MakeStateFolder());
  const bool terminal = world.terminal.is_terminal && isatty(STDIN_FILENO) != 0;
  if (terminal && !arguments.quiet) {
    world.out << fmt::format("{}: SQL that reads, ended by ;  (.help, .quit)\n",
                             Printable(runtime->warehouse().path()));
  }
  world.out.flush();
  const InterruptFlag interrupt;
  LineEditor editor(world.in, terminal, runtime->StatePath("query_history"));
  return Prompt(world, arguments, read).Run(editor, terminal);
}

}  // namespace sluice::cli
