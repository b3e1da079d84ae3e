// An open file, socket or event of the system, closed on destruction. For the few places that need more than
// env/file.h: everybody else has no descriptors.
#pragma once

#include <unistd.h>

#include <utility>

namespace sluice::env {

class Descriptor {
 public:
  // -1: none is open.
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  void Close() const {
    if (fd_ >= 0) close(fd_);
  }

  int fd_;
};

}  // namespace sluice::env
