#include "cli/hand_file.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "env/file.h"

namespace sluice::cli {

Result<HandFile> OpenHandFile(const World& world, const std::string& named) {
  std::error_code error;
  const std::filesystem::path joined = std::filesystem::path(world.current_folder) / named;
  HandFile file;
  file.path = std::filesystem::canonical(joined, error).string();
  if (error || !std::filesystem::is_regular_file(file.path, error)) {
    return NotFoundError(fmt::format("{}: there is no such file", Printable(named)));
  }
  if (StartsWith(env::Basename(file.path), ".")) {
    return ConfigError(
        fmt::format("{}: files whose names begin with a point are not loaded", Printable(named)),
        "Copy or rename it");
  }
  std::ifstream stream(file.path, std::ios::binary);
  Hasher128 hasher;
  std::vector<char> chunk(1 << 20);
  while (stream) {
    if (world.cancel != nullptr && world.cancel->is_set()) return CancelledError("stopped");
    stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    hasher.Update({chunk.data(), static_cast<size_t>(stream.gcount())});
  }
  if (stream.bad() || !stream.eof()) {
    return FailedError(fmt::format("{}: it cannot be read", Printable(named)));
  }
  file.hash = hasher.Digest().Hex();
  return file;
}

void SetExactPattern(const std::string& name, std::string* prefix, std::string* pattern) {
  size_t last = name.size() - 1;
  while (last > 0 && (static_cast<unsigned char>(name[last]) & 0xC0U) == 0x80U) --last;
  *prefix = name.substr(0, last);
  *pattern = name.substr(last);
  if (*pattern == "{" || *pattern == "}") *pattern += *pattern;
  if (*pattern == "*" || *pattern == "?") *pattern = "?";
}

}  // namespace sluice::cli
