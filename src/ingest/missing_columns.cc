#include "ingest/missing_columns.h"

#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/file_shape.h"

namespace sluice::ingest {
namespace {

bool HasRecords(const ShapedFile& file) {
  return file.shape.format == config::FileFormat::kJson && file.copy.expected > 0;
}

std::vector<std::string> MissingKeys(const std::vector<ShapedFile>& files) {
  std::map<std::string, size_t> lacking;
  size_t with_records = 0;
  for (const ShapedFile& file : files) {
    if (!HasRecords(file)) continue;
    ++with_records;
    for (const std::string& name : file.copy.missing) ++lacking[name];
  }
  std::vector<std::string> missing;
  for (const auto& [name, times] : lacking) {
    if (times == with_records) missing.push_back(name);
  }
  return missing;
}

}  // namespace

void TellMissingColumns(const std::vector<ShapedFile>& files, TableLoad& load) {
  struct Told {
    std::vector<std::string> files;
    int64_t rows = 0;
  };
  std::map<std::vector<std::string>, Told> told;
  const std::vector<std::string> missing_keys = MissingKeys(files);
  for (const ShapedFile& file : files) {
    if (!file.shape.header && !HasRecords(file)) continue;
    std::vector<std::string> missing =
        HasRecords(file) ? missing_keys : MissingColumns(load.target, file.shape);
    if (missing.empty()) continue;
    Told& entry = told[std::move(missing)];
    entry.files.push_back(PartName(load.files[file.index], file.part.member));
    entry.rows += file.read + file.copy.removed + file.discarded;
  }
  for (const auto& [columns, entry] : told) {
    const std::string more =
        entry.files.size() > 1
            ? fmt::format(" and {}", Counted(entry.files.size() - 1, "more file"))
            : std::string();
    load.warnings.push_back(
        fmt::format("{}: {}{} without {} {}: NULL in {}", load.label, entry.files.front(), more,
                    columns.size() == 1 ? "column" : "columns", Join(columns, ", "),
                    Counted(static_cast<uint64_t>(entry.rows), "row")));
  }
}

void TellFilesWithoutRows(TableLoad& load) {
  if (load.target.has_pod) return;
  std::string first;
  size_t more = 0;
  for (const LoadFile& file : load.files) {
    if (file.counts.read > 0) continue;
    if (!first.empty()) ++more;
    if (first.empty()) first = file.stored.path;
  }
  if (first.empty()) return;
  load.warnings.push_back(
      fmt::format("{}: {}{} without a row", load.label, first,
                  more > 0 ? fmt::format(" and {}", Counted(more, "more file")) : std::string()));
}

}  // namespace sluice::ingest
