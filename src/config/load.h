// From a folder to a checked project. Reads files, the environment's variables and, when asked,
// secrets; connects to nothing.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/connection_types.h"
#include "config/diagnostics.h"
#include "config/project.h"
#include "config/text_format.h"

namespace sluice::config {

struct LoadOptions {
  std::string env = "dev";
  // Fetch secrets from files and commands. Commands that do not connect leave it off: secrets are
  // then empty, and a variable that is not set is only a warning where connecting alone needs it.
  bool resolve_secrets = false;
  // With resolve_secrets: of these connections only.
  std::optional<std::set<std::string>> only_connections;
  // A variable that is not set is an error in these connections only; others that lack one are left out, and it is a
  // warning. Not given: in all.
  std::optional<std::set<std::string>> needed_connections;
  // For commands that only read what is there: a sync with a mistake is left out and its errors are
  // warnings.
  bool leave_out_wrong_syncs = false;
  // For `discover`: models and syncs may have mistakes, tables and keys may be missing, and checks may speak of tables
  // that are not there. What is wrong with these is a warning.
  bool sources_only = false;
  std::vector<ConnectionType> connection_types = AllConnectionTypes();
  // Effects; what is not given is the process's own.
  std::optional<std::map<std::string, std::string>> environment;
  std::string current_folder;
  TextRules rules;
  std::chrono::milliseconds secret_command_deadline{30'000};
  std::function<Result<std::string>(const std::string& command)> run_secret_command;
};

inline constexpr const char* kProjectFile = "sluice.yml";

// `path`: a project file, the folder of one, or "" for the nearest one from the current folder
// upwards. kConfig with all errors in its message when the project cannot be used; the same errors
// as a list, and warnings in any case, are in `diagnostics` (may be null).
Result<Project> LoadProject(const std::string& path, const LoadOptions& options,
                            Diagnostics* diagnostics);

// The absolute path of the project file that LoadProject would take.
Result<std::string> FindProjectFile(const std::string& path, const LoadOptions& options);

}  // namespace sluice::config
