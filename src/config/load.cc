#include "config/load.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/build_project.h"
#include "config/check_project.h"
#include "config/digest.h"
#include "config/environment.h"
#include "config/include.h"
#include "config/project_spec.h"
#include "config/read_options.h"
#include "config/secret.h"
#include "config/variables.h"
#include "config/yaml_tree.h"
#include "env/file.h"

namespace sluice::config {
namespace {

constexpr uint64_t kMostDotenvBytes = 1 << 20;

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> values;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    values.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return values;
}

Variables ReadVariables(const std::string& folder, std::map<std::string, std::string> environment,
                        Diagnostics* diagnostics) {
  const std::string path = env::JoinPath(folder, ".env");
  if (!env::Exists(path)) return {std::move(environment), {}};
  const Result<std::string> text = env::ReadFile(path, kMostDotenvBytes);
  if (!text.ok()) {
    diagnostics->Error({".env", 0, 0}, "", text.status().message());
    return {std::move(environment), {}};
  }
  if (OthersMayRead(path)) {
    diagnostics->Warn({".env", 0, 0}, "", "others may read this file; chmod 600 .env");
  }
  return {std::move(environment), ParseDotenv(*text, ".env", diagnostics)};
}

void LeaveOutWrongSyncs(Project& project, Diagnostics& diagnostics) {
  const std::string suffix = "; this command goes on without the sync";
  std::erase_if(project.syncs, [&](const Sync& sync) {
    return diagnostics.SetAside("syncs." + sync.name, suffix) > 0;
  });
  diagnostics.SetAside("syncs", suffix);
}

void LeaveOutUnset(Project& project, const std::set<std::string>& needed,
                   Diagnostics& diagnostics) {
  std::erase_if(project.connections, [&](const Connection& connection) {
    const bool lacks = needed.count(connection.name) == 0 &&
                       diagnostics.SetAsideUnset("connections." + connection.name) > 0;
    if (lacks) project.connections_without_variables.push_back(connection.name);
    return lacks;
  });
}

// A table without the key that is asked for is as good as none: one is proposed.
void LeaveOutAllButSources(Project& project, Diagnostics& diagnostics) {
  const std::string suffix = "; this command goes on without it";
  for (const char* section : {"models", "syncs"}) diagnostics.SetAside(section, suffix);
  for (Ingest& ingest : project.ingests) {
    const std::string key = "ingests." + ingest.name;
    diagnostics.SetAside(key + ".checks", suffix);
    std::erase_if(ingest.tables, [&](const Table& table) {
      return diagnostics.SetAside(key + ".tables." + table.name + ".key", suffix) > 0;
    });
    diagnostics.SetAsideExactly(key + ".tables", suffix);
  }
}

class Loader {
 public:
  Loader(std::string file, const LoadOptions& options, Diagnostics* diagnostics)
      : file_(std::move(file)),
        folder_(env::Dirname(file_)),
        options_(options),
        diagnostics_(*diagnostics),
        spec_(ProjectSpec(options.connection_types)) {}

  Result<Project> Load() {
    std::map<std::string, std::string> environment =
        options_.environment ? *options_.environment : ProcessEnvironment();
    const std::string home = environment["HOME"];
    variables_ = ReadVariables(folder_, std::move(environment), &diagnostics_);
    const NodePtr whole = LoadTree(file_, folder_, &diagnostics_);
    if (whole == nullptr) return diagnostics_.ToStatus();
    const NodePtr root = InEnvironment(*whole, options_.env, &diagnostics_);
    if (root == nullptr) return diagnostics_.ToStatus();
    const ReadContext context = Context(home);
    const Value value = ReadOption(spec_, *root, "", context);
    Project project = BuildProject(value, {folder_, options_.env, &diagnostics_, &options_.rules});
    CheckProject(*root, options_.connection_types, &project, &diagnostics_);
    CheckEnvironmentsApart(*whole, spec_, context, &diagnostics_);
    if (options_.needed_connections) {
      LeaveOutUnset(project, *options_.needed_connections, diagnostics_);
    }
    if (options_.sources_only) LeaveOutAllButSources(project, diagnostics_);
    if (options_.leave_out_wrong_syncs) LeaveOutWrongSyncs(project, diagnostics_);
    if (!diagnostics_.ok()) return diagnostics_.ToStatus();
    project.digest = DigestOf(value, project);
    return project;
  }

 private:
  ReadContext Context(const std::string& home) {
    ReadContext context;
    context.variables = &variables_;
    context.diagnostics = &diagnostics_;
    context.rules = options_.rules;
    context.project_folder = folder_;
    context.home = home;
    context.resolve_secrets = options_.resolve_secrets;
    context.only_connections = options_.only_connections;
    context.run_command = options_.run_secret_command;
    if (!context.run_command) {
      context.run_command = [this](const std::string& command) {
        return RunSecretCommand(command, folder_, options_.secret_command_deadline,
                                env::SystemClock());
      };
    }
    return context;
  }

  std::string file_;
  std::string folder_;
  const LoadOptions& options_;
  Diagnostics& diagnostics_;
  OptionSpec spec_;
  Variables variables_;
};

}  // namespace

Result<std::string> FindProjectFile(const std::string& path, const LoadOptions& options) {
  const std::string here =
      env::AbsolutePath(options.current_folder.empty() ? std::string(".") : options.current_folder);
  if (!path.empty()) {
    const std::string full = env::AbsolutePath(env::JoinPath(here, path));
    const Result<env::FileInfo> info = env::Stat(full);
    if (!info.ok()) return ConfigError(fmt::format("there is no project at {}", path));
    if (!info->is_directory) return full;
    const std::string file = env::JoinPath(full, kProjectFile);
    if (env::Exists(file)) return file;
    return ConfigError(fmt::format("there is no {} in {}", kProjectFile, path),
                       "`sluice init` makes a project");
  }
  for (std::string folder = here;; folder = env::Dirname(folder)) {
    const std::string file = env::JoinPath(folder, kProjectFile);
    if (env::Exists(file)) return file;
    if (folder == "/" || folder.empty()) break;
  }
  return ConfigError(fmt::format("there is no {} in {} or a folder above it", kProjectFile, here),
                     "`sluice init` makes a project");
}

Result<Project> LoadProject(const std::string& path, const LoadOptions& options,
                            Diagnostics* diagnostics) {
  Diagnostics own;
  if (diagnostics == nullptr) diagnostics = &own;
  const Result<std::string> file = FindProjectFile(path, options);
  if (!file.ok()) {
    diagnostics->Error({}, "", file.status().message());
    return file.status();
  }
  auto project = Loader(*file, options, diagnostics).Load();
  diagnostics->Sort();
  if (project.ok() || diagnostics->ok()) return project;
  const std::string folder = env::Dirname(*file);
  const auto& errors = diagnostics->errors();
  const bool unset = std::any_of(errors.begin(), errors.end(),
                                 [](const Problem& problem) { return IsUnset(problem); });
  const bool example = unset && env::Exists(env::JoinPath(folder, ".env.example")) &&
                       !env::Exists(env::JoinPath(folder, ".env"));
  return diagnostics->ToStatus().WithNext(example ? "cp .env.example .env, and fill it in"
                                                  : project.status().next());
}

}  // namespace sluice::config
