#include "warehouse/warehouse.h"

#include <optional>

#include <fmt/format.h>

#include "env/file.h"
#include "env/lock.h"
#include "warehouse/schema.h"

namespace sluice::warehouse {
namespace {

constexpr std::chrono::milliseconds kRetryEvery{50};
// The engine exceeds its limit by up to 40 %: it is given less than the budget.
constexpr double kEngineShare = 0.65;

}  // namespace

// Closed in reverse order: connections are gone by then, the engine, then the lock.
struct Warehouse::Opening {
  std::optional<env::FileLock> lock;
  std::unique_ptr<engine::Database> database;
};

Warehouse::Warehouse(WarehouseOptions options, env::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}
Warehouse::~Warehouse() = default;

Result<std::unique_ptr<Session>> Warehouse::Open(bool create, std::chrono::milliseconds wait,
                                                 const env::Cancel* cancel) {
  std::shared_ptr<Opening> opening;
  {
    const std::lock_guard lock(mutex_);
    opening = opening_.lock();
    if (opening == nullptr) {
      SLUICE_ASSIGN(opening, OpenFile(create, wait, cancel));
      opening_ = opening;
    }
  }
  std::unique_ptr<Session> session(new Session(std::move(opening)));
  SLUICE_ASSIGN(session->connection_, session->Connect());
  return session;
}

bool Warehouse::is_open() const {
  const std::lock_guard lock(mutex_);
  return !opening_.expired();
}

Result<std::shared_ptr<Warehouse::Opening>> Warehouse::OpenFile(bool create,
                                                                std::chrono::milliseconds wait,
                                                                const env::Cancel* cancel) {
  if (!create && !env::Exists(options_.path)) {
    return NotFoundError(fmt::format("there is no warehouse at {} yet", options_.path),
                         "Load something first: sluice run");
  }
  SLUICE_TRY(env::CreateDirectories(env::Dirname(options_.path)));
  const auto give_up = clock_.Monotonic() + wait;
  auto opening = std::make_shared<Opening>();
  auto lock =
      env::FileLock::Acquire(options_.path + ".lock", options_.holder, wait, clock_, cancel);
  if (!lock.ok()) return lock.status().WithContext("the warehouse");
  opening->lock.emplace(std::move(lock).value());

  engine::OpenOptions engine_options;
  engine_options.threads = options_.threads;
  engine_options.memory_limit =
      static_cast<uint64_t>(static_cast<double>(options_.memory_limit) * kEngineShare);
  while (true) {
    auto database = engine::Database::Open(options_.path, engine_options);
    if (database.ok()) {
      opening->database = std::move(database).value();
      break;
    }
    // Our lock is ours, so it is a foreign program that has the file open.
    if (database.status().code() != Code::kBusy) {
      return database.status().next().empty()
                 ? database.status().WithNext(
                       "Put a backup back: sluice restore FILE. Without one, move the file away "
                       "and load again")
                 : database.status();
    }
    if (clock_.Monotonic() >= give_up) {
      const auto holder = env::RecordLockHolder(options_.path);
      return BusyError(fmt::format("the warehouse {} is open in {}", options_.path,
                                   holder.value_or("another program")),
                       "Close it there and run the command again");
    }
    if (!clock_.Sleep(kRetryEvery, cancel)) return CancelledError("stopped while waiting");
  }
  SLUICE_ASSIGN(const auto connection, opening->database->Connect());
  SLUICE_TRY(EnsureSchema(*connection));
  if (options_.on_open) SLUICE_TRY(options_.on_open(*connection));
  return opening;
}

Session::Session(std::shared_ptr<Warehouse::Opening> opening) : opening_(std::move(opening)) {}

Session::~Session() {
  connection_.reset();  // before the database that it belongs to
}

Result<std::unique_ptr<engine::Connection>> Session::Connect() {
  return opening_->database->Connect();
}

engine::Database& Session::database() {
  return *opening_->database;
}

}  // namespace sluice::warehouse
