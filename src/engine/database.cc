#include <sys/stat.h>

#include <thread>

#include <fmt/format.h>

#include "engine/database_impl.h"
#include "engine/handles.h"
#include "env/file.h"
#include "env/lock.h"

namespace sluice::engine {
namespace {

constexpr std::chrono::seconds kCheckpointDeadline{60};
constexpr std::chrono::milliseconds kCheckpointRetry{20};

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

Status RunStatement(duckdb_connection connection, const char* sql) {
  duckdb_result result;
  Status status;
  if (duckdb_query(connection, sql, &result) != DuckDBSuccess) {
    status = EngineError(duckdb_result_error(&result));
  }
  duckdb_destroy_result(&result);
  return status;
}

// On shutdown the engine would checkpoint by itself, unguarded.
Status DisableShutdownCheckpoint(duckdb_database database) {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database, &connection) != DuckDBSuccess) {
    return FailedError("the engine gave no connection");
  }
  const Status status = RunStatement(connection, "PRAGMA disable_checkpoint_on_shutdown");
  duckdb_disconnect(&connection);
  return status;
}

// A new file is made beside its place and renamed into it, so that a kill leaves no half header.
Status CreateFile(const std::string& path) {
  const std::string neighbour = path + ".new";
  SLUICE_TRY(env::RemoveFile(neighbour));
  SLUICE_TRY(env::RemoveFile(neighbour + ".wal"));
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
  SLUICE_TRY(env::RemoveFile(path + ".wal"));
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
  impl.path = path;
  if (!path.empty()) {
    if (!env::Exists(path)) {
      if (options.read_only) return NotFoundError(fmt::format("{} is not there yet", path));
      SLUICE_TRY(CreateFile(path).WithContext("creating the warehouse"));
    }
    SLUICE_ASSIGN(impl.guard, CheckpointGuard::Open(path));
  }
  Config config;
  SLUICE_TRY(Configure(config, options));
  SLUICE_ASSIGN(impl.database, OpenEngine(path, config));
  SLUICE_TRY(DisableShutdownCheckpoint(impl.database));
  return database;
}

Result<std::unique_ptr<Connection>> Database::Connect() {
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
  // Without these two, progress of a query cannot be asked for.
  SLUICE_TRY(RunStatement(handle, "SET enable_progress_bar = true"));
  SLUICE_TRY(RunStatement(handle, "SET enable_progress_bar_print = false"));
  return connection;
}

Status Database::Checkpoint(std::chrono::milliseconds reader_limit) {
  if (impl_->path.empty() || LogSize() == 0) return Status::Ok();
  SLUICE_ASSIGN(auto connection, Connect());
  impl_->writer.Take();
  struct Releaser {
    WriterSlot& slot;
    ~Releaser() { slot.Release(); }
  } releaser{impl_->writer};

  SLUICE_ASSIGN(const auto blocks, MetadataBlocks(*connection));
  SLUICE_TRY(impl_->guard->Save(blocks).WithContext("saving blocks before a checkpoint"));
  duckdb_connection own = connection->impl_->connection;
  Status status;
  {
    // Readers may finish within their limit; then they are interrupted, until the checkpoint is done.
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    std::thread watchdog([&] {
      std::unique_lock lock(mutex);
      if (changed.wait_for(lock, reader_limit, [&] { return done; })) return;
      while (!changed.wait_for(lock, kCheckpointRetry, [&] { return done; })) {
        impl_->InterruptAllBut(own);
      }
    });
    const auto give_up = std::chrono::steady_clock::now() + kCheckpointDeadline;
    while (true) {
      status = RunStatement(own, "CHECKPOINT");
      const bool conflict = !status.ok() && status.message().find("CHECKPOINT") != std::string::npos;
      if (!conflict || std::chrono::steady_clock::now() >= give_up) break;
      std::this_thread::sleep_for(kCheckpointRetry);
    }
    {
      const std::lock_guard lock(mutex);
      done = true;
    }
    changed.notify_all();
    watchdog.join();
  }
  // After a failure the side file stays: the next Open decides by the header what happened.
  SLUICE_TRY(status.WithContext("checkpoint"));
  return impl_->guard->Drop();
}

Status Database::CheckpointIfLarger(uint64_t bytes) {
  return LogSize() > bytes ? Checkpoint() : Status::Ok();
}

uint64_t Database::LogSize() const {
  const auto info = env::Stat(impl_->path + ".wal");
  return info.ok() ? info->size : 0;
}

const std::string& Database::path() const { return impl_->path; }

std::string LibraryVersion() { return duckdb_library_version(); }

}  // namespace sluice::engine
