#include <unistd.h>

#include <istream>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/editor.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/quarantine.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

using ingest::QuarantineEntry;
using pipeline::FixRequest;
using pipeline::ProposedFix;

constexpr size_t kShown = 5;
constexpr size_t kIdShown = 10;

struct Opened {
  std::unique_ptr<pipeline::Runtime> runtime;
  std::unique_ptr<warehouse::Session> session;
};

Result<Opened> Open(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenForRows(arguments, world));
  Opened opened;
  opened.runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(opened.session,
                opened.runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  return opened;
}

// "column=value" apart.
Result<std::vector<std::pair<std::string, std::string>>> SetOf(const Arguments& arguments) {
  std::vector<std::pair<std::string, std::string>> set;
  for (const std::string& one : arguments.set) {
    const size_t equals = one.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return ConfigError(fmt::format("--set {}: expected column=value", Printable(one)));
    }
    set.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return set;
}

Result<FixRequest> RequestOf(const Arguments& arguments) {
  FixRequest request;
  request.id = arguments.subject;
  request.table = arguments.in;
  request.where = arguments.where;
  SLUICE_ASSIGN(request.set, SetOf(arguments));
  request.raw = arguments.sql ? arguments.sql : arguments.raw;
  if (request.where.has_value() == !request.id.empty()) {
    return ConfigError("either one row by its ID, or rows by --where",
                       "sluice quarantine fix --help");
  }
  return request;
}

Status CheckChanges(const Arguments& arguments, const FixRequest& request) {
  if (arguments.sql && !request.where) return ConfigError("--sql goes with --where");
  if (arguments.raw && request.where) {
    return ConfigError("--raw gives one row's text: with --where it is --sql, an expression");
  }
  if (request.raw && !request.set.empty()) {
    return ConfigError("--set and the whole row (--raw, --sql) exclude each other");
  }
  return Status::Ok();
}

// Without --set and --raw the row goes through an editor, where somebody is there to use it.
Status TakeFromEditor(World& world, const QuarantineEntry& entry, FixRequest& request) {
  if (!world.terminal.is_terminal || isatty(STDIN_FILENO) == 0) {
    return ConfigError("nothing says what the row is to become",
                       "Give --set column=value or --raw TEXT (on a terminal an editor opens)");
  }
  if (entry.raw_cut) {
    return RejectedError("only the beginning of the row is kept: it cannot be edited",
                         "Give the whole row: --raw TEXT");
  }
  world.err << fmt::format("{}:{}: {}{}\n", entry.address, entry.line,
                           entry.column.empty() ? "" : "column " + entry.column + ": ",
                           entry.reason);
  SLUICE_ASSIGN(request.raw, EditText(entry.raw));
  if (Trim(*request.raw) == Trim(entry.raw)) return ConfigError("the row was not changed");
  return Status::Ok();
}

void WriteJson(World& world, const std::vector<ProposedFix>& fixes, bool stored) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("rows", static_cast<int64_t>(fixes.size()));
  json.Field("stored", stored);
  json.Name("fixes");
  json.BeginArray();
  for (const ProposedFix& fix : fixes) {
    json.BeginObject();
    json.Field("id", fix.entry.IdText());
    json.Field("table", fix.entry.table);
    json.Field("file", fix.entry.address);
    json.Field("line", fix.entry.line);
    json.Field("before", fix.entry.raw);
    json.Field("after", fix.text);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

void Show(World& world, const std::vector<ProposedFix>& fixes) {
  Table table({{"id"}, {"line", Align::kRight}, {"file"}, {"before"}, {"after"}});
  for (size_t i = 0; i < fixes.size() && i < kShown; ++i) {
    const ProposedFix& fix = fixes[i];
    table.Row({fix.entry.IdText().substr(0, kIdShown), Number(fix.entry.line), fix.entry.address,
               fix.entry.raw, fix.text});
  }
  table.Print(world.out, world.terminal);
  if (fixes.size() > kShown) {
    world.out << fmt::format("… and {}\n", Counted(fixes.size() - kShown, "more row"));
  }
}

// Many rows at once are only stored when somebody has seen what becomes of them.
Result<bool> Confirmed(World& world, const Arguments& arguments, size_t rows,
                       std::string_view what) {
  if (arguments.yes) return true;
  if (!world.terminal.is_terminal || isatty(STDIN_FILENO) == 0) return false;
  world.out << fmt::format("{} {}? [y/N] ", what, Counted(rows, "row")) << std::flush;
  std::string answer;
  std::getline(world.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

Result<int> FixQuarantine(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(FixRequest request, RequestOf(arguments));
  SLUICE_TRY(CheckChanges(arguments, request));
  SLUICE_ASSIGN(const Opened opened, Open(world, arguments));
  if (!request.raw && request.set.empty()) {
    if (request.where) {
      return ConfigError("nothing says what the rows are to become",
                         "Give --set column=EXPRESSION or --sql EXPRESSION");
    }
    SLUICE_ASSIGN(const auto picked,
                  ingest::FindQuarantined(opened.session->connection(), request.id, request.table));
    SLUICE_TRY(TakeFromEditor(world, picked.front(), request));
  }
  SLUICE_ASSIGN(const auto fixes, ProposeFixes(*opened.runtime, *opened.session, request));
  if (fixes.empty()) return NotFoundError("--where picks no row", "sluice quarantine list --rows");
  if (!arguments.json) Show(world, fixes);
  if (request.where) {
    SLUICE_ASSIGN(const bool confirmed, Confirmed(world, arguments, fixes.size(), "fix"));
    if (!confirmed) {
      if (arguments.json) WriteJson(world, fixes, false);
      return ConfigError(
          fmt::format("{} would be fixed; nothing is stored yet", Counted(fixes.size(), "row")),
          "The same command with --yes stores it");
    }
  }
  SLUICE_TRY(StoreProposed(*opened.runtime, *opened.session, fixes, arguments.reason));
  SLUICE_TRY(opened.session->database().Checkpoint());
  if (arguments.json) {
    WriteJson(world, fixes, true);
  } else if (!arguments.quiet) {
    world.out << fmt::format("{} fixed\nnext:  sluice quarantine replay\n",
                             Counted(fixes.size(), "row"));
  }
  return pipeline::kExitDone;
}

Result<int> DiscardQuarantine(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(const FixRequest request, RequestOf(arguments));
  SLUICE_ASSIGN(const Opened opened, Open(world, arguments));
  if (request.where && !arguments.yes) {
    SLUICE_ASSIGN(const size_t count, CountPicked(*opened.runtime, *opened.session, request));
    if (count == 0) return NotFoundError("--where picks no row", "sluice quarantine list --rows");
    SLUICE_ASSIGN(const bool confirmed, Confirmed(world, arguments, count, "discard"));
    if (!confirmed) {
      return ConfigError(
          fmt::format("{} would be discarded; nothing is stored yet", Counted(count, "row")),
          "The same command with --yes does it");
    }
  }
  SLUICE_ASSIGN(const size_t discarded,
                DiscardPicked(*opened.runtime, *opened.session, request, arguments.reason));
  if (discarded == 0) return NotFoundError("--where picks no row", "sluice quarantine list --rows");
  SLUICE_TRY(opened.session->database().Checkpoint());
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("discarded", static_cast<int64_t>(discarded));
    json.EndObject();
    json.Finish();
  } else if (!arguments.quiet) {
    world.out << fmt::format("{} discarded: counted as skipped from now on\n",
                             Counted(discarded, "row"));
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
