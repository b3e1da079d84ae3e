#include "sync/requests.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "env/file.h"

namespace sluice::sync {

RequestMaker::RequestMaker(const connector::Destination& destination,
                           const connector::RequestLimit& limit, Visit visit)
    : destination_(destination), limit_(limit), visit_(std::move(visit)) {
  most_ =
      static_cast<size_t>(std::max<int64_t>(1, destination.capabilities().max_rows_per_request));
  if (limit.rows > 0) most_ = std::min(most_, static_cast<size_t>(limit.rows));
}

Status RequestMaker::Add(SpoolRow row) {
  if (row.look_first) ++totals_.looked_for;
  window_.push_back(std::move(row));
  return window_.size() < most_ ? Status::Ok() : MakeOne();
}

Status RequestMaker::Finish() {
  while (!window_.empty()) SLUICE_TRY(MakeOne());
  return Status::Ok();
}

Status RequestMaker::MakeOne() {
  std::vector<connector::Operation> operations;
  operations.reserve(window_.size());
  for (const SpoolRow& row : window_) operations.push_back(OperationOf(row));
  const auto request = destination_.Prepare(operations, limit_);
  size_t taken = 1;
  if (request.ok()) {
    taken = request->rows;
    SLUICE_CHECK(taken > 0 && taken <= window_.size(), "a request without rows, or with others'");
    ++totals_.requests;
    totals_.rows += taken;
    totals_.bytes += request->body.size();
    if (visit_) SLUICE_TRY(visit_(*request));
  } else if (request.status().code() == Code::kRejected) {
    ++totals_.unsendable;
  } else {
    return request.status();
  }
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(taken));
  return Status::Ok();
}

Result<RequestTotals> ForEachRequest(
    Difference& difference, const connector::Destination& destination,
    const connector::RequestLimit& request_limit, uint64_t limit,
    const std::function<Status(const connector::PreparedRequest&)>& visit) {
  RequestMaker maker(destination, request_limit, visit);
  SLUICE_TRY(difference.ForEachRow(limit, [&](const SpoolRow& row) { return maker.Add(row); }));
  SLUICE_TRY(maker.Finish());
  return maker.totals();
}

Result<RequestTotals> WriteRequests(Difference& difference,
                                    const connector::Destination& destination,
                                    const connector::RequestLimit& request_limit, uint64_t limit,
                                    const std::string& folder) {
  SLUICE_TRY(env::RemoveTree(folder));
  uint64_t number = 0;
  std::optional<env::AppendFile> index;
  const auto write = [&](const connector::PreparedRequest& request) -> Status {
    if (!index) {  // without requests there is no folder
      SLUICE_TRY(env::CreateDirectories(folder, 0700));
      SLUICE_ASSIGN(auto made, env::AppendFile::Open(env::JoinPath(folder, "requests.txt"), 0600));
      index.emplace(std::move(made));
    }
    const std::string name = fmt::format("{:06}.request", ++number);
    SLUICE_ASSIGN(auto file, env::AppendFile::Open(env::JoinPath(folder, name), 0600));
    SLUICE_TRY(file.Append(request.body));
    return index->Append(fmt::format("{} {} {} rows={} bytes={}\n", name, request.method,
                                     request.target, request.rows, request.body.size()));
  };
  return ForEachRequest(difference, destination, request_limit, limit, write);
}

}  // namespace sluice::sync
