// Ingests, tables and checks.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/build_project.h"
#include "config/file_pattern.h"

namespace sluice::config {
namespace {

constexpr std::chrono::milliseconds kZenotiSettle{15 * 60 * 1000};

std::optional<Percent> PercentOf(const Value& value, const std::string& name) {
  const Value* percent = value.Find(name);
  if (percent == nullptr || !percent->usable) return std::nullopt;
  return Percent{percent->real};
}

VolumeCheck BuildVolume(const Value& value, const std::string& key, Diagnostics* diagnostics) {
  VolumeCheck volume;
  if (value.TextOf("per") == "day") volume.per = VolumeCheck::Per::kDay;
  if (value.TextOf("against") == "mean") volume.against = VolumeCheck::Against::kMean;
  volume.last = static_cast<int>(value.NumberOf("last"));
  volume.min_history = static_cast<int>(value.NumberOf("min_history"));
  volume.at_least = PercentOf(value, "at_least");
  volume.at_most = PercentOf(value, "at_most");
  if (volume.min_history > volume.last && volume.last > 0) {
    diagnostics->Error(value.where, key,
                       fmt::format("min_history {} is more than the last {} that are looked at",
                                   volume.min_history, volume.last));
  }
  if (volume.at_least && volume.at_most && volume.at_least->value > volume.at_most->value) {
    diagnostics->Error(value.where, key, "at_least is more than at_most");
  }
  return volume;
}

Check BuildCheck(const Value& value, const std::string& key, const BuildContext& context) {
  Check check;
  check.where = value.where;
  if (value.TextOf("on_failure") == "warn") check.on_failure = OnFailure::kWarn;
  check.tables = value.TextsOf("tables");
  if (const Value* volume = value.Find("volume")) {
    check.kind = Check::Kind::kVolume;
    check.volume = BuildVolume(*volume, key + ".volume", context.diagnostics);
  } else if (value.Find("not_null") != nullptr) {
    check.kind = Check::Kind::kNotNull;
    check.columns = value.TextsOf("not_null");
  } else if (const Value* unique = value.Find("unique")) {
    check.kind = Check::Kind::kUnique;
    check.columns = value.TextsOf("unique");
    // `unique: key` (not in a list) is the key of the table: no columns.
    if (unique->written == "key") check.columns.clear();
  } else if (const Value* accepted = value.Find("accepted_values")) {
    check.kind = Check::Kind::kAcceptedValues;
    check.columns = {accepted->TextOf("column")};
    check.values = accepted->TextsOf("values");
  }
  return check;
}

BadRowLimit BuildBadRows(const Value& value) {
  BadRowLimit limit;
  if (const Value* percent = value.Find("percent")) limit.percent = percent->real;
  limit.always_allowed = value.NumberOf("always_allowed");
  return limit;
}

// What `value` says, over what was there before; its defaults say nothing.
void ReadCsv(const Value& value, CsvOptions& csv) {
  const auto given = [&](const char* name) {
    const Value* option = value.Find(name);
    return option != nullptr && option->given && option->usable ? option : nullptr;
  };
  const auto text = [&](const char* name, std::string& to) {
    if (const Value* option = given(name)) to = option->text;
  };
  const auto character = [&](const char* name, char& to) {
    const Value* option = given(name);
    if (option != nullptr) to = option->text == "none" ? '\0' : option->text[0];
  };
  const auto is = [&](const char* name, std::string_view word, bool& to) {
    if (const Value* option = given(name)) to = option->text == word;
  };
  text("delimiter", csv.delimiter);
  character("quote", csv.quote);
  // Another quote is doubled in its turn.
  if (given("quote") != nullptr) csv.escape = csv.quote;
  character("escape", csv.escape);
  if (const Value* header = given("header")) {
    csv.header = header->text == "auto"   ? CsvOptions::Header::kAuto
                 : header->text == "true" ? CsvOptions::Header::kYes
                                          : CsvOptions::Header::kNo;
  }
  if (const Value* lines = given("skip_lines")) csv.skip_lines = lines->number;
  text("comment", csv.comment);
  is("short_rows", "pad", csv.pad_short);
  is("long_rows", "cut", csv.cut_long);
  if (given("null_words") != nullptr) csv.null_words = value.TextsOf("null_words");
  text("encoding", csv.encoding);
  csv.encoding = Lower(csv.encoding);
  if (const Value* decimal = given("decimal")) csv.decimal = decimal->text == "comma" ? ',' : '.';
  text("thousands", csv.thousands);
  text("date_format", csv.date_format);
  if (const Value* bytes = given("max_row")) csv.max_row_bytes = bytes->number;
  text("zip_members", csv.zip_members);
}

// Told where the option stands; nothing is where it is good.
void TellWrong(const Status& status, const Location& where, const std::string& key,
               Diagnostics* diagnostics) {
  if (status.ok()) return;
  diagnostics->Error(where, key,
                     status.message() + (status.next().empty() ? "" : ". " + status.next()));
}

// What the formats of values would refuse when the first file is read.
void CheckCsvValues(const Value& value, const CsvOptions& csv, const std::string& key,
                    const TextRules& rules, Diagnostics* diagnostics) {
  const auto check = [&](const char* name, const auto& rule, const auto&... what) {
    const Value* option = value.Find(name);
    if (!rule || option == nullptr || !option->given || !option->usable) return;
    TellWrong(rule(what...), option->where, key + "." + name, diagnostics);
  };
  check("date_format", rules.check_date_format, csv.date_format);
  check("encoding", rules.check_encoding, csv.encoding);
  check("thousands", rules.check_thousands, csv.thousands, csv.decimal);
}

Table::Mode ModeOf(const std::string& word) {
  if (word == "append") return Table::Mode::kAppend;
  if (word == "replace") return Table::Mode::kReplace;
  if (word == "delete-insert") return Table::Mode::kDeleteInsert;
  if (word == "update-insert") return Table::Mode::kUpdateInsert;
  if (word == "upsert") return Table::Mode::kUpsert;
  return Table::Mode::kDefault;
}

void CheckKeyIsThere(const Table& table, const Location& where, const std::string& key,
                     const BuildContext& context) {
  const bool needed = table.mode != Table::Mode::kAppend;
  if (!needed || !table.key.empty()) return;
  context.diagnostics->Error(where, key + ".key",
                             "is missing; what identifies a row is not guessed. "
                             "`sluice discover` proposes a key");
}

std::string WithSlash(std::string prefix) {
  while (StartsWith(prefix, "/")) prefix.erase(0, 1);
  if (!prefix.empty() && prefix.back() != '/') prefix += '/';
  return prefix;
}

// Patterns and paths that cannot be read, and names in them that are not captured.
void CheckFilePaths(const Value& value, const std::string& key, const Table& table,
                    Diagnostics* diagnostics) {
  const auto told = [&](const char* name, const Status& status) {
    const Value* option = value.Find(name);
    if (status.ok() || option == nullptr || !option->usable) return;
    diagnostics->Error(option->where, key + "." + name, status.ToString());
  };
  std::vector<std::string> names = {"file"};
  const auto pattern = FilePattern::Parse(table.pattern);
  told("pattern", pattern.status());
  if (pattern.ok()) names.insert(names.end(), pattern->names().begin(), pattern->names().end());
  const auto manifest = FilePattern::Parse(table.manifest);
  told("manifest", manifest.status());
  const auto marker = PathTemplate::Parse(table.complete_when);
  told("complete_when", marker.status());
  if (!marker.ok() || !pattern.ok()) return;
  for (const std::string& name : marker->Names()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    diagnostics->Unknown(value.Find("complete_when")->where, key + ".complete_when",
                         "the pattern has no capture", name, names);
  }
}

// What only layout files has. Errors of the pattern are told where it stands.
void BuildFilesTable(const Value& value, const std::string& key, const BuildContext& context,
                     Table* table) {
  const std::string format = value.TextOf("format");
  if (format == "csv") table->format = FileFormat::kCsv;
  if (format == "json") table->format = FileFormat::kJson;
  if (format == "parquet") table->format = FileFormat::kParquet;
  table->complete_when = value.TextOf("complete_when");
  table->manifest = value.TextOf("manifest");
  const std::string sidecars = value.TextOf("sidecars");
  if (sidecars == "require") table->sidecars = Table::Sidecars::kRequire;
  if (sidecars == "ignore") table->sidecars = Table::Sidecars::kIgnore;
  if (const Value* after = value.Find("after_loading")) {
    if (after->text == "delete") table->after_loading = Table::AfterLoading::kDelete;
    const std::string folder = WithSlash(after->TextOf("move"));
    if (!folder.empty()) table->after_loading = Table::AfterLoading::kMove;
    table->move_to = folder;
    const std::vector<std::string> parts = Split(folder, '/');
    if (std::find(parts.begin(), parts.end(), "..") != parts.end()) {
      context.diagnostics->Error(after->Find("move")->where, key + ".after_loading.move",
                                 "leads out of the store: expected a folder in it");
    }
  }
  CheckFilePaths(value, key, *table, context.diagnostics);
}

// Layout files: options that a mode needs, or that only one has.
void CheckMode(const Table& table, const Value& value, const Location& where,
               const std::string& key, Diagnostics* diagnostics) {
  const bool upsert = table.mode == Table::Mode::kUpsert;
  const bool delete_insert = table.mode == Table::Mode::kDeleteInsert;
  const auto is_missing = [&](const char* option, const std::string& why) {
    if (value.Find(option) == nullptr) diagnostics->Error(where, key + "." + option, why);
  };
  const auto belongs_to = [&](const char* option, const char* mode) {
    if (const Value* given = value.Find(option)) {
      diagnostics->Error(given->where, key + "." + option,
                         fmt::format("belongs to mode: {}", mode));
    }
  };
  if (upsert || delete_insert) {
    is_missing("key", fmt::format("is missing; mode {} needs what identifies a row",
                                  upsert ? "upsert" : "delete-insert"));
  }
  if (delete_insert) {
    is_missing("delete_when",
               "is missing; mode delete-insert needs what marks a row that deletes: "
               "delete_when: { column: …, values: […] }. Without deletions write mode: upsert");
  } else {
    belongs_to("delete_when", "delete-insert");
  }
  if (!upsert) belongs_to("version", "upsert");
}

// A column takes its value from the capture of its name, or from the one that it names.
std::string CaptureOf(const Column& column, const Value& value, const std::string& key,
                      const std::vector<std::string>& captures, Diagnostics* diagnostics) {
  const Value* named = value.Find("capture");
  const std::string& capture = named != nullptr ? named->text : column.name;
  if (std::find(captures.begin(), captures.end(), capture) != captures.end()) return capture;
  if (named != nullptr) {
    diagnostics->Unknown(named->where, key + ".columns." + column.name + ".capture",
                         "the pattern has no capture", capture, captures);
  }
  return {};
}

// A value that the column cannot have would never delete anything.
void CheckDeletes(const Table& table, const Value& value, const std::string& key,
                  const BuildContext& context) {
  const Value* deletes = value.Find("delete_when");
  const Value* values = deletes == nullptr ? nullptr : deletes->Find("values");
  const auto column =
      std::find_if(table.columns.begin(), table.columns.end(),
                   [&](const Column& known) { return known.name == table.delete_when.column; });
  const bool known = values != nullptr && column != table.columns.end() && context.rules != nullptr;
  if (!known || !context.rules->check_value) return;
  for (const std::string& one : table.delete_when.values) {
    TellWrong(context.rules->check_value(one, column->sql_type), values->where,
              key + ".delete_when.values", context.diagnostics);
  }
}

Column BuildColumn(const std::string& name, const Value& value) {
  if (value.spec == nullptr || value.spec->kind != OptionKind::kObject) {
    return {name, value.text, value.where};
  }
  return {name,
          value.TextOf("type"),
          value.where,
          value.TextsOf("from"),
          value.TextOf("renamed_from"),
          std::string(),
          value.TextOf("date_format")};
}

Table BuildTable(const std::string& name, const Location& where, const Value& value,
                 const CsvOptions& csv, bool zenoti, const std::string& key,
                 const BuildContext& context) {
  Table table;
  table.name = name;
  table.where = where;
  table.key = value.TextsOf("key");
  table.pattern = value.TextOf("pattern");
  table.mode = ModeOf(value.TextOf("mode"));
  table.version = value.TextOf("version");
  if (const Value* deletes = value.Find("delete_when")) {
    table.delete_when = {deletes->TextOf("column"), deletes->TextsOf("values")};
  }
  table.month_column = value.TextOf("month_column");
  if (!zenoti) BuildFilesTable(value, key, context, &table);
  if (const Value* own = value.Find("csv")) {
    table.csv = BuildCsv(*own, csv, key + ".csv", context.diagnostics, context.rules);
  }
  table.checks = BuildChecks(value.Find("checks"), key + ".checks", context);
  if (const Value* bad_rows = value.Find("bad_rows")) table.bad_rows = BuildBadRows(*bad_rows);
  if (const Value* columns = value.Find("columns")) {
    const auto pattern = FilePattern::Parse(table.pattern);
    const std::vector<std::string> captures =
        pattern.ok() ? pattern->names() : std::vector<std::string>();
    for (size_t i = 0; i < columns->fields.size(); ++i) {
      const auto& [column, options] = columns->fields[i];
      table.columns.push_back(BuildColumn(column, options));
      Column& built = table.columns.back();
      built.capture = CaptureOf(built, options, key, captures, context.diagnostics);
      if (!built.date_format.empty() && context.rules != nullptr &&
          context.rules->check_date_format) {
        TellWrong(context.rules->check_date_format(built.date_format),
                  options.Find("date_format")->where, key + ".columns." + column + ".date_format",
                  context.diagnostics);
      }
    }
  }
  CheckDeletes(table, value, key, context);
  const Value* given_key = value.Find("key");
  const bool usable_key = given_key == nullptr || given_key->usable;
  if (zenoti && value.usable && usable_key) CheckKeyIsThere(table, where, key, context);
  if (!zenoti && value.usable) CheckMode(table, value, where, key, context.diagnostics);
  return table;
}

// `on_new_column` is what the option was called, and its words, before it spoke of the table too.
SchemaChanges SchemaChangesOf(const Value& value) {
  const std::string old = value.TextOf("on_new_column");
  const std::string word = old.empty() ? value.TextOf("schema_changes") : old;
  if (word == "evolve" || word == "add") return SchemaChanges::kEvolve;
  if (word == "ignore") return SchemaChanges::kIgnore;
  if (word == "freeze") return SchemaChanges::kFreeze;
  return SchemaChanges::kDeclared;
}

// What the project says of tables that are filled already: `adopt`, or the only pod of `start_after`,
// where the pod is written without its connection.
std::string AdoptedPod(const Value& value, const Ingest& ingest) {
  if (const Value* adopt = value.Find("adopt")) return adopt->TextOf("pod");
  const bool one = ingest.start_after.size() == 1 && ingest.from.size() == 1;
  return one ? ingest.start_after.begin()->first : std::string();
}

}  // namespace

CsvOptions BuildCsv(const Value& csv, CsvOptions before, const std::string& key,
                    Diagnostics* diagnostics, const TextRules* rules) {
  ReadCsv(csv, before);
  if (rules != nullptr) CheckCsvValues(csv, before, key, *rules, diagnostics);
  if (!before.delimiter.empty() && before.delimiter[0] == before.quote) {
    diagnostics->Error(csv.where, key, "delimiter and quote are the same");
  }
  return before;
}

std::vector<Check> BuildChecks(const Value* list, const std::string& key,
                               const BuildContext& context) {
  std::vector<Check> checks;
  if (list == nullptr) return checks;
  for (size_t i = 0; i < list->items.size(); ++i) {
    checks.push_back(BuildCheck(list->items[i], fmt::format("{}[{}]", key, i), context));
  }
  return checks;
}

Ingest BuildIngest(const std::string& name, const Location& where, const Value& value,
                   const BuildContext& context) {
  const std::string key = "ingests." + name;
  Ingest ingest;
  ingest.name = name;
  ingest.where = where;
  ingest.layout = value.text;
  const bool zenoti = ingest.layout == "zenoti";
  ingest.from = value.TextsOf("from");
  ingest.prefix = WithSlash(value.TextOf("prefix"));
  ingest.checks = BuildChecks(value.Find("checks"), key + ".checks", context);
  const std::string empty = value.TextOf("empty_string");
  ingest.csv.empty_quoted_is_null = empty.empty() ? zenoti : empty == "null";
  if (const Value* csv = value.Find("csv")) {
    ingest.csv = BuildCsv(*csv, ingest.csv, key + ".csv", context.diagnostics, context.rules);
  }
  if (const Value* bad_rows = value.Find("bad_rows")) ingest.bad_rows = BuildBadRows(*bad_rows);
  const Value* settle = value.Find("settle");
  if (settle != nullptr) {
    ingest.settle = std::chrono::milliseconds(settle->number);
  } else {
    ingest.settle = zenoti ? kZenotiSettle : std::chrono::milliseconds(0);
  }
  ingest.stable_for = std::chrono::milliseconds(value.NumberOf("stable_for"));
  ingest.schema_changes = SchemaChangesOf(value);
  if (value.TextOf("late_files") == "hold") ingest.late_files = LateFiles::kHold;
  ingest.shared_keys = value.FlagOf("shared_keys");
  if (const Value* organization = value.Find("organization_tables")) {
    ingest.organization_tables = organization->TextsOf("add");
  }
  if (const Value* start = value.Find("start_after")) {
    for (const auto& [pod, group] : start->fields) ingest.start_after[pod] = group.number;
  }
  ingest.adopt_pod = AdoptedPod(value, ingest);
  ingest.schedule = value.TextOf("schedule");
  if (const Value* tables = value.Find("tables")) {
    for (size_t i = 0; i < tables->fields.size(); ++i) {
      const auto& [table, options] = tables->fields[i];
      ingest.tables.push_back(BuildTable(table, tables->field_keys[i], options, ingest.csv, zenoti,
                                         key + ".tables." + table, context));
    }
  }
  return ingest;
}

}  // namespace sluice::config
