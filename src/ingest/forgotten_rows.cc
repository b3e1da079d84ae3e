#include "ingest/forgotten_rows.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "ingest/quarantine.h"

namespace sluice::ingest {
namespace {

constexpr size_t kShortestWord = 4;
constexpr size_t kAtOnce = 5'000;  // rows that are in memory

bool IsOfWord(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         byte >= 0x80 || std::string_view("@._+-").find(c) != std::string_view::npos;
}

// A value of a quarantined row that may be on the list.
struct Suspect {
  size_t row = 0;
  std::string text;
};

QuarantineEntry EntryOf(const TableLoad& load, const QuarantinedRow& row) {
  QuarantineEntry entry;
  entry.address = PartName(load.files[row.file], row.member);
  entry.raw = row.raw;
  entry.raw_cut = row.raw_cut;
  entry.file_columns = ColumnsOfMember(load.files[row.file].columns, row.member);
  return entry;
}

}  // namespace

std::vector<std::string> WordsOf(const std::string& raw) {
  std::vector<std::string> words;
  for (size_t at = 0; at < raw.size();) {
    size_t end = at;
    while (end < raw.size() && IsOfWord(raw[end])) ++end;
    if (end - at >= kShortestWord) words.push_back(raw.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::optional<std::string> ValueIn(const privacy::ScopedColumns& scoped,
                                   const std::vector<std::string>& file_columns,
                                   const std::vector<std::optional<std::string>>& cells) {
  std::string joined;
  for (const std::string& column : scoped.columns) {
    const auto at = std::find(file_columns.begin(), file_columns.end(), column);
    if (at == file_columns.end()) return std::nullopt;
    const auto& cell = cells[static_cast<size_t>(at - file_columns.begin())];
    if (!cell) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + std::string(Trim(*cell));
  }
  return joined;
}

Result<ForgottenRows> ForgottenRows::Of(engine::Connection& connection,
                                        const std::vector<config::Person>& persons,
                                        const TargetTable& target) {
  ForgottenRows rows;
  SLUICE_ASSIGN(rows.list_, privacy::ForgottenList::Read(connection));
  if (rows.list_.empty()) return rows;
  SLUICE_TRY(rows.list_.CheckNamed(persons));
  rows.scopes_ = privacy::ScopesOfTable(persons, target.name);
  rows.table_ = target.name;
  for (const DdlColumn& column : target.columns) {
    rows.columns_.push_back({column.name, column.type.DuckDb()});
  }
  return rows;
}

Result<std::string> ForgottenRows::Condition(const privacy::ExpressionOf& expression_of) const {
  if (scopes_.empty()) return std::string("false");
  return list_.CallOf(scopes_, expression_of, columns_, table_);
}

Status ForgottenRows::LeaveOutBadRows(engine::Connection& connection, TableLoad& load) const {
  if (scopes_.empty() || load.quarantined.empty()) return Status::Ok();
  const QuarantinedRows all = std::exchange(load.quarantined, load.quarantined.Another());
  std::vector<QuarantinedRow> portion;
  SLUICE_TRY(all.ForEach([&](QuarantinedRow& row) {
    portion.push_back(std::move(row));
    return portion.size() < kAtOnce ? Status::Ok() : KeepOthers(connection, load, &portion);
  }));
  return KeepOthers(connection, load, &portion);
}

Status ForgottenRows::KeepOthers(engine::Connection& connection, TableLoad& load,
                                 std::vector<QuarantinedRow>* portion) const {
  const RowEditor editor(load.target);
  std::map<privacy::Scope, std::vector<Suspect>> suspects;
  for (size_t i = 0; i < portion->size(); ++i) {
    const QuarantineEntry entry = EntryOf(load, (*portion)[i]);
    const auto cells = editor.CellsOf(entry);
    for (const privacy::ScopedColumns& scoped : scopes_) {
      std::vector<Suspect>& of_scope = suspects[scoped.scope];
      if (!cells.ok()) {
        for (std::string& word : WordsOf(entry.raw)) of_scope.push_back({i, std::move(word)});
      } else if (auto value = ValueIn(scoped, entry.file_columns, *cells)) {
        of_scope.push_back({i, std::move(*value)});
      }
    }
  }
  std::vector<bool> leave(portion->size(), false);
  for (const auto& [scope, of_scope] : suspects) {
    std::vector<std::string> texts;
    for (const Suspect& suspect : of_scope) texts.push_back(suspect.text);
    SLUICE_ASSIGN(const auto found, list_.Find(connection, scope, texts));
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i]) leave[of_scope[i].row] = true;
    }
  }
  for (size_t i = 0; i < portion->size(); ++i) {
    const QuarantinedRow& row = (*portion)[i];
    if (!leave[i]) {
      SLUICE_TRY(load.quarantined.Add(row));
      continue;
    }
    FileCounts& counts = load.files[row.file].counts;
    --counts.quarantined;
    ++counts.skipped;
    ++counts.forgotten;
  }
  portion->clear();
  return Status::Ok();
}

}  // namespace sluice::ingest
