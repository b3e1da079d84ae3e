// A tiny HTTP server on a loopback port for tests of clients: it answers with whatever bytes a test
// wants, whole, cut, late or not at all. Only for tests; it is no server that anybody should use.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/text.h"

namespace sluice::env {

class LoopbackServer {
 public:
  // A request as it came: "GET /path HTTP/1.1\r\n...\r\n\r\nbody".
  struct Request {
    std::string head;
    std::string body;
    int connection = 0;  // 0, 1, ...: on which connection it came
    // The word after the method: path and query.
    std::string Target() const { return Split(head.substr(0, head.find('\r')), ' ').at(1); }
  };
  // The test's side of one connection.
  class Peer {
   public:
    explicit Peer(int fd) : fd_(fd) {}
    void Write(std::string_view bytes) const {
      while (!bytes.empty()) {
        const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<size_t>(n));
      }
    }
    // Closes with RST instead of FIN once the connection is left.
    void ResetOnClose() const {
      const linger hard{1, 0};
      setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }

   private:
    int fd_;
  };
  // Answers one request; false closes the connection.
  using Handler = std::function<bool(const Request&, const Peer&)>;

  explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    SLUICE_CHECK(bind(listener_, plain, size) == 0 && listen(listener_, 16) == 0 &&
                     getsockname(listener_, plain, &size) == 0,
                 "no loopback port");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~LoopbackServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  int port() const { return port_; }
  std::string Url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Accept() {
    for (int index = 0; !stopping_; ++index) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) break;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd, index] { Serve(fd, index); });
    }
  }

  void Serve(int fd, int index) {
    std::string buffer;
    char chunk[1 << 14];
    while (true) {
      size_t end = 0;
      size_t length = 0;
      while (true) {
        end = buffer.find("\r\n\r\n");
        if (end != std::string::npos) {
          length = ContentLength(buffer.substr(0, end));
          if (buffer.size() >= end + 4 + length) break;
        }
        const ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n <= 0) return Leave(fd);
        buffer.append(chunk, static_cast<size_t>(n));
      }
      const Request request{buffer.substr(0, end), buffer.substr(end + 4, length), index};
      buffer.erase(0, end + 4 + length);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      if (!handler_(request, Peer(fd))) return Leave(fd);
    }
  }

  static size_t ContentLength(std::string_view head) {
    for (const std::string& line : Split(head, '\n')) {
      if (StartsWith(Lower(line), "content-length:")) {
        return ParseUnsigned(Trim(std::string_view(line).substr(15))).value_or(0);
      }
    }
    return 0;
  }

  void Leave(int fd) {
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    close(fd);
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::vector<int> open_;
  std::vector<Request> requests_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::env
