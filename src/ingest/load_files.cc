#include "ingest/load_files.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace sluice::ingest {

Status FetchFiles(Fetcher& fetcher, size_t first, TableLoad& load, report::Reporter& reporter,
                  report::Progress* progress) {
  for (size_t i = 0; i < load.files.size(); ++i) {
    LoadFile& file = load.files[i];
    auto fetched = fetcher.Wait(first + i);
    if (!fetched.ok()) return fetched.status().WithContext(file.stored.path);
    file.local_path = fetched->local_path;
    file.content_hash = fetched->content_hash;
    if (!file.expected_hash.empty() && file.expected_hash != file.content_hash) {
      return RejectedError(fmt::format("{}: is not what was loaded: its content has another hash",
                                       file.stored.path));
    }
    file.file_id = StableId(
        {load.ingest, load.target.name, file.connection, file.stored.path, file.content_hash});
    progress->bytes += file.stored.size;
    reporter.StepAdvanced(load.label, *progress);
  }
  return Status::Ok();
}

}  // namespace sluice::ingest
