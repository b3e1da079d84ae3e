#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/quarantine_sql.h"
#include "cli/result_output.h"
#include "env/file.h"
#include "pipeline/run.h"

namespace sluice::cli {

// Streams: a row of quarantine may be 4 kB, and there may be millions.
Result<int> ExportQuarantine(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  SLUICE_ASSIGN(const std::string only_run, OnlyRun(context));
  SLUICE_ASSIGN(const std::string only_tables, OnlyTables(context));
  const std::string sql = fmt::format(
      "SELECT format('{{:016x}}', q.quarantine_id) AS id, q.ingest AS ingest, q.table_name AS "
      "\"table\", q.pod AS pod, q.address AS file, q.content_hash AS content_hash, q.line AS line, "
      "q.byte_offset AS byte_offset, q.record AS record, q.column_name AS \"column\", q.value AS "
      "value, q.reason AS reason, q.rule AS rule, q.found_at AS found_at, q.raw AS raw, "
      "coalesce(q.raw_cut, false) AS raw_cut, {} AS held FROM _sluice.quarantine AS q WHERE "
      "true{}{} ORDER BY q.table_name, q.address, q.byte_offset",
      kIsHeld, only_tables, only_run);
  SLUICE_ASSIGN(auto result, context.connection().Stream(sql));
  std::ostream& out = context.world.out;
  if (context.arguments.csv || EndsWith(Lower(context.arguments.to), ".csv")) {
    SLUICE_TRY(WriteRows(result, RowFormat::kCsv, {}, out, context.world.terminal).status());
    return pipeline::kExitDone;
  }
  while (out.good()) {
    SLUICE_ASSIGN(const auto batch, result.Next());
    if (!batch) break;
    for (size_t row = 0; row < batch->rows(); ++row) {
      JsonWriter json(out);
      json.BeginObject();
      for (size_t i = 0; i < result.columns().size(); ++i) {
        json.Name(result.columns()[i].name);
        WriteValue(json, batch->value(i, row));
      }
      json.EndObject();
      json.Finish();
    }
  }
  return pipeline::kExitDone;
}

// The asker writes the file, whichever process answers: whole or not there, and for its owner only.
Result<int> IntoFile(const std::string& path, World& world,
                     const std::function<Result<int>(World&)>& work) {
  const std::string beside = path + ".part";
  SLUICE_TRY(env::RemoveFile(beside));
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FailedError(fmt::format("{}: {}", beside, strerror(errno)));
  close(fd);
  std::ofstream file(beside, std::ios::binary);
  World other{world.factories,    world.clock,   world.random,
              world.in,           file,          world.err,
              {false, 80, false}, world.program, world.current_folder,
              world.cancel,       world.abort,   world.living};
  const Result<int> result = work(other);
  file.close();
  if (!result.ok() || *result != pipeline::kExitDone || !file) {
    (void)env::RemoveFile(beside);
    if (result.ok() && *result == pipeline::kExitDone) {
      return FailedError(fmt::format("{} cannot be written", path));
    }
    return result;
  }
  SLUICE_TRY(env::Rename(beside, path));
  return result;
}

}  // namespace sluice::cli
