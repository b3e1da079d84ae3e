#include "connectors/file/purge_lines.h"

#include <sys/stat.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connectors/file/lines.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

constexpr size_t kPiece = 1 << 20;  // written at once

class Purger {
 public:
  Purger(const std::set<std::string>& keys, env::AppendFile to) : to_(std::move(to)) {
    for (const std::string& key : keys) {
      std::string quoted;
      AppendJsonString(quoted, key);
      keys_.insert(std::move(quoted));
    }
  }

  Status Take(std::string_view line) {
    if (IsAbout(line)) {
      ++removed_;
      return Status::Ok();
    }
    kept_ += line;
    if (kept_.size() < kPiece) return Status::Ok();
    SLUICE_TRY(to_.Append(kept_));
    kept_.clear();
    return Status::Ok();
  }

  Status End() {
    SLUICE_TRY(to_.Append(kept_));
    return to_.Sync();
  }

  int64_t removed() const { return removed_; }

 private:
  bool IsAbout(std::string_view line) const {
    const auto canonical = CanonicalJson(Trim(line));
    if (!canonical.ok() || !StartsWith(*canonical, "{")) return false;
    return keys_.count(std::string(JsonMemberValue(*canonical, "key"))) > 0;
  }

  std::set<std::string> keys_;  // as JSON
  env::AppendFile to_;
  std::string kept_;
  int64_t removed_ = 0;
};

}  // namespace

Result<int64_t> PurgeLines(const std::string& path, const std::set<std::string>& keys,
                           const env::Cancel* cancel) {
  if (keys.empty() || !env::Exists(path)) return int64_t{0};
  const std::string beside = path + ".purged";
  SLUICE_TRY(env::RemoveFile(beside));
  SLUICE_ASSIGN(auto to, env::AppendFile::Open(beside, 0600));
  struct stat old {};
  if (stat(path.c_str(), &old) == 0) (void)chmod(beside.c_str(), old.st_mode & 07777);
  Purger purger(keys, std::move(to));
  const Status read = ForEachLine(
      path, 0, cancel, [&](std::string_view line, uint64_t) { return purger.Take(line); });
  if (read.code() == Code::kCancelled) (void)env::RemoveFile(beside);
  SLUICE_TRY(read);
  SLUICE_TRY(purger.End());
  if (purger.removed() == 0) {
    SLUICE_TRY(env::RemoveFile(beside));
    return int64_t{0};
  }
  SLUICE_TRY(env::Rename(beside, path));
  SLUICE_TRY(env::SyncDirectory(env::Dirname(path)));
  return purger.removed();
}

}  // namespace sluice::connectors::file
