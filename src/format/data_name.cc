#include "format/data_name.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"

namespace sluice::format {
namespace {

constexpr std::array<std::string_view, 3> kPacked = {".gz", ".zst", ".zip"};
constexpr std::array<std::string_view, 7> kEndings = {".csv",   ".tsv",    ".txt",    ".json",
                                                      ".jsonl", ".ndjson", ".parquet"};
constexpr std::array<std::string_view, 4> kChecksums = {".md5", ".sha1", ".sha256", ".sha512"};
// What browsers, editors and programs for transfers call a file that is not whole.
constexpr std::array<std::string_view, 7> kUnfinished = {
    ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp"};

bool EndsWithOne(std::string_view text, std::span<const std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return EndsWith(text, ending); });
}

}  // namespace

DataName SplitDataName(std::string_view name) {
  DataName parts;
  const std::string lower = Lower(name);
  std::string_view rest = lower;
  for (const std::string_view packed : kPacked) {
    if (!EndsWith(rest, packed)) continue;
    rest.remove_suffix(packed.size());
    parts.packed = name.substr(rest.size());
    break;
  }
  for (const std::string_view ending : kEndings) {
    if (!EndsWith(rest, ending)) continue;
    parts.ending = ending;
    rest.remove_suffix(ending.size());
    break;
  }
  parts.stem = name.substr(0, rest.size());
  parts.written = name.substr(rest.size(), parts.ending.size());
  return parts;
}

bool LooksLikeData(std::string_view path) {
  return !SplitDataName(path).ending.empty();
}

bool IsBesideData(std::string_view path) {
  if (path.empty() || path.back() == '/' || path.back() == '~') return true;
  const auto is_hidden = [](char c) { return c == '.' || c == '_'; };
  for (size_t at = 0; at < path.size(); at = path.find('/', at) + 1) {
    if (is_hidden(path[at])) return true;
    if (path.find('/', at) == std::string_view::npos) break;
  }
  const std::string lower = Lower(path);
  return EndsWithOne(lower, kChecksums) || EndsWithOne(lower, kUnfinished);
}

}  // namespace sluice::format
