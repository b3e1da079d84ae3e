#include "engine/copy_database.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "engine/file_claim.h"
#include "env/copy_file.h"
#include "env/descriptor.h"
#include "env/file.h"
#include "env/lock.h"

namespace sluice::engine {
namespace {

// Beside the file: its log, and what the guard saved.
constexpr const char* kBeside[] = {".wal", ".guard"};

// Keeps writers out as the engine itself does while it is open, by a lock that belongs to this descriptor
// alone: closing another one of the file does not drop it.
Result<env::Descriptor> KeepWritersOut(const std::string& path) {
  env::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    const std::string message = fmt::format("cannot open {}: {}", path, std::strerror(errno));
    return errno == ENOENT ? NotFoundError(message) : FailedError(message);
  }
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return file;
  if (errno != EAGAIN && errno != EACCES) {
    return FailedError(fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
  }
  const auto holder = env::RecordLockHolder(path);
  return BusyError(fmt::format("{} is open in {}", path, holder.value_or("another program")),
                   "Close it there and run the command again");
}

Result<uint64_t> BytesOf(const std::string& path) {
  SLUICE_ASSIGN(const auto file, env::Stat(path));
  uint64_t bytes = file.size;
  for (const char* end : kBeside) {
    const auto beside = env::Stat(path + end);
    if (beside.ok()) bytes += beside->size;
  }
  return bytes;
}

}  // namespace

Status CopyDatabase(const std::string& path, const std::string& to, const CopyOptions& options) {
  SLUICE_ASSIGN(const std::string real, RealPath(path));
  SLUICE_ASSIGN(const auto claim, FileClaim::Take(real));
  SLUICE_ASSIGN([[maybe_unused]] const auto kept_out, KeepWritersOut(real));
  SLUICE_ASSIGN(const bool cloned, env::CloneFile(real, to));
  if (!cloned) {
    SLUICE_ASSIGN(const uint64_t bytes, BytesOf(real));
    if (options.room) SLUICE_TRY(options.room(bytes));
    SLUICE_TRY(env::CopyFile(real, to, options.progress, options.cancel));
  }
  for (const char* end : kBeside) {
    if (!env::Exists(real + end)) continue;
    SLUICE_TRY(env::CopyFile(real + end, to + end, nullptr, options.cancel));
  }
  return Status::Ok();
}

}  // namespace sluice::engine
