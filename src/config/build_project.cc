#include "config/build_project.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/environment.h"
#include "config/include.h"
#include "config/template_text.h"
#include "config/units.h"
#include "env/file.h"

namespace sluice::config {
namespace {

constexpr uint64_t kMostSqlBytes = 1 << 20;

OptionValue BuildOption(const Value& value) {
  OptionValue option;
  option.text = value.text;
  option.secret = value.secret;
  option.number = value.number;
  option.flag = value.flag;
  for (const Value& item : value.items) option.list.push_back(item.text);
  option.where = value.where;
  return option;
}

Connection BuildConnection(const std::string& name, const Location& where, const Value& value) {
  Connection connection;
  connection.name = name;
  connection.where = where;
  connection.type = value.text;
  for (const auto& [option, read] : value.fields) {
    if (option == "shared") {
      connection.shared = read.flag;
    } else {
      connection.options.values[option] = BuildOption(read);
    }
  }
  return connection;
}

Warehouse BuildWarehouse(const Value* value, const BuildContext& context) {
  Warehouse warehouse;
  warehouse.path = env::JoinPath(context.folder, DefaultWarehousePath(context.env));
  if (value == nullptr) return warehouse;
  warehouse.where = value->where;
  if (const std::string path = value->TextOf("path"); !path.empty()) warehouse.path = path;
  warehouse.memory_limit = static_cast<uint64_t>(value->NumberOf("memory_limit"));
  warehouse.threads = static_cast<int>(value->NumberOf("threads"));
  warehouse.shared = value->FlagOf("shared");
  return warehouse;
}

Retention BuildRetention(const Value* value) {
  Retention retention;
  if (value == nullptr) return retention;
  const auto take = [&](const std::string& name, std::chrono::milliseconds& to) {
    if (const Value* given = value->Find(name)) to = std::chrono::milliseconds(given->number);
  };
  take("runs", retention.runs);
  take("logs", retention.logs);
  take("checks", retention.checks);
  take("attempts", retention.attempts);
  take("dry_runs", retention.dry_runs);
  take("warn_held", retention.warn_held);
  return retention;
}

bool HasBlank(const std::string& text) {
  return text.find_first_of(" \t\r\n") != std::string::npos;
}

// "guests" or "reporting.guests": names without quotes, at most three parts.
bool IsRelation(const std::string& text) {
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() > 3) return false;
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return FormatText(TextFormat::kSqlName, part, {}).ok;
  });
}

void SetRelation(const Value& text, const std::string& key, const BuildContext& context,
                 Model* model) {
  model->kind = Model::Kind::kRelation;
  model->relation = text.text;
  if (!text.usable || IsRelation(text.text)) return;
  context.diagnostics->Mismatch(text.where, key,
                                "the name of a table or view, a file that ends in .sql, or SQL",
                                Quoted(text.text));
}

void SetSql(const Value& text, const std::string& key, const BuildContext& context, Model* model) {
  model->sql = text.text;
  model->sql_where = text.text_where;
  if (text.usable && Trim(text.text).empty()) {
    context.diagnostics->Error(text.where, key, "the SQL is empty");
  }
}

void SetFile(const Value& path, const std::string& absolute, const std::string& key,
             const BuildContext& context, Model* model) {
  if (!path.usable) return;
  const std::string shown = RelativeTo(context.folder, absolute);
  model->sql_where = {shown, 1, 1};
  const Result<std::string> sql = env::ReadFile(absolute, kMostSqlBytes);
  if (!sql.ok()) {
    const bool there = sql.status().code() != Code::kNotFound;
    context.diagnostics->Error(
        path.where, key,
        there ? sql.status().message() : fmt::format("there is no file {}", shown));
    return;
  }
  model->sql = *sql;
  if (Trim(model->sql).empty()) {
    context.diagnostics->Error(path.where, key, fmt::format("{} is empty", shown));
  } else if (!IsValidUtf8(model->sql)) {
    context.diagnostics->Error(path.where, key, fmt::format("{} is not UTF-8 text", shown));
  }
}

void SetTemplate(const std::string& text, Field* field) {
  field->from = Field::From::kTemplate;
  auto parts = ParseTemplate(text);
  if (parts.ok()) field->parts = std::move(parts).value();  // else it is reported already
}

Field::Cast CastOf(const std::string& word) {
  using Cast = Field::Cast;
  if (word == "text") return Cast::kText;
  if (word == "integer") return Cast::kInteger;
  if (word == "decimal") return Cast::kDecimal;
  if (word == "boolean") return Cast::kBoolean;
  if (word == "date") return Cast::kDate;
  if (word == "timestamp") return Cast::kTimestamp;
  return word == "json" ? Cast::kJson : Cast::kNone;
}

Field::Transform TransformOf(const std::string& word) {
  if (word == "trim") return Field::Transform::kTrim;
  return word == "lower" ? Field::Transform::kLower : Field::Transform::kUpper;
}

NullPolicy NullPolicyOf(const std::string& word) {
  if (word == "send") return NullPolicy::kSend;
  return word == "skip" ? NullPolicy::kSkip : NullPolicy::kClear;
}

Field BuildField(const std::string& to, const Location& where, const Value& value) {
  Field field;
  field.to = to;
  field.where = where;
  using From = Field::From;
  if (value.spec->kind == OptionKind::kText) {
    if (value.text.find('{') == std::string::npos) {
      field.column = value.text;
    } else {
      SetTemplate(value.text, &field);
    }
    return field;
  }
  field.column = value.TextOf("column");
  if (const Value* constant = value.Find("value")) {
    field.from = From::kConstant;
    field.constant = constant->text;
  }
  if (const Value* sql = value.Find("sql")) {
    field.from = From::kSql;
    field.sql = sql->text;
  }
  if (const Value* text = value.Find("template")) SetTemplate(text->text, &field);
  field.cast = CastOf(value.TextOf("cast"));
  field.format = value.TextOf("format");
  for (const std::string& word : value.TextsOf("transform")) {
    field.transforms.push_back(TransformOf(word));
  }
  field.sha256 = value.TextOf("hash") == "sha256";
  if (const Value* null = value.Find("null")) field.null = NullPolicyOf(null->text);
  field.timezone = value.TextOf("timezone");
  return field;
}

std::optional<Amount> BuildAmount(const Value& value, const std::string& name) {
  const Value* amount = value.Find(name);
  if (amount == nullptr || !amount->usable) return std::nullopt;
  return Amount{ParseWhole(amount->text).value_or(0), ParsePercent(amount->text)};
}

Guards BuildGuards(const Value& value) {
  Guards guards;
  guards.allow_empty = value.FlagOf("allow_empty");
  if (const Value* at_most = value.Find("at_most")) {
    guards.added = BuildAmount(*at_most, "added");
    guards.changed = BuildAmount(*at_most, "changed");
    guards.removed = BuildAmount(*at_most, "removed");
  }
  return guards;
}

Attempts BuildAttempts(const Value& value) {
  Attempts attempts;
  const std::string payload = value.TextOf("payload");
  if (payload == "masked") attempts.payload = Attempts::Payload::kMasked;
  if (payload == "none") attempts.payload = Attempts::Payload::kNone;
  if (const Value* keep = value.Find("keep")) {
    attempts.keep = std::chrono::milliseconds(keep->number);
  }
  return attempts;
}

Duplicates BuildDuplicates(const Value& value) {
  constexpr std::string_view kNewest = "newest by ";
  Duplicates duplicates;
  duplicates.where = value.where;
  if (value.text == "reject") duplicates.policy = Duplicates::Policy::kReject;
  if (StartsWith(value.text, kNewest)) {
    duplicates.policy = Duplicates::Policy::kNewest;
    duplicates.column = value.text.substr(kNewest.size());
  }
  return duplicates;
}

Sync BuildSync(const std::string& name, const Location& where, const Value& value) {
  Sync sync;
  sync.name = name;
  sync.where = where;
  sync.model = value.TextOf("model");
  sync.to = value.TextOf("to");
  sync.object = value.TextOf("object");
  sync.mode = value.TextOf("mode");
  if (const std::string word = value.TextOf("first_run"); !word.empty()) {
    sync.first_run = word == "from_now_on" ? FirstRun::kFromNowOn : FirstRun::kBackfill;
  }
  if (const Value* guards = value.Find("guards")) sync.guards = BuildGuards(*guards);
  if (const Value* attempts = value.Find("attempts")) sync.attempts = BuildAttempts(*attempts);
  sync.key = value.TextOf("key");
  if (const Value* key = value.Find("key")) sync.key_where = key->where;
  if (const Value* policy = value.Find("duplicates")) sync.duplicates = BuildDuplicates(*policy);
  if (const Value* fields = value.Find("fields")) {
    for (size_t i = 0; i < fields->fields.size(); ++i) {
      const auto& [to, field] = fields->fields[i];
      sync.fields.push_back(BuildField(to, fields->field_keys[i], field));
    }
  }
  sync.map_auto = value.TextOf("map") == "auto";
  sync.null = NullPolicyOf(value.TextOf("null"));
  sync.clear_unmapped = value.TextOf("on_unmapped") == "clear";
  sync.timezone = value.TextOf("timezone");
  sync.schedule = value.TextOf("schedule");
  const std::string priority = value.TextOf("priority");
  sync.priority = priority == "high"  ? Priority::kHigh
                  : priority == "low" ? Priority::kLow
                                      : Priority::kNormal;
  if (const Value* batch = value.Find("batch")) {
    sync.batch = {batch->NumberOf("rows"), batch->NumberOf("bytes"), batch->NumberOf("parallel")};
  }
  sync.create_new_fields = value.FlagOf("create_new_fields");
  sync.merge_nested_objects = value.FlagOf("merge_nested_objects");
  sync.prefer_user_id = value.FlagOf("prefer_user_id");
  sync.change_identifiers = value.TextOf("identifier_changes") == "change";
  sync.allow_shared = value.FlagOf("allow_shared");
  return sync;
}

Person BuildPerson(const std::string& name, const Location& where, const Value& value) {
  Person person;
  person.name = name;
  person.where = where;
  if (const Value* tables = value.Find("tables")) {
    for (size_t i = 0; i < tables->fields.size(); ++i) {
      PersonColumn& table = person.tables.emplace_back();
      table.table = tables->fields[i].name;
      table.where = tables->field_keys[i];
      for (const Value& column : tables->fields[i].value.items)
        table.columns.push_back(column.text);
    }
  }
  if (const Value* identifiers = value.Find("identifiers")) {
    for (const auto& [identifier, columns] : identifiers->fields) {
      Person::Identifier& of = person.identifiers.emplace_back();
      of.name = identifier;
      for (const Value& column : columns.items) {
        const size_t dot = column.text.find('.');
        if (dot == std::string::npos) continue;  // reported where it was read
        of.columns.push_back(
            {column.text.substr(0, dot), {column.text.substr(dot + 1)}, column.where});
      }
    }
  }
  return person;
}

// Calls `build(name, place of the name, value)` for every entry of a section.
template <typename Build>
void ForEach(const Value& root, const std::string& section, Build build) {
  const Value* map = root.Find(section);
  if (map == nullptr) return;
  for (size_t i = 0; i < map->fields.size(); ++i) {
    build(map->fields[i].name, map->field_keys[i], map->fields[i].value);
  }
}

}  // namespace

Model BuildModel(const std::string& name, const Location& where, const Value& value,
                 const BuildContext& context) {
  const std::string key = "models." + name;
  Model model;
  model.name = name;
  model.where = where;
  if (value.spec->kind == OptionKind::kRawText) {
    if (HasBlank(value.text)) {
      SetSql(value, key, context, &model);
    } else if (EndsWith(value.text, ".sql")) {
      SetFile(value, env::AbsolutePath(env::JoinPath(context.folder, value.text)), key, context,
              &model);
    } else {
      SetRelation(value, key, context, &model);
    }
    return model;
  }
  if (const Value* sql = value.Find("sql")) {
    SetSql(*sql, key + ".sql", context, &model);
  } else if (const Value* file = value.Find("file")) {
    SetFile(*file, file->text, key + ".file", context, &model);
  } else if (const Value* table = value.Find("table")) {
    SetRelation(*table, key + ".table", context, &model);
  } else if (const Value* view = value.Find("view")) {
    SetRelation(*view, key + ".view", context, &model);
  }
  model.as_table = value.TextOf("as") == "table";
  if (model.as_table && model.kind == Model::Kind::kRelation) {
    context.diagnostics->Error(where, key, "`as` is for SQL; a table or view is used as it is");
  }
  model.checks = BuildChecks(value.Find("checks"), key + ".checks", context);
  return model;
}

Project BuildProject(const Value& root, const BuildContext& context) {
  Project project;
  project.name = root.TextOf("project");
  project.folder = context.folder;
  project.env = context.env;
  project.warehouse = BuildWarehouse(root.Find("warehouse"), context);
  project.retention = BuildRetention(root.Find("retention"));
  ForEach(root, "connections", [&](const auto& name, const auto& where, const Value& value) {
    project.connections.push_back(BuildConnection(name, where, value));
  });
  ForEach(root, "ingests", [&](const auto& name, const auto& where, const Value& value) {
    project.ingests.push_back(BuildIngest(name, where, value, context));
  });
  ForEach(root, "models", [&](const auto& name, const auto& where, const Value& value) {
    project.models.push_back(BuildModel(name, where, value, context));
  });
  ForEach(root, "syncs", [&](const auto& name, const auto& where, const Value& value) {
    project.syncs.push_back(BuildSync(name, where, value));
  });
  ForEach(root, "persons", [&](const auto& name, const auto& where, const Value& value) {
    project.persons.push_back(BuildPerson(name, where, value));
  });
  return project;
}

}  // namespace sluice::config
