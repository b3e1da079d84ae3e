// `sluice load`: one file by hand, by the road of a run. The file becomes an ingest of its own, or, where the
// project declares the table, a file more of the table's ingest.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/hand_loads.h"
#include "cli/load_proposal.h"
#include "cli/table.h"
#include "env/file.h"
#include "ingest/file_shape.h"
#include "pipeline/run.h"
#include "warehouse/dialect.h"

namespace sluice::cli {
namespace {

constexpr const char* kIngest = "hand";  // what the ledger calls what no ingest declares
constexpr size_t kHashShown = 12;

struct HandFile {
  std::string path;  // absolute, links followed
  std::string hash;  // of its bytes
};

Result<HandFile> OpenFile(const World& world, const std::string& named) {
  std::error_code error;
  const std::filesystem::path joined = std::filesystem::path(world.current_folder) / named;
  HandFile file;
  file.path = std::filesystem::canonical(joined, error).string();
  if (error || !std::filesystem::is_regular_file(file.path, error)) {
    return NotFoundError(fmt::format("{}: there is no such file", Printable(named)));
  }
  if (StartsWith(env::Basename(file.path), ".")) {
    return ConfigError(
        fmt::format("{}: files whose names begin with a point are not loaded", Printable(named)),
        "Copy or rename it");
  }
  std::ifstream stream(file.path, std::ios::binary);
  Hasher128 hasher;
  std::vector<char> chunk(1 << 20);
  while (stream) {
    if (world.cancel != nullptr && world.cancel->is_set()) return CancelledError("stopped");
    stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    hasher.Update({chunk.data(), static_cast<size_t>(stream.gcount())});
  }
  if (stream.bad() || !stream.eof()) {
    return FailedError(fmt::format("{}: it cannot be read", Printable(named)));
  }
  file.hash = hasher.Digest().Hex();
  return file;
}

// Exactly this name below a prefix that is most of it: the store then looks at no other file or folder.
void SetPattern(const std::string& name, std::string* prefix, std::string* pattern) {
  size_t last = name.size() - 1;
  while (last > 0 && (static_cast<unsigned char>(name[last]) & 0xC0U) == 0x80U) --last;
  *prefix = name.substr(0, last);
  *pattern = name.substr(last);
  if (*pattern == "{" || *pattern == "}") *pattern += *pattern;
  if (*pattern == "*" || *pattern == "?") *pattern = "?";
}

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
    const bool says = arguments_.columns || !arguments_.mode.empty() || !arguments_.key.empty() ||
                      !arguments_.delimiter.empty() || !arguments_.delete_when.empty();
    if (declared_ != nullptr && says) {
      return ConfigError(
          fmt::format("{} is declared at {}: columns, mode and key are those", table_.name,
                      declared_->where.ToString()),
          fmt::format("sluice load {} --into {}", Printable(arguments_.subject), table_.name));
    }
    return Status::Ok();
  }

  // The project with the file as (part of) an ingest; nothing when somebody said no.
  Result<std::optional<config::Project>> Prepare() {
    SLUICE_ASSIGN(file_, OpenFile(world_, arguments_.subject));
    SLUICE_TRY(CheckIsNew());
    SLUICE_TRY(DescribeTable());
    if (declared_ == nullptr && table_.columns.empty()) {
      SLUICE_ASSIGN(const bool taken, Propose());
      if (!taken) return std::optional<config::Project>();
    }
    AddToProject();
    return std::optional<config::Project>(std::move(project_));
  }
  const config::Project& project() const { return project_; }
  // What is kept of it.
  HandLoad Known() const {
    HandLoad known;
    known.connection = Connection();
    known.folder = env::Dirname(file_.path);
    known.ingest = ingest_.name;
    known.declared = declared_ != nullptr;
    known.table = table_;
    known.table.csv = ingest_.csv;
    return known;
  }
  std::string Selector() const { return ingest_.name + "." + table_.name; }

 private:
  // The same content, whatever the file is called.
  Status CheckIsNew() {
    if (arguments_.again) return Status::Ok();
    const auto runtime = MakeRuntime(project_, arguments_, world_);
    auto session = runtime->warehouse().Open(false, std::chrono::seconds(10), world_.cancel);
    if (session.status().code() == Code::kNotFound) return Status::Ok();
    SLUICE_TRY(session.status());
    SLUICE_ASSIGN(
        const auto rows,
        session.value()->connection().Rows(
            "SELECT f.address, f.load_id, f.state, strftime(l.published_at, '%Y-%m-%d "
            "%H:%M:%S') FROM _sluice.files AS f LEFT JOIN _sluice.loads AS l ON l.load_id = "
            "f.load_id AND l.ingest = f.ingest AND l.table_name = f.table_name WHERE "
            "f.table_name = $1 AND f.content_hash = $2 AND f.state IN ('loaded', 'held') "
            "ORDER BY f.rowid DESC LIMIT 1",
            {table_.name, file_.hash}));
    if (rows.empty()) return Status::Ok();
    if (engine::ToText(rows[0][2]) == "held") {
      return HeldError(
          fmt::format("{} waits for a decision for {}", engine::ToText(rows[0][0]), table_.name),
          "sluice gate list");
    }
    return ConfigError(
        fmt::format("the same content is in {} already: {}, load {}{}", table_.name,
                    engine::ToText(rows[0][0]), engine::ToInt(rows[0][1]),
                    engine::IsNull(rows[0][3]) ? "" : " of " + engine::ToText(rows[0][3])),
        "--again loads it once more");
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
    table_.sidecars = config::Table::Sidecars::kIgnore;
    table_.after_loading = config::Table::AfterLoading::kLeave;
    for (const config::Column& column : table_.columns) {
      if (column.capture.empty()) continue;
      return ConfigError(fmt::format("column {} of {} takes its value from the path of a file",
                                     column.name, table_.name),
                         "Put the file where the table's pattern finds it, and run it");
    }
    SetPattern(env::Basename(file_.path), &ingest_.prefix, &table_.pattern);
    return Status::Ok();
  }

  std::string Connection() const {
    std::string name = fmt::format("hand-{}", file_.hash.substr(0, kHashShown));
    if (arguments_.again) {
      name += fmt::format("-{}", world_.clock.Now() / 1'000'000);
    }
    return name;
  }

  Status DescribeByHand() {
    ingest_.name = kIngest;
    while (project_.FindIngest(ingest_.name) != nullptr) ingest_.name += "_";
    ingest_.layout = "files";
    table_.key = arguments_.key;
    for (std::string& column : table_.key) column = Lower(column);
    SLUICE_TRY(SetMode());
    if (arguments_.columns) {
      SLUICE_ASSIGN(const auto columns, ParseColumns(*arguments_.columns));
      SetColumns(columns);
    } else {
      SLUICE_TRY(TakeColumnsOfTable());
    }
    if (Format() == config::FileFormat::kCsv) {
      ingest_.csv.delimiter = arguments_.delimiter == "tab" ? "\t" : arguments_.delimiter;
      if (ingest_.csv.delimiter.empty()) {
        ingest_.csv.delimiter = ",";
        SLUICE_ASSIGN(ingest_.csv.delimiter, GuessDelimiter(file_.path, ingest_.csv));
      }
      if (table_.columns.empty()) ingest_.csv.header = config::CsvOptions::Header::kYes;
    }
    return Status::Ok();
  }

  Status SetMode() {
    using Mode = config::Table::Mode;
    const std::string& mode = arguments_.mode;
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
    if (arguments_.yes) return true;
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

  void Show(const ColumnProposal& proposal) const {
    Table table({{"column"}, {"type"}});
    for (const auto& [name, type] : proposal.columns) table.Row({name, type});
    table.Print(world_.out, world_.terminal);
    for (const std::string& line : proposal.evidence) world_.out << line << "\n";
    if (Format() == config::FileFormat::kCsv) {
      const std::string& delimiter = ingest_.csv.delimiter;
      world_.out << fmt::format("delimiter: {}\n", delimiter == "\t" ? "tab" : delimiter);
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
    add("--delimiter", arguments_.delimiter);
    if (arguments_.again) text += " --again";
    add("--columns", columns);
    return text;
  }

  void AddToProject() {
    config::Connection connection;
    connection.name = Connection();
    connection.type = "file";
    config::OptionValue folder;
    folder.text = env::Dirname(file_.path);
    connection.options.values["path"] = folder;
    project_.connections.push_back(std::move(connection));
    // The checks of the ingest are the table's too; its other tables have nothing to do here.
    ingest_.tables = {table_};
    std::erase_if(project_.ingests,
                  [&](const config::Ingest& ingest) { return ingest.name == ingest_.name; });
    project_.ingests.push_back(ingest_);
  }

  World& world_;
  const Arguments& arguments_;
  config::Project project_;
  HandFile file_;
  const config::Ingest* owner_ = nullptr;
  const config::Table* declared_ = nullptr;
  config::Ingest ingest_;
  config::Table table_;
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
  SLUICE_ASSIGN([[maybe_unused]] const auto lock,
                runtime->Lock("load", Lower(arguments.in),
                              arguments.wait.value_or(std::chrono::milliseconds(0)), world.cancel));
  SLUICE_ASSIGN(auto prepared, loader.Prepare());
  if (!prepared) return pipeline::kExitConfig;
  SLUICE_TRY(Remember(*runtime, loader.Known(), world));
  pipeline::RunOptions options;
  options.selectors = {loader.Selector()};
  options.strict = arguments.strict;
  return RunWith(world, arguments, std::move(*prepared), diagnostics, std::move(options));
}

}  // namespace sluice::cli
