#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/hand_loads.h"
#include "cli/json_writer.h"
#include "cli/trace_data.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

// Of a row without a state only a finding is known, or tries of what is delivered no more.
std::string StateOf(const TracedSyncRow& row) {
  if (!row.state.empty()) return row.state;
  return row.attempts.empty() ? "not sent" : "delivered no more";
}

// "a,b" is a key of two columns; "a\,b" one with a comma in it.
std::vector<std::string> PartsOf(const std::string& key) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '\\' && i + 1 < key.size() && key[i + 1] == ',') {
      parts.back() += key[++i];
    } else if (key[i] == ',') {
      parts.emplace_back();
    } else {
      parts.back() += key[i];
    }
  }
  return parts;
}

Status CheckIn(const config::Project& project, const std::string& in) {
  if (in.empty()) return Status::Ok();
  std::vector<std::string> names;
  for (const config::Ingest& ingest : project.ingests) {
    names.push_back(ingest.name);
    for (const config::Table& table : ingest.tables) {
      names.push_back(table.name);
      if (EndsWith(table.name, "_s3")) names.push_back(table.name.substr(0, table.name.size() - 3));
    }
  }
  for (const config::Model& model : project.models) names.push_back(model.name);
  for (const config::Sync& sync : project.syncs) names.push_back(sync.name);
  if (std::find(names.begin(), names.end(), in) != names.end()) return Status::Ok();
  return ConfigError(fmt::format("--in: there is no table, model or sync {}{}", Printable(in),
                                 DidYouMean(in, names)));
}

// A row that was found by an identifier leads on by its key.
std::vector<std::string> KeysFound(const TraceResult& result, const std::string& typed) {
  std::vector<std::string> keys;
  for (const TracedSyncRow& row : result.sync_rows) {
    if (row.key != typed && std::find(keys.begin(), keys.end(), row.key) == keys.end()) {
      keys.push_back(row.key);
    }
  }
  constexpr size_t kMostKeys = 5;
  if (keys.size() > kMostKeys) keys.resize(kMostKeys);
  return keys;
}

void WriteValues(JsonWriter& json, std::string_view name, const NamedValues& values) {
  json.Name(name);
  json.BeginObject();
  for (const auto& [column, text] : values) json.Field(column, text);
  json.EndObject();
}

void WriteRow(JsonWriter& json, const TracedRow& row) {
  json.BeginObject();
  json.Field("ingest", row.ingest);
  json.Field("table", row.table);
  WriteValues(json, "values", row.values);
  json.Name("load");
  json.BeginObject();
  json.FieldOrNull("run", row.run_id);
  json.FieldOrNull("at", row.loaded_at);
  json.FieldOrNull("kind", row.load_kind);
  json.FieldOrNull("mode", row.mode);
  json.FieldOrNull("pod", row.pod);
  json.Field("group", row.group);
  json.EndObject();
  json.Name("file");
  json.BeginObject();
  json.FieldOrNull("connection", row.connection);
  json.FieldOrNull("address", row.address);
  json.FieldOrNull("content_hash", row.content_hash);
  json.FieldOrNull("member", row.member);
  json.Name("lines");
  json.BeginArray();
  for (const uint64_t line : row.lines) json.Number(static_cast<int64_t>(line));
  json.EndArray();
  json.FieldOrNull("lines_unknown", row.lines_unknown);
  json.EndObject();
  json.Name("fixed");
  if (row.fixed_line == 0) {
    json.Null();
  } else {
    json.BeginObject();
    json.Field("line", row.fixed_line);
    json.FieldOrNull("column", row.fixed_column);
    json.Field("fault", row.fixed_fault);
    json.Field("at", row.fixed_at);
    json.FieldOrNull("reason", row.fixed_why);
    json.EndObject();
  }
  json.EndObject();
}

// Payloads are JSON themselves.
void WritePayload(JsonWriter& json, std::string_view name, const std::string& payload) {
  json.Name(name);
  if (StartsWith(payload, "{")) {
    json.Raw(payload);
  } else {
    json.Null();
  }
}

void WriteSyncRow(JsonWriter& json, const TracedSyncRow& row) {
  json.BeginObject();
  json.Field("sync", row.sync);
  json.Field("key", row.key);
  json.FieldOrNull("identity", row.identity);
  json.FieldOrNull("state", row.state);
  WritePayload(json, "delivered", row.payload);
  WritePayload(json, "attempted", row.attempted_payload);
  json.FieldOrNull("code", row.code);
  json.FieldOrNull("message", row.message);
  json.FieldOrNull("answered_at", row.answered_at);
  json.Field("delivery_open", row.delivery_open);
  json.Name("attempts");
  json.BeginArray();
  for (const TracedAttempt& attempt : row.attempts) {
    json.BeginObject();
    json.Field("at", attempt.at);
    json.Field("run", attempt.run_id);
    json.Field("delivery", attempt.delivery);
    json.Field("attempt", attempt.attempt);
    json.Field("why", attempt.why);
    WritePayload(json, "sent", attempt.sent);
    json.Field("state", attempt.state);
    json.Field("http_status", attempt.http_status);
    json.FieldOrNull("code", attempt.code);
    json.FieldOrNull("message", attempt.message);
    json.EndObject();
  }
  json.EndArray();
  json.Name("left_out");
  json.BeginArray();
  for (const auto& [kind, message] : row.findings) {
    json.BeginObject();
    json.Field("kind", kind);
    json.FieldOrNull("message", message);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

void WriteJson(std::ostream& out, const std::string& key, const TraceResult& result) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("key", key);
  json.Name("rows");
  json.BeginArray();
  for (const TracedRow& row : result.rows) WriteRow(json, row);
  json.EndArray();
  json.Name("models");
  json.BeginArray();
  for (const TracedModelRow& row : result.model_rows) {
    json.BeginObject();
    json.Field("model", row.model);
    WriteValues(json, "values", row.values);
    json.EndObject();
  }
  json.EndArray();
  json.Name("syncs");
  json.BeginArray();
  for (const TracedSyncRow& row : result.sync_rows) WriteSyncRow(json, row);
  json.EndArray();
  json.Name("quarantine");
  json.BeginArray();
  for (const TracedQuarantine& row : result.quarantined) {
    json.BeginObject();
    json.Field("id", row.id);
    json.Field("table", row.table);
    json.Field("file", row.address);
    json.Field("line", row.line);
    json.FieldOrNull("column", row.column);
    json.Field("reason", row.reason);
    json.EndObject();
  }
  json.EndArray();
  json.Name("spellings");
  json.BeginArray();
  for (const std::string& spelling : result.spellings) json.Text(spelling);
  json.EndArray();
  json.Name("notes");
  json.BeginArray();
  for (const std::string& note : result.notes) json.Text(note);
  json.EndArray();
  json.EndObject();
  json.Finish();
}

class TextTrace {
 public:
  TextTrace(std::ostream& out, const Terminal& terminal) : out_(out), terminal_(terminal) {}

  void Print(const TraceResult& result) {
    for (const TracedRow& row : result.rows) PrintRow(row);
    for (const TracedModelRow& row : result.model_rows) {
      Title("model " + row.model);
      PrintValues(row.values);
    }
    for (const TracedSyncRow& row : result.sync_rows) PrintSyncRow(row);
    if (!result.quarantined.empty()) Title("in quarantine");
    for (const TracedQuarantine& row : result.quarantined) {
      constexpr size_t kIdShown = 10;
      out_ << fmt::format("  {}  {}, line {} of {}: {}{}\n", row.id.substr(0, kIdShown), row.table,
                          Thousands(static_cast<uint64_t>(row.line)), Printable(row.address),
                          row.column.empty() ? "" : row.column + ": ", Printable(row.reason));
    }
    for (const std::string& spelling : result.spellings) {
      out_ << "\n"
           << Styled(terminal_, Look::kWarning, "note:") << " " << Printable(spelling) << "\n";
    }
    for (const std::string& note : result.notes) {
      out_ << "\n" << Styled(terminal_, Look::kWarning, "note:") << " " << Printable(note) << "\n";
    }
  }

 private:
  void Title(const std::string& text) {
    if (!first_) out_ << "\n";
    first_ = false;
    out_ << Styled(terminal_, Look::kBold, Printable(text)) << "\n";
  }

  void Line(std::string_view name, const std::string& text) {
    if (text.empty()) return;
    out_ << "  " << Styled(terminal_, Look::kDim, fmt::format("{:<10}", name)) << " "
         << Printable(text) << "\n";
  }

  void PrintValues(const NamedValues& values) {
    size_t width = 0;
    for (const auto& [name, text] : values) width = std::max(width, DisplayWidth(Printable(name)));
    for (const auto& [name, text] : values) {
      const std::string shown = Printable(name);
      out_ << "  " << Styled(terminal_, Look::kDim, shown)
           << std::string(width - DisplayWidth(shown) + 2, ' ') << Printable(text) << "\n";
    }
  }

  static std::string MemberText(const TracedRow& row) {
    return row.member.empty() ? std::string() : "/" + Printable(row.member);
  }

  static std::string LinesText(const TracedRow& row) {
    if (row.lines.empty()) return fmt::format(" (line not known: {})", row.lines_unknown);
    std::vector<std::string> numbers;
    for (const uint64_t line : row.lines) numbers.push_back(Thousands(line));
    if (numbers.size() == 1) return ", line " + numbers[0];
    return fmt::format(", lines {}{}", Join(numbers, ", "),
                       row.mode == "update-insert" ? " (the last one counts)" : "");
  }

  void PrintRow(const TracedRow& row) {
    Title(fmt::format("table {} (ingest {})", row.table, row.ingest));
    PrintValues(row.values);
    Line("from",
         fmt::format("{}: {}{}{}", row.connection, row.address, MemberText(row), LinesText(row)));
    if (row.fixed_line > 0) {
      Line("fixed",
           fmt::format("in quarantine, {}: line {} had {}{}{}{}", row.fixed_at.substr(0, 19),
                       Thousands(static_cast<uint64_t>(row.fixed_line)),
                       row.fixed_column.empty() ? "" : row.fixed_column + ": ", row.fixed_fault,
                       row.fixed_why.empty() ? "" : "; ", row.fixed_why));
    }
    std::string load = fmt::format("{} by run {}", row.loaded_at.substr(0, 19), row.run_id);
    if (!row.pod.empty()) load += fmt::format(", {} group {}", row.pod, row.group);
    Line("loaded", fmt::format("{}, {}, {}", load, row.load_kind, row.mode));
  }

  void PrintAttempt(const TracedAttempt& attempt, const std::string& why, size_t tries) {
    out_ << fmt::format("  {}  run {}: {}: {}{}\n",
                        attempt.at.empty() ? "not yet" : attempt.at.substr(0, 19), attempt.run_id,
                        Printable(why), attempt.state,
                        attempt.http_status > 0 ? fmt::format(" (HTTP {})", attempt.http_status)
                        : tries > 1             ? fmt::format(" ({} tries)", tries)
                                                : "");
    if (!attempt.sent.empty()) out_ << "      sent    " << Printable(attempt.sent) << "\n";
    if (!attempt.code.empty() || !attempt.message.empty()) {
      out_ << "      answer  " << Printable(attempt.code)
           << (attempt.code.empty() || attempt.message.empty() ? "" : ": ")
           << Printable(attempt.message) << "\n";
    }
  }

  void PrintSyncRow(const TracedSyncRow& row) {
    Title(fmt::format("sync {}: {}", row.sync, StateOf(row)));
    Line("key", row.key);
    Line("identity", row.identity);
    for (const auto& [kind, message] : row.findings) {
      Line("left out", message.empty() ? kind : fmt::format("{}: {}", kind, message));
    }
    for (size_t i = 0; i < row.attempts.size(); ++i) {
      // Tries that never left this machine, one after the other, are one.
      size_t same = 1;
      const std::string& why = row.attempts[i].why;
      while (i + 1 < row.attempts.size() && row.attempts[i].code == "not_sent" &&
             row.attempts[i + 1].code == "not_sent" &&
             row.attempts[i + 1].run_id == row.attempts[i].run_id) {
        ++same;
        ++i;
      }
      PrintAttempt(row.attempts[i], why, same);
    }
    Line("holds now", row.payload);
    if (row.delivery_open) Line("open", "the last delivery is not taken in yet");
  }

  std::ostream& out_;
  const Terminal& terminal_;
  bool first_ = true;
};

}  // namespace

Result<TraceResult> TraceKey(const ReadContext& context, const std::string& key,
                             const std::string& in) {
  TraceResult result;
  const std::vector<std::string> parts = PartsOf(key);
  const std::string whole = Join(parts, ",");
  SLUICE_TRY(FindSyncRows(context, whole, in, result));
  SLUICE_TRY(FindRows(context, parts, in, result));
  SLUICE_TRY(FindModelRows(context, parts, in, result));
  for (const std::string& other : KeysFound(result, whole)) {
    SLUICE_TRY(FindRows(context, {other}, in, result));
    SLUICE_TRY(FindModelRows(context, {other}, in, result));
    SLUICE_TRY(FindQuarantined(context, {other}, in, result));
  }
  SLUICE_TRY(FindQuarantined(context, parts, in, result));
  SLUICE_TRY(FindFixes(context, result));
  FindLines(context, result);
  return result;
}

Result<int> Trace(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  const Arguments& arguments = context.arguments;
  // Tables that were loaded by hand have keys too.
  config::Project project = context.runtime.project();
  SLUICE_TRY(AddHandLoads(context.connection(), project));
  const auto runtime = MakeRuntime(std::move(project), arguments, context.world);
  const ReadContext all{context.world, arguments, *runtime, context.session};
  SLUICE_TRY(CheckIn(runtime->project(), arguments.in));
  SLUICE_ASSIGN(const TraceResult result, TraceKey(all, arguments.subject, arguments.in));
  if (arguments.json) {
    WriteJson(context.world.out, arguments.subject, result);
    return result.empty() ? pipeline::kExitFailed : pipeline::kExitDone;
  }
  if (result.empty() && !result.spellings.empty()) {
    return NotFoundError(fmt::format("nothing is known of {}; {}", Printable(arguments.subject),
                                     Printable(Join(result.spellings, "; "))),
                         "sluice trace KEY, as it is spelled there");
  }
  if (result.empty()) {
    return NotFoundError(fmt::format("nothing is known of {}{}", Printable(arguments.subject),
                                     arguments.in.empty() ? "" : " in " + arguments.in),
                         "sluice tables, or sluice query, show what is there");
  }
  TextTrace(context.world.out, context.world.terminal).Print(result);
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
