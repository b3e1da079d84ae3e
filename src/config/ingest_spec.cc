// Ingests and checks: the part of the project's specification that has most options.
#include <utility>

#include "config/project_spec.h"

namespace sluice::config {
namespace {

OptionSpec Columns(std::string name, std::string description) {
  return Option(OptionKind::kTextList, std::move(name), std::move(description))
      .Format(TextFormat::kColumn);
}

OptionSpec VolumeSpec() {
  OptionSpec spec = ObjectOption(
      "volume", "Rows compared with the past. A full load is no baseline for what follows.",
      {EnumOption("per", "What is counted.",
                  {{"load", "the rows of one load"}, {"day", "the rows of a whole day"}})
           .Default("load"),
       EnumOption("against", "What the past is reduced to.",
                  {{"median", "the middle value, deaf to outliers"}, {"mean", "the average"}})
           .Default("median"),
       Option(OptionKind::kInteger, "last", "How many past loads or days count.")
           .Default("14")
           .Range(1, 10'000),
       Option(OptionKind::kInteger, "min_history",
              "With fewer of them the answer is \"not enough history\", a warning.")
           .Default("5")
           .Range(1, 10'000),
       Option(OptionKind::kPercent, "at_least", "Fewer rows than this share of the past fail.")
           .Example("60%"),
       Option(OptionKind::kPercent, "at_most", "More rows than this share of the past fail.")
           .Example("300%")});
  return spec.With({Rule::Kind::kAtLeastOne, {"at_least", "at_most"}});
}

OptionSpec AcceptedValuesSpec() {
  OptionSpec values = Option(OptionKind::kTextList, "values", "All that may stand there, as text.")
                          .Required()
                          .Example("[new, paid, cancelled]");
  return ObjectOption(
      "accepted_values", "A column holds nothing but these values, or NULL.",
      {Option(OptionKind::kText, "column", "The column.").Required().Format(TextFormat::kColumn),
       values});
}

OptionSpec BadRowsSpec() {
  return ObjectOption(
             "bad_rows",
             "How many rows of a file may go to quarantine; beyond both limits the file is held. "
             "With "
             "layout files one without a single usable row is held in any case.",
             {Option(OptionKind::kPercent, "percent", "Share of the file's rows.").Default("1%"),
              Option(OptionKind::kInteger, "always_allowed",
                     "So many are no reason to hold a file.")
                  .Default("1000")
                  .Range(0, 1'000'000'000)})
      .Defined("bad_rows");
}

OptionSpec TableChecks() {
  return ListOption("checks", "What must hold for this table.", CheckSpec(false));
}

OptionSpec ZenotiTable() {
  return ObjectOption(
      "table", "A table of the drop; its columns come from the vendor's schema files.",
      {Columns(
           "key",
           "What identifies a row. Required unless `mode` is append; `sluice discover` proposes "
           "it.")
           .Example("[factformid, organizationid]"),
       EnumOption("mode", "How rows are brought in.",
                  {{"delete-insert", "rows with void = 1 delete, those with void = 0 are inserted"},
                   {"update-insert", "the last row of a key replaces the one that is there"},
                   {"append", "every row is added"}})
           .DefaultNote("by the kind of the table, as the vendor's document says"),
       Option(OptionKind::kText, "month_column", "Which month a row belongs to, for restoring one.")
           .Format(TextFormat::kColumn),
       CsvSpec(), TableChecks(), BadRowsSpec()});
}

OptionSpec AfterLoadingSpec() {
  return FormsOption(
      "after_loading",
      "What becomes of a file whose rows are all published: `leave`, `delete`, or a map with "
      "`move`, "
      "the folder of the store (from its root) that gets it under the path that it had. One with "
      "rows in quarantine stays.",
      {EnumOption("word", "It stays, or goes for good.",
                  {{"leave", "it stays where it is"}, {"delete", "it is removed from the store"}}),
       ObjectOption("folder", "It moves within its store.",
                    {Option(OptionKind::kText, "move",
                            "The folder of the store, from its root, that gets the file under the "
                            "path that it had.")
                         .Required()
                         .Example("loaded/")})});
}

OptionSpec ColumnSpec() {
  return FormsOption(
             "column", "A column: its type, as in CREATE TABLE, or a map with options.",
             {Option(OptionKind::kText, "type", "The type.").Format(TextFormat::kSqlType),
              ObjectOption(
                  "column", "A column with options.",
                  {Option(OptionKind::kText, "type", "The type, as in CREATE TABLE.")
                       .Required()
                       .Format(TextFormat::kSqlType)
                       .Example("DECIMAL(12,2)"),
                   Option(OptionKind::kTextList, "from",
                          "What it is called in the files, where that is not its own name; of "
                          "several names a file has one. In JSON a name with points is a path: "
                          "`address.city`.")
                       .DefaultNote("the column's name")
                       .Example("[e_mail, EmailAddress]"),
                   Option(OptionKind::kText, "renamed_from",
                          "The column of the table that becomes this one, with what is in it.")
                       .Format(TextFormat::kColumn)
                       .Example("e_mail"),
                   Option(OptionKind::kText, "date_format",
                          "How its dates are written, where that is not what `csv` says.")
                       .Example("mdy"),
                   Option(OptionKind::kText, "capture",
                          "The capture of `pattern` that is its value, where that has another "
                          "name.")
                       .Format(TextFormat::kColumn)
                       .Example("day")})})
      .Defined("column");
}

OptionSpec DeleteWhenSpec() {
  return ObjectOption(
      "delete_when",
      "Mode `delete-insert`: which rows delete. Any other row is inserted, NULL in this column "
      "included.",
      {Option(OptionKind::kText, "column", "The column that tells.")
           .Required()
           .Format(TextFormat::kColumn)
           .Example("deleted"),
       Option(OptionKind::kTextList, "values",
              "A row with one of them deletes; written as its column's type is written.")
           .Required()
           .Example("[true]")});
}

OptionSpec FilesTable() {
  return ObjectOption(
      "table", "A table, the files that fill it and its columns.",
      {Option(OptionKind::kText, "pattern",
              "Files, below `prefix`; `*` does not cross a `/`, `**` does. `{name}` is a capture: "
              "that part of the path is the value of the column of that name.")
           .Required()
           .Example("customers/*.csv"),
       EnumOption("format", "How the files are written, compressed or not.",
                  {{"csv", "records of fields, as `csv` of the ingest says"},
                   {"json", "objects: one a line, or the elements of an array"},
                   {"parquet", "Apache Parquet"}})
           .DefaultNote("by the name of each file: `json` for .json, .jsonl and .ndjson, `parquet` "
                        "for .parquet, else `csv`; .gz is passed over"),
       Option(OptionKind::kText, "complete_when",
              "The marker without which a file waits: a name in the file's own folder, or, with a "
              "`/` in it, a path below `prefix`. `{name}` stands for a capture of `pattern`, "
              "`{file}` for the name of the file.")
           .Example("_SUCCESS"),
       Option(OptionKind::kText, "manifest",
              "Lists of files, as a pattern below `prefix`. Only files that one of them names are "
              "loaded, those of a list all or none.")
           .Example("orders/manifest-*.json"),
       EnumOption("sidecars",
                  "Checksums beside a file: `x.csv.md5`, `.sha1`, `.sha256`, `.sha512`.",
                  {{"verify", "where there is one it has to fit"},
                   {"require", "a file waits until it has one"},
                   {"ignore", "they are not looked at"}})
           .Default("verify"),
       AfterLoadingSpec(),
       MapOption("columns", "Column → type, or a map with options.", TextFormat::kColumn,
                 ColumnSpec())
           .Required()
           .Example("{ id: BIGINT, email: { type: VARCHAR, from: e_mail } }"),
       EnumOption("mode", "How rows are brought in.",
                  {{"append", "the rows of every new file are added"},
                   {"replace",
                    "the newest files replace the table; without any row they wait for `gate "
                    "accept`, unless the table is empty"},
                   {"upsert", "a row replaces the one with its key, unless that one is newer"},
                   {"delete-insert",
                    "rows that `delete_when` names delete what has their key, all others are "
                    "inserted"}})
           .Default("append"),
       Columns("key",
               "What identifies a row: for checks and `trace`, and required for `upsert` and "
               "`delete-insert`. NULL in it is a bad row."),
       Option(OptionKind::kText, "version",
              "Mode `upsert`: the greater value in this column is the newer row, NULL the oldest; "
              "of equals the later one in the order of the files and their lines.")
           .Format(TextFormat::kColumn)
           .DefaultNote("the order of the files and their lines")
           .Example("updated_at"),
       DeleteWhenSpec(), CsvSpec(), TableChecks(), BadRowsSpec()});
}

std::vector<OptionSpec> CommonOptions() {
  return {
      Option(OptionKind::kTextList, "from",
             "The connection that holds the files; several where a chain has several buckets.")
          .Required()
          .Format(TextFormat::kName),
      Option(OptionKind::kText, "prefix", "Where in the store the files begin.")
          .Example("exports/zenoti/"),
      ListOption("checks", "What must hold for the tables of this ingest.", CheckSpec(true)),
      CsvSpec(),
      EnumOption("empty_string", "What an empty field in quotes means.",
                 {{"null", "NULL"}, {"keep", "text of length 0"}})
          .DefaultNote("`null` for layout zenoti, `keep` for files"),
      BadRowsSpec(),
      Option(OptionKind::kDuration, "settle",
             "A file or group counts as complete when nothing new came for so long.")
          .DefaultNote("`15 minutes` for layout zenoti, `0` for files")
          .Range(0, 7LL * 24 * 3'600'000),
      EnumOption(
          "schema_changes",
          "What happens when columns change. Declared columns (in the project or in schema files) "
          "that the table does not have are added, and their types widened where no value is lost; "
          "what would lose values is an error in any case.",
          {{"declared", "this, and a file with a column that nobody declared is held"},
           {"evolve", "this, and a column that only a file has is added as text"},
           {"ignore", "this, and a column that only a file has is left out"},
           {"freeze",
            "the table keeps its columns and types: a declaration that differs stops it, and a "
            "file with a column that nobody declared is held"}})
          .Default("declared"),
      EnumOption("on_new_column", "How `schema_changes` was written before.",
                 {{"add", "`evolve`"}, {"ignore", "`ignore`"}, {"fail", "`declared`"}})
          .Deprecated(
              "`schema_changes`: `evolve` for add, `ignore` for ignore, `declared` for fail"),
      EnumOption("late_files",
                 "What becomes of files that come into a group which was passed, or that change "
                 "after they were loaded.",
                 {{"rebuild",
                   "the table comes out as if they had come in time; where earlier files are gone "
                   "they are held"},
                  {"hold", "they are held until somebody decides"}})
          .Default("rebuild"),
      Option(OptionKind::kText, "schedule",
             "How often it should run. `validate` prints the cron line; something else must start "
             "it.")
          .Format(TextFormat::kSchedule)
          .Example("every 2 hours"),
  };
}

// Of `schema_changes` and its older name.
Rule OneWord() {
  return {Rule::Kind::kAtMostOne, {"schema_changes", "on_new_column"}};
}

OptionSpec ZenotiLayout() {
  return ObjectOption(
      "zenoti", "The S3 drop of Zenoti: POD / group / table / log id / file.",
      {MapOption("tables", "Table → how it is loaded. Tables that are not named are not loaded.",
                 TextFormat::kSqlName, ZenotiTable()),
       Option(OptionKind::kBoolean, "shared_keys",
              "Keys mean the same in all pods; else a row belongs to its pod.")
           .Default("false"),
       ObjectOption("organization_tables", "Tables that are loaded once for all centers.",
                    {Columns("add", "Names beside those of the vendor's document.")
                         .Format(TextFormat::kSqlName)
                         .AllowEmpty()}),
       MapOption("start_after", "Pod → the last group that was loaded elsewhere.", TextFormat::kAny,
                 Option(OptionKind::kInteger, "group", "The number of the group.")
                     .Range(0, std::numeric_limits<int64_t>::max()))
           .Example("{ POD1: 4711 }"),
       ObjectOption(
           "adopt", "Tables that are in the warehouse already, filled by something else.",
           {Option(OptionKind::kText, "pod",
                   "The pod that their rows belong to, as `_sluice_pod` names it. Not needed where "
                   "`start_after` names one pod only.")
                .Required()
                .Example("POD1")})});
}

OptionSpec FilesLayout() {
  return ObjectOption(
      "files", "CSV, JSON and Parquet files, one pattern for each table.",
      {MapOption("tables", "Table → its files and columns.", TextFormat::kSqlName, FilesTable())
           .Required("`sluice discover --write` proposes them"),
       Option(
           OptionKind::kDuration, "stable_for",
           "The store is listed twice, so long apart; a file that is not the same in both is still "
           "being written, and waits.")
           .Default("0")
           .Range(0, 3'600'000)});
}

}  // namespace

OptionSpec CsvSpec() {
  return ObjectOption(
             "csv",
             "How the files are written. What a table says of its own files comes before what its "
             "ingest says.",
             {Option(OptionKind::kText, "delimiter", "Between two fields; up to eight bytes.")
                  .Default(",")
                  .Format(TextFormat::kDelimiter)
                  .Example("tab"),
              Option(OptionKind::kText, "quote", "Around a field.")
                  .Default("\"")
                  .Format(TextFormat::kQuote),
              Option(OptionKind::kText, "escape",
                     "Before a character in a quoted field that is to be taken as it is; with "
                     "`quote: none` in any field, and before a line end too. A backslash with "
                     "`quote: none` is "
                     "read as MySQL and PostgreSQL write by default: `\\N` is NULL, `\\n`, `\\t` … "
                     "are a line "
                     "end, a tab ….")
                  .DefaultNote("the quote, so that it stands twice; `none` with `quote: none`")
                  .Format(TextFormat::kQuote)
                  .Example("\\"),
              EnumOption("header", "Whether the first line names the columns.",
                         {{"auto", "yes when it is made of known column names"},
                          {"true", "always"},
                          {"false", "never"}})
                  .Default("auto"),
              Option(OptionKind::kInteger, "skip_lines", "So many lines before it are no data.")
                  .Default("0")
                  .Range(0, 1'000'000),
              Option(OptionKind::kText, "comment", "A line that begins with it is no data.")
                  .Example("\"#\""),
              EnumOption("short_rows", "Rows with too few fields.",
                         {{"quarantine", "they are bad"}, {"pad", "what is missing is NULL"}})
                  .Default("quarantine"),
              EnumOption("long_rows", "Rows with more fields than columns, not all of them empty.",
                         {{"quarantine", "they are bad"}, {"cut", "what is too much is left out"}})
                  .Default("quarantine"),
              Option(OptionKind::kTextList, "null_words",
                     "Words that mean NULL, besides the empty field.")
                  .AllowEmpty()
                  .Example("[NULL, n/a]"),
              Option(
                  OptionKind::kText, "encoding",
                  "What the text is written in: a name that iconv knows. `auto`: UTF-8, or UTF-16 "
                  "or UTF-32 with a byte order mark.")
                  .Default("auto")
                  .Example("windows-1252"),
              EnumOption("decimal", "What stands before the fraction of a number.",
                         {{"point", "12.50"}, {"comma", "12,50"}})
                  .Default("point"),
              Option(OptionKind::kText, "thousands",
                     "What may stand between groups of three digits; nothing else does.")
                  .AllowEmpty()
                  .Example("\".\""),
              Option(
                  OptionKind::kText, "date_format",
                  "How dates and times are written: `iso` (2026-02-01); `dmy`, `mdy` or `ymd` with "
                  "`.`, `/` or `-` between them; a pattern of %Y %m %d %b %B %H %I %M %S %f %p %z; "
                  "`auto`: `dmy` or `mdy`, whichever the whole column of a file shows, and where "
                  "it "
                  "shows neither, dates that could be either are bad.")
                  .Default("iso")
                  .Example("dmy"),
              Option(OptionKind::kBytes, "max_row", "A longer row is bad.")
                  .Default("2 MB")
                  .Range(16, 16'000'000),
              Option(OptionKind::kText, "zip_members",
                     "Which members of a zip archive are read, as a pattern of their names.")
                  .DefaultNote("all")
                  .Example("\"*.csv\"")})
      .Defined("csv");
}

OptionSpec CheckSpec(bool of_ingest) {
  OptionSpec spec = ObjectOption(
      "check", "One rule and what happens when it does not hold.",
      {VolumeSpec(),
       Columns("not_null", "These columns are never NULL.").Example("[userid, email]"),
       Columns("unique",
               "No two rows agree in these columns. The word `key` means the key of the table; a "
               "column of that name is written `[key]`.")
           .Example("[userid]"),
       AcceptedValuesSpec(),
       EnumOption("on_failure", "What happens then.",
                  {{"fail", "nothing is published, and what depends on it waits"},
                   {"warn", "it is reported"}})
           .Default("fail")});
  if (of_ingest) {
    spec.fields.push_back(Columns("tables", "Only these tables of the ingest; else all.")
                              .Format(TextFormat::kSqlName));
  }
  return spec.With({Rule::Kind::kExactlyOne, {"volume", "not_null", "unique", "accepted_values"}})
      .Defined(of_ingest ? "ingest_check" : "check");
}

OptionSpec IngestSpec() {
  return TaggedOption("ingest", "What is loaded from a store into the warehouse.", "layout",
                      CommonOptions(),
                      {ZenotiLayout().With(OneWord()), FilesLayout().With(OneWord())})
      .Defined("ingest");
}

}  // namespace sluice::config
