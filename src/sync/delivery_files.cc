#include "sync/delivery_files.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"

namespace sluice::sync {
namespace {

constexpr std::string_view kLog = ".log";
constexpr std::string_view kSpool = ".spool";

std::optional<int64_t> IdOf(std::string_view name, std::string_view ending) {
  if (!EndsWith(name, ending)) return {};
  const auto id = ParseUnsigned(name.substr(0, name.size() - ending.size()));
  if (!id) return {};
  return static_cast<int64_t>(*id);
}

}  // namespace

DeliveryFiles::DeliveryFiles(const std::string& state_folder, const std::string& sync)
    : folder_(env::JoinPath(env::JoinPath(state_folder, "syncs"), sync)) {}

Status DeliveryFiles::MakeFolder() const {
  return env::CreateDirectories(folder_, 0700);
}

std::string DeliveryFiles::Log(int64_t delivery_id) const {
  return env::JoinPath(folder_, fmt::format("{:012}{}", delivery_id, kLog));
}

std::string DeliveryFiles::Spool(int64_t delivery_id) const {
  return env::JoinPath(folder_, fmt::format("{:012}{}", delivery_id, kSpool));
}

Result<std::vector<int64_t>> DeliveryFiles::Logs() const {
  std::vector<int64_t> ids;
  if (!env::Exists(folder_)) return ids;
  SLUICE_ASSIGN(const auto entries, env::ListDirectory(folder_));
  for (const env::DirectoryEntry& entry : entries) {
    if (const auto id = IdOf(entry.name, kLog)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Status DeliveryFiles::RemoveFolded(int64_t delivery_id) const {
  if (!env::Exists(folder_)) return Status::Ok();
  SLUICE_ASSIGN(const auto entries, env::ListDirectory(folder_));
  for (const env::DirectoryEntry& entry : entries) {
    const auto log = IdOf(entry.name, kLog);
    const auto spool = IdOf(entry.name, kSpool);
    if ((log && *log < delivery_id) || (spool && *spool <= delivery_id)) {
      SLUICE_TRY(env::RemoveFile(env::JoinPath(folder_, entry.name)));
    }
  }
  return Status::Ok();
}

Status DeliveryFiles::Remove(int64_t delivery_id) const {
  SLUICE_TRY(env::RemoveFile(Spool(delivery_id)));
  return env::RemoveFile(Log(delivery_id));
}

}  // namespace sluice::sync
