#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/quarantine_sql.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "ingest/ddl.h"
#include "pipeline/run.h"
#include "pipeline/run_record.h"

namespace sluice::cli {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr int64_t kRowsShown = 100;
constexpr size_t kIdShown = 10;  // of 16 hex digits

// Ids as people see and type them.
constexpr const char* kId = "format('{:016x}', q.quarantine_id)";

const char* HeldWord(const engine::Value& held) {
  return ToInt(held) != 0 ? "held" : "";
}

std::string OfHeldFiles(int64_t rows) {
  if (rows == 0) return {};
  return fmt::format(", {} of them in files that are held (sluice gate list)",
                     Thousands(static_cast<uint64_t>(rows)));
}

// For people by table and reason; machines get the files too.
Result<int> ListCounts(const ReadContext& context) {
  SLUICE_ASSIGN(const std::string only_run, OnlyRun(context));
  SLUICE_ASSIGN(const std::string only_tables, OnlyTables(context));
  const std::string address = context.arguments.json ? "q.address" : "count(DISTINCT q.address)";
  SLUICE_ASSIGN(
      const auto rows,
      context.connection().Rows(fmt::format(
          "SELECT q.table_name, q.reason, q.column_name, {}, count(*) AS n, "
          "min(q.found_at), max(q.found_at), {} AS held FROM _sluice.quarantine AS q WHERE "
          "true{}{} GROUP BY ALL ORDER BY q.table_name, n DESC, 4, q.reason, q.column_name",
          address, kIsHeld, only_tables, only_run)));
  std::ostream& out = context.world.out;
  int64_t total = 0;
  int64_t held = 0;
  for (const auto& row : rows) {
    total += ToInt(row[4]);
    if (ToInt(row[7]) != 0) held += ToInt(row[4]);
  }
  if (context.arguments.json) {
    JsonWriter json(out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("rows", total);
    json.Field("held_rows", held);
    json.Name("counts");
    json.BeginArray();
    for (const auto& row : rows) {
      json.BeginObject();
      json.Field("table", ToText(row[0]));
      json.Field("reason", ToText(row[1]));
      json.FieldOrNull("column", ToText(row[2]));
      json.Field("file", ToText(row[3]));
      json.Field("rows", ToInt(row[4]));
      json.Field("held", ToInt(row[7]) != 0);
      json.Field("first_found_at", ToText(row[5]));
      json.Field("last_found_at", ToText(row[6]));
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
    json.Finish();
    return pipeline::kExitDone;
  }
  if (rows.empty()) {
    out << "no row is in quarantine\n";
    return pipeline::kExitDone;
  }
  Table table(
      {{"table"}, {"rows", Align::kRight}, {"files", Align::kRight}, {"column"}, {"reason"}, {""}});
  for (const auto& row : rows) {
    table.Row({ToText(row[0]), Number(ToInt(row[4])), Number(ToInt(row[3])), ToText(row[2]),
               ToText(row[1]), HeldWord(row[7])});
  }
  table.Print(out, context.world.terminal);
  if (!context.arguments.quiet) {
    SLUICE_ASSIGN(const auto fixed,
                  context.connection().Scalar(
                      "SELECT count(*) FROM _sluice.quarantine AS q JOIN _sluice.quarantine_fixes "
                      "AS x ON x.quarantine_id = q.quarantine_id AND x.ingest = q.ingest AND "
                      "x.table_name = q.table_name WHERE x.state = 'open'"));
    const auto waiting = static_cast<uint64_t>(ToInt(fixed));
    out << fmt::format("\n{} in quarantine{}{}\nnext:  sluice quarantine {}\n",
                       Counted(static_cast<uint64_t>(total), "row"), OfHeldFiles(held),
                       waiting > 0 ? fmt::format(", {} of them fixed", Thousands(waiting)) : "",
                       waiting > 0 ? "replay" : "list --rows");
  }
  return pipeline::kExitDone;
}

// The columns of one quarantined row, in the order of RowColumns().
std::string RowColumns() {
  return std::string(
             "format('{:016x}', q.quarantine_id), q.table_name, q.pod, q.address, q.line, "
             "q.byte_offset, q.record, q.column_name, q.value, q.reason, q.found_at, q.ingest, "
             "q.content_hash, q.raw, l.run_id, l.group_id, q.rule, x.raw, ") +
         kIsHeld;
}
constexpr const char* kFromRows =
    " FROM _sluice.quarantine AS q LEFT JOIN _sluice.loads AS l ON l.load_id = q.load_id LEFT JOIN "
    "_sluice.quarantine_fixes AS x ON x.quarantine_id = q.quarantine_id AND x.ingest = q.ingest "
    "AND "
    "x.table_name = q.table_name AND x.state = 'open' ";

void WriteRow(JsonWriter& json, const std::vector<engine::Value>& row) {
  json.BeginObject();
  json.Field("id", ToText(row[0]));
  json.Field("ingest", ToText(row[11]));
  json.Field("table", ToText(row[1]));
  json.FieldOrNull("pod", ToText(row[2]));
  json.Field("file", ToText(row[3]));
  json.Field("content_hash", ToText(row[12]));
  json.Field("line", ToInt(row[4]));
  json.Field("byte_offset", ToInt(row[5]));
  json.Field("record", ToInt(row[6]));
  json.FieldOrNull("column", ToText(row[7]));
  json.Field("value", ToText(row[8]));
  json.Field("reason", ToText(row[9]));
  json.FieldOrNull("rule", ToText(row[16]));
  json.Field("found_at", ToText(row[10]));
  json.FieldOrNull("run", ToText(row[14]));
  json.Field("raw", ToText(row[13]));
  json.FieldOrNull("fix", ToText(row[17]));
  json.Field("held", ToInt(row[18]) != 0);
  json.EndObject();
}

Result<int> ListRows(const ReadContext& context) {
  const int64_t limit = context.arguments.limit > 0 ? context.arguments.limit
                        : context.arguments.json    ? 1'000'000
                                                    : kRowsShown;
  SLUICE_ASSIGN(const std::string only_run, OnlyRun(context));
  SLUICE_ASSIGN(const std::string only_tables, OnlyTables(context));
  SLUICE_ASSIGN(const auto rows,
                context.connection().Rows(fmt::format(
                    "SELECT {}{}WHERE true{}{} ORDER BY q.found_at DESC, q.table_name, q.address, "
                    "q.byte_offset LIMIT {}",
                    RowColumns(), kFromRows, only_tables, only_run, limit + 1)));
  const size_t shown = std::min(rows.size(), static_cast<size_t>(limit));
  std::ostream& out = context.world.out;
  if (context.arguments.json) {
    JsonWriter json(out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Name("rows");
    json.BeginArray();
    for (size_t i = 0; i < shown; ++i) WriteRow(json, rows[i]);
    json.EndArray();
    json.Field("complete", shown == rows.size());
    json.EndObject();
    json.Finish();
    return pipeline::kExitDone;
  }
  if (rows.empty()) {
    out << "no row is in quarantine\n";
    return pipeline::kExitDone;
  }
  Table table({{"id"},
               {"table"},
               {"column"},
               {"value"},
               {"reason"},
               {""},
               {"line", Align::kRight},
               {"file"}});
  for (size_t i = 0; i < shown; ++i) {
    const auto& row = rows[i];
    table.Row({ToText(row[0]).substr(0, kIdShown), ToText(row[1]), ToText(row[7]), ToText(row[8]),
               ToText(row[9]), HeldWord(row[18]), Number(ToInt(row[4])), ToText(row[3])});
  }
  table.Print(out, context.world.terminal);
  if (shown < rows.size())
    out << fmt::format("the newest {} (--limit N for more)\n", Number(limit));
  if (!context.arguments.quiet) out << "next:  sluice quarantine show ID\n";
  return pipeline::kExitDone;
}

bool IsHexPrefix(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void PrintRow(std::ostream& out, const Terminal& terminal, const std::vector<engine::Value>& row) {
  const auto line = [&](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    out << Styled(terminal, Look::kDim, fmt::format("{:<13}", name)) << Printable(text) << "\n";
  };
  line("id", ToText(row[0]));
  line("table", fmt::format("{}.{}", ToText(row[11]), ToText(row[1])));
  if (ToInt(row[18]) != 0) line("held", "its file waits for a decision: sluice gate list");
  line("reason", ToText(row[9]));
  line("rule", ToText(row[16]));
  line("column", ToText(row[7]));
  if (!engine::IsNull(row[8])) line("value", fmt::format("\"{}\"", ToText(row[8])));
  line("file", ToText(row[3]));
  line("line", fmt::format("{} (record {}, byte {})", Number(ToInt(row[4])), Number(ToInt(row[6])),
                           Number(ToInt(row[5]))));
  line("content", ToText(row[12]));
  line("pod", ToText(row[2]));
  if (ToInt(row[15]) > 0) line("group", std::to_string(ToInt(row[15])));
  line("found", ToText(row[10]));
  line("run", ToText(row[14]));
  out << Styled(terminal, Look::kDim, "as it stands in the file:") << "\n";
  for (const std::string& text : Split(ToText(row[13]), '\n'))
    out << "  " << Printable(text) << "\n";
  if (engine::IsNull(row[17])) return;
  out << Styled(terminal, Look::kDim, "fixed, waits for `sluice quarantine replay`:") << "\n";
  out << "  " << Printable(ToText(row[17])) << "\n";
}

// What comes next for the row, in its state.
std::string NextOf(const std::vector<engine::Value>& row) {
  if (!engine::IsNull(row[17])) return "sluice quarantine replay";
  if (ToInt(row[18]) != 0) return "sluice gate list";
  const std::string fix = "sluice quarantine fix " + ToText(row[0]).substr(0, kIdShown);
  const std::string column = ToText(row[7]);
  const bool plain =
      !column.empty() &&
      column.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  return fix + (plain ? fmt::format(" --set {}=VALUE", column) : " --raw TEXT");
}

}  // namespace

Result<std::string> OnlyTables(const ReadContext& context) {
  if (context.arguments.names.empty()) return std::string();
  std::set<std::string> known;
  const auto add = [&](const std::string& ingest, const std::string& table) {
    known.insert({Lower(ingest), Lower(table), Lower(ingest + "." + table)});
  };
  for (const config::Ingest& ingest : context.runtime.project().ingests) {
    known.insert(Lower(ingest.name));
    for (const config::Table& table : ingest.tables) {
      const bool zenoti = ingest.layout == "zenoti";
      add(ingest.name, zenoti ? ingest::CanonicalTableName(table.name) : table.name);
    }
  }
  // Of tables that have left the project too.
  SLUICE_ASSIGN(const auto rows, context.connection().Rows(
                                     "SELECT DISTINCT ingest, table_name FROM _sluice.quarantine"));
  for (const auto& row : rows) add(ToText(row[0]), ToText(row[1]));
  const std::vector<std::string> names(known.begin(), known.end());
  std::vector<std::string> quoted;
  for (const std::string& name : context.arguments.names) {
    if (known.count(Lower(name)) == 0) {
      return ConfigError(fmt::format("there is no table or ingest {}{}", Printable(name),
                                     DidYouMean(Lower(name), names)),
                         "sluice quarantine list");
    }
    quoted.push_back(engine::QuoteText(Lower(name)));
  }
  const std::string list = Join(quoted, ", ");
  return fmt::format(
      " AND (lower(q.table_name) IN ({0}) OR lower(q.ingest) IN ({0}) OR "
      "lower(q.ingest || '.' || q.table_name) IN ({0}))",
      list);
}

Result<std::string> OnlyRun(const ReadContext& context) {
  if (context.arguments.run.empty()) return std::string();
  SLUICE_ASSIGN(const auto store,
                pipeline::RunStore::Open(context.runtime.project().StateFolder()));
  SLUICE_ASSIGN(const pipeline::RunSummary run, store->Find(context.arguments.run));
  return fmt::format(
      " AND q.load_id IN (SELECT load_id FROM _sluice.loads WHERE run_id = {0} UNION ALL SELECT "
      "load_id FROM _sluice.holds WHERE run_id = {0} AND state = 'open')",
      engine::QuoteText(run.run_id));
}

Result<int> ListQuarantine(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  return context.arguments.rows ? ListRows(context) : ListCounts(context);
}

Result<int> ShowQuarantine(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  const std::string id = Lower(context.arguments.subject);
  const Status not_there =
      NotFoundError(fmt::format("there is no row {} in quarantine", Printable(id)),
                    "sluice quarantine list --rows");
  if (!IsHexPrefix(id)) return not_there;
  SLUICE_ASSIGN(
      const auto rows,
      context.connection().Rows(fmt::format("SELECT {}{}WHERE starts_with({}, $1) AND ($2 = '' OR "
                                            "q.table_name = $2) ORDER BY 1, 2 LIMIT 100",
                                            RowColumns(), kFromRows, kId),
                                {id, Lower(context.arguments.in)}));
  if (rows.empty()) return not_there;
  const auto& first = rows.front();
  const auto& last = rows.back();
  if (ToText(first[0]) != ToText(last[0])) {
    return ConfigError(
        fmt::format("several rows begin with {}: {}, {}", id, ToText(first[0]), ToText(last[0])),
        "Type more of the id");
  }
  if (ToText(first[1]) != ToText(last[1])) {
    return ConfigError(fmt::format("the row {} is in quarantine for {} and for {}", id,
                                   ToText(first[1]), ToText(last[1])),
                       fmt::format("--in {}", ToText(first[1])));
  }
  if (context.arguments.json) {
    JsonWriter json(context.world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Name("row");
    WriteRow(json, rows[0]);
    json.EndObject();
    json.Finish();
  } else {
    PrintRow(context.world.out, context.world.terminal, rows[0]);
    if (!context.arguments.quiet) context.world.out << "next:  " << NextOf(rows[0]) << "\n";
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
