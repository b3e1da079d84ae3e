// `sluice load`: one file by hand, by the road of a run. The file becomes an ingest of its own, or, where the
// project declares the table, a file more of the table's ingest.
#include <unistd.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/hand_file.h"
#include "cli/hand_loads.h"
#include "cli/hand_place.h"
#include "cli/load_header.h"
#include "cli/load_proposal.h"
#include "cli/table.h"
#include "cli/table_way.h"
#include "config/csv_words.h"
#include "env/file.h"
#include "ingest/file_shape.h"
#include "ingest/hand.h"
#include "pipeline/run.h"
#include "warehouse/dialect.h"

namespace sluice::cli {
namespace {

constexpr const char* kIngest = "hand";  // what the ledger calls what no ingest declares
constexpr size_t kHashShown = 12;

class HandLoader {
 public:
  HandLoader(World& world, const Arguments& arguments, config::Project project)
      : world_(world), arguments_(arguments), project_(std::move(project)) {}

  // Which table it is, and whose. First of all.
  Status CheckTable() {
    table_.name = Lower(arguments_.in);
    const bool plain = table_.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                           std::string::npos &&
                       !table_.name.empty() && (table_.name[0] < '0' || table_.name[0] > '9');
    if (!plain || StartsWith(table_.name, "_sluice")) {
      return ConfigError(
          fmt::format("--into {}: not a name for a table", Printable(arguments_.in)));
    }
    if (project_.FindModel(table_.name) != nullptr) {
      return ConfigError(fmt::format("{} is a model: it is made from other tables", table_.name));
    }
    for (const config::Ingest& ingest : project_.ingests) {
      for (const config::Table& table : ingest.tables) {
        if (Lower(table.name) != table_.name) continue;
        owner_ = &ingest;
        declared_ = &table;
      }
    }
    if (owner_ != nullptr && owner_->layout != "files") {
      return ConfigError(fmt::format("{} is filled by ingest {} of layout {}", table_.name,
                                     owner_->name, owner_->layout),
                         "Load into a table of another name");
    }
    if (declared_ != nullptr && (SaysOfTable() || !SaidOfCsv().empty())) {
      return ConfigError(
          fmt::format("{} is declared at {}: columns, mode, key and csv are those", table_.name,
                      declared_->where.ToString()),
          fmt::format("sluice load {} --into {}", Printable(arguments_.subject), table_.name));
    }
    return Status::Ok();
  }

  // The project with the file as (part of) an ingest; nothing when somebody said no.
  Result<std::optional<config::Project>> Prepare() {
    SLUICE_ASSIGN(file_, OpenHandFile(world_, arguments_.subject));
    if (declared_ != nullptr) {
      SLUICE_TRY(CheckIsProven(*declared_, arguments_.subject, file_));
      SLUICE_ASSIGN(place_,
                    PlaceInIngest(project_, *owner_, *declared_, file_, world_.clock.Now()));
    }
    SLUICE_TRY(CheckIsNew());
    SLUICE_TRY(DescribeTable());
    if (declared_ == nullptr && table_.columns.empty()) {
      SLUICE_ASSIGN(const bool taken, Propose());
      if (!taken) return std::optional<config::Project>();
    } else if (declared_ == nullptr) {
      SLUICE_TRY(CheckWayNamesColumns(table_));
    }
    AddToProject();
    return std::optional<config::Project>(std::move(project_));
  }
  const config::Project& project() const { return project_; }
  // Of a file that lies where its ingest finds it there is nothing to remember.
  bool IsOfIngest() const { return place_.has_value(); }
  // After the run: whether there is something to show for it.
  Status CheckWasTaken(engine::Connection& connection) const {
    const HandPlace place = place_.value_or(HandPlace{Connection(), env::Basename(file_.path)});
    return cli::CheckWasTaken(connection, ingest_, place, file_);
  }
  // What is kept of it.
  HandLoad Known() const {
    HandLoad known;
    known.connection = Connection();
    known.folder = env::Dirname(file_.path);
    known.ingest = ingest_.name;
    known.declared = declared_ != nullptr;
    known.table = table_;
    known.table.csv = ingest_.csv;
    known.csv = csv_;
    return known;
  }
  std::string Selector() const { return ingest_.name + "." + table_.name; }

 private:
  // The same content, whatever the file is called.
  Status CheckIsNew() {
    const auto runtime = MakeRuntime(project_, arguments_, world_);
    auto session = runtime->warehouse().Open(false, std::chrono::seconds(10), world_.cancel);
    if (session.status().code() == Code::kNotFound) return Status::Ok();
    SLUICE_TRY(session.status());
    if (arguments_.again) return TakeAgain(session.value()->connection());
    SLUICE_TRY(CheckIsNotHeld(session.value()->connection()));
    return CheckContentIsNew(session.value()->connection(), table_.name, file_.hash);
  }

  // What its place has given already comes from nowhere else a second time.
  Status TakeAgain(engine::Connection& connection) {
    if (!place_) return Status::Ok();
    SLUICE_ASSIGN(const bool was_read,
                  WasReadThere(connection, *owner_, table_.name, *place_, file_.hash));
    if (was_read) place_.reset();
    return Status::Ok();
  }

  // By an earlier load of the same content by hand. What is held may have left nothing else.
  Status CheckIsNotHeld(engine::Connection& connection) {
    SLUICE_ASSIGN(const auto rows,
                  connection.Rows("SELECT hold_id, message, state FROM _sluice.holds WHERE "
                                  "connection = $1 AND table_name = $2 AND ($3 = '' OR "
                                  "list_contains(string_split(files, chr(10)), $3)) ORDER BY "
                                  "created_at DESC",
                                  {Connection(), table_.name, place_ ? place_->address : ""}));
    for (const auto& row : rows) {
      if (engine::ToText(row[2]) != "open") continue;
      return HeldError(fmt::format("it waits for a decision (hold {}): {}", engine::ToText(row[0]),
                                   engine::ToText(row[1])),
                       fmt::format("sluice gate accept, reject or skip {} --reason TEXT   (sluice "
                                   "gate list says what each does)",
                                   engine::ToText(row[0])));
    }
    if (rows.empty() || declared_ != nullptr) return Status::Ok();
    SLUICE_ASSIGN(decided_, FindHandLoad(connection, Connection(), table_.name));
    return Status::Ok();
  }

  Status DescribeTable() {
    if (declared_ != nullptr) {
      ingest_ = *owner_;
      table_ = *declared_;
    } else {
      SLUICE_TRY(DescribeByHand());
    }
    ingest_.from = {Connection()};
    ingest_.settle = std::chrono::milliseconds(0);
    ingest_.stable_for = std::chrono::milliseconds(0);
    table_.complete_when.clear();
    table_.manifest.clear();
    if (!place_) table_.after_loading = config::Table::AfterLoading::kLeave;
    for (const config::Column& column : table_.columns) {
      if (column.capture.empty()) continue;
      return ConfigError(fmt::format("column {} of {} takes its value from the path of a file",
                                     column.name, table_.name),
                         "Put the file where the table's pattern finds it, and run it");
    }
    SetExactPattern(place_ ? place_->address : env::Basename(file_.path), &ingest_.prefix,
                    &table_.pattern);
    return Status::Ok();
  }

  std::string Connection() const {
    if (place_) return place_->connection;
    std::string name = ingest::kHandConnection + file_.hash.substr(0, kHashShown);
    if (arguments_.again) name += fmt::format("-{}", began_ / 1'000'000);
    return name;
  }

  Status DescribeByHand() {
    ingest_.name = kIngest;
    while (project_.FindIngest(ingest_.name) != nullptr) ingest_.name += "_";
    ingest_.layout = "files";
    if (decided_ && !SaysOfTable() && SaidOfCsv().empty()) {
      table_ = decided_->table;
      csv_ = decided_->csv;
      return Format() == config::FileFormat::kCsv ? TakeCsv() : Status::Ok();
    }
    table_.key = arguments_.key;
    for (std::string& column : table_.key) column = Lower(column);
    SLUICE_TRY(SetMode());
    if (arguments_.columns) {
      SLUICE_ASSIGN(const auto columns, ParseColumns(*arguments_.columns));
      SetColumns(columns);
    } else {
      SLUICE_TRY(TakeColumnsOfTable());
    }
    if (Format() == config::FileFormat::kCsv) return DescribeCsv();
    if (SaidOfCsv().empty()) return Status::Ok();
    return ConfigError(
        fmt::format("{} is no CSV: --csv, --header and --delimiter say nothing of it",
                    Printable(arguments_.subject)),
        "Leave them out");
  }

  bool SaysOfTable() const {
    return arguments_.columns || !arguments_.mode.empty() || !arguments_.key.empty() ||
           !arguments_.delete_when.empty();
  }

  // What somebody has said of how the file is written, as words of --csv.
  std::vector<std::string> SaidOfCsv() const {
    std::vector<std::string> words = arguments_.csv_options;
    if (!arguments_.delimiter.empty()) words.push_back("delimiter=" + arguments_.delimiter);
    if (!arguments_.header.empty()) {
      words.push_back(arguments_.header == "yes" ? "header=true" : "header=false");
    }
    return words;
  }

  bool Says(const char* option) const {
    return std::any_of(csv_.begin(), csv_.end(), [&](const std::string& word) {
      return StartsWith(word, std::string(option) + "=");
    });
  }

  // What is not said is seen in the file, or asked for.
  Status DescribeCsv() {
    csv_ = SaidOfCsv();
    SLUICE_TRY(TakeCsv());
    if (!Says("delimiter")) {
      SLUICE_ASSIGN(const DelimiterGuess guess, GuessDelimiter(file_.path, ingest_.csv));
      SLUICE_TRY(CheckIsOne(guess));
      csv_.push_back("delimiter=" + guess.delimiter);
      SLUICE_TRY(TakeCsv());
    }
    if (Says("header")) return Status::Ok();
    std::vector<std::string> columns;
    for (const config::Column& column : table_.columns) columns.push_back(column.name);
    SLUICE_ASSIGN(const auto header,
                  NamesColumns(file_.path, Printable(arguments_.subject), ingest_.csv, columns));
    if (!header) return Status::Ok();
    csv_.emplace_back(*header ? "header=true" : "header=false");
    return TakeCsv();
  }

  // Of several that cut the file alike none is taken unasked: the values would be others.
  Status CheckIsOne(const DelimiterGuess& guess) const {
    if (guess.alike.empty()) return Status::Ok();
    std::vector<std::string> words = {DelimiterWord(guess.delimiter)};
    for (const std::string& other : guess.alike) words.push_back(DelimiterWord(other));
    std::vector<std::string> options;
    for (const std::string& word : words) options.push_back("--csv delimiter=" + Quoted(word));
    return ConfigError(fmt::format("{}: its delimiter cannot be told: {} cut every line alike",
                                   Printable(arguments_.subject), Join(words, " and ")),
                       Join(options, ", or "));
  }

  Status TakeCsv() {
    SLUICE_ASSIGN(ingest_.csv, config::CsvFromWords(csv_, "--csv"));
    return ingest::DialectOf(ingest_.csv).Validate().WithContext("--csv");
  }

  // Where no mode is said, the table's own: rows that were replaced by key so far are not silently added to.
  Status TakeWayOfTable() {
    const auto runtime = MakeRuntime(project_, arguments_, world_);
    auto session = runtime->warehouse().Open(false, std::chrono::seconds(10), world_.cancel);
    if (session.status().code() == Code::kNotFound) return Status::Ok();
    SLUICE_TRY(session.status());
    SLUICE_ASSIGN(const auto way, WayOfTable(session.value()->connection(), table_.name));
    if (!way) return Status::Ok();
    table_.mode = way->mode;
    table_.delete_when = way->delete_when;
    if (table_.key.empty()) table_.key = way->key;
    if (way->mode != config::Table::Mode::kAppend && !arguments_.json && !arguments_.quiet) {
      world_.out << fmt::format("as {} was loaded before: {}\n", table_.name, WayInWords(table_));
    }
    return Status::Ok();
  }

  Status SetMode() {
    using Mode = config::Table::Mode;
    const std::string& mode = arguments_.mode;
    if (mode.empty() && arguments_.delete_when.empty()) return TakeWayOfTable();
    table_.mode = mode == "replace"         ? Mode::kReplace
                  : mode == "upsert"        ? Mode::kUpsert
                  : mode == "delete-insert" ? Mode::kDeleteInsert
                                            : Mode::kAppend;
    const bool needs_key = table_.mode == Mode::kUpsert || table_.mode == Mode::kDeleteInsert;
    if (needs_key && table_.key.empty()) {
      return ConfigError(fmt::format("mode {} needs what identifies a row", mode), "--key id");
    }
    if ((table_.mode == Mode::kDeleteInsert) == arguments_.delete_when.empty()) {
      return ConfigError("mode delete-insert and --delete-when go together",
                         "--mode delete-insert --key id --delete-when deleted=true");
    }
    if (arguments_.delete_when.empty()) return Status::Ok();
    const size_t equals = arguments_.delete_when.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return ConfigError("--delete-when: expected COLUMN=VALUE");
    }
    table_.delete_when = {Lower(arguments_.delete_when.substr(0, equals)),
                          {arguments_.delete_when.substr(equals + 1)}};
    return Status::Ok();
  }

  void SetColumns(const std::vector<std::pair<std::string, std::string>>& columns) {
    for (const auto& [name, type] : columns) table_.columns.push_back({name, type, {}});
  }

  // Those of a table that is there and was loaded by Sluice are as good as declared.
  Status TakeColumnsOfTable() {
    const auto runtime = MakeRuntime(project_, arguments_, world_);
    auto session = runtime->warehouse().Open(false, std::chrono::seconds(10), world_.cancel);
    if (session.status().code() == Code::kNotFound) return Status::Ok();
    SLUICE_TRY(session.status());
    engine::Connection& connection = session.value()->connection();
    if (!connection.HasTable("main", table_.name)) return Status::Ok();
    SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, table_.name));
    for (const warehouse::ColumnInfo& column : present) {
      if (!StartsWith(column.name, "_sluice_")) {
        table_.columns.push_back({column.name, column.sql_type, {}});
      }
    }
    return Status::Ok();
  }

  config::FileFormat Format() const {
    ingest::TargetTable target;
    target.format = table_.format;
    return ingest::FormatOf(target, file_.path);
  }

  // Shown to whoever sits there, or as a command to type.
  Result<bool> Propose() {
    auto proposed = ProposeColumns(file_.path, Format(), ingest_.csv, world_.cancel);
    if (!proposed.ok()) {
      const bool named = StartsWith(proposed.status().message(), file_.path);
      return named ? proposed.status()
                   : proposed.status().WithContext(Printable(arguments_.subject));
    }
    SetColumns(proposed->columns);
    SLUICE_TRY(CheckWayNamesColumns(table_));
    if (arguments_.yes) {
      SLUICE_TRY(CheckNamesWereSeen(*proposed));
      return true;
    }
    const std::string command = Command(ColumnsText(proposed->columns));
    const bool can_ask = world_.terminal.is_terminal && isatty(STDIN_FILENO) != 0;
    if (!arguments_.json) Show(*proposed);
    if (!can_ask || arguments_.json) {
      return ConfigError(
          fmt::format("nothing is declared for {}: columns are proposed, nothing is loaded yet",
                      table_.name),
          command);
    }
    world_.out << fmt::format("load it into {} so? [y/N] ", table_.name) << std::flush;
    std::string answer;
    std::getline(world_.in, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return true;
    world_.out << "nothing is loaded; with other columns: " << command << "\n";
    return false;
  }

  bool HeaderWasSaid() const {
    const std::vector<std::string> said = SaidOfCsv();
    return std::any_of(said.begin(), said.end(),
                       [](const std::string& word) { return StartsWith(word, "header="); });
  }

  // A line of words above lines of words may be a row. Who looks at the proposal sees it.
  Status CheckNamesWereSeen(const ColumnProposal& proposal) const {
    if (Format() != config::FileFormat::kCsv || HeaderWasSaid()) return Status::Ok();
    if (ingest_.csv.header != config::CsvOptions::Header::kYes) return Status::Ok();
    const bool text = std::all_of(proposal.columns.begin(), proposal.columns.end(),
                                  [](const auto& column) { return column.second == "VARCHAR"; });
    if (!text) return Status::Ok();
    return AskForHeader(Printable(arguments_.subject), "it is text, as all that follows");
  }

  void Show(const ColumnProposal& proposal) const {
    Table table({{"column"}, {"type"}});
    for (const auto& [name, type] : proposal.columns) table.Row({name, type});
    table.Print(world_.out, world_.terminal);
    for (const std::string& line : proposal.evidence) world_.out << line << "\n";
    if (Format() == config::FileFormat::kCsv) {
      world_.out << fmt::format("delimiter: {}\n", DelimiterWord(ingest_.csv.delimiter));
      const bool header = ingest_.csv.header != config::CsvOptions::Header::kNo;
      world_.out << fmt::format("header: {}\n", header ? "the first line" : "none");
    }
  }

  static std::string Quoted(const std::string& word) {
    const bool plain = word.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=") ==
                       std::string::npos;
    return plain ? word : "'" + ReplaceAll(word, "'", "'\\''") + "'";
  }

  std::string Command(const std::string& columns) const {
    std::string text =
        fmt::format("sluice load {} --into {}", Quoted(arguments_.subject), table_.name);
    const auto add = [&](const char* option, const std::string& value) {
      if (!value.empty()) text += fmt::format(" {} {}", option, Quoted(value));
    };
    add("--mode", arguments_.mode);
    add("--key", Join(arguments_.key, ","));
    add("--delete-when", arguments_.delete_when);
    add("--header", arguments_.header);
    add("--delimiter", arguments_.delimiter);
    for (const std::string& word : arguments_.csv_options) add("--csv", word);
    if (arguments_.again) text += " --again";
    add("--columns", columns);
    return text;
  }

  void AddToProject() {
    if (!place_) {
      config::Connection connection;
      connection.name = Connection();
      connection.type = "file";
      config::OptionValue folder;
      folder.text = env::Dirname(file_.path);
      connection.options.values["path"] = folder;
      project_.connections.push_back(std::move(connection));
    }
    // The checks of the ingest are the table's too; its other tables have nothing to do here.
    ingest_.tables = {table_};
    std::erase_if(project_.ingests,
                  [&](const config::Ingest& ingest) { return ingest.name == ingest_.name; });
    project_.ingests.push_back(ingest_);
  }

  World& world_;
  const Arguments& arguments_;
  const env::Micros began_ = world_.clock.Now();
  config::Project project_;
  HandFile file_;
  const config::Ingest* owner_ = nullptr;
  const config::Table* declared_ = nullptr;
  std::optional<HandPlace> place_;  // where a run finds the file too
  config::Ingest ingest_;
  config::Table table_;
  std::optional<HandLoad>
      decided_;  // what was said when this content was held, of which somebody has decided
  std::vector<std::string> csv_;  // words of --csv: what was said, and what the file showed
};

// For who fixes its rows. Before it is loaded: a kill leaves nothing that cannot be fixed.
Status Remember(pipeline::Runtime& runtime, const HandLoad& load, const World& world) {
  SLUICE_ASSIGN(const auto session,
                runtime.warehouse().Open(true, std::chrono::seconds(10), world.cancel));
  return RememberHandLoad(session->connection(), load);
}

}  // namespace

Result<int> LoadByHand(World& world, const Arguments& arguments) {
  config::Diagnostics diagnostics;
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, &diagnostics));
  HandLoader loader(world, arguments, std::move(project));
  SLUICE_TRY(loader.CheckTable());
  // From the look at what is there to the end: of two loads of the same content the second sees the first.
  const auto runtime = MakeRuntime(loader.project(), arguments, world);
  SLUICE_TRY(runtime->MakeStateFolder());
  const auto lock =
      runtime->Lock("load", Lower(arguments.in),
                    arguments.wait.value_or(std::chrono::milliseconds(0)), world.cancel);
  if (lock.status().code() == Code::kBusy) {
    return lock.status().WithNext(
        "The same command with --wait 10m waits for it, and sees what it has loaded");
  }
  SLUICE_TRY(lock.status());
  SLUICE_ASSIGN(auto prepared, loader.Prepare());
  if (!prepared) return pipeline::kExitConfig;
  if (!loader.IsOfIngest()) SLUICE_TRY(Remember(*runtime, loader.Known(), world));
  pipeline::RunOptions options;
  options.selectors = {loader.Selector()};
  options.strict = arguments.strict;
  SLUICE_ASSIGN(const int code,
                RunWith(world, arguments, std::move(*prepared), diagnostics, std::move(options)));
  if (code != pipeline::kExitDone) return code;
  SLUICE_ASSIGN(const auto session,
                runtime->warehouse().Open(false, std::chrono::seconds(10), world.cancel));
  SLUICE_TRY(loader.CheckWasTaken(session->connection()));
  return code;
}

}  // namespace sluice::cli
