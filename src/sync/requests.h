// The requests that a difference would make, without sending them: for plans, for dry runs, and for what a
// run says before it sends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/destination.h"
#include "sync/difference.h"
#include "sync/spool.h"

namespace sluice::sync {

struct RequestTotals {
  uint64_t rows = 0;
  uint64_t requests = 0;
  uint64_t bytes = 0;       // of bodies
  uint64_t unsendable = 0;  // rows that fit into no request
  uint64_t looked_for = 0;  // rows that are looked for before they go
};

// Makes requests of rows as they come, as a delivery would that meets no trouble. Memory: the rows of one.
class RequestMaker {
 public:
  using Visit = std::function<Status(const connector::PreparedRequest&)>;
  // `visit` sees each request and may be empty. `destination` outlives the maker.
  RequestMaker(const connector::Destination& destination, const connector::RequestLimit& limit,
               Visit visit);
  Status Add(SpoolRow row);
  // The requests of the rows that are left.
  Status Finish();
  const RequestTotals& totals() const { return totals_; }

 private:
  Status MakeOne();

  const connector::Destination& destination_;
  const connector::RequestLimit limit_;
  const Visit visit_;
  size_t most_ = 1;  // rows with which a request is certain to be full
  std::vector<SpoolRow> window_;
  RequestTotals totals_;
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
