#include "pipeline/read_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <streambuf>
#include <thread>

#include "base/json_text.h"
#include "base/text.h"
#include "env/file.h"
#include "env/lock.h"
#include "pipeline/local_socket.h"

namespace sluice::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMostRequestBytes = 1U << 20;
constexpr size_t kFrameBytes = 32U << 10;
constexpr milliseconds kRequestLimit{5000};  // for the client to say what it wants
constexpr milliseconds kStall{60'000};       // a client that takes nothing for so long is given up
constexpr milliseconds kStallAtEnd{5000};    // the same once the run is over
constexpr milliseconds kForever{3'600'000};

// How an answer gets on, for whoever waits for its end.
struct Transfer {
  std::atomic<bool> sending{false};
  std::atomic<uint64_t> frames{0};
};

// One side of the answer as a stream: bytes become frames. Two of them share a connection, and each
// flushes the other first, so that the order is kept.
class FrameBuffer : public std::streambuf {
 public:
  FrameBuffer(const Descriptor& socket, char kind, Transfer& transfer)
      : socket_(socket), kind_(kind), transfer_(transfer) {}
  void SetOther(FrameBuffer* other) { other_ = other; }

  bool Flush() {
    if (bytes_.empty()) return alive_;
    transfer_.sending = true;
    alive_ = alive_ && SendAll(socket_, EncodeText(kind_, bytes_), kStall);
    transfer_.sending = false;
    ++transfer_.frames;
    bytes_.clear();
    return alive_;
  }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char byte = traits_type::to_char_type(c);
    return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    if (!other_->Flush()) return 0;
    bytes_.append(bytes, static_cast<size_t>(count));
    if (bytes_.size() >= kFrameBytes && !Flush()) return 0;
    return count;
  }
  int sync() override { return Flush() ? 0 : -1; }

 private:
  const Descriptor& socket_;
  const char kind_;
  Transfer& transfer_;
  FrameBuffer* other_ = nullptr;
  std::string bytes_;
  bool alive_ = true;
};

std::string EncodeRequest(const ReadRequest& request) {
  std::string line = R"({"version":1,"arguments":[)";
  for (size_t i = 0; i < request.arguments.size(); ++i) {
    if (i > 0) line += ',';
    AppendJsonString(line, request.arguments[i]);
  }
  line += "],\"width\":" + std::to_string(request.width);
  line += std::string(",\"color\":") + (request.color ? "true" : "false") + "}\n";
  return line;
}

Result<ReadRequest> DecodeRequest(std::string_view line) {
  SLUICE_ASSIGN(const std::string json, CanonicalJson(line));
  if (json.empty() || json[0] != '{') return RejectedError("the request is no JSON object");
  if (JsonMemberValue(json, "version") != "1") {
    return RejectedError("the request is of another version of Sluice than the running process",
                         "Wait for the run to end");
  }
  ReadRequest request;
  const std::string_view arguments = JsonMemberValue(json, "arguments");
  if (arguments.empty() || arguments[0] != '[')
    return RejectedError("the request has no arguments");
  for (const std::string_view item : JsonItems(arguments)) {
    request.arguments.push_back(JsonText(item));
  }
  const auto width = ParseUnsigned(JsonMemberValue(json, "width"));
  if (width && *width >= 20 && *width <= 10'000) request.width = static_cast<int>(*width);
  request.color = JsonMemberValue(json, "color") == "true";
  return request;
}

std::optional<std::string> ReceiveLine(const Descriptor& client) {
  std::string line;
  while (line.size() < kMostRequestBytes) {
    const auto bytes = ReceiveSome(client, kFrameBytes, kRequestLimit);
    if (!bytes) return std::nullopt;
    line += *bytes;
    if (line.back() == '\n') return line;
  }
  return std::nullopt;
}

}  // namespace

struct ReadServer::Impl {
  std::string path;
  ReadHandler handler;
  std::optional<env::FileLock> lock;  // who has it may replace the socket
  Descriptor listener;
  Descriptor wake;  // readable when the server is to stop
  std::thread thread;
  Transfer transfer;
  std::mutex mutex;
  std::condition_variable ended;
  bool has_ended = false;  // under the mutex
  Descriptor client;       // of the request in work; changed under the mutex

  void Work() {
    Serve();
    const std::lock_guard guard(mutex);
    has_ended = true;
    ended.notify_all();
  }

  // Waits for the request in work, and cuts off a client that takes nothing of its answer.
  void AwaitEnd() {
    std::unique_lock guard(mutex);
    uint64_t seen = transfer.frames;
    while (!ended.wait_for(guard, kStallAtEnd, [this] { return has_ended; })) {
      if (transfer.sending && transfer.frames == seen) shutdown(client.get(), SHUT_RDWR);
      seen = transfer.frames;
    }
  }

  void Serve() {
    while (true) {
      pollfd entries[2] = {{listener.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
      if (poll(entries, 2, -1) < 0) continue;
      if (entries[1].revents != 0) return;
      Descriptor accepted = AcceptFrom(listener);
      if (!accepted.is_open()) continue;
      {
        const std::lock_guard guard(mutex);
        client = std::move(accepted);
      }
      Answer();
      const std::lock_guard guard(mutex);
      client = Descriptor();
    }
  }

  void Answer() {
    const auto line = ReceiveLine(client);
    if (!line || !SendAll(client, EncodeText('o', ""), kRequestLimit)) return;
    FrameBuffer out_buffer(client, 'o', transfer);
    FrameBuffer error_buffer(client, 'e', transfer);
    out_buffer.SetOther(&error_buffer);
    error_buffer.SetOther(&out_buffer);
    std::ostream out(&out_buffer);
    std::ostream err(&error_buffer);
    int exit_code = 1;
    const auto request = DecodeRequest(*line);
    if (request.ok()) {
      exit_code = handler(*request, out, err);
    } else {
      err << "error: " << request.status().ToString() << "\n";
    }
    out.flush();
    err.flush();
    (void)SendAll(client, EncodeExit(exit_code), kStall);
  }
};

ReadServer::ReadServer() = default;

Result<std::unique_ptr<ReadServer>> ReadServer::Start(const std::string& socket_path,
                                                      ReadHandler handler) {
  auto impl = std::make_unique<Impl>();
  impl->path = socket_path;
  impl->handler = std::move(handler);
  SLUICE_ASSIGN(auto lock, env::FileLock::TryAcquire(socket_path + ".lock", "answers reads"));
  impl->lock.emplace(std::move(lock));
  SLUICE_TRY(env::RemoveFile(socket_path));
  SLUICE_ASSIGN(impl->listener, ListenAt(socket_path));
  impl->wake = Descriptor(eventfd(0, EFD_CLOEXEC));
  if (!impl->wake.is_open()) return FailedError("the system gave no eventfd");
  std::unique_ptr<ReadServer> server(new ReadServer());
  server->impl_ = std::move(impl);
  server->impl_->thread = std::thread([work = server->impl_.get()] { work->Work(); });
  return server;
}

ReadServer::~ReadServer() {
  if (impl_ == nullptr) return;
  // Who connects from now on finds nobody and opens the warehouse itself.
  (void)env::RemoveFile(impl_->path);
  const uint64_t one = 1;
  (void)!write(impl_->wake.get(), &one, sizeof one);
  impl_->AwaitEnd();
  impl_->thread.join();
}

Result<std::optional<int>> AskReadServer(const std::string& socket_path, const ReadRequest& request,
                                         std::chrono::milliseconds deadline, std::ostream& out,
                                         std::ostream& err) {
  SLUICE_ASSIGN(const Descriptor socket, ConnectTo(socket_path));
  if (!socket.is_open()) return std::optional<int>();
  if (!SendAll(socket, EncodeRequest(request), deadline)) return std::optional<int>();
  std::string buffer;
  bool taken_up = false;
  while (true) {
    if (!taken_up && WaitReadable(socket, deadline) == Wait::kTimeout) {
      return BusyError("the running process has not answered in time",
                       "Try again, or wait for the run to end");
    }
    const auto bytes = ReceiveSome(socket, kFrameBytes, kForever);
    if (!bytes) {
      if (!taken_up) return std::optional<int>();
      return RetryError("the process that was asked ended before it had answered", "Try again");
    }
    taken_up = true;
    buffer += *bytes;
    while (true) {
      SLUICE_ASSIGN(const auto frame, TakeFrame(buffer));
      if (!frame) break;
      if (frame->kind == 'x') {
        out.flush();
        err.flush();
        return std::optional<int>(frame->exit_code);
      }
      (frame->kind == 'o' ? out : err) << frame->text << std::flush;
    }
  }
}

}  // namespace sluice::pipeline
