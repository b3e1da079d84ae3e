#include "ingest/load_files.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "ingest/late_files.h"

namespace sluice::ingest {
namespace {

Status FetchOne(Fetcher& fetcher, size_t task, TableLoad& load, LoadFile& file) {
  auto fetched = fetcher.Wait(task);
  if (!fetched.ok()) {
    load.unproven = fetched.status().code() == Code::kRejected && !file.proof.empty();
    return fetched.status().WithContext(file.stored.path);
  }
  file.local_path = fetched->local_path;
  file.content_hash = fetched->content_hash;
  if (!file.expected_hash.empty() && file.expected_hash != file.content_hash) {
    return RejectedError(
        fmt::format("{}: is not what was loaded: its content has another hash", file.stored.path));
  }
  file.file_id = StableId(
      {load.ingest, load.target.name, file.connection, file.stored.path, file.content_hash});
  return Status::Ok();
}

}  // namespace

Status FetchFiles(Fetcher& fetcher, size_t first, TableLoad& load, report::Reporter& reporter,
                  report::Progress* progress, MissingFiles* missing) {
  const bool goes_on = missing != nullptr && load.file_by_file;
  std::vector<LoadFile> there;
  for (size_t i = 0; i < load.files.size(); ++i) {
    LoadFile& file = load.files[i];
    const Status status = FetchOne(fetcher, first + i, load, file);
    if (!status.ok()) {
      if (!goes_on || !ConcernsOneFile(status)) return status;
      missing->emplace_back(file, status);
      continue;
    }
    progress->bytes += file.stored.size;
    reporter.StepAdvanced(load.label, *progress);
    there.push_back(file);
  }
  if (there.empty() && goes_on && missing->size() == 1) {
    const Status status = missing->front().second;
    missing->clear();
    return status;
  }
  const bool fewer = there.size() < load.files.size();
  load.files = std::move(there);
  if (fewer) SetLoadId(load);
  return Status::Ok();
}

}  // namespace sluice::ingest
