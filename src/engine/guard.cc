#include "engine/guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "engine/log_tail.h"
#include "engine/side_file.h"
#include "env/file.h"

namespace sluice::engine {
namespace {

constexpr uint64_t kFirstBlock = 3 * kHeaderSize;

uint64_t ReadWord(std::string_view bytes, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

struct Header {
  std::string_view bytes;
  uint64_t iteration = 0;
  uint64_t block_size = 0;
};

// The newest valid one of both headers, which lie behind each other in `bytes`; without bytes when
// there is none.
Header NewestHeader(std::string_view bytes) {
  Header newest;
  for (size_t at = 0; at + kHeaderSize <= bytes.size(); at += kHeaderSize) {
    const std::string_view header = bytes.substr(at, kHeaderSize);
    EngineChecksum checksum;
    checksum.Update(header.substr(8));
    if (ReadWord(header, 0) != checksum.value()) continue;
    const uint64_t iteration = ReadWord(header, 8);
    if (newest.bytes.empty() || iteration > newest.iteration) {
      newest = {header, iteration, ReadWord(header, 40)};
    }
  }
  return newest;
}

Status Failed(std::string_view what, const std::string& path) {
  return FailedError(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

// May give fewer bytes than asked for where the file ends.
Result<std::string> ReadAt(int fd, uint64_t offset, uint64_t size, const std::string& path) {
  std::string out(size, '\0');
  size_t have = 0;
  while (have < size) {
    const ssize_t n = pread(fd, out.data() + have, size - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read", path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  out.resize(have);
  return out;
}

Status WriteAt(int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", path);
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

Status SyncFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? Status::Ok() : Failed("open", path);
  const bool synced = fsync(fd) == 0;
  const int error = errno;
  close(fd);
  errno = error;
  return synced ? Status::Ok() : Failed("sync", path);
}

}  // namespace

Result<std::unique_ptr<CheckpointGuard>> CheckpointGuard::Open(const std::string& path,
                                                               bool read_only) {
  int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool writable = fd >= 0;
  if (!writable && read_only && (errno == EACCES || errno == EROFS)) {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0) return Failed("open", path);
  std::unique_ptr<CheckpointGuard> guard(new CheckpointGuard(path, fd));
  // Before the look at the side file: it may be that of a checkpoint which another process is in.
  SLUICE_TRY(guard->Lock(!read_only));
  if (env::Exists(guard->SidePath())) {
    if (!writable) {
      return FailedError(fmt::format("{} needs a repair that you have no right to make", path),
                         "Run the command once as the user who owns the file");
    }
    SLUICE_TRY(guard->Lock(true));
    SLUICE_TRY(guard->Repair());
  }
  if (writable) {
    SLUICE_TRY(env::RemoveFile(UnfinishedSideFile(guard->SidePath())));
    SLUICE_TRY(guard->CutTornLog());
  }
  SLUICE_TRY(guard->SyncWhatIsThere());
  return guard;
}

CheckpointGuard::~CheckpointGuard() {
  close(fd_);
}

// The engine takes the same lock, in the same process: it replaces ours and does not wait for it.
Status CheckpointGuard::Lock(bool exclusive) {
  struct flock lock {};
  lock.l_type = exclusive ? F_WRLCK : F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(fd_, F_SETLK, &lock) == 0) return Status::Ok();
  if (errno != EAGAIN && errno != EACCES) return Failed("lock", path_);
  // By our own descriptor, for to close another would drop what locks we have on the file.
  std::string holder = "another program";
  if (fcntl(fd_, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0) {
    const auto name = env::ReadFile(fmt::format("/proc/{}/comm", lock.l_pid));
    holder = fmt::format("process {} ({})", lock.l_pid,
                         name.ok() ? Trim(name.value()) : std::string_view("unknown program"));
  }
  return BusyError(fmt::format("{} is open in {}", path_, holder),
                   "Close it there and run the command again");
}

Status CheckpointGuard::Repair() {
  SLUICE_ASSIGN(const SideFileReader side, SideFileReader::Open(SidePath()));
  SLUICE_ASSIGN(const std::string headers, ReadAt(fd_, kHeaderSize, 2 * kHeaderSize, path_));
  const Header now = NewestHeader(headers);
  const Header saved = NewestHeader(side.header().headers);
  // A checkpoint never touches the newest header: where neither it nor a newer one is there, this is
  // not the file that was saved.
  if (now.bytes.empty() || now.iteration < saved.iteration ||
      (now.iteration == saved.iteration && now.bytes != saved.bytes)) {
    return FailedError(
        fmt::format("{} was saved from another state of {}", SidePath(), path_),
        "If you restored the database from a backup, remove the .guard and .wal files beside it");
  }
  if (now.iteration == saved.iteration) {
    SLUICE_TRY(side.ForEach([&](uint64_t block, std::string_view bytes) {
      return WriteAt(fd_, kFirstBlock + block * bytes.size(), bytes, path_);
    }));
    SLUICE_TRY(WriteAt(fd_, kHeaderSize, side.header().headers, path_));
  }
  // In both cases before the side file goes: the newer header may not be on the disk yet.
  if (fsync(fd_) != 0) return Failed("sync", path_);
  return Drop();
}

Status CheckpointGuard::CutTornLog() {
  if (!env::Exists(LogPath())) return Status::Ok();
  SLUICE_ASSIGN(const auto size, TornTail(LogPath()));
  if (!size) return Status::Ok();
  SLUICE_TRY(Lock(true));
  SLUICE_ASSIGN(auto log, env::AppendFile::Open(LogPath()));
  return log.Truncate(*size);
}

Status CheckpointGuard::SyncWhatIsThere() {
  // Without a log the last thing was a checkpoint, which synced.
  if (!env::Exists(LogPath())) return Status::Ok();
  if (fsync(fd_) != 0) return Failed("sync", path_);
  SLUICE_TRY(SyncFile(LogPath()));
  return env::SyncDirectory(env::Dirname(path_));
}

Status CheckpointGuard::Save(const std::vector<uint64_t>& blocks) {
  SLUICE_ASSIGN(const std::string headers, ReadAt(fd_, kHeaderSize, 2 * kHeaderSize, path_));
  const Header newest = NewestHeader(headers);
  if (newest.bytes.empty()) {
    return FailedError(fmt::format("{} has no valid header", path_),
                       "The file was written by another program or is damaged: restore a backup");
  }
  SideHeader header;
  header.iteration = newest.iteration;
  header.block_size = newest.block_size;
  header.count = blocks.size();
  header.headers = headers;
  SLUICE_ASSIGN(SideFileWriter side, SideFileWriter::Create(SidePath(), header));
  for (const uint64_t id : blocks) {
    SLUICE_ASSIGN(std::string bytes,
                  ReadAt(fd_, kFirstBlock + id * newest.block_size, newest.block_size, path_));
    // A metadata block that was never written yet lies behind the end of the file; zeros stand for it.
    bytes.resize(newest.block_size, '\0');
    SLUICE_TRY(side.Add(id, bytes));
  }
  return side.Finish();
}

Status CheckpointGuard::Drop() {
  SLUICE_TRY(env::RemoveFile(SidePath()));
  return env::SyncDirectory(env::Dirname(path_));
}

}  // namespace sluice::engine
