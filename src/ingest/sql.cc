#include "ingest/sql.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {

std::string Matches(const TargetTable& target, std::string_view left, std::string_view right) {
  std::vector<std::string> strict = target.key;
  if (target.match_pod) strict.emplace_back(kPodColumn);
  std::string condition = warehouse::EqualKeys(strict, left, right);
  if (!target.also.empty()) {
    if (!condition.empty()) condition += " AND ";
    condition += warehouse::SameKeys(target.also, left, right);
  }
  return condition;
}

std::string Deletes(const TargetTable& target, std::string_view row) {
  const std::string marker = fmt::format("{}.{}", row, warehouse::QuoteName(target.void_column));
  if (target.delete_values.empty()) return marker;
  return fmt::format("coalesce({} IN ({}), false)", marker, Join(target.delete_values, ", "));
}

std::string IsNewer(const TargetTable& target, std::string_view left, std::string_view right) {
  if (target.version.empty()) return "false";
  const std::string version = warehouse::QuoteName(target.version);
  return fmt::format("({0}.{2} IS NOT NULL AND ({1}.{2} IS NULL OR {0}.{2} > {1}.{2}))", left,
                     right, version);
}

std::string FileOrder(const TableLoad& load, std::string_view name) {
  std::string values;
  for (size_t i = 0; i < load.files.size(); ++i) {
    values += fmt::format("{}({}, {})", i == 0 ? "" : ", ", load.files[i].file_id, i);
  }
  return fmt::format("(VALUES {}) AS {}(file, position)", values, name);
}

Status AddCounts(engine::Connection& connection, const std::string& sql, TableLoad& load,
                 const std::vector<int64_t FileCounts::*>& fields) {
  SLUICE_ASSIGN(const auto rows, connection.Rows(sql));
  std::map<int64_t, FileCounts*> by_id;
  for (LoadFile& file : load.files) by_id[file.file_id] = &file.counts;
  for (const auto& row : rows) {
    const auto found = by_id.find(engine::ToInt(row[0]));
    SLUICE_CHECK(found != by_id.end(), "a row of a file that is not of this load");
    for (size_t i = 0; i < fields.size(); ++i) {
      found->second->*fields[i] += engine::ToInt(row[i + 1]);
    }
  }
  return Status::Ok();
}

std::string StageName(int64_t load_id) {
  return std::string(kStagePrefix) + HexEncode(static_cast<uint64_t>(load_id));
}

std::string GoneName(int64_t load_id) {
  return std::string(kGonePrefix) + HexEncode(static_cast<uint64_t>(load_id));
}

}  // namespace sluice::ingest
