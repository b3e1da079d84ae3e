#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/version.h"
#include "engine/engine.h"
#include "pipeline/run.h"
#include "pipeline/run_record.h"
#include "warehouse/schema.h"

namespace sluice::cli {

Result<int> Version(World& world, const Arguments& arguments) {
  const std::string commit(BuildCommit());
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("sluice", ProgramVersion());
    json.FieldOrNull("commit", commit);
    json.Field("duckdb", engine::LibraryVersion());
    json.Name("state");
    json.BeginObject();
    json.Field("warehouse", int64_t{warehouse::kSchemaVersion});
    json.Field("runs", int64_t{pipeline::kRunStoreVersion});
    json.EndObject();
    json.EndObject();
    json.Finish();
    return pipeline::kExitDone;
  }
  world.out << "sluice " << ProgramVersion();
  if (!commit.empty()) world.out << " (commit " << commit.substr(0, 12) << ")";
  world.out << "\nDuckDB " << engine::LibraryVersion() << "\n"
            << fmt::format("state: warehouse {}, runs {}\n", warehouse::kSchemaVersion,
                           pipeline::kRunStoreVersion);
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
