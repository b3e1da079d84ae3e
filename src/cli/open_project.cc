#include "cli/open_project.h"

#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/execute.h"
#include "cli/hand_loads.h"
#include "cli/version.h"
#include "format/csv_dialect.h"
#include "format/strict.h"
#include "format/value_form.h"
#include "pipeline/selector.h"

namespace sluice::cli {

namespace {

config::LoadOptions OptionsOf(const Arguments& arguments, const World& world, Secrets secrets) {
  config::LoadOptions options;
  options.env = arguments.env;
  options.resolve_secrets = secrets == Secrets::kYes;
  options.current_folder = world.current_folder;
  options.rules.check_sql_type = [](std::string_view type) {
    return format::ParseSqlType(type).status();
  };
  options.rules.check_date_format = [](std::string_view text) {
    format::ValueForm form;
    if (text != "auto") form.date = text;
    return form.Validate();
  };
  options.rules.check_encoding = [](std::string_view text) {
    format::CsvDialect dialect;
    dialect.encoding = text;
    return dialect.Validate();
  };
  options.rules.check_thousands = [](std::string_view thousands, char decimal) {
    format::ValueForm form;
    form.thousands = thousands;
    form.decimal = decimal;
    return form.Validate();
  };
  options.rules.check_value = [](std::string_view value, std::string_view sql_type) {
    const auto type = format::ParseSqlType(sql_type);
    if (!type.ok() || format::Fits(value, *type)) return Status::Ok();  // of types it is told
    return ConfigError(fmt::format("\"{}\" is no value of a column {}: expected {}", value,
                                   sql_type, type->Expectation()));
  };
  return options;
}

}  // namespace

Result<config::Project> OpenProject(const Arguments& arguments, const World& world, Secrets secrets,
                                    config::Diagnostics* diagnostics) {
  return config::LoadProject(arguments.project, OptionsOf(arguments, world, secrets), diagnostics);
}

Result<config::Project> OpenWithoutWrongSyncs(const Arguments& arguments, const World& world,
                                              config::Diagnostics* diagnostics) {
  config::LoadOptions options = OptionsOf(arguments, world, Secrets::kNo);
  options.leave_out_wrong_syncs = true;
  options.needed_connections.emplace();
  return config::LoadProject(arguments.project, options, diagnostics);
}

Result<config::Project> OpenForConnections(const Arguments& arguments, const World& world,
                                           std::set<std::string> connections) {
  config::LoadOptions options = OptionsOf(arguments, world, Secrets::kYes);
  options.leave_out_wrong_syncs = true;
  options.only_connections = connections;
  options.needed_connections = std::move(connections);
  return config::LoadProject(arguments.project, options, nullptr);
}

Result<config::Project> OpenForReading(const Arguments& arguments, World& world) {
  config::Diagnostics diagnostics;
  SLUICE_ASSIGN(config::Project project, OpenWithoutWrongSyncs(arguments, world, &diagnostics));
  for (const config::Problem& problem : diagnostics.warnings()) {
    if (problem.key != "syncs" && !StartsWith(problem.key, "syncs.")) continue;
    world.err << Styled(world.terminal, Look::kWarning, "warning:") << " "
              << Printable(problem.ToString()) << "\n";
  }
  return project;
}

Result<config::Project> OpenForDiscovery(const Arguments& arguments, const World& world) {
  config::LoadOptions options = OptionsOf(arguments, world, Secrets::kNo);
  options.sources_only = true;
  options.needed_connections.emplace();
  SLUICE_ASSIGN(const config::Project project,
                config::LoadProject(arguments.project, options, nullptr));
  std::vector<std::string> names;
  for (const config::Ingest& ingest : project.ingests) names.push_back(ingest.name);
  if (names.empty()) {
    return ConfigError(
        "the project has no ingest to look at",
        "Add one to sluice.yml:  ingests: { NAME: { from: CONNECTION, layout: files } }");
  }
  std::set<std::string> connections;
  for (const std::string& name : arguments.names.empty() ? names : arguments.names) {
    const config::Ingest* ingest = project.FindIngest(name);
    if (ingest == nullptr) {
      return ConfigError(
          fmt::format("there is no ingest {}{}", Printable(name), DidYouMean(name, names)));
    }
    connections.insert(ingest->from.begin(), ingest->from.end());
  }
  options.resolve_secrets = true;
  options.only_connections = connections;
  options.needed_connections = std::move(connections);
  return config::LoadProject(arguments.project, options, nullptr);
}

Result<config::Project> OpenSelected(const Arguments& arguments, const World& world,
                                     config::Diagnostics* diagnostics) {
  config::LoadOptions whole = OptionsOf(arguments, world, Secrets::kNo);
  whole.needed_connections.emplace();
  SLUICE_ASSIGN(const config::Project project,
                config::LoadProject(arguments.project, whole, nullptr));
  SLUICE_ASSIGN(const auto selection, pipeline::Select(project, arguments.names));
  std::set<std::string> connections;
  for (const std::string& name : selection.ingests) {
    const auto& from = project.FindIngest(name)->from;
    connections.insert(from.begin(), from.end());
  }
  for (const std::string& name : selection.syncs) connections.insert(project.FindSync(name)->to);
  config::LoadOptions options = OptionsOf(arguments, world, Secrets::kYes);
  options.only_connections = connections;
  options.needed_connections = std::move(connections);
  return config::LoadProject(arguments.project, options, diagnostics);
}

Result<config::Project> OpenForIngests(const Arguments& arguments, const World& world) {
  SLUICE_ASSIGN(config::Project project, OpenWithoutWrongSyncs(arguments, world, nullptr));
  std::set<std::string> connections;
  for (const config::Ingest& ingest : project.ingests) {
    connections.insert(ingest.from.begin(), ingest.from.end());
  }
  auto with_secrets = OpenForConnections(arguments, world, std::move(connections));
  return with_secrets.ok() ? std::move(with_secrets) : Result<config::Project>(std::move(project));
}

Result<config::Project> OpenForRows(const Arguments& arguments, const World& world) {
  SLUICE_ASSIGN(config::Project project, OpenForIngests(arguments, world));
  const auto runtime = MakeRuntime(project, arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_TRY(AddHandLoads(session->connection(), project));
  return project;
}

std::string HolderName(const Arguments& arguments) {
  std::string name = "sluice " + NameOf(arguments.command);
  for (const std::string& word : arguments.names) name += " " + word;
  return name;
}

std::unique_ptr<pipeline::Runtime> MakeRuntime(config::Project project, const Arguments& arguments,
                                               const World& world) {
  return std::make_unique<pipeline::Runtime>(
      std::move(project), world.factories, world.clock,
      pipeline::RuntimeOptions{HolderName(arguments), std::string(ProgramVersion())});
}

Status NeedsWarehouse(const ReadContext& context) {
  if (context.session != nullptr) return Status::Ok();
  return NotFoundError(
      fmt::format("there is no warehouse at {} yet", context.runtime.warehouse().path()),
      "sluice run");
}

}  // namespace sluice::cli
