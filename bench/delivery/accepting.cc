#include "delivery/accepting.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::bench {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

[[noreturn]] void Fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n <= 0) Fail("write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// One direction of a connection: messages with a head and a body of a told length.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}

  // False at the end of the connection. Head and body are views until the next call.
  bool Next(std::string_view& head, std::string_view& body) {
    buffer_.erase(0, used_);
    used_ = 0;
    size_t end = 0;
    while ((end = buffer_.find(kEndOfHead)) == std::string::npos) {
      if (!More(64 << 10)) return false;
    }
    end += kEndOfHead.size();
    const size_t length = LengthOf(std::string_view(buffer_).substr(0, end));
    while (buffer_.size() < end + length) {
      if (!More(end + length - buffer_.size())) return false;
    }
    used_ = end + length;
    head = std::string_view(buffer_).substr(0, end);
    body = std::string_view(buffer_).substr(end, length);
    return true;
  }

 private:
  bool More(size_t most) {
    const size_t before = buffer_.size();
    buffer_.resize(before + most);
    const ssize_t n = read(fd_, buffer_.data() + before, most);
    buffer_.resize(before + static_cast<size_t>(n > 0 ? n : 0));
    return n > 0;
  }
  static size_t LengthOf(std::string_view head) {
    constexpr std::string_view kNames[] = {"Content-Length: ", "content-length: "};
    for (const std::string_view name : kNames) {
      const size_t at = head.find(name);
      size_t length = 0;
      if (at == std::string_view::npos) continue;
      std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
      return length;
    }
    return 0;
  }

  const int fd_;
  std::string buffer_;
  size_t used_ = 0;
};

uint64_t CountOf(std::string_view what, std::string_view text) {
  uint64_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const void* hit = memmem(at, static_cast<size_t>(end - at), what.data(), what.size());
    if (hit == nullptr) break;
    ++count;
    at = static_cast<const char*>(hit) + what.size();
  }
  return count;
}

std::string Answer(std::string_view head, uint64_t people) {
  std::string body = "{\"fields\":{}}";
  if (head.find("/forgotten ") != std::string_view::npos) body = "{\"hashedEmails\":[]}";
  if (head.find("/forgottenUserIds ") != std::string_view::npos) body = "{\"hashedUserIds\":[]}";
  if (head.substr(0, 4) == "POST") {
    body = "{\"successCount\":" + std::to_string(people) +
           ",\"failCount\":0,\"invalidEmails\":[],\"invalidUserIds\":[],\"filteredOutFields\":[],"
           "\"createdFields\":[],\"failedUpdates\":{}}";
  }
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

int Connected(const std::string& url) {
  const size_t colon = url.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(url.c_str() + colon + 1)));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Fail("connect");
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

// A file of bodies, each behind its length in eight bytes.
class Record {
 public:
  explicit Record(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd < 0 || fstat(fd, &info) != 0) Fail(path);
    const auto size = static_cast<size_t>(info.st_size);
    void* const all = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (all == MAP_FAILED) Fail(path);
    std::string_view rest(static_cast<const char*>(all), size);
    while (rest.size() >= sizeof(uint64_t)) {
      uint64_t length = 0;
      std::memcpy(&length, rest.data(), sizeof length);
      bodies_.push_back(rest.substr(sizeof length, length));
      rest.remove_prefix(sizeof length + length);
    }
  }
  const std::vector<std::string_view>& bodies() const { return bodies_; }

 private:
  std::vector<std::string_view> bodies_;
};

}  // namespace

int Accept(const std::string& record) {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Fail("listen");
  }
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  static std::atomic<uint64_t> requests{0};
  static std::atomic<uint64_t> people{0};
  static std::atomic<uint64_t> bytes{0};
  static std::mutex mutex;  // of the file
  const int file =
      record.empty() ? -1 : open(record.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::thread([listener, file] {
    while (true) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      std::thread([fd, file] {
        Reader reader(fd);
        std::string_view head;
        std::string_view body;
        while (reader.Next(head, body)) {
          const uint64_t there = CountOf("\"dataFields\"", body);
          if (!body.empty()) {
            ++requests;
            people += there;
            bytes += body.size();
          }
          if (file >= 0 && !body.empty()) {
            const std::lock_guard lock(mutex);
            const uint64_t length = body.size();
            WriteAll(file, std::string_view(reinterpret_cast<const char*>(&length), sizeof length));
            WriteAll(file, body);
          }
          WriteAll(fd, Answer(head, there));
        }
        close(fd);
      }).detach();
    }
  }).detach();

  int signal_number = 0;
  sigwait(&end, &signal_number);
  std::printf("%llu requests, %llu people, %llu bytes\n",
              static_cast<unsigned long long>(requests.load()),
              static_cast<unsigned long long>(people.load()),
              static_cast<unsigned long long>(bytes.load()));
  std::fflush(stdout);
  _exit(0);
}

int Post(const std::string& url, const std::string& record, size_t connections) {
  const Record recorded(record);
  const auto& bodies = recorded.bodies();
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      const int fd = Connected(url);
      Reader reader(fd);
      for (size_t at = next++; at < bodies.size(); at = next++) {
        WriteAll(fd,
                 "POST /api/users/bulkUpdate HTTP/1.1\r\nHost: 127.0.0.1\r\nApi-Key: key\r\n"
                 "Content-Type: application/json\r\nContent-Length: " +
                     std::to_string(bodies[at].size()) + "\r\n\r\n");
        WriteAll(fd, bodies[at]);
        std::string_view head;
        std::string_view body;
        if (!reader.Next(head, body) || head.substr(9, 3) != "200") {
          std::fprintf(stderr, "a request was not taken\n");
          std::exit(1);
        }
      }
      close(fd);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%zu requests\n", bodies.size());
  return 0;
}

}  // namespace sluice::bench
