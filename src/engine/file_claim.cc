#include "engine/file_claim.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::engine {
namespace {

// As many links as the kernel follows before it gives up.
constexpr int kMaxLinks = 40;

struct Claims {
  std::mutex mutex;
  std::set<std::pair<dev_t, ino_t>> files;
};

Claims& AllClaims() {
  static Claims claims;
  return claims;
}

Status Failed(const std::string& path, int error) {
  const std::string message = fmt::format("cannot open {}: {}", path, std::strerror(error));
  return error == ENOENT ? NotFoundError(message) : FailedError(message);
}

}  // namespace

Result<std::string> RealPath(const std::string& path) {
  std::filesystem::path wanted(env::AbsolutePath(path));
  char real[PATH_MAX];
  for (int links = 0; links < kMaxLinks; ++links) {
    if (realpath(wanted.c_str(), real) != nullptr) return std::string(real);
    if (errno != ENOENT) return Failed(path, errno);
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(wanted, error);
    if (error) {  // no link: a file that is not there yet, in a folder that is
      if (realpath(wanted.parent_path().c_str(), real) == nullptr) return Failed(path, errno);
      return env::JoinPath(real, wanted.filename().string());
    }
    wanted = wanted.parent_path() / target;
  }
  return Failed(path, ELOOP);
}

Result<FileClaim> FileClaim::Take(const std::string& path) {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) return Failed(path, errno);
  Claims& claims = AllClaims();
  const std::lock_guard lock(claims.mutex);
  if (!claims.files.insert({st.st_dev, st.st_ino}).second) {
    return BusyError(fmt::format("{} is open in this process already", path),
                     "This is a defect of the program: please report it");
  }
  return FileClaim({st.st_dev, st.st_ino});
}

FileClaim::~FileClaim() {
  if (file_.second == 0) return;
  Claims& claims = AllClaims();
  const std::lock_guard lock(claims.mutex);
  claims.files.erase(file_);
}

}  // namespace sluice::engine
