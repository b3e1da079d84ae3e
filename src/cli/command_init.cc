#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/templates.h"
#include "env/file.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

// Repositories have it before anything else: it gets the lines that it lacks.
constexpr std::string_view kIgnored = ".gitignore";
constexpr uint64_t kMostIgnoredBytes = 1 << 20;

// Nothing is written unless everything can be.
Status CheckFree(const std::string& folder) {
  const auto info = env::Stat(folder);
  if (!info.ok()) return info.status().code() == Code::kNotFound ? Status::Ok() : info.status();
  if (!info->is_directory) return ConfigError(fmt::format("{} is a file", folder));
  std::vector<std::string> taken;
  for (const TemplateFile& file : TemplateFiles()) {
    if (file.path != kIgnored && env::Exists(env::JoinPath(folder, file.path)))
      taken.emplace_back(file.path);
  }
  if (taken.empty()) return Status::Ok();
  return ConfigError(
      fmt::format("{} has {} already: nothing was changed", folder, Join(taken, ", ")),
      "sluice init NEW_FOLDER");
}

// `there`, and behind it the lines of `ours` that it has not.
std::string WithLinesOf(std::string there, std::string_view ours) {
  std::set<std::string> known;
  for (const std::string& line : Split(there, '\n')) known.emplace(Trim(line));
  for (const std::string& line : Split(ours, '\n')) {
    if (!known.insert(line).second || line.empty()) continue;
    if (!there.empty() && there.back() != '\n') there += '\n';
    there += line + "\n";
  }
  return there;
}

Status WriteFiles(const std::string& folder) {
  for (const TemplateFile& file : TemplateFiles()) {
    const std::string path = env::JoinPath(folder, file.path);
    SLUICE_TRY(env::CreateDirectories(env::Dirname(path)));
    std::string content(file.content);
    if (file.path == kIgnored && env::Exists(path)) {
      SLUICE_ASSIGN(const std::string there, env::ReadFile(path, kMostIgnoredBytes));
      content = WithLinesOf(there, file.content);
    }
    SLUICE_TRY(env::WriteFileAtomically(path, content));
  }
  return Status::Ok();
}

void Tell(World& world, std::string subject) {
  if (subject == ".") subject.clear();
  world.out << "A project is made" << (subject.empty() ? "" : " in " + subject) << ":\n\n"
            << "  sluice.yml   what is loaded, made and sent\n"
            << "  models/      SQL: what comes of it\n"
            << "  sample/      the files of a small shop; two rows of them are bad\n"
            << "  .env.example where keys will go; git ignores .env\n\nNext:\n\n";
  if (!subject.empty()) world.out << "  cd " << subject << "\n";
  world.out << "  sluice validate         check it\n"
            << "  sluice plan             what a run would do\n"
            << "  sluice run              load, build, send\n"
            << "  sluice quarantine list  the bad rows, and why\n"
            << "  cat out/*               what was sent\n";
}

}  // namespace

Result<int> Init(World& world, const Arguments& arguments) {
  const std::string folder =
      env::AbsolutePath(arguments.subject.empty() ? world.current_folder
                        : StartsWith(arguments.subject, "/")
                            ? arguments.subject
                            : env::JoinPath(world.current_folder, arguments.subject));
  SLUICE_TRY(CheckFree(folder));
  SLUICE_TRY(WriteFiles(folder));
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("folder", folder);
    json.Name("files");
    json.BeginArray();
    for (const TemplateFile& file : TemplateFiles()) json.Text(file.path);
    json.EndArray();
    json.EndObject();
    json.Finish();
  } else if (!arguments.quiet) {
    Tell(world, arguments.subject);
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
