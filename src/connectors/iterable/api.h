// Iterable's API over HTTP: what every destination of this folder sends and reads alike. One request for
// one call, no retries, no rate limit: both are the engine's, but for questions (GET), which nobody else sends.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

class Api {
 public:
  // What an answer means for `rows`, in order.
  using Reader = std::function<connector::SendResult(const env::HttpResponse& response,
                                                     std::span<const connector::Operation> rows,
                                                     env::Micros now)>;

  // `transport` does not retry by itself; `clock` outlives this.
  Api(IterableSettings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : settings_(std::move(settings)), transport_(std::move(transport)), clock_(clock) {}

  const IterableSettings& settings() const { return settings_; }

  // Sends a request about the first request.rows of `operations`. Without an answer they are kUnknown, or
  // kDeferred where nothing went out; an address or certificate that can never work stops the sync.
  connector::SendResult Send(const connector::PreparedRequest& request,
                             std::span<const connector::Operation> operations,
                             const env::Cancel* cancel, const Reader& read);

  // A request without rows: the body of a good answer, else an error about key, address or the
  // service's state, with the place. `body` empty: none is sent.
  Result<std::string> Ask(const std::string& method, const std::string& target,
                          const std::string& body, const env::Cancel* cancel);

  // The same without an opinion about the answer, for calls whose refusals mean something. A GET that is
  // refused for too many asked (429) is asked again after a pause, for 15 s in all.
  Result<env::HttpResponse> AskAnything(const std::string& method, const std::string& target,
                                        const std::string& body, const env::Cancel* cancel);

  // A GET whose good answer goes to `sink` piece by piece, however long it is and takes; an answer that stands still
  // for the connection's `timeout` fails. Other answers are given back.
  Result<env::HttpResponse> Stream(const std::string& target,
                                   const std::function<Status(std::string_view)>& sink,
                                   const env::Cancel* cancel);

 private:
  env::HttpRequest NewRequest(const std::string& method, const std::string& target,
                              const std::string& body, const env::Cancel* cancel) const;

  const IterableSettings settings_;
  const std::unique_ptr<env::HttpTransport> transport_;
  env::Clock& clock_;
};

// The smaller of the sync's limit and the connection's; 0 asks for no limit of its own.
connector::RequestLimit Within(const connector::RequestLimit& asked, const IterableSettings& own);

// Requests of a sync at the same time, where their order means nothing.
inline constexpr int64_t kMostAtOnce = 32;

// What all destinations here have in common. The noun and the request's name are theirs.
connector::Capabilities CommonCapabilities(const IterableSettings& settings);

// GET /api/users/getFields, compared with what is to be sent.
Result<connector::FieldsReport> CompareUserFields(Api& api,
                                                  std::span<const connector::FieldToSend> fields,
                                                  bool create_new_fields,
                                                  const env::Cancel* cancel);

// What of the connection may be wrong when nobody was taken for one of these codes; "" when they say
// nothing of it.
std::string HintAboutProject(const IterableSettings& settings, std::span<const std::string> codes);

}  // namespace sluice::connectors::iterable
