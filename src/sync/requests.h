// The requests that a difference would make, without sending them: for plans and dry runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "connector/destination.h"
#include "sync/difference.h"

namespace sluice::sync {

struct RequestTotals {
  uint64_t rows = 0;
  uint64_t requests = 0;
  uint64_t bytes = 0;       // of bodies
  uint64_t unsendable = 0;  // rows that fit into no request
};

// Prepares every request of the first `limit` rows (0: all) in order. Memory: the rows of one.
Result<RequestTotals> ForEachRequest(
    Difference& difference, const connector::Destination& destination,
    const connector::RequestLimit& request_limit, uint64_t limit,
    const std::function<Status(const connector::PreparedRequest&)>& visit);

// Writes every request into `folder`, which is made anew, and not there without requests: 000001.request with the body, and requests.txt
// with a line for each (file, method, target, rows, bytes). The files hold personal data: mode
// 0600.
Result<RequestTotals> WriteRequests(Difference& difference,
                                    const connector::Destination& destination,
                                    const connector::RequestLimit& request_limit, uint64_t limit,
                                    const std::string& folder);

}  // namespace sluice::sync
