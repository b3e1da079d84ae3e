// A transport that gives the answers it was told to give, in their order, and keeps what it was asked.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/iterable/iterable_settings.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

struct Script {
  std::deque<env::HttpResponse> answers;
  std::vector<std::string> asked;  // "POST /api/lists {...}"

  void Answer(int status, std::string body) {
    env::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    answers.push_back(std::move(response));
  }
};

class ScriptedTransport : public env::HttpTransport {
 public:
  explicit ScriptedTransport(Script& script) : script_(script) {}
  Result<env::HttpResponse> Send(const env::HttpRequest& request, env::HttpError*) override {
    script_.asked.push_back(request.method + " " + request.url.substr(request.url.find("/api/")) +
                            (request.body.empty() ? "" : " " + request.body));
    if (script_.answers.empty()) return FailedError("the test expected no such request");
    auto answer = std::move(script_.answers.front());
    script_.answers.pop_front();
    if (request.sink && answer.status / 100 == 2) {
      // In pieces, as they come from a network.
      for (size_t at = 0; at < answer.body.size(); at += 7) {
        SLUICE_TRY(request.sink(std::string_view(answer.body).substr(at, 7)));
      }
      answer.body.clear();
    }
    return answer;
  }

 private:
  Script& script_;
};

inline IterableSettings SettingsForTests(ProjectType project) {
  IterableSettings settings;
  settings.base_url = "https://api.iterable.com";
  settings.place = "us";
  settings.project = project;
  settings.api_key = config::Secret("key-7");
  return settings;
}

}  // namespace sluice::connectors::iterable
