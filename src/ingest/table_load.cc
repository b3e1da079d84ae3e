#include "ingest/table_load.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"

namespace sluice::ingest {

std::string_view MergeName(Merge merge) {
  switch (merge) {
    case Merge::kAppend:
      return "append";
    case Merge::kReplace:
      return "replace";
    case Merge::kDeleteInsert:
      return "delete-insert";
    case Merge::kUpdateInsert:
      return "update-insert";
    case Merge::kInsertNonVoid:
      return "insert-nonvoid";
    case Merge::kUpsert:
      return "upsert";
  }
  return "append";
}

std::vector<std::string> TargetTable::MatchColumns() const {
  std::vector<std::string> names = key;
  names.insert(names.end(), also.begin(), also.end());
  if (match_pod) names.emplace_back(kPodColumn);
  return names;
}

bool TargetTable::MustNotBeNull(const std::string& column) const {
  if (std::find(key.begin(), key.end(), column) != key.end()) return true;
  return merge == Merge::kDeleteInsert && delete_values.empty() && column == void_column;
}

std::vector<std::string> TargetTable::AllColumns() const {
  std::vector<std::string> names;
  for (const DdlColumn& column : columns) names.push_back(column.name);
  if (has_pod) names.emplace_back(kPodColumn);
  names.emplace_back(kLoadColumn);
  names.emplace_back(kFileColumn);
  return names;
}

FileCounts& FileCounts::operator+=(const FileCounts& other) {
  read += other.read;
  inserted += other.inserted;
  updated += other.updated;
  unchanged += other.unchanged;
  delete_matched += other.delete_matched;
  delete_unmatched += other.delete_unmatched;
  superseded += other.superseded;
  skipped += other.skipped;
  quarantined += other.quarantined;
  key_collisions += other.key_collisions;
  too_long += other.too_long;
  forgotten += other.forgotten;
  return *this;
}

bool FileCounts::Adds() const {
  return read == inserted + updated + unchanged + delete_matched + delete_unmatched + superseded +
                     skipped + quarantined;
}

FileCounts TableLoad::Total() const {
  FileCounts total;
  for (const LoadFile& file : files) total += file.counts;
  return total;
}

uint64_t TableLoad::bytes() const {
  uint64_t bytes = 0;
  for (const LoadFile& file : files) bytes += file.stored.size;
  return bytes;
}

int64_t LoadIdOf(std::string_view ingest, std::string_view table,
                 const std::vector<const LoadFile*>& files) {
  std::string what;
  for (const LoadFile* file : files) {
    what += fmt::format("{}\n{}\n{}\n", file->connection, file->stored.path, file->stored.tag);
    if (file->delivery > 0) what += fmt::format("#{}\n", file->delivery);
  }
  return StableId({ingest, table, what});
}

void SetLoadId(TableLoad& load) {
  std::vector<const LoadFile*> files;
  for (const LoadFile& file : load.files) files.push_back(&file);
  const int64_t id = LoadIdOf(load.ingest, load.target.name, files);
  for (LoadFile& file : load.files) file.load_id = id;
}

std::string PartName(const LoadFile& file, const std::string& member) {
  return member.empty() ? file.stored.path : file.stored.path + "/" + member;
}

std::string PartHash(const LoadFile& file, const std::string& member) {
  return member.empty() ? file.content_hash : file.content_hash + "/" + member;
}

}  // namespace sluice::ingest
