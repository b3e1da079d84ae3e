// Requests to the region where the bucket really lies. A server that is asked in the wrong one says
// which is right (301, 307, AuthorizationHeaderMalformed); it is followed once, remembered for all later
// requests, and told, so that the project can be corrected.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/s3/s3_settings.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// What the user should know, each once. Thread-safe.
class StoreNotes {
 public:
  void Add(std::string note);
  std::vector<std::string> Take();

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

// `make` gives a transport that signs for the region of the settings. Addresses of requests are those
// of `settings`; they are rewritten. Lies inside the retrying transport. Thread-safe.
using MakeSigned = std::function<std::unique_ptr<env::HttpTransport>(const S3Settings&)>;
std::unique_ptr<env::HttpTransport> MakeRegionTransport(S3Settings settings, MakeSigned make,
                                                        std::shared_ptr<StoreNotes> notes);

}  // namespace sluice::connectors::s3
