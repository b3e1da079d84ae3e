#include "cli/execute.h"

#include <algorithm>
#include <istream>
#include <iterator>
#include <ostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "env/file.h"
#include "pipeline/read_server.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

bool WantsJson(const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), "--json") != words.end();
}

Result<int> DoRead(const ReadContext& context) {
  switch (context.arguments.command) {
    case Command::kPlan:
      return Plan(context);
    case Command::kStatus:
      return ShowStatus(context);
    case Command::kTables:
      return Tables(context);
    case Command::kQuery:
      return Query(context);
    case Command::kTrace:
      return Trace(context);
    case Command::kQuarantineList:
      return ListQuarantine(context);
    case Command::kQuarantineShow:
      return ShowQuarantine(context);
    case Command::kQuarantineExport:
      return ExportQuarantine(context);
    case Command::kGateList:
      return ListGate(context);
    case Command::kSyncRows:
      return SyncRows(context);
    case Command::kExport:
      return ExportPerson(context);
    default:
      break;
  }
  return FailedError("no read command: " + NameOf(context.arguments.command));
}

Result<int> ReadWith(pipeline::Runtime& runtime, const Arguments& arguments, World& world) {
  auto session = runtime.warehouse().Open(false, kReadDeadline, world.cancel);
  if (session.status().code() == Code::kBusy) {
    return session.status().WithNext("Try again when it has ended; `sluice runs` works meanwhile");
  }
  if (!session.ok() && session.status().code() != Code::kNotFound) return session.status();
  return DoRead({world, arguments, runtime, session.ok() ? session.value().get() : nullptr});
}

// The process of a living run has the file: it answers. Nothing when there is none.
Result<std::optional<int>> AskLivingRun(const std::vector<std::string>& words,
                                        const config::Project& project, World& world) {
  pipeline::ReadRequest request;
  request.arguments = words;
  request.width = world.terminal.is_terminal ? world.terminal.width : 0;
  request.color = world.terminal.color;
  return pipeline::AskReadServer(env::JoinPath(project.StateFolder(), kSocketName), request,
                                 kReadDeadline, world.out, world.err);
}

// `query` without SQL: it is on standard input, which the answering process does not have.
Status TakeStandardInput(std::vector<std::string>& words, Arguments& arguments, World& world) {
  if (arguments.command != Command::kQuery || !arguments.subject.empty()) return Status::Ok();
  arguments.subject.assign(std::istreambuf_iterator<char>(world.in), {});
  if (Trim(arguments.subject).empty()) return ConfigError("there is no SQL", "sluice query --help");
  words.push_back(arguments.subject);
  return Status::Ok();
}

Result<int> Read(std::vector<std::string> words, Arguments arguments, World& world) {
  if (world.living != nullptr) return ReadWith(*world.living, arguments, world);
  SLUICE_TRY(TakeStandardInput(words, arguments, world));
  // What waits and what would be sent is only known to who can connect.
  const bool connects = arguments.command == Command::kPlan;
  SLUICE_ASSIGN(config::Project project, connects ? OpenSelected(arguments, world, nullptr)
                                                  : OpenForReading(arguments, world));
  SLUICE_ASSIGN(const auto answered, AskLivingRun(words, project, world));
  if (answered) return *answered;
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  return ReadWith(*runtime, arguments, world);
}

Result<int> Dispatch(const std::vector<std::string>& words, const Arguments& arguments,
                     World& world) {
  if (arguments.command == Command::kQuarantineExport && arguments.to != "-" &&
      world.living == nullptr) {
    // Somebody may have worked on it since.
    if (env::Exists(arguments.to)) {
      return ConfigError(arguments.to + " is there already", "Name another file, or remove it");
    }
    return IntoFile(arguments.to, world,
                    [&](World& other) { return Read(words, arguments, other); });
  }
  const bool into_file =
      arguments.command == Command::kPlan || arguments.command == Command::kExport;
  if (into_file && !arguments.to.empty() && world.living == nullptr) {
    return IntoFile(arguments.to, world, [&](World& other) {
      return arguments.deep ? PlanDeep(other, arguments) : Read(words, arguments, other);
    });
  }
  if (arguments.command == Command::kQuery && arguments.interactive && world.living == nullptr) {
    return QueryPrompt(world, arguments, Read);
  }
  if (arguments.deep && world.living == nullptr) return PlanDeep(world, arguments);
  if (IsRead(arguments.command) && !arguments.deep) return Read(words, arguments, world);
  if (world.living != nullptr) {
    return FailedError("this command is not for the process of a run");
  }
  switch (arguments.command) {
    case Command::kInit:
      return Init(world, arguments);
    case Command::kValidate:
      return Validate(world, arguments);
    case Command::kRun:
      return Run(world, arguments);
    case Command::kRuns:
      return Runs(world, arguments);
    case Command::kLogs:
      return Logs(world, arguments);
    case Command::kGateAccept:
    case Command::kGateReject:
    case Command::kGateSkip:
      return DecideGate(world, arguments);
    case Command::kQuarantineFix:
      return FixQuarantine(world, arguments);
    case Command::kQuarantineDiscard:
      return DiscardQuarantine(world, arguments);
    case Command::kQuarantineReplay:
      return ReplayFixed(world, arguments);
    case Command::kLoad:
      return LoadByHand(world, arguments);
    case Command::kUnload:
      return Unload(world, arguments);
    case Command::kBackup:
      return Backup(world, arguments);
    case Command::kRestore:
      return Restore(world, arguments);
    case Command::kClean:
      return Clean(world, arguments);
    case Command::kForget:
      return Forget(world, arguments);
    case Command::kSyncTest:
      return TestSync(world, arguments);
    case Command::kSyncAudit:
      return SyncAudit(world, arguments);
    case Command::kSyncRetry:
    case Command::kSyncResync:
    case Command::kSyncPause:
    case Command::kSyncResume:
    case Command::kSyncAdopt:
    case Command::kSyncReset:
      return DecideSync(world, arguments);
    case Command::kDiscover:
      return Discover(world, arguments);
    default:
      return Version(world, arguments);
  }
}

}  // namespace

int TellError(const Status& status, const Arguments& arguments, World& world) {
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Name("error");
    json.BeginObject();
    json.Field("code", CodeName(status.code()));
    json.Field("message", status.message());
    json.FieldOrNull("next", status.next());
    json.Field("exit_code", int64_t{pipeline::ExitCodeOf(status)});
    json.EndObject();
    json.EndObject();
    json.Finish();
  } else {
    world.err << Styled(world.terminal, Look::kBad, "error:") << " " << status.message() << "\n";
    if (!status.next().empty()) {
      world.err << Styled(world.terminal, Look::kBold, "next:") << "  " << status.next() << "\n";
    }
  }
  return pipeline::ExitCodeOf(status);
}

int ExecuteParsed(const std::vector<std::string>& words, const Arguments& arguments, World& world) {
  if (arguments.no_color) world.terminal.color = false;
  const Result<int> result = Dispatch(words, arguments, world);
  const int code = result.ok() ? *result : TellError(result.status(), arguments, world);
  world.out.flush();
  world.err.flush();
  return code;
}

int Execute(const std::vector<std::string>& words, World& world) {
  auto parsed = ParseArguments(words);
  if (!parsed.ok()) {
    Arguments arguments;
    arguments.json = WantsJson(words);
    return TellError(parsed.status(), arguments, world);
  }
  if (!parsed->help.empty()) {
    world.out << parsed->help << std::flush;
    return pipeline::kExitDone;
  }
  return ExecuteParsed(words, parsed->arguments, world);
}

}  // namespace sluice::cli
