#include "cli/hand_file.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "env/file.h"
#include "ingest/checksum_text.h"
#include "ingest/plan.h"
#include "ingest/table_files.h"

namespace sluice::cli {
namespace {

// Stores pass such names over, and the ledger could not name the file.
Status CheckName(const std::string& named, const HandFile& file) {
  for (const std::string& path : {file.path, file.named}) {
    const char* wrong = !IsValidUtf8(path)                                ? "is not UTF-8"
                        : path.find_first_of("\n\r") != std::string::npos ? "has a line break in it"
                                                                          : nullptr;
    if (wrong == nullptr) continue;
    return ConfigError(fmt::format("{}: its path {}", Printable(named), wrong),
                       "Copy or rename it");
  }
  const std::string name = env::Basename(file.path);
  if (name == ingest::kHadoopMarker || ingest::SidecarKind(name)) {
    return ConfigError(
        fmt::format("{}: a file of this name {}, and is no data", Printable(named),
                    name == ingest::kHadoopMarker ? "says that its folder is complete"
                                                  : "is the checksum of another"),
        "Copy or rename it");
  }
  return Status::Ok();
}

}  // namespace

Result<HandFile> OpenHandFile(const World& world, const std::string& named) {
  std::error_code error;
  const std::filesystem::path joined = std::filesystem::path(world.current_folder) / named;
  HandFile file;
  file.path = std::filesystem::canonical(joined, error).string();
  if (error || !std::filesystem::is_regular_file(file.path, error)) {
    return NotFoundError(fmt::format("{}: there is no such file", Printable(named)));
  }
  file.named = env::JoinPath(std::filesystem::canonical(joined.parent_path(), error).string(),
                             joined.filename().string());
  SLUICE_TRY(CheckName(named, file));
  if (StartsWith(env::Basename(file.path), ".")) {
    return ConfigError(
        fmt::format("{}: files whose names begin with a point are not loaded", Printable(named)),
        "Copy or rename it");
  }
  SLUICE_ASSIGN(const env::FileInfo info, env::Stat(file.path));
  if (ingest::IsAhead(info.modified, world.clock.Now())) {
    return RejectedError(fmt::format("{}: {}", Printable(named), ingest::kAhead),
                         "touch it, or set the clock right");
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
