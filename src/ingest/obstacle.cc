#include "ingest/obstacle.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/table_history.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

constexpr size_t kMostNamed = 3;  // of files that a message lists

}  // namespace

std::string Listed(const std::vector<std::string>& names) {
  const std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<ptrdiff_t>(std::min(kMostNamed, names.size())));
  std::string text = Join(shown, ", ");
  if (names.size() > kMostNamed) {
    text += fmt::format(" and {}", Counted(names.size() - kMostNamed, "more"));
  }
  return text;
}

std::string TellGone(std::string_view table, std::string_view done,
                     const std::vector<std::string>& gone, size_t of, std::string_view what) {
  if (gone.empty()) return {};
  return fmt::format("{} cannot be {}: of the {} {} {} no longer in the store as {} was: {}", table,
                     done, Counted(of, "file"), what,
                     gone.size() == 1 ? "1 is" : Thousands(gone.size()) + " are",
                     gone.size() == 1 ? "it" : "each", Listed(gone));
}

Result<std::string> DeclaredOtherwise(engine::Connection& connection, const TargetTable& target,
                                      const std::map<int64_t, Record>& records) {
  const auto other = std::find_if(records.begin(), records.end(), [&](const auto& entry) {
    return !entry.second.restore && entry.second.mode != MergeName(target.merge);
  });
  if (other != records.end()) {
    return fmt::format(
        "{} cannot be made again: earlier files were loaded in mode {}, and it is {} now",
        target.name, other->second.mode, MergeName(target.merge));
  }
  if (target.schema_changes == config::SchemaChanges::kEvolve) return std::string();
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, target.name));
  const std::vector<std::string> declared = target.AllColumns();
  for (const warehouse::ColumnInfo& column : present) {
    if (std::find(declared.begin(), declared.end(), column.name) != declared.end()) continue;
    return fmt::format(
        "{} cannot be made again: its column {} is not declared any more, and would be "
        "empty",
        target.name, column.name);
  }
  return std::string();
}

}  // namespace sluice::ingest
