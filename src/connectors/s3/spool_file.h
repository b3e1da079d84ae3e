// A file of the spool that several parts of an object are written into at once. A neighbour of its
// path until it is complete; removed again unless it was kept. Never synced: a spool does not outlive
// a crash of the machine, and is emptied at the start of a run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::connectors::s3 {

class SpoolFile {
 public:
  explicit SpoolFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  // Creates it, empty. May be called again: then it is emptied.
  Status Open();
  // Thread-safe once it is open.
  Status WriteAt(uint64_t offset, std::string_view bytes);
  // The bytes from `offset` on, at most `length`; fewer only at the end. Thread-safe.
  Status ReadAt(uint64_t offset, size_t length, std::string& out) const;
  // Gives it its name.
  Status Keep();

 private:
  const std::string path_;
  const std::string part_;
  int fd_ = -1;
  bool kept_ = false;
};

}  // namespace sluice::connectors::s3
