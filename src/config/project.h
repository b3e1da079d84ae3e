// The project file as typed values, after includes, `${NAME}`, secrets and defaults were resolved
// and everything was checked. Plain data: nothing here reads, parses or connects.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/priority.h"

namespace sluice::config {

// Where an option stands, for messages: file relative to the project folder, line and column
// from 1.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  std::string ToString() const;  // "sluice.yml:12:7"
  // Where line and column (both from 1) of a text stand that begins here. Exact for SQL files, for
  // `|` blocks (all their lines have one indent) and for text on one line.
  Location Inside(int text_line, int text_column) const;
};

// A credential. It never prints itself: only `Reveal` gives the text, at the place that sends it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// Options of a connection as its connector's specification typed them. Names that are absent took
// their default or, without one, are not in the map.
struct OptionValue {
  std::string text;    // strings, enumerations, paths
  Secret secret;       // for options marked as secret; `text` is then empty
  int64_t number = 0;  // integers, bytes, milliseconds
  bool flag = false;
  std::vector<std::string> list;
  Location where;
};

struct Options {
  std::map<std::string, OptionValue> values;
  bool Has(const std::string& name) const { return values.count(name) > 0; }
  // Break an invariant when the option is absent: ask Has first where it has no default.
  const std::string& Text(const std::string& name) const;
  const Secret& SecretOf(const std::string& name) const;
  int64_t Number(const std::string& name) const;
  bool Flag(const std::string& name) const;
  std::chrono::milliseconds Duration(const std::string& name) const;
};

struct Connection {
  std::string name;
  std::string type;  // "file", "s3", "iterable"
  Options options;
  bool shared = false;  // may be used by two environments
  Location where;
};

struct Warehouse {
  std::string type = "duckdb";
  std::string path;           // absolute
  uint64_t memory_limit = 0;  // bytes for the whole process; 0: engine's default
  int threads = 0;
  bool shared = false;
  Location where;
};

struct Percent {
  double value = 0;  // 60 for "60%"
};

enum class OnFailure { kFail, kWarn };

struct VolumeCheck {
  enum class Per { kLoad, kDay } per = Per::kLoad;
  enum class Against { kMedian, kMean } against = Against::kMedian;
  int last = 14;        // how many past loads or days
  int min_history = 5;  // fewer: "not enough history"
  std::optional<Percent> at_least;
  std::optional<Percent> at_most;
};

struct Check {
  enum class Kind { kVolume, kNotNull, kUnique, kAcceptedValues } kind = Kind::kVolume;
  OnFailure on_failure = OnFailure::kFail;
  VolumeCheck volume;
  // Lower-cased; of kNotNull, kUnique; one of kAcceptedValues. An ingest's kUnique without columns
  // (`unique: key`) means the key of each table.
  std::vector<std::string> columns;
  std::vector<std::string> values;  // of kAcceptedValues, as text
  std::vector<std::string> tables;  // an ingest's check: only these tables; empty: all
  Location where;
  // Stable name of the check for history and holds: "volume per load", "unique(userid)".
  std::string Name() const;
};

struct BadRowLimit {
  double percent = 1;
  int64_t always_allowed = 1000;
};

// How the files of an ingest, or of a table of it, are written (docs/files.md).
struct CsvOptions {
  std::string delimiter = ",";
  char quote = '"';   // '\0': none
  char escape = '"';  // '\0': none
  enum class Header { kAuto, kYes, kNo } header = Header::kAuto;
  int64_t skip_lines = 0;
  std::string comment;     // "" none
  bool pad_short = false;  // rows with too few fields: the rest is NULL; else they are bad
  bool cut_long = false;   // rows with too many: the rest is left out; else they are bad
  std::vector<std::string> null_words;  // besides the empty field
  bool empty_quoted_is_null = false;    // layout zenoti: true unless empty_string: keep
  std::string encoding = "auto";
  char decimal = '.';
  std::string thousands;    // "" none
  std::string date_format;  // "" or "iso": YYYY-MM-DD
  int64_t max_row_bytes = 2'000'000;
  std::string zip_members;  // a pattern; "" all
};

struct Column {
  std::string name;      // lower-cased
  std::string sql_type;  // as declared, upper-cased: "DECIMAL(12,2)"
  Location where;
  // What it is called in files, as written: a name of a header, a path in JSON. Empty: its own name.
  std::vector<std::string> from = {};
  std::string renamed_from = {};  // the table's column that became this one, lower-cased; "" none
  std::string capture = {};       // layout files: the part of the path that is its value; "" else
  std::string date_format = {};   // "" as `csv` says
};

// The rows of a delete-insert that delete: those with one of `values` in `column`.
struct DeleteWhen {
  std::string column;               // lower-cased; "" when nothing deletes
  std::vector<std::string> values;  // as text, to be cast to the column's type
};

// How files are written; kByName: as each file's name says (ingest/file_shape.h).
enum class FileFormat { kByName, kCsv, kJson, kParquet };

struct Table {
  std::string name;  // lower-cased
  std::vector<std::string> key;
  std::string pattern;                      // layout files: "customers/*.csv", "orders_*.csv.gz"
  FileFormat format = FileFormat::kByName;  // layout files
  std::vector<Column> columns;              // layout files
  enum class Mode {
    kDefault,
    kAppend,
    kReplace,
    kDeleteInsert,
    kUpdateInsert,
    kUpsert
  } mode = Mode::kDefault;
  std::string version;  // layout files, kUpsert: the column that says which row is newer; "" none
  DeleteWhen delete_when;  // layout files, kDeleteInsert
  std::string month_column;
  // Layout files (docs/files.md): when a file may be taken, what proves it, and what becomes of it.
  std::string complete_when;  // path of a marker with `{capture}` and `{file}`; "" none
  std::string manifest;       // pattern of the lists of files; "" none
  enum class Sidecars { kVerify, kRequire, kIgnore } sidecars = Sidecars::kVerify;
  enum class AfterLoading { kLeave, kMove, kDelete } after_loading = AfterLoading::kLeave;
  std::string move_to;  // folder in the store, ends with '/'
  std::vector<Check> checks;
  std::optional<BadRowLimit> bad_rows;
  std::optional<CsvOptions> csv;  // of its ingest, with what the table says; nothing: as its ingest
  Location where;
};

// What happens when columns change: the declared ones against those of the table, and those of a file
// against the declared ones.
enum class SchemaChanges {
  kDeclared,  // what is declared is applied where no value is lost; a file with other columns is held
  kEvolve,    // the same, and columns that only a file has are added as text
  kIgnore,    // the same, and columns that only a file has are left out
  kFreeze,    // the table keeps its columns and types; either change is an error
};
// What becomes of files that come into groups which were passed, or that change after they were loaded.
enum class LateFiles { kRebuild, kHold };

struct Ingest {
  std::string name;
  std::vector<std::string> from;  // connection names; several: center buckets
  std::string layout;             // "zenoti", "files"
  std::string prefix;             // below the store's root; "" or ends with '/'
  std::vector<Table> tables;
  std::vector<Check> checks;
  CsvOptions csv;
  BadRowLimit bad_rows;
  std::chrono::milliseconds settle{15 * 60 * 1000};
  // A file counts as complete when a second listing so much later shows it unchanged. 0: not asked.
  std::chrono::milliseconds stable_for{0};
  SchemaChanges schema_changes = SchemaChanges::kDeclared;
  LateFiles late_files = LateFiles::kRebuild;
  bool shared_keys = false;
  std::vector<std::string> organization_tables;  // added to the list of the vendor's document
  std::map<std::string, int64_t> start_after;    // pod -> group
  // Whose rows, as `_sluice_pod` names it, those of tables are that something else has filled; "" says
  // nothing of such tables.
  std::string adopt_pod;
  std::string schedule;  // "every 15 minutes" or a cron line; "" none
  Location where;
};

struct Model {
  std::string name;
  enum class Kind { kSql, kRelation } kind = Kind::kSql;  // relation: a table or view by name
  std::string relation;
  std::string sql;        // text, with {{ ref('…') }} still inside
  Location sql_where;     // where the first character of `sql` stands
  bool as_table = false;  // else a view
  std::vector<Check> checks;
  Location where;
};

struct TemplatePart {
  std::string text;  // or the name of a column, lower-cased
  bool is_column = false;
};

// What is done about a value that is NULL.
enum class NullPolicy {
  kClear,  // sent as null where a value was delivered before, else left out
  kSend,   // always sent as null
  kSkip,   // never sent: what the destination holds stays
};

struct Field {
  std::string to;  // destination field, "address.city" is nested
  enum class From { kColumn, kConstant, kSql, kTemplate } from = From::kColumn;
  std::string column;               // kColumn: of the model, lower-cased
  std::string constant;             // kConstant: canonical JSON text
  std::string sql;                  // kSql: an expression over the columns of the model
  std::vector<TemplatePart> parts;  // kTemplate
  enum class Cast {
    kNone,
    kText,
    kInteger,
    kDecimal,
    kBoolean,
    kDate,
    kTimestamp,
    kJson
  } cast = Cast::kNone;
  std::string
      format;  // of kDate, kTimestamp: how the text is read; of kText: how a date is written
  enum class Transform { kTrim, kLower, kUpper };
  std::vector<Transform> transforms;  // one after the other, behind the cast
  bool sha256 = false;                // behind all of them
  std::optional<NullPolicy> null;     // nothing: the sync's
  std::string timezone;               // for naive timestamps; empty: the sync's
  Location where;
};

// At most so many rows, or such a share of those that are delivered.
struct Amount {
  int64_t rows = 0;
  std::optional<double> percent;  // counts instead of `rows`
};

// What a sync may change at most before somebody has to confirm it.
struct Guards {
  std::optional<Amount> added;
  std::optional<Amount> changed;
  std::optional<Amount> removed;
  bool allow_empty = false;  // an empty model may remove everything
};

// What becomes of rows that have the same key.
struct Duplicates {
  enum class Policy {
    kCollapse,  // rows that say the same are one; of others none goes
    kReject,    // none of them goes
    kNewest,    // the one with the greatest value of `column` goes
  } policy = Policy::kCollapse;
  std::string column;  // of kNewest, lower-cased
  Location where;
};

// What the first run does with the rows that the model has by then.
enum class FirstRun {
  kBackfill,   // sends them
  kFromNowOn,  // takes them as delivered, and sends what comes later
};

// What is kept of the tries of a sync's rows.
struct Attempts {
  enum class Payload { kFull, kMasked, kNone } payload = Payload::kFull;
  std::optional<std::chrono::milliseconds> keep;  // nothing: Retention::attempts
};

// What goes in one request, and how many are on their way at the same time.
struct Batch {
  int64_t rows = 0;  // 0: the destination's limit
  int64_t bytes = 0;
  int64_t parallel = 1;
};

struct Sync {
  std::string name;
  std::string model;
  std::string to;      // connection name
  std::string object;  // "users"; destination file: any name
  std::string mode = "upsert";
  std::optional<FirstRun> first_run;  // nothing: kBackfill
  Guards guards;
  Attempts attempts;
  std::string key;  // column of the model
  Location key_where;
  Duplicates duplicates;
  std::vector<Field> fields;  // in the order of the file
  bool map_auto = false;      // columns that no field names are sent under their own names
  NullPolicy null = NullPolicy::kClear;
  bool clear_unmapped = false;  // a field that is mapped no more is cleared where it was delivered
  std::string timezone = "UTC";
  std::string schedule;
  Priority priority = Priority::kNormal;
  Batch batch;
  bool create_new_fields = true;
  bool merge_nested_objects = false;
  bool prefer_user_id = true;
  bool change_identifiers = false;  // instead of holding rows whose identifier has changed
  bool allow_shared = false;        // `delete`: also everybody else who has the row's userId goes
  Location where;
};

// A column that holds what a person is called by, and in which table or model.
struct PersonColumn {
  std::string table;                 // lower-cased
  std::vector<std::string> columns;  // lower-cased; several only of a key: together they are it
  Location where;
};

// Which rows are about one person of a kind (guests, employees).
struct Person {
  struct Identifier {
    std::string name;  // "email"
    std::vector<PersonColumn> columns;
  };
  std::string name;
  std::vector<PersonColumn> tables;  // where the person's key is
  std::vector<Identifier> identifiers;
  Location where;
};

// For how long what is only a record is kept.
struct Retention {
  static constexpr std::chrono::hours kDay{24};
  std::chrono::milliseconds runs = 365 * kDay;     // the list of runs, and what syncs did
  std::chrono::milliseconds logs = 30 * kDay;      // what runs told
  std::chrono::milliseconds checks = 400 * kDay;   // results of checks
  std::chrono::milliseconds attempts = 90 * kDay;  // tries of rows, with what was sent
  std::chrono::milliseconds dry_runs = 7 * kDay;   // requests that --dry-run wrote
  std::chrono::milliseconds warn_held = 7 * kDay;  // after which a run warns of a hold
};

struct Project {
  std::string name;
  std::string folder;  // absolute
  std::string env = "dev";
  Warehouse warehouse;
  Retention retention;
  std::vector<Connection> connections;
  // Connections that were left out, for a variable in them is not set (LoadOptions::needed_connections).
  std::vector<std::string> connections_without_variables;
  std::vector<Ingest> ingests;
  std::vector<Model> models;
  std::vector<Sync> syncs;
  std::vector<Person> persons;
  // XXH3-128 over the canonical text of the project without secrets; 32 hex digits.
  std::string digest;

  const Connection* FindConnection(const std::string& connection) const;
  const Ingest* FindIngest(const std::string& ingest) const;
  const Model* FindModel(const std::string& model) const;
  const Sync* FindSync(const std::string& sync) const;
  // FOLDER/.sluice/ENV, made 0700 by whoever writes there first.
  std::string StateFolder() const;
};

}  // namespace sluice::config
