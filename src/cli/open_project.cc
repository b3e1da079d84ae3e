#include "cli/open_project.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/version.h"
#include "format/strict.h"

namespace sluice::cli {

Result<config::Project> OpenProject(const Arguments& arguments, const World& world, Secrets secrets,
                                    config::Diagnostics* diagnostics) {
  config::LoadOptions options;
  options.env = arguments.env;
  options.resolve_secrets = secrets == Secrets::kYes;
  options.current_folder = world.current_folder;
  options.rules.check_sql_type = [](std::string_view type) {
    return format::ParseSqlType(type).status();
  };
  return config::LoadProject(arguments.project, options, diagnostics);
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
