#include "base/text.h"
#include "config/secret.h"
#include "env/file.h"
#include "pipeline/run_record.h"

namespace sluice::pipeline {
namespace {

constexpr uint64_t kMostGitBytes = 64ULL << 20;

std::string ReadTrimmed(const std::string& path) {
  const auto text = env::ReadFile(path, kMostGitBytes);
  return text.ok() ? std::string(Trim(*text)) : std::string();
}

// The folder with HEAD; in a work tree and in a submodule `.git` is a file that names it.
std::string GitFolder(const std::string& folder) {
  for (std::string at = env::AbsolutePath(folder);; at = env::Dirname(at)) {
    const std::string git = env::JoinPath(at, ".git");
    const auto info = env::Stat(git);
    if (info.ok() && info->is_directory) return git;
    if (info.ok()) {
      const std::string text = ReadTrimmed(git);
      constexpr std::string_view kPrefix = "gitdir: ";
      if (!StartsWith(text, kPrefix)) return {};
      const std::string target = text.substr(kPrefix.size());
      return StartsWith(target, "/") ? target : env::AbsolutePath(env::JoinPath(at, target));
    }
    if (at == "/" || at.empty()) return {};
  }
}

bool IsCommit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::optional<bool> GitDirty(const std::string& folder, std::chrono::milliseconds limit,
                             env::Clock& clock) {
  if (GitFolder(folder).empty()) return std::nullopt;
  // Without locks: another git at work is not disturbed.
  const auto said = config::RunSecretCommand(
      "changes=$(git --no-optional-locks status --porcelain -- . 2>/dev/null) || exit 1; "
      "[ -z \"$changes\" ] || echo dirty",
      folder, limit, clock);
  if (!said.ok()) return std::nullopt;
  return !said->empty();
}

std::string GitCommit(const std::string& folder) {
  const std::string git = GitFolder(folder);
  if (git.empty()) return {};
  const std::string head = ReadTrimmed(env::JoinPath(git, "HEAD"));
  constexpr std::string_view kRef = "ref: ";
  if (!StartsWith(head, kRef)) return IsCommit(head) ? head : std::string();
  const std::string ref = head.substr(kRef.size());
  // Branches of a work tree lie in the folder that it shares with the others.
  std::string shared = ReadTrimmed(env::JoinPath(git, "commondir"));
  shared = shared.empty()
               ? git
               : (StartsWith(shared, "/") ? shared : env::AbsolutePath(env::JoinPath(git, shared)));
  for (const std::string& root : {git, shared}) {
    const std::string commit = ReadTrimmed(env::JoinPath(root, ref));
    if (IsCommit(commit)) return commit;
  }
  for (const std::string& line : Split(ReadTrimmed(env::JoinPath(shared, "packed-refs")), '\n')) {
    const size_t blank = line.find(' ');
    if (blank != std::string::npos && Trim(line.substr(blank + 1)) == ref &&
        IsCommit(line.substr(0, blank))) {
      return line.substr(0, blank);
    }
  }
  return {};
}

}  // namespace sluice::pipeline
