// Files of a backup: copies that are verified, and the list of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::pipeline {

struct CopiedFile {
  std::string path;  // relative to the backup's folder
  uint64_t size = 0;
  std::string hash;  // XXH3-128
};

struct BackupManifest {
  std::string project;
  std::string env;
  std::string created_at;
  std::string sluice_version;
  int schema_version = 0;
  std::string newest_load;      // published_at of the newest load, "" without one
  int64_t loads = 0;            // how many there are
  int64_t newest_delivery = 0;  // the sum of the next ids of all syncs
  std::vector<CopiedFile> files;
  std::map<std::string, int64_t> rows;  // "schema.table" -> rows
};

// Copies durably, mode 0600; the copy is read again and compared with what was read.
Result<CopiedFile> CopyVerified(const std::string& from, const std::string& to,
                                const env::Cancel* cancel);
Result<std::string> HashFile(const std::string& path, const env::Cancel* cancel);

std::string ToJson(const BackupManifest& manifest);
// kConfig when `folder` holds no backup, or one that this program cannot read.
Result<BackupManifest> ReadManifest(const std::string& folder);
inline constexpr const char* kManifestName = "backup.json";

}  // namespace sluice::pipeline
