#include "config/include.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"

namespace sluice::config {
namespace {

constexpr size_t kMostFiles = 200;
constexpr uint64_t kMostBytes = 1 << 20;

// Which maps two files may both write into, by their place below the root.
bool Mergeable(const std::vector<std::string>& path) {
  if (path.empty()) return true;
  const std::string& section = path[0];
  const bool spread = section == "ingests" || section == "environments";
  if (path.size() == 1) {
    return spread || section == "connections" || section == "models" || section == "syncs";
  }
  if (path.size() == 2) return spread;
  const std::string inner = section == "ingests" ? "tables" : "connections";
  return path.size() == 3 && spread && path[2] == inner;
}

class TreeLoader {
 public:
  TreeLoader(std::string project_folder, Diagnostics* diagnostics)
      : project_folder_(std::move(project_folder)), diagnostics_(*diagnostics) {}

  NodePtr Load(const std::string& path, const Location& from) {
    const std::string name = RelativeTo(project_folder_, path);
    if (Refused(path, name, from)) return nullptr;
    loaded_[path] = from;
    const Result<std::string> text = env::ReadFile(path, kMostBytes);
    if (!text.ok()) {
      diagnostics_.Error(from, from.line > 0 ? "include" : "", text.status().message());
      return nullptr;
    }
    NodePtr root = ParseYaml(*text, name, &diagnostics_);
    if (root == nullptr) return nullptr;
    if (root->kind == Node::Kind::kNull) {
      auto empty = std::make_shared<Node>(*root);
      empty->kind = Node::Kind::kMap;
      return empty;
    }
    if (root->kind != Node::Kind::kMap) {
      diagnostics_.Mismatch(root->where, "", "a map with sections such as connections",
                            Found(*root));
      return nullptr;
    }
    open_.push_back(path);
    root = WithIncludes(root, env::Dirname(path));
    open_.pop_back();
    return root;
  }

 private:
  bool Refused(const std::string& path, const std::string& name, const Location& from) {
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      diagnostics_.Error(from, "include",
                         fmt::format("{} includes itself, directly or by way of "
                                     "other files",
                                     name));
      return true;
    }
    if (const auto it = loaded_.find(path); it != loaded_.end()) {
      diagnostics_.Error(
          from, "include",
          fmt::format("{} is included twice; first at {}", name, it->second.ToString()));
      return true;
    }
    if (loaded_.size() < kMostFiles) return false;
    diagnostics_.Error(from, "include", fmt::format("more than {} files", kMostFiles));
    return true;
  }

  NodePtr WithIncludes(const NodePtr& root, const std::string& folder) {
    const Entry* include = root->Find("include");
    if (include == nullptr) return root;
    auto merged = std::make_shared<Node>(*root);
    merged->entries.erase(merged->entries.begin() + (include - root->entries.data()));
    NodePtr result = merged;
    for (const auto& [path, where] : IncludedFiles(*include->value, folder)) {
      const NodePtr included = Load(path, where);
      if (included != nullptr) result = Merged(*result, *included, {});
    }
    return result;
  }

  std::vector<std::pair<std::string, Location>> IncludedFiles(const Node& node,
                                                              const std::string& folder) {
    std::vector<std::pair<std::string, Location>> files;
    std::vector<const Node*> patterns;
    if (node.kind == Node::Kind::kScalar) patterns.push_back(&node);
    for (const NodePtr& item : node.items) patterns.push_back(item.get());
    if (node.kind == Node::Kind::kMap) {
      diagnostics_.Mismatch(node.where, "include", "a list of files", "a map");
    }
    for (const Node* pattern : patterns) {
      if (pattern->kind != Node::Kind::kScalar || pattern->text.empty()) {
        diagnostics_.Mismatch(pattern->where, "include", "the name of a file", Found(*pattern));
        continue;
      }
      for (std::string& path : Matching(*pattern, folder)) {
        files.emplace_back(std::move(path), pattern->where);
      }
    }
    return files;
  }

  std::vector<std::string> Matching(const Node& pattern, const std::string& folder) {
    const std::string full = env::AbsolutePath(env::JoinPath(folder, pattern.text));
    if (full.find_first_of("*?") == std::string::npos) return {full};
    const std::string below = env::Dirname(full);
    const std::string last = env::Basename(full);
    if (below.find_first_of("*?") != std::string::npos) {
      diagnostics_.Error(pattern.where, "include",
                         "* and ? may only stand in the last part of the path");
      return {};
    }
    std::vector<std::string> paths;
    const auto entries = env::ListDirectory(below);
    if (entries.ok()) {
      for (const env::DirectoryEntry& entry : *entries) {
        std::string path = env::JoinPath(below, entry.name);
        const bool including = std::find(open_.begin(), open_.end(), path) != open_.end();
        if (entry.info.is_directory || entry.name[0] == '.' || including) continue;
        if (MatchesPattern(entry.name, last)) paths.push_back(std::move(path));
      }
    }
    if (paths.empty()) {
      diagnostics_.Warn(pattern.where, "include",
                        fmt::format("no file matches {}", Quoted(pattern.text)));
    }
    return paths;
  }

  NodePtr Merged(const Node& base, const Node& more, const std::vector<std::string>& path) {
    auto merged = std::make_shared<Node>(base);
    for (const Entry& entry : more.entries) {
      const auto same = std::find_if(merged->entries.begin(), merged->entries.end(),
                                     [&](const Entry& other) { return other.key == entry.key; });
      if (same == merged->entries.end()) {
        merged->entries.push_back(entry);
        continue;
      }
      std::vector<std::string> inner = path;
      inner.push_back(entry.key);
      const bool both_maps =
          same->value->kind == Node::Kind::kMap && entry.value->kind == Node::Kind::kMap;
      if (both_maps && Mergeable(inner)) {
        same->value = Merged(*same->value, *entry.value, inner);
      } else if (same->value->kind == Node::Kind::kNull && Mergeable(inner)) {
        same->value = entry.value;  // `ingests:` without anything below it
      } else if (entry.value->kind != Node::Kind::kNull || !Mergeable(inner)) {
        diagnostics_.Error(entry.key_where, Join(inner, "."),
                           fmt::format("given twice; first at {}", same->key_where.ToString()));
      }
    }
    return merged;
  }

  std::string project_folder_;
  Diagnostics& diagnostics_;
  std::vector<std::string> open_;           // files whose includes are being read
  std::map<std::string, Location> loaded_;  // every file, and who asked for it
};

}  // namespace

NodePtr LoadTree(const std::string& path, const std::string& project_folder,
                 Diagnostics* diagnostics) {
  const Location start{RelativeTo(project_folder, path), 0, 0};
  NodePtr root = TreeLoader(project_folder, diagnostics).Load(path, start);
  return diagnostics->ok() ? root : nullptr;
}

bool MatchesPattern(std::string_view name, std::string_view pattern) {
  size_t n = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;  // where to go on with one more character under the last *
  size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string RelativeTo(const std::string& folder, const std::string& path) {
  const std::string relative =
      std::filesystem::path(path).lexically_relative(std::filesystem::path(folder)).string();
  return relative.empty() ? path : relative;
}

}  // namespace sluice::config
