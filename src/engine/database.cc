#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "engine/handles.h"
#include "engine/statement.h"
#include "env/file.h"

namespace sluice::engine {
namespace {

constexpr std::chrono::milliseconds kCheckpointRetry{20};
// What the engine keeps beside a file. The last two are made only when there are writers during a
// checkpoint, which our writer's slot does not allow.
constexpr const char* kLogs[] = {".wal", ".wal.checkpoint", ".wal.recovery"};

class Config {
 public:
  Config() { duckdb_create_config(&config_); }
  ~Config() { duckdb_destroy_config(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  Status Set(const char* name, const std::string& value) {
    if (duckdb_set_config(config_, name, value.c_str()) != DuckDBSuccess) {
      return ConfigError(fmt::format("the engine refuses {} = {}", name, value));
    }
    return Status::Ok();
  }
  duckdb_config get() const { return config_; }

 private:
  duckdb_config config_ = nullptr;
};

Status Configure(Config& config, const OpenOptions& options) {
  // No automatic checkpoints: only ours is guarded.
  SLUICE_TRY(config.Set("checkpoint_threshold", "1000000GB"));
  // Nothing may be fetched from anywhere behind the user's back.
  SLUICE_TRY(config.Set("autoinstall_known_extensions", "false"));
  SLUICE_TRY(config.Set("autoload_known_extensions", "false"));
  if (options.read_only) SLUICE_TRY(config.Set("access_mode", "READ_ONLY"));
  if (options.threads > 0) SLUICE_TRY(config.Set("threads", std::to_string(options.threads)));
  if (options.memory_limit > 0) {
    SLUICE_TRY(config.Set("memory_limit", fmt::format("{}B", options.memory_limit)));
  }
  if (!options.temp_directory.empty()) {
    SLUICE_TRY(config.Set("temp_directory", options.temp_directory));
  }
  return Status::Ok();
}

Result<duckdb_database> OpenEngine(const std::string& path, Config& config) {
  duckdb_database database = nullptr;
  char* error = nullptr;
  if (duckdb_open_ext(path.empty() ? nullptr : path.c_str(), &database, config.get(), &error) !=
      DuckDBSuccess) {
    const Status status = EngineError(error);
    duckdb_free(error);
    return status;
  }
  return database;
}

// On shutdown the engine would checkpoint by itself, unguarded.
Status DisableShutdownCheckpoint(duckdb_database database) {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database, &connection) != DuckDBSuccess) {
    return FailedError("the engine gave no connection");
  }
  const Status status = RunOwn(connection, "PRAGMA disable_checkpoint_on_shutdown");
  duckdb_disconnect(&connection);
  return status;
}

// A new file is made beside its place and renamed into it, so that a kill leaves no half header.
Status CreateFile(const std::string& path) {
  const std::string neighbour = path + ".new";
  SLUICE_TRY(env::RemoveFile(neighbour));
  for (const char* log : kLogs) SLUICE_TRY(env::RemoveFile(neighbour + log));
  {
    Config config;
    SLUICE_TRY(Configure(config, {}));
    SLUICE_ASSIGN(duckdb_database database, OpenEngine(neighbour, config));
    const Status status = DisableShutdownCheckpoint(database);
    duckdb_close(&database);
    SLUICE_TRY(status);
  }
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(neighbour));
  SLUICE_TRY(file.Sync());
  // A log without its file belongs to a database that somebody removed; it must not be replayed.
  for (const char* log : kLogs) SLUICE_TRY(env::RemoveFile(path + log));
  SLUICE_TRY(env::RemoveFile(path + ".guard"));
  SLUICE_TRY(env::Rename(neighbour, path));
  return env::SyncDirectory(env::Dirname(path));
}

Result<std::vector<uint64_t>> MetadataBlocks(Connection& connection) {
  SLUICE_ASSIGN(auto rows, connection.Rows("SELECT block_id FROM pragma_metadata_info()"));
  std::vector<uint64_t> blocks;
  for (const auto& row : rows) blocks.push_back(static_cast<uint64_t>(ToInt(row[0])));
  return blocks;
}

}  // namespace

Database::Database() : impl_(std::make_unique<Impl>()) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                 const OpenOptions& options) {
  std::unique_ptr<Database> database(new Database());
  Impl& impl = *database->impl_;
  if (!path.empty()) {
    SLUICE_ASSIGN(impl.path, RealPath(path));
    if (!env::Exists(impl.path)) {
      if (options.read_only) return NotFoundError(fmt::format("{} is not there yet", path));
      SLUICE_TRY(CreateFile(impl.path).WithContext("creating the warehouse"));
    }
    SLUICE_ASSIGN(FileClaim claim, FileClaim::Take(impl.path));
    impl.claim.emplace(std::move(claim));
    SLUICE_ASSIGN(impl.guard, CheckpointGuard::Open(impl.path, options.read_only));
    impl.log_is_named = env::Exists(impl.LogPath());  // the guard has synced its folder
    // What a killed process spilled is nobody's, takes room, and may be personal data.
    if (!options.read_only) SLUICE_TRY(env::RemoveTree(impl.path + ".tmp"));
  }
  Config config;
  SLUICE_TRY(Configure(config, options));
  impl.opened_threads = options.threads;
  SLUICE_ASSIGN(impl.database, OpenEngine(impl.path, config));
  const Status disabled = DisableShutdownCheckpoint(impl.database);
  if (!disabled.ok()) {
    impl.database = nullptr;  // never closed: closing it would be an unguarded checkpoint
    return disabled;
  }
  return database;
}

Result<std::unique_ptr<Connection>> Database::Connect() {
  SLUICE_TRY(impl_->Usable());
  std::unique_ptr<Connection> connection(new Connection());
  connection->impl_->database = impl_.get();
  duckdb_connection handle = nullptr;
  if (duckdb_connect(impl_->database, &handle) != DuckDBSuccess) {
    return FailedError("the engine gave no connection");
  }
  connection->impl_->connection = handle;
  {
    const std::lock_guard lock(impl_->connections_mutex);
    impl_->connections.insert(handle);
  }
  return connection;
}

namespace {

// While readers hold on to what a DROP or ALTER took away, CHECKPOINT is refused before it begins.
Status RunCheckpoint(Database::Impl& database, duckdb_connection own,
                     std::chrono::milliseconds reader_limit,
                     std::chrono::milliseconds interrupt_limit, bool& began) {
  const auto started = std::chrono::steady_clock::now();
  while (true) {
    const Status status = RunOwn(own, "CHECKPOINT");
    began = status.ok() || status.message().find("Cannot CHECKPOINT") == std::string::npos;
    if (began) return status;
    const auto waited = std::chrono::steady_clock::now() - started;
    if (waited >= reader_limit + interrupt_limit) {
      return BusyError("somebody has been reading for too long for a checkpoint: " +
                       status.message());
    }
    if (waited >= reader_limit) database.InterruptAllBut(own);
    std::this_thread::sleep_for(kCheckpointRetry);
  }
}

}  // namespace

Status Database::Checkpoint(std::chrono::milliseconds reader_limit,
                            std::chrono::milliseconds interrupt_limit) {
  if (impl_->path.empty() || LogSize() == 0) return Status::Ok();
  SLUICE_ASSIGN(auto connection, Connect());
  const WriterTurn turn(impl_->writer);
  SLUICE_TRY(
      impl_->Usable());  // else the side file of another thread's checkpoint would be overwritten
  SLUICE_ASSIGN(const auto blocks, MetadataBlocks(*connection));
  SLUICE_TRY(impl_->guard->Save(blocks).WithContext("saving blocks before a checkpoint"));
  bool began = false;
  const Status status =
      RunCheckpoint(*impl_, connection->impl_->connection, reader_limit, interrupt_limit, began);
  if (!began) {
    SLUICE_TRY(impl_->guard->Drop());
    return status;
  }
  if (!status.ok()) {
    impl_->must_reopen = "a checkpoint of the warehouse failed half-way";
    return status.WithContext("checkpoint");
  }
  impl_->log_is_named = false;
  return impl_->guard->Drop();
}

Status Database::Impl::Usable() const {
  const char* const why = must_reopen;
  if (why == nullptr) return Status::Ok();
  return FailedError(why, "Opening the warehouse again settles it: run the command again");
}

Status Database::Impl::MakeLogNameDurable() {
  if (log_is_named || path.empty() || !env::Exists(LogPath())) return Status::Ok();
  const Status synced = env::SyncDirectory(env::Dirname(path));
  if (!synced.ok()) {
    must_reopen = "a commit was made, but could not be made safe against a power failure";
    return synced.WithContext(must_reopen.load());
  }
  log_is_named = true;
  return Status::Ok();
}

Status Database::CheckpointIfLarger(uint64_t bytes) {
  return LogSize() > bytes ? Checkpoint() : Status::Ok();
}

Status Database::UseThreads(int threads) {
  if (threads == impl_->threads) return Status::Ok();
  SLUICE_ASSIGN(auto connection, Connect());
  if (threads == 0) {
    SLUICE_TRY(connection
                   ->Execute(impl_->opened_threads > 0
                                 ? fmt::format("SET threads = {}", impl_->opened_threads)
                                 : std::string("RESET threads"))
                   .status());
  } else {
    SLUICE_TRY(connection->Execute(fmt::format("SET threads = {}", threads)).status());
  }
  impl_->threads = threads;
  return Status::Ok();
}

uint64_t Database::LogSize() const {
  const auto info = env::Stat(impl_->LogPath());
  return info.ok() ? info->size : 0;
}

const std::string& Database::path() const {
  return impl_->path;
}

std::string LibraryVersion() {
  return duckdb_library_version();
}

}  // namespace sluice::engine
