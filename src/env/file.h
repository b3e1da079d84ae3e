// Files, as plain functions over the operating system. There is no virtual file system below them:
// faults are injected at the system calls themselves (test/crash), which also reaches the engine's
// own writes (docs/decisions/0003-faults-at-the-system-call.md).
//
// Every error names the path and the system's reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::env {

struct FileInfo {
  uint64_t size = 0;    // bytes
  Micros modified = 0;  // UTC
  bool is_directory = false;
};

Result<FileInfo> Stat(const std::string& path);  // kNotFound when it is not there
bool Exists(const std::string& path);

// Up to `limit` bytes are read; a longer file is an error, never cut.
Result<std::string> ReadFile(const std::string& path, uint64_t limit = 64ULL << 20);

// The new content is there completely or not at all, also after a crash of the machine: written to
// a neighbour, synced, renamed, the folder synced.
Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode = 0644);

// mkdir -p; existing folders keep their mode.
Status CreateDirectories(const std::string& path, unsigned mode = 0755);

struct DirectoryEntry {
  std::string name;
  FileInfo info;
};
// Not recursive, sorted by name, without "." and "..".
Result<std::vector<DirectoryEntry>> ListDirectory(const std::string& path);

// Removing what is not there is fine.
Status RemoveFile(const std::string& path);
Status RemoveTree(const std::string& path);
Status Rename(const std::string& from, const std::string& to);
Status SyncDirectory(const std::string& path);
// Free bytes of the file system that holds `path`.
Result<uint64_t> FreeSpace(const std::string& path);

std::string JoinPath(std::string_view folder, std::string_view name);
std::string Dirname(std::string_view path);
std::string Basename(std::string_view path);
// Absolute, without "." and ".."; does not follow links and need not exist.
std::string AbsolutePath(std::string_view path);

// A file read at any place. Thread-safe. Closes on destruction.
class RandomReadFile {
 public:
  static Result<RandomReadFile> Open(const std::string& path);  // kNotFound when it is not there
  RandomReadFile(RandomReadFile&& other) noexcept;
  RandomReadFile& operator=(RandomReadFile&& other) noexcept;
  RandomReadFile(const RandomReadFile&) = delete;
  RandomReadFile& operator=(const RandomReadFile&) = delete;
  ~RandomReadFile();

  // The bytes from `offset` on, `length` of them, fewer only where the file ends, replace `out`.
  Status ReadAt(uint64_t offset, size_t length, std::string& out) const;
  Result<uint64_t> Size() const;  // now: it may grow meanwhile
  const std::string& path() const { return path_; }

 private:
  RandomReadFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_ = -1;
};

// A file that only grows. Not thread-safe. Closes on destruction without syncing.
class AppendFile {
 public:
  // Creates it when it is not there; `size()` is then 0.
  static Result<AppendFile> Open(const std::string& path, unsigned mode = 0600);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile();

  Status Append(std::string_view bytes);
  Status Sync();  // fdatasync
  Status Truncate(uint64_t size);
  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  AppendFile(std::string path, int fd, uint64_t size);
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace sluice::env
