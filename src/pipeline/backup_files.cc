#include "pipeline/backup_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "env/file.h"

namespace sluice::pipeline {
namespace {

constexpr size_t kChunkBytes = 4 << 20;
constexpr int kManifestVersion = 1;
constexpr uint64_t kMostManifestBytes = 64 << 20;

// Calls `take` with the file's bytes in order.
template <typename Take>
Status ReadAll(const std::string& path, const env::Cancel* cancel, Take take) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  std::string chunk;
  for (uint64_t at = 0;; at += chunk.size()) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    SLUICE_TRY(file.ReadAt(at, kChunkBytes, chunk));
    if (chunk.empty()) return Status::Ok();
    SLUICE_TRY(take(chunk));
  }
}

}  // namespace

Result<std::string> HashFile(const std::string& path, const env::Cancel* cancel) {
  Hasher128 hasher;
  SLUICE_TRY(ReadAll(path, cancel, [&](const std::string& chunk) {
    hasher.Update(chunk);
    return Status::Ok();
  }));
  return hasher.Digest().Hex();
}

Result<CopiedFile> CopyVerified(const std::string& from, const std::string& to,
                                const env::Cancel* cancel) {
  SLUICE_TRY(env::RemoveFile(to));
  CopiedFile copied;
  copied.path = to;
  {
    SLUICE_ASSIGN(auto out, env::AppendFile::Open(to, 0600));
    Hasher128 hasher;
    SLUICE_TRY(ReadAll(from, cancel, [&](const std::string& chunk) {
      hasher.Update(chunk);
      copied.size += chunk.size();
      return out.Append(chunk);
    }));
    SLUICE_TRY(out.Sync());
    copied.hash = hasher.Digest().Hex();
  }
  SLUICE_TRY(env::SyncDirectory(env::Dirname(to)));
  SLUICE_ASSIGN(const std::string again, HashFile(to, cancel));
  if (again == copied.hash) return copied;
  return FailedError(fmt::format("{} is not what was written: the disk cannot be trusted", to));
}

std::string ToJson(const BackupManifest& manifest) {
  nlohmann::ordered_json json;
  json["version"] = kManifestVersion;
  json["project"] = manifest.project;
  json["env"] = manifest.env;
  json["created_at"] = manifest.created_at;
  json["sluice_version"] = manifest.sluice_version;
  json["schema_version"] = manifest.schema_version;
  json["newest_load"] = manifest.newest_load;
  json["loads"] = manifest.loads;
  json["newest_delivery"] = manifest.newest_delivery;
  json["files"] = nlohmann::ordered_json::array();
  for (const CopiedFile& file : manifest.files) {
    json["files"].push_back({{"path", file.path}, {"size", file.size}, {"hash", file.hash}});
  }
  json["rows"] = manifest.rows;
  return json.dump(2) + "\n";
}

Result<BackupManifest> ReadManifest(const std::string& folder) {
  const std::string path = env::JoinPath(folder, kManifestName);
  const auto text = env::ReadFile(path, kMostManifestBytes);
  if (!text.ok()) {
    return ConfigError(fmt::format("{} holds no backup, or one that was not finished", folder),
                       "Name a folder that `sluice backup` made");
  }
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  const Status damaged = ConfigError(path + " is damaged");
  if (json.is_discarded() || !json.is_object()) return damaged;
  try {
    if (json.at("version").get<int>() > kManifestVersion) {
      return ConfigError(path + " was written by a newer Sluice", "Restore with the newer sluice");
    }
    BackupManifest manifest;
    manifest.project = json.at("project").get<std::string>();
    manifest.env = json.at("env").get<std::string>();
    manifest.created_at = json.at("created_at").get<std::string>();
    manifest.sluice_version = json.at("sluice_version").get<std::string>();
    manifest.schema_version = json.at("schema_version").get<int>();
    manifest.newest_load = json.at("newest_load").get<std::string>();
    manifest.loads = json.at("loads").get<int64_t>();
    manifest.newest_delivery = json.at("newest_delivery").get<int64_t>();
    for (const auto& file : json.at("files")) {
      manifest.files.push_back({file.at("path").get<std::string>(), file.at("size").get<uint64_t>(),
                                file.at("hash").get<std::string>()});
    }
    manifest.rows = json.at("rows").get<std::map<std::string, int64_t>>();
    return manifest;
  } catch (const nlohmann::json::exception&) {
    return damaged;
  }
}

}  // namespace sluice::pipeline
