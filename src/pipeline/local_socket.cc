#include "pipeline/local_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::pipeline {
namespace {

constexpr uint32_t kMostFrameBytes = 16U << 20;
constexpr int kBacklog = 64;

std::string Encode32(uint32_t n) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(n >> (8 * i) & 0xffU);
  return out;
}

uint32_t Decode32(std::string_view bytes) {
  uint32_t n = 0;
  for (size_t i = 4; i-- > 0;) n = n << 8U | static_cast<unsigned char>(bytes[i]);
  return n;
}

Status SystemError(std::string_view what, const std::string& path) {
  return FailedError(fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

// Calls `use` with an address of `path`. A path that does not fit into an address is reached through
// the descriptor of its folder.
template <typename Use>
int WithAddress(const std::string& path, Use use) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string fitting = path;
  Descriptor folder;
  if (path.size() >= sizeof address.sun_path) {
    folder = Descriptor(open(env::Dirname(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return -1;
    fitting = fmt::format("/proc/self/fd/{}/{}", folder.get(), env::Basename(path));
    if (fitting.size() >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      return -1;
    }
  }
  std::memcpy(address.sun_path, fitting.data(), fitting.size());
  return use(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(sizeof address));
}

bool PollFor(int fd, short events, std::chrono::milliseconds limit) {
  pollfd entry{fd, events, 0};
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    const int ready = poll(&entry, 1, left.count() < 0 ? 0 : static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Result<Descriptor> ListenAt(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return SystemError("cannot make a socket for", path);
  const int bound = WithAddress(path, [&](const sockaddr* address, socklen_t size) {
    return bind(socket.get(), address, size);
  });
  // Nobody can connect before listen(): the mode is right from the beginning.
  if (bound != 0 || chmod(path.c_str(), 0600) != 0 || listen(socket.get(), kBacklog) != 0) {
    return SystemError("cannot listen at", path);
  }
  return socket;
}

Descriptor AcceptFrom(const Descriptor& listener) {
  Descriptor client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client.is_open()) return client;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != geteuid() && peer.uid != 0)) {
    return Descriptor();
  }
  return client;
}

Result<Descriptor> ConnectTo(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return SystemError("cannot make a socket for", path);
  const int connected = WithAddress(path, [&](const sockaddr* address, socklen_t size) {
    return connect(socket.get(), address, size);
  });
  if (connected == 0) return socket;
  if (errno == ENOENT || errno == ENOTDIR || errno == ECONNREFUSED) return Descriptor();
  return SystemError("cannot connect to", path);
}

Wait WaitReadable(const Descriptor& socket, std::chrono::milliseconds limit) {
  return PollFor(socket.get(), POLLIN, limit) ? Wait::kReady : Wait::kTimeout;
}

bool SendAll(const Descriptor& socket, std::string_view bytes, std::chrono::milliseconds stall) {
  while (!bytes.empty()) {
    if (!PollFor(socket.get(), POLLOUT, stall)) return false;
    const ssize_t sent =
        send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

std::optional<std::string> ReceiveSome(const Descriptor& socket, size_t size,
                                       std::chrono::milliseconds limit) {
  if (!PollFor(socket.get(), POLLIN, limit)) return std::nullopt;
  std::string bytes(size, '\0');
  ssize_t got = 0;
  do {
    got = recv(socket.get(), bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  bytes.resize(static_cast<size_t>(got));
  return bytes;
}

std::string EncodeText(char kind, std::string_view text) {
  std::string frame(1, kind);
  frame += Encode32(static_cast<uint32_t>(text.size()));
  frame += text;
  return frame;
}

std::string EncodeExit(int exit_code) {
  return "x" + Encode32(static_cast<uint32_t>(exit_code));
}

Result<std::optional<Frame>> TakeFrame(std::string& buffer) {
  constexpr size_t kHead = 5;
  if (buffer.empty()) return std::optional<Frame>();
  Frame frame;
  frame.kind = buffer[0];
  if (frame.kind != 'o' && frame.kind != 'e' && frame.kind != 'x') {
    return FailedError("the running process answered in a form that this program does not know");
  }
  if (buffer.size() < kHead) return std::optional<Frame>();
  const uint32_t number = Decode32(std::string_view(buffer).substr(1, 4));
  if (frame.kind == 'x') {
    frame.exit_code = static_cast<int>(number);
    buffer.erase(0, kHead);
    return std::optional<Frame>(std::move(frame));
  }
  if (number > kMostFrameBytes) return FailedError("the running process sent a frame without end");
  if (buffer.size() < kHead + number) return std::optional<Frame>();
  frame.text = buffer.substr(kHead, number);
  buffer.erase(0, kHead + number);
  return std::optional<Frame>(std::move(frame));
}

}  // namespace sluice::pipeline
