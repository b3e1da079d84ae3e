// HTTP over libcurl.
#include "env/http.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice::env {
namespace {

// How often a waiting exchange looks at its cancellation and at the time it stood still.
constexpr int kTickMillis = 50;

// An easy handle with the multi handle that drives it and keeps its connections. Used by one thread
// at a time; idle ones wait in the transport.
class Session {
 public:
  Session() : multi_(curl_multi_init()), easy_(curl_easy_init()) {
    SLUICE_CHECK(multi_ != nullptr && easy_ != nullptr, "libcurl gave no handle: out of memory");
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 4L);
  }
  ~Session() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  CURL* easy() const { return easy_; }
  CURLM* multi() const { return multi_; }

 private:
  CURLM* multi_;
  CURL* easy_;
};

class HeaderList {
 public:
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void Add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    SLUICE_CHECK(longer != nullptr, "out of memory");
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool HasHeader(const HttpRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return EqualsIgnoreCase(header.first, name); });
}

// What libcurl would silently change or would let a value smuggle into the request.
Status CheckRequest(const HttpRequest& request) {
  if (!StartsWith(Lower(request.url.substr(0, 8)), "http://") &&
      !StartsWith(Lower(request.url.substr(0, 8)), "https://")) {
    return ConfigError("an address that begins with http:// or https:// was expected");
  }
  for (const char c : request.url) {
    if (c <= ' ' || c > '~' || c == '#') {
      return ConfigError(fmt::format(
          "{} {}: the address holds a character that must be percent-encoded (byte {:#04x})",
          request.method, UrlOrigin(request.url), static_cast<unsigned char>(c)));
    }
  }
  constexpr std::string_view kForbidden("\r\n\0", 3);
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || name.find_first_of(": ") != std::string::npos ||
        name.find_first_of(kForbidden) != std::string::npos ||
        value.find_first_of(kForbidden) != std::string::npos) {
      return ConfigError(fmt::format("{} {}: the header \"{}\" holds a line break or is no header",
                                     request.method, UrlOrigin(request.url),
                                     name.substr(0, name.find_first_of(kForbidden))));
    }
  }
  return Status::Ok();
}

// One exchange: what libcurl's callbacks need and leave behind.
struct Exchange {
  const HttpRequest& request;
  HttpResponse response;
  size_t body_sent = 0;
  bool begun = false;  // request.begin was called
  Status refused;      // by the sink, or because the body is too large
  char reason[CURL_ERROR_SIZE] = "";

  explicit Exchange(const HttpRequest& r) : request(r) {}

  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    auto& x = *static_cast<Exchange*>(self);
    HttpResponse& response = x.response;
    const std::string_view line(data, size);
    if (Trim(line).empty()) {  // the end of the headers, or of the trailers of a chunked body
      if (!x.request.begin || response.status / 100 != 2 || std::exchange(x.begun, true)) {
        return size;
      }
      x.refused = x.request.begin(response);
      return x.refused.ok() ? size : 0;
    }
    if (StartsWith(line, "HTTP/")) {  // a status line; an interim answer (1xx) may have come before
      response.headers.clear();
      const size_t blank = line.find(' ');
      const auto code = blank == std::string_view::npos
                            ? std::nullopt
                            : ParseUnsigned(Trim(line.substr(blank + 1, 3)));
      response.status = static_cast<int>(code.value_or(0));
      return size;
    }
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      response.headers.emplace_back(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
    }
    return size;
  }

  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    auto& x = *static_cast<Exchange*>(self);
    const std::string_view piece(data, size);
    if (x.request.sink && x.response.status / 100 == 2) {
      x.refused = x.request.sink(piece);
      return x.refused.ok() ? size : CURL_WRITEFUNC_ERROR;
    }
    if (x.response.body.size() + size > x.request.max_body) {
      x.refused = FailedError(fmt::format("{} {}: the answer is larger than the {} allowed here",
                                          x.request.method, UrlOrigin(x.request.url),
                                          HumanBytes(x.request.max_body)));
      return CURL_WRITEFUNC_ERROR;
    }
    x.response.body.append(piece);
    return size;
  }

  static size_t OnSend(char* out, size_t, size_t room, void* self) {
    auto& x = *static_cast<Exchange*>(self);
    const size_t n = std::min(room, x.request.body.size() - x.body_sent);
    std::memcpy(out, x.request.body.data() + x.body_sent, n);
    x.body_sent += n;
    return n;
  }

  static int OnSeek(void* self, curl_off_t offset, int origin) {
    auto& x = *static_cast<Exchange*>(self);
    if (origin != SEEK_SET || offset < 0 || static_cast<uint64_t>(offset) > x.request.body.size()) {
      return CURL_SEEKFUNC_CANTSEEK;
    }
    x.body_sent = static_cast<size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
};

void SetMethodAndBody(CURL* easy, Exchange& x) {
  const HttpRequest& request = x.request;
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    // Not CURLOPT_POSTFIELDS: libcurl sends such a body again by itself when a kept connection
    // breaks, also after the server may have acted on it. A body that cannot be rewound it cannot
    // repeat, so only repeatable requests get the seek function.
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Exchange::OnSend);
    curl_easy_setopt(easy, CURLOPT_READDATA, &x);
    if (request.repeatable) {
      curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Exchange::OnSeek);
      curl_easy_setopt(easy, CURLOPT_SEEKDATA, &x);
    }
    if (request.method != "POST") {
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  }
  // For the same reason: without a body nothing else keeps libcurl from sending it twice.
  if (!request.repeatable && request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  }
}

void AddHeaders(const HttpRequest& request, HeaderList& headers) {
  for (const auto& [name, value] : request.headers) {
    headers.Add(value.empty() ? name + ";" : name + ": " + value);
  }
  // libcurl's own additions: a pause before large bodies, and a wrong content type.
  if (!HasHeader(request, "Expect")) headers.Add("Expect:");
  if (!HasHeader(request, "Content-Type")) headers.Add("Content-Type:");
}

void SetOptions(CURL* easy, Exchange& x, const HttpOptions& options, const HeaderList& headers,
                const HeaderList& resolve) {
  const HttpRequest& request = x.request;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  if (resolve.get() != nullptr) curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve.get());
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  SetMethodAndBody(easy, x);

  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));

  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }

  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, static_cast<char*>(x.reason));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &x);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &x);
}

// Bytes that moved so far in either direction.
int64_t Moved(CURL* easy) {
  curl_off_t down = 0;
  curl_off_t up = 0;
  long header = 0;
  long request = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
  curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &header);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request);
  return down + up + header + request;
}

enum class End { kDone, kCancelled, kStalled, kSlow };

// Runs the exchange to its end. An own loop instead of curl_easy_perform, which looks up only once
// a second while nothing moves.
End Drive(const Session& session, const HttpRequest& request, CURLcode& result) {
  SLUICE_CHECK(curl_multi_add_handle(session.multi(), session.easy()) == CURLM_OK,
               "libcurl took no handle");
  End end = End::kDone;
  int64_t moved = 0;
  auto moved_at = SystemClock().Monotonic();
  int64_t window_moved = 0;
  auto window_at = moved_at;
  int running = 1;
  while (true) {
    SLUICE_CHECK(curl_multi_perform(session.multi(), &running) == CURLM_OK, "libcurl failed");
    if (running == 0) break;
    if (request.cancel != nullptr && request.cancel->is_set()) {
      end = End::kCancelled;
      break;
    }
    const auto now = SystemClock().Monotonic();
    if (const int64_t so_far = Moved(session.easy()); so_far != moved) {
      moved = so_far;
      moved_at = now;
    } else if (request.stall_timeout.count() > 0 && now - moved_at > request.stall_timeout) {
      end = End::kStalled;
      break;
    }
    if (request.least_bytes > 0 && now - window_at > request.rate_window) {
      if (moved - window_moved < static_cast<int64_t>(request.least_bytes)) {
        end = End::kSlow;
        break;
      }
      window_moved = moved;
      window_at = now;
    }
    curl_multi_poll(session.multi(), nullptr, 0, kTickMillis, nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(session.multi(), &left)) {
    if (message->msg == CURLMSG_DONE) result = message->data.result;
  }
  curl_multi_remove_handle(session.multi(), session.easy());
  return end;
}

Status ErrorFor(CURLcode code, const Exchange& x, const HttpOptions& options) {
  const std::string message =
      fmt::format("{} {}: {}", x.request.method, UrlOrigin(x.request.url),
                  x.reason[0] != '\0' ? x.reason : curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ConfigError(message, "Check the address");
    case CURLE_LOGIN_DENIED:
      return ConfigError(message, "Take the name and the password out of the address");
    case CURLE_SSL_CACERT_BADFILE:
      return ConfigError(fmt::format("{} (ca_file {})", message, options.ca_file),
                         "Name a readable PEM file as ca_file");
    case CURLE_PEER_FAILED_VERIFICATION:
      return FailedError(message,
                         "If that server has a certificate of an own authority, name the "
                         "authority's PEM file as ca_file");
    case CURLE_COULDNT_RESOLVE_HOST:
      return RetryError(message, "Check the host's name and the network");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return RetryError(message, "Check the proxy in the environment (https_proxy)");
    case CURLE_COULDNT_CONNECT:
      return RetryError(message, "Check that the server runs and that the port is right");
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return RetryError(message);
    case CURLE_SEND_FAIL_REWIND:  // see SetMethodAndBody
      return RetryError(fmt::format("{} {}: the connection was closed before an answer came",
                                    x.request.method, UrlOrigin(x.request.url)));
    default:
      return FailedError(message);
  }
}

class CurlTransport : public HttpTransport {
 public:
  explicit CurlTransport(HttpOptions options) : options_(std::move(options)) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    SLUICE_CHECK(initialised == CURLE_OK, "libcurl cannot be used");
    for (const std::string& entry : options_.resolve) resolve_.Add(entry);
  }

  Result<HttpResponse> Send(const HttpRequest& request, HttpError* error) override {
    Sent sent = Sent::kNo;
    auto result = Run(request, sent);
    if (error != nullptr) *error = {result.status(), sent};
    return result;
  }

 private:
  Result<HttpResponse> Run(const HttpRequest& request, Sent& sent) {
    SLUICE_TRY(CheckRequest(request));
    if (request.cancel != nullptr && request.cancel->is_set()) {
      return CancelledError(fmt::format("{} {}: stopped", request.method, UrlOrigin(request.url)));
    }
    auto session = Take();
    Exchange x(request);
    HeaderList headers;
    AddHeaders(request, headers);
    curl_easy_reset(session->easy());
    SetOptions(session->easy(), x, options_, headers, resolve_);
    CURLcode code = CURLE_OK;
    const End end = Drive(*session, request, code);
    if (Status failed = Outcome(end, code, x); !failed.ok()) {
      long request_size = 0;
      curl_easy_getinfo(session->easy(), CURLINFO_REQUEST_SIZE, &request_size);
      sent = request_size > 0 ? Sent::kMaybe : Sent::kNo;
      Give(std::move(session));
      return failed;
    }
    Give(std::move(session));
    return std::move(x.response);
  }

  Status Outcome(End end, CURLcode code, const Exchange& x) const {
    const HttpRequest& request = x.request;
    if (end == End::kCancelled) {
      return CancelledError(fmt::format("{} {}: stopped", request.method, UrlOrigin(request.url)));
    }
    if (end == End::kStalled) {
      return RetryError(
          fmt::format("{} {}: nothing came or went for {}", request.method, UrlOrigin(request.url),
                      HumanSeconds(std::chrono::duration<double>(request.stall_timeout).count())));
    }
    if (end == End::kSlow) {
      return RetryError(
          fmt::format("{} {}: less than {} in {}", request.method, UrlOrigin(request.url),
                      HumanBytes(request.least_bytes),
                      HumanSeconds(std::chrono::duration<double>(request.rate_window).count())));
    }
    if (!x.refused.ok()) return x.refused;
    return code == CURLE_OK ? Status::Ok() : ErrorFor(code, x, options_);
  }

  std::unique_ptr<Session> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto session = std::move(idle_.back());
        idle_.pop_back();
        return session;
      }
    }
    return std::make_unique<Session>();
  }

  void Give(std::unique_ptr<Session> session) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < static_cast<size_t>(options_.max_idle)) {
      idle_.push_back(std::move(session));
    }
  }

  const HttpOptions options_;
  HeaderList resolve_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_;  // the one used last at the end
};

}  // namespace

std::unique_ptr<HttpTransport> MakeCurlTransport(HttpOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace sluice::env
