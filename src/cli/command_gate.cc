#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/gate.h"
#include "pipeline/plan_holds.h"
#include "pipeline/run.h"
#include "quality/holds.h"

namespace sluice::cli {
namespace {

using quality::HoldRecord;

// A hold, and what shows its values.
struct Listed {
  HoldRecord hold;
  std::vector<std::string> queries;
  std::vector<pipeline::GateVerb> verbs = {};  // of an open one
  int64_t rows = 0;                            // of its files, where they were read
  int64_t bad_rows = 0;                        // of these, in quarantine
};

Status CountRows(engine::Connection& connection, Listed& listed) {
  const HoldRecord& hold = listed.hold;
  if (hold.state != "open" || hold.table.empty()) return Status::Ok();
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT coalesce(sum(rows_read), 0)::BIGINT, coalesce(sum(quarantined), "
                      "0)::BIGINT FROM _sluice.files WHERE state = 'held' AND ingest = $1 AND "
                      "table_name = $2 AND list_contains(string_split($3, chr(10)), address)",
                      {hold.owner, hold.table, Join(hold.files, "\n")}));
  listed.rows = engine::ToInt(rows[0][0]);
  listed.bad_rows = engine::ToInt(rows[0][1]);
  return Status::Ok();
}

void WriteHold(JsonWriter& json, const Listed& listed) {
  const HoldRecord& hold = listed.hold;
  json.BeginObject();
  json.Field("id", hold.id);
  json.Field("kind", hold.kind);
  json.Field("owner", hold.owner);
  json.FieldOrNull("connection", hold.connection);
  json.FieldOrNull("table", hold.table);
  json.FieldOrNull("pod", hold.pod);
  json.Field("group", hold.group);
  json.FieldOrNull("check", hold.check);
  json.Field("message", hold.message);
  json.Name("queries");
  json.BeginArray();
  for (const std::string& sql : listed.queries) json.Text(sql);
  json.EndArray();
  json.Field("rows", listed.rows);
  json.Field("bad_rows", listed.bad_rows);
  json.Name("files");
  json.BeginArray();
  for (const std::string& file : hold.files) json.Text(file);
  json.EndArray();
  json.Field("created_at", hold.created_at);
  json.FieldOrNull("run", hold.run_id);
  json.Field("state", hold.state);
  json.FieldOrNull("reason", hold.reason);
  json.FieldOrNull("decided_at", hold.decided_at);
  json.Name("verbs");
  json.BeginArray();
  for (const pipeline::GateVerb& verb : listed.verbs) json.Text(verb.verb);
  json.EndArray();
  json.EndObject();
}

// As a line of a shell, where it can be one without escapes.
std::string TypedQuery(const std::string& sql) {
  const bool plain = sql.find_first_of("'\n") == std::string::npos;
  return plain ? fmt::format("sluice query '{}'", sql) : sql;
}

void PrintHolds(std::ostream& out, const Terminal& terminal, const std::vector<Listed>& holds) {
  for (const Listed& listed : holds) {
    const HoldRecord& hold = listed.hold;
    out << fmt::format(
        "{}  {}  {}, since {}\n", Styled(terminal, Look::kBold, hold.id),
        hold.state == "open" ? Styled(terminal, Look::kWarning, "held") : Printable(hold.state),
        Printable(pipeline::HeldName(hold)), hold.created_at.substr(0, 19));
    out << "    " << Printable(hold.message) << "\n";
    for (const std::string& sql : listed.queries) {
      std::vector<std::string> lines = Split(TypedQuery(sql), '\n');
      for (std::string& line : lines) line = Printable(line);
      out << "    which:  " << Join(lines, "\n            ") << "\n";
    }
    if (listed.bad_rows > 0) {
      out << fmt::format("    which:  sluice quarantine list --rows {}   ({} of {} are bad)\n",
                         Printable(hold.table), Number(listed.bad_rows), Number(listed.rows));
    }
    constexpr size_t kMostFiles = 3;
    for (size_t i = 0; i < hold.files.size() && i < kMostFiles; ++i) {
      out << "    " << Printable(hold.files[i]) << "\n";
    }
    if (hold.files.size() > kMostFiles) {
      out << fmt::format("    … and {}\n", Counted(hold.files.size() - kMostFiles, "more file"));
    }
    if (hold.state != "open") {
      out << fmt::format("    {} {}: {}\n", Printable(hold.state), hold.decided_at.substr(0, 19),
                         Printable(hold.reason));
      continue;
    }
    for (const pipeline::GateVerb& verb : listed.verbs) {
      out << fmt::format("    {:<7} {}\n", verb.verb, Styled(terminal, Look::kDim, verb.meaning));
    }
  }
}

}  // namespace

Result<int> ListGate(const ReadContext& context) {
  std::vector<Listed> holds;
  if (context.session != nullptr) {
    SLUICE_ASSIGN(auto records, quality::ListHolds(context.connection(), context.arguments.all));
    for (HoldRecord& hold : records) {
      SLUICE_ASSIGN(auto queries,
                    pipeline::QueriesFor(context.runtime.project(), context.connection(), hold));
      Listed& listed = holds.emplace_back(Listed{std::move(hold), std::move(queries)});
      SLUICE_TRY(CountRows(context.connection(), listed));
      if (listed.hold.state == "open") {
        SLUICE_ASSIGN(listed.verbs, pipeline::VerbsFor(context.connection(), listed.hold));
      }
    }
  }
  std::ostream& out = context.world.out;
  if (context.arguments.json) {
    JsonWriter json(out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Name("holds");
    json.BeginArray();
    for (const Listed& listed : holds) WriteHold(json, listed);
    json.EndArray();
    json.EndObject();
    json.Finish();
    return pipeline::kExitDone;
  }
  PrintHolds(out, context.world.terminal, holds);
  if (holds.empty()) {
    out << "nothing is held\n";
  } else if (holds.front().hold.state == "open" && !context.arguments.quiet) {
    std::vector<std::string> others;
    const auto& verbs = holds.front().verbs;
    for (size_t i = 1; i < verbs.size(); ++i) others.push_back(verbs[i].verb);
    out << fmt::format("\nnext:  sluice gate {} {} --reason TEXT{}\n", verbs.front().verb,
                       holds.front().hold.id,
                       others.empty() ? "" : "   or " + Join(others, ", or "));
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
