// What destinations hold of a person goes from there too, where their connections say so (on_forget).
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "pipeline/runtime.h"
#include "privacy/subject.h"

namespace sluice::pipeline {

// Rows of a person that a sync has delivered.
struct DeliveredPerson {
  const config::Sync* sync = nullptr;
  std::string on_forget;  // leave, delete, forget
  std::vector<std::string> keys;
  std::vector<std::string> payloads;  // complete, one for each key
  env::Micros answered_at = 0;        // the last answer about one of them
};

// By what was delivered; syncs without such rows are left out.
Result<std::vector<DeliveredPerson>> FindDelivered(engine::Connection& connection,
                                                   const config::Project& project,
                                                   const std::vector<privacy::Subject>& subjects);

// kConfig when a destination cannot do what its connection asks for, or a row does not say whom it is about.
Status CheckDestinations(Runtime& runtime, const std::vector<DeliveredPerson>& delivered);

// What became of it, for the proof and without personal data: "send", "crm", "delete", rows, and how each was answered.
struct DestinationAnswer {
  std::string sync;
  std::string to;
  std::string did;      // leave, delete, forget
  int64_t rows = 0;     // that the sync had delivered
  int64_t lines = 0;    // of files: that went
  std::string answer;   // "2 acknowledged"; of requests that were refused their codes
  int64_t refused = 0;  // requests: about these people the destination has what it had
};

// One request for each person of a connection, tried again a few times, and not before bulk calls about them have settled
// (Capabilities::settles). An error when a destination does not answer or refuses for now: repeated, what is
// done already is harmless.
Result<std::vector<DestinationAnswer>> ForgetAtDestinations(
    Runtime& runtime, const std::vector<DeliveredPerson>& delivered, const env::Cancel* cancel);

}  // namespace sluice::pipeline
