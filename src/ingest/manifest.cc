#include "ingest/manifest.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace sluice::ingest {
namespace {

using Json = nlohmann::json;

// The member of that name, case ignored; null when there is none.
const Json* Member(const Json& object, std::string_view name) {
  for (const auto& [key, value] : object.items()) {
    if (EqualsIgnoreCase(key, name) && !value.is_null()) return &value;
  }
  return nullptr;
}

template <size_t N>
const Json* AnyMember(const Json& object, const std::array<const char*, N>& names) {
  for (const char* name : names) {
    if (const Json* found = Member(object, name)) return found;
  }
  return nullptr;
}

constexpr std::array<const char*, 5> kNames = {"url", "path", "key", "name", "file"};
constexpr std::array<const char*, 4> kSizes = {"size", "content_length", "bytes", "length"};
constexpr std::array<const char*, 5> kDigests = {"sha512", "sha256", "sha1", "md5", "md5checksum"};

Status ReadSize(const Json& object, ManifestEntry* entry) {
  const Json* size = AnyMember(object, kSizes);
  if (size == nullptr) return Status::Ok();
  if (size->is_number_unsigned()) {
    entry->size = size->get<uint64_t>();
  } else {
    entry->size = size->is_string() ? ParseUnsigned(size->get<std::string>()) : std::nullopt;
  }
  return entry->size ? Status::Ok() : RejectedError("its size is no whole number");
}

Status ReadDigest(const Json& object, ManifestEntry* entry) {
  const Json* digest = AnyMember(object, kDigests);
  if (digest == nullptr) return Status::Ok();
  const auto line =
      digest->is_string() ? ParseChecksumLine(digest->get<std::string>()) : std::nullopt;
  if (!line) return RejectedError("its checksum is not in hex digits");
  entry->digest = line->digest;
  return Status::Ok();
}

Result<ManifestEntry> ReadEntry(const Json& json) {
  ManifestEntry entry;
  const Json* name = json.is_object() ? AnyMember(json, kNames) : &json;
  if (name == nullptr || !name->is_string() || name->get_ref<const std::string&>().empty()) {
    return RejectedError("it names no file: expected a text, or an object with url, path or key");
  }
  entry.name = name->get<std::string>();
  if (!json.is_object()) return entry;
  SLUICE_TRY(ReadSize(json, &entry));
  SLUICE_TRY(ReadDigest(json, &entry));
  const Json* meta = Member(json, "meta");
  if (meta != nullptr && meta->is_object() && !entry.size) SLUICE_TRY(ReadSize(*meta, &entry));
  return entry;
}

Result<std::vector<ManifestEntry>> ParseJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return RejectedError("it is no JSON, though it begins like it");
  const Json* list = json.is_array() ? &json : nullptr;
  if (json.is_object()) list = AnyMember(json, std::array<const char*, 2>{"entries", "files"});
  if (list == nullptr || !list->is_array()) {
    return RejectedError("expected a list of files, or an object with \"entries\" or \"files\"");
  }
  std::vector<ManifestEntry> entries;
  for (const Json& item : *list) {
    auto entry = ReadEntry(item);
    if (!entry.ok()) return entry.status().WithContext(fmt::format("entry {}", entries.size() + 1));
    entries.push_back(std::move(entry).value());
  }
  return entries;
}

Result<std::vector<ManifestEntry>> ParseLines(std::string_view text) {
  std::vector<ManifestEntry> entries;
  size_t number = 0;
  for (const std::string& raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#') continue;
    ManifestEntry& entry = entries.emplace_back();
    if (auto checksum = ParseChecksumLine(line)) {
      if (checksum->name.empty()) {
        return RejectedError(fmt::format("line {}: a checksum without a file", number));
      }
      entry = {std::move(checksum->name), std::nullopt, checksum->digest};
      continue;
    }
    const std::vector<std::string> parts = Split(line, '\t');
    entry.name = parts[0];
    if (parts.size() == 1) continue;
    entry.size = ParseUnsigned(Trim(parts[1]));
    if (!entry.size || parts.size() > 2) {
      return RejectedError(
          fmt::format("line {}: expected a path, or a path, a tab and its size", number));
    }
  }
  return entries;
}

}  // namespace

Result<std::vector<ManifestEntry>> ParseManifest(std::string_view text) {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  if (StartsWith(text, kBom)) text.remove_prefix(kBom.size());
  if (!IsValidUtf8(text)) return RejectedError("it is not UTF-8");
  const std::string_view trimmed = Trim(text);
  const bool json = StartsWith(trimmed, "{") || StartsWith(trimmed, "[");
  return json ? ParseJson(trimmed) : ParseLines(text);
}

Result<std::string> EntryPath(std::string_view name, std::string_view store,
                              std::string_view folder) {
  std::string path(name);
  std::string root(store);
  if (!EndsWith(root, "/")) root += '/';
  if (StartsWith(path, "file://")) path.erase(0, 7);
  // Names of buckets come with one of several schemes for the same thing.
  for (const char* scheme : {"s3a://", "s3n://"}) {
    if (StartsWith(path, scheme)) path = "s3://" + path.substr(6);
  }
  if (StartsWith(path, root)) {
    path.erase(0, root.size());
  } else if (path.find("://") != std::string::npos) {
    return RejectedError(fmt::format("{} is not in {}", name, store));
  } else if (StartsWith(path, "/")) {
    path.erase(0, 1);
  } else {
    while (StartsWith(path, "./")) path.erase(0, 2);
    path = std::string(folder) + path;
  }
  for (const std::string& part : Split(path, '/')) {
    if (part == ".." || part.empty()) {
      return RejectedError(fmt::format("{} is no path of a file in the store", name));
    }
  }
  return path;
}

}  // namespace sluice::ingest
