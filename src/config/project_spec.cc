#include "config/project_spec.h"

#include <utility>

namespace sluice::config {
namespace {

OptionSpec Shared(std::string what) {
  return Option(OptionKind::kBoolean, "shared",
                "Two environments may use this " + std::move(what) + " together.")
      .Default("false");
}

OptionSpec Partial(OptionSpec spec) {
  spec.partial = true;
  return spec;
}

OptionSpec EnvironmentSpec(const std::vector<ConnectionType>& connection_types) {
  return ObjectOption(
             "environment", "What is different in one environment.",
             {Partial(WarehouseSpec()),
              MapOption("connections",
                        "Options that replace those of the connection of the same name. One that "
                        "gives another `type` replaces it whole.",
                        TextFormat::kName, Partial(ConnectionSpec(connection_types)))})
      .Defined("environment");
}

OptionSpec ModelObject() {
  OptionSpec spec = ObjectOption(
      "model", "A model with options.",
      {Option(OptionKind::kRawText, "sql", "A SELECT, with `{{ ref('name') }}` for other models.")
           .Example("SELECT * FROM bi_dimuser"),
       Option(OptionKind::kPath, "file",
              "A file with the SELECT, relative to the project's folder.")
           .Example("models/active_guests.sql"),
       Option(OptionKind::kText, "table", "A table of the warehouse.").Example("bi_dimuser"),
       Option(OptionKind::kText, "view", "A view of the warehouse.").Example("reporting.guests"),
       EnumOption("as", "What is made of the SELECT.",
                  {{"view", "a view"},
                   {"table", "a table, built anew when its SQL or what it reads has changed"}})
           .Default("view"),
       ListOption("checks",
                  "What must hold for the rows of the model. While a check with `on_failure: fail` "
                  "fails, a table keeps the rows it had; a view shows what its tables hold, and "
                  "what depends on it waits.",
                  CheckSpec(false))});
  return spec.With({Rule::Kind::kExactlyOne, {"sql", "file", "table", "view"}});
}

OptionSpec CastSpec() {
  return EnumOption("cast",
                    "What is made of the value. One that does not fit is not sent: its row is "
                    "left out and listed.",
                    {{"text", "its text"},
                     {"integer", "a whole number"},
                     {"decimal", "a number, digit for digit"},
                     {"boolean", "true or false"},
                     {"date", "a date"},
                     {"timestamp", "a point in time"},
                     {"json", "the object, list or value that a JSON text says"}});
}

OptionSpec NullSpec(std::string description) {
  return EnumOption("null", std::move(description),
                    {{"clear", "it is sent where a value was delivered before"},
                     {"send", "it is always sent"},
                     {"skip", "it is never sent: what the destination holds stays"}});
}

OptionSpec FieldSpec() {
  OptionSpec object = ObjectOption(
      "field", "A field with options.",
      {Option(OptionKind::kText, "column", "The column of the model.")
           .Format(TextFormat::kColumn)
           .Example("last_visit"),
       Option(OptionKind::kConstant, "value", "The same text, number or boolean for every row.")
           .Example("\"spa\""),
       Option(OptionKind::kRawText, "sql", "An SQL expression over the columns of the model.")
           .Example("points / 100"),
       Option(OptionKind::kText, "template",
              "Text with columns in braces; NULL when one of them is. `{{` is a brace.")
           .Format(TextFormat::kTemplate)
           .Example("\"{first} {last}\""),
       CastSpec(),
       Option(OptionKind::kText, "format",
              "Of `cast: date` and `timestamp`: how the text is to be read; of `cast: text`: how a "
              "date or timestamp is written.")
           .Example("\"%d.%m.%Y\""),
       Option(OptionKind::kTextList, "transform",
              "What is done to the text, in this order: `trim`, `lower`, `upper`.")
           .Format(TextFormat::kTransform)
           .Example("[trim, lower]"),
       EnumOption("hash", "What is sent in the place of the text, behind all transforms.",
                  {{"sha256", "its SHA-256, in hexadecimal digits"}}),
       NullSpec("What a NULL of this field means; else the sync's `null`."),
       Option(OptionKind::kText, "timezone",
              "What a timestamp without a zone means; else the sync's `timezone`.")
           .Format(TextFormat::kTimezone)
           .Example("Europe/Berlin")});
  object.rules = {{Rule::Kind::kExactlyOne, {"column", "value", "sql", "template"}}};
  for (const char* option : {"cast", "format", "transform", "hash", "null", "timezone"}) {
    object.rules.push_back({Rule::Kind::kAtMostOne, {"value", option}});
  }
  return FormsOption("field", "A column, a template, or a map with options.",
                     {Option(OptionKind::kText, "column",
                             "The column of the model, or a template such as `\"{first} {last}\"`.")
                          .Format(TextFormat::kMapping),
                      object});
}

}  // namespace

OptionSpec RetentionSpec() {
  const auto age = [](std::string name, std::string what, std::string usual, int64_t least_days) {
    constexpr int64_t kDay = 24LL * 3'600'000;
    return Option(OptionKind::kDuration, std::move(name), std::move(what))
        .Default(std::move(usual))
        .Range(least_days * kDay, 36'500 * kDay);
  };
  return ObjectOption(
             "retention",
             "For how long records are kept; every run removes what is older, and `sluice clean`. "
             "The file ledger, what was delivered, quarantine and decisions stay for good.",
             {age("runs", "The list of runs, and what each sync did in them.", "365 days", 1),
              age("logs", "What runs told.", "30 days", 1),
              age("checks", "Results of checks; history for the volume per day.", "400 days", 60),
              age("attempts", "Tries of rows, with what was sent.", "90 days", 1),
              age("dry_runs", "Requests that `--dry-run` wrote.", "7 days", 0),
              age("warn_held", "After which time a run warns of what is held.", "7 days", 0)})
      .Defined("retention");
}

OptionSpec WarehouseSpec() {
  return ObjectOption(
             "warehouse", "Where the loaded tables and the models lie.",
             {EnumOption("type", "The engine.", {{"duckdb", "an embedded DuckDB file"}})
                  .Default("duckdb"),
              Option(OptionKind::kPath, "path", "The file.")
                  .DefaultNote("`warehouse.duckdb` in the environment `dev`, "
                               "`warehouse.ENV.duckdb` in others")
                  .Example("data/warehouse.duckdb"),
              Option(OptionKind::kBytes, "memory_limit", "Memory that the engine may take.")
                  .DefaultNote("the engine's own")
                  .Range(64'000'000, std::numeric_limits<int64_t>::max())
                  .Example("4 GB"),
              Option(OptionKind::kInteger, "threads", "Threads of the engine.")
                  .DefaultNote("one for each core")
                  .Range(1, 1024),
              Shared("warehouse")})
      .Defined("warehouse");
}

OptionSpec ConnectionSpec(const std::vector<ConnectionType>& connection_types) {
  std::vector<OptionSpec> variants;
  for (const ConnectionType& type : connection_types) {
    OptionSpec variant = ObjectOption(type.type, type.description, type.options);
    variant.rules = type.rules;
    variants.push_back(std::move(variant));
  }
  return TaggedOption("connection", "How to reach a system.", "type", {Shared("destination")},
                      std::move(variants))
      .Defined("connection");
}

OptionSpec GuardsSpec() {
  const auto amount = [](std::string name, std::string what) {
    return Option(OptionKind::kText, std::move(name), std::move(what))
        .Format(TextFormat::kAmount)
        .Example("10%");
  };
  return ObjectOption(
      "guards",
      "What a run may change at most: a number of rows, or a share of those that are delivered. "
      "With more "
      "nothing is sent, until somebody confirms it (`sluice run NAME --confirm N`).",
      {ObjectOption("at_most", "Rows that may be sent.",
                    {amount("added",
                            "Rows that are new at the destination; a share says nothing of "
                            "the first run."),
                     amount("changed", "Rows whose payload changed."),
                     amount("removed", "Mode `mirror`: rows that are removed.")}),
       Option(OptionKind::kBoolean, "allow_empty",
              "Mode `mirror`: whether a model without any row removes everything.")
           .Default("false")});
}

OptionSpec BatchSpec() {
  return ObjectOption(
      "batch", "What goes in one request, and how many are on their way at the same time.",
      {Option(OptionKind::kInteger, "rows", "Rows in one request, at most.")
           .DefaultNote("the destination's limit")
           .Range(1, 1'000'000),
       Option(OptionKind::kBytes, "bytes", "Size of one request, at most.")
           .DefaultNote("the destination's limit")
           .Range(1'000, 1'000'000'000),
       Option(OptionKind::kInteger, "parallel",
              "Requests on their way at the same time, where the order of rows means nothing: not "
              "of events, purchases, carts, `email_changes`, nor to a folder.")
           .Default("1")
           .Range(1, 32)});
}

OptionSpec AttemptsSpec() {
  constexpr int64_t kDay = 24LL * 3'600'000;
  return ObjectOption(
      "attempts", "What is kept of the tries of rows (`_sluice.sync_tries`).",
      {Option(OptionKind::kDuration, "keep", "For how long.")
           .DefaultNote("`attempts` of `retention`")
           .Range(0, 36'500 * kDay)
           .Example("30 days"),
       EnumOption(
           "payload",
           "What of the fields that were sent. When it becomes less, the next cleaning takes "
           "the rest out of older tries too.",
           {{"full", "their values"},
            {"masked", "their names, and where null was sent"},
            {"none", "nothing"}})
           .Default("full")});
}

OptionSpec SyncSpec() {
  OptionSpec fields = Option(OptionKind::kFieldMap, "fields",
                             "What is sent: the destination's field and the column that fills it.")
                          .Example("{ email: email, lastVisit: last_visit }");
  fields.item.push_back(FieldSpec());
  return ObjectOption(
             "sync", "A model that is sent to a destination.",
             {Option(OptionKind::kText, "model", "The model whose rows are sent.")
                  .Required()
                  .Format(TextFormat::kSqlName),
              Option(OptionKind::kText, "to", "The connection that takes them.")
                  .Required()
                  .Format(TextFormat::kName),
              Option(
                  OptionKind::kText, "object",
                  "What they become there. At Iterable `users`, `list:NAME` (made when it is "
                  "missing), `list_id:NUMBER` or `catalog:NAME` (made too), `events`, "
                  "`purchases`, `carts`, `subscriptions`, `email_changes`, `delete`, `forget` or "
                  "`unforget`; any name at a folder.")
                  .Required()
                  .Example("users"),
              EnumOption(
                  "mode", "How rows are written.",
                  {{"upsert", "new and changed rows are sent; none is deleted"},
                   {"update",
                    "rows are sent that are at the destination; it is asked about those "
                    "that are not known to be, and nothing new is made"},
                   {"insert",
                    "new rows are sent that are not at the destination, once; it is asked "
                    "before, and nothing is changed"},
                   {"mirror",
                    "and rows that are not in the model any more are removed, where the "
                    "destination can"},
                   {"replace",
                    "of catalogs: likewise, and an item that is new or changed takes the place of "
                    "the "
                    "one that is there, with all of its fields"},
                   {"append", "new rows are sent, once; what changes later is not"},
                   {"add",
                    "of lists: new rows are put on the list, nobody is taken off it; of "
                    "`email_changes`, `delete`, `forget`, `unforget`: new rows are sent, once"},
                   {"remove", "of lists: the model's rows are taken off the list"}})
                  .Default("upsert"),
              EnumOption("first_run", "What the first run does with the rows of the model.",
                         {{"backfill", "it sends them"},
                          {"from_now_on",
                           "it takes them as delivered without sending them; what is new or "
                           "changes later is sent"}})
                  .DefaultNote("backfill"),
              Option(OptionKind::kText, "key",
                     "The column that identifies a row of the model, unique and never NULL.")
                  .Required()
                  .Format(TextFormat::kColumn)
                  .Example("userid"),
              Option(OptionKind::kText, "duplicates",
                     "What becomes of rows with the same key. `collapse identical`: those that say "
                     "the same are one row, of others none is sent; `reject`: none is sent; "
                     "`newest by COLUMN`: the one with the greatest value of the column is sent, "
                     "NULL is the smallest.")
                  .Default("collapse identical")
                  .Format(TextFormat::kDuplicates)
                  .Example("newest by updated_at"),
              fields,
              EnumOption("map", "What is done with columns that no field names.",
                         {{"declared", "nothing: only `fields` are sent"},
                          {"auto",
                           "each is sent under its own name, or that of an identifier of the "
                           "destination; `sluice plan` prints the fields"}})
                  .Default("declared"),
              NullSpec("What a NULL means, where the field does not say.").Default("clear"),
              EnumOption("on_unmapped",
                         "What becomes of a field that was delivered and is mapped no more.",
                         {{"leave", "it stays at the destination"}, {"clear", "it is cleared"}})
                  .Default("leave"),
              GuardsSpec(),
              AttemptsSpec(),
              Option(OptionKind::kText, "timezone", "What timestamps without a zone mean.")
                  .Default("UTC")
                  .Format(TextFormat::kTimezone)
                  .Example("Europe/Berlin"),
              Option(
                  OptionKind::kText, "schedule",
                  "How often it should run. `validate` prints the cron line; something else must "
                  "start it.")
                  .Format(TextFormat::kSchedule)
                  .Example("every 15 minutes"),
              EnumOption(
                  "priority",
                  "Which syncs go first where several wait for the same connection, in this run or "
                  "in others.",
                  {{"high", "before the others, which get one of ten requests meanwhile"},
                   {"normal", "likewise before `low`"},
                   {"low", "when no other waits, and one of ten requests when one does"}})
                  .Default("normal"),
              BatchSpec(),
              Option(OptionKind::kBoolean, "create_new_fields",
                     "Whether the destination makes fields that it does not know yet.")
                  .Default("true"),
              Option(
                  OptionKind::kBoolean, "merge_nested_objects",
                  "Whether a nested object is merged into the one that is there, or replaces it.")
                  .Default("false"),
              Option(OptionKind::kBoolean, "prefer_user_id",
                     "Iterable projects by e-mail: whether a userId that is not known yet makes a "
                     "person.")
                  .Default("true"),
              EnumOption(
                  "identifier_changes",
                  "Object `users`: what becomes of a row whose identifier is another than the "
                  "one that it was delivered with.",
                  {{"hold", "it is held, and listed"},
                   {"change",
                    "the identifier is changed at the destination, then its other fields are "
                    "sent"}})
                  .Default("hold"),
              Option(
                  OptionKind::kBoolean, "allow_shared",
                  "Iterable projects by e-mail, object `delete`: whether somebody may be deleted "
                  "by the userId, which deletes everybody who has it.")
                  .Default("false")})
      .With({Rule::Kind::kAtLeastOne, {"fields", "map"}})
      .Defined("sync");
}

OptionSpec ModelSpec() {
  return FormsOption(
             "model",
             "A SELECT: a file (`models/x.sql`), a table or view (`bi_dimuser`), SQL text "
             "(anything with a blank), or a map with options.",
             {Option(OptionKind::kRawText, "model", "A file, a relation or SQL."), ModelObject()})
      .Defined("model");
}

OptionSpec PersonSpec() {
  return ObjectOption(
             "person",
             "Which rows are about one person, for `sluice forget` and `sluice export`, and so "
             "that loads and syncs keep out who was forgotten.",
             {MapOption("tables",
                        "Table → the column that holds the person's key, or the columns that do "
                        "together. Loaded tables, and models of which a sync is made under "
                        "another name of the column.",
                        TextFormat::kSqlName,
                        Option(OptionKind::kTextList, "key", "The column, or the columns.")
                            .Format(TextFormat::kColumn))
                  .Required()
                  .Example("{ bi_dimuser: userid, bi_factsale: guestid }"),
              MapOption("identifiers",
                        "By what else a person is known → the columns that hold it, as "
                        "TABLE.COLUMN. Compared without blanks around them and without regard to "
                        "case. A table that is only here has rows by which nothing but the "
                        "identifier tells whose they are.",
                        TextFormat::kName,
                        Option(OptionKind::kTextList, "columns", "The columns.")
                            .Format(TextFormat::kTableColumn))
                  .Example("{ email: [bi_dimuser.email, newsletter.address] }")})
      .Defined("person");
}

OptionSpec ProjectSpec(const std::vector<ConnectionType>& connection_types) {
  OptionSpec include = Option(OptionKind::kTextList, "include",
                              "More files of the project, relative to this one; `*` and `?` in the "
                              "last part. Their sections are merged with this file's; what stands "
                              "twice is an error.")
                           .Example("[tables.yml, connections/*.yml]")
                           .AllowEmpty();
  return ObjectOption(
      "project", "",
      {Option(OptionKind::kText, "project", "Name of the project.")
           .Required()
           .Format(TextFormat::kName)
           .Example("spa_group"),
       include, WarehouseSpec(), RetentionSpec(),
       MapOption("connections", "Name → connection.", TextFormat::kName,
                 ConnectionSpec(connection_types)),
       MapOption(
           "environments",
           "Name → what is different there. `--env NAME` chooses one; `dev` is the file as it "
           "stands.",
           TextFormat::kName, EnvironmentSpec(connection_types)),
       MapOption("ingests", "Name → ingest.", TextFormat::kName, IngestSpec()),
       MapOption("models", "Name → model.", TextFormat::kSqlName, ModelSpec()),
       MapOption("syncs", "Name → sync.", TextFormat::kName, SyncSpec()),
       MapOption("persons", "Name → which rows are about one person of this kind.",
                 TextFormat::kName, PersonSpec())});
}

}  // namespace sluice::config
