// Makes zip archives for tests.
#pragma once

#include <zip.h>

#include <string>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sluice::format {

// Members as name and content; a name that ends in '/' is a folder.
inline void MakeZip(const std::string& path,
                    const std::vector<std::pair<std::string, std::string>>& members,
                    const std::string& password = {}) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  SLUICE_CHECK(archive != nullptr, "libzip");
  for (const auto& [name, content] : members) {
    if (name.back() == '/') {
      SLUICE_CHECK(zip_dir_add(archive, name.c_str(), 0) >= 0, "libzip");
      continue;
    }
    zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
    SLUICE_CHECK(index >= 0, "libzip");
    if (password.empty()) continue;
    SLUICE_CHECK(zip_file_set_encryption(archive, static_cast<zip_uint64_t>(index), ZIP_EM_AES_256,
                                         password.c_str()) == 0,
                 "libzip");
  }
  SLUICE_CHECK(zip_close(archive) == 0, "libzip");
}

}  // namespace sluice::format
