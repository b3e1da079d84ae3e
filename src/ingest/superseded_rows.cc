#include "ingest/superseded_rows.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/quarantine.h"
#include "ingest/table_files.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;
using warehouse::QualifiedName;
using warehouse::QuoteName;
using warehouse::QuoteText;

constexpr int64_t kAtOnce = 5'000;  // rows that are in memory
constexpr size_t kPerStatement = 500;

class SupersededRows {
 public:
  SupersededRows(engine::Connection& connection, TableLoad& load)
      : connection_(connection), load_(load), editor_(load.target) {
    columns_ = load.target.key;
    if (!load.target.version.empty()) columns_.push_back(load.target.version);
  }

  Status Find() {
    load_.superseded.clear();
    int64_t stay = 0;
    std::string first;
    for (const LoadFile& file : load_.files) {
      if (!file.replaces) continue;
      const size_t before = load_.superseded.size();
      SLUICE_ASSIGN(const int64_t rows, FindOf(file));
      const int64_t left = rows - static_cast<int64_t>(load_.superseded.size() - before);
      if (left > 0 && first.empty()) first = file.stored.path;
      stay += left;
    }
    Tell(stay, first);
    return Status::Ok();
  }

 private:
  void Tell(int64_t stay, const std::string& first) {
    if (!load_.superseded.empty()) {
      load_.warnings.push_back(
          fmt::format("{}: {} of earlier versions in quarantine: the new content has {} place",
                      load_.label, Counted(load_.superseded.size(), "row"),
                      load_.superseded.size() == 1 ? "taken its" : "taken their"));
    }
    if (stay > 0) {
      load_.warnings.push_back(fmt::format(
          "{}: {} of earlier versions {} in quarantine, for the new content does not have {} "
          "({}): sluice quarantine list --rows {}",
          load_.label, Counted(static_cast<uint64_t>(stay), "row"), stay == 1 ? "stays" : "stay",
          stay == 1 ? "it" : "them", first, load_.target.name));
    }
  }

  // How many rows of earlier versions there are; those that go are in `load_.superseded`.
  Result<int64_t> FindOf(const LoadFile& file) {
    SLUICE_ASSIGN(const auto again, TextsThatCameAgain(file));
    int64_t rows = 0;
    int64_t after = std::numeric_limits<int64_t>::min();
    while (true) {
      // In the order of the ids, so that each portion begins where the one before it ended.
      SLUICE_ASSIGN(
          const auto ids,
          connection_.Rows(
              "SELECT q.quarantine_id FROM _sluice.quarantine AS q JOIN _sluice.files AS f ON "
              "f.file_id = q.file_id AND f.load_id = q.load_id WHERE " +
                  OfEarlierVersions() + " AND q.quarantine_id > $5 GROUP BY 1 ORDER BY 1 LIMIT $6",
              Bound(file, {after, kAtOnce})));
      if (ids.empty()) return rows;
      const int64_t upto = ToInt(ids.back()[0]);
      SLUICE_ASSIGN(const auto entries,
                    ReadQuarantine(
                        connection_,
                        OfEarlierVersions() + " AND q.quarantine_id > $5 AND q.quarantine_id <= $6",
                        Bound(file, {after, upto}), 100 * kAtOnce));
      rows += static_cast<int64_t>(entries.size());
      SLUICE_TRY(Judge(file, entries, again));
      after = upto;
    }
  }

  static std::string OfEarlierVersions() {
    return "q.ingest = $1 AND q.table_name = $2 AND f.connection = $3 AND f.address = $4 AND "
           "f.state = 'loaded'";
  }
  std::vector<Value> Bound(const LoadFile& file, std::vector<Value> more) const {
    std::vector<Value> bound = {load_.ingest, load_.target.name, file.connection, file.stored.path};
    bound.insert(bound.end(), more.begin(), more.end());
    return bound;
  }

  // Of the rows that are in quarantine of the new content: found by staging, or kept with the hold of a gate.
  Result<std::set<std::string>> TextsThatCameAgain(const LoadFile& file) {
    std::set<std::string> texts;
    for (const QuarantinedRow& bad : load_.quarantined) {
      const bool own = load_.files[bad.file].file_id == file.file_id;
      if (own && !bad.raw_cut) texts.insert(bad.raw);
    }
    SLUICE_ASSIGN(const auto held,
                  connection_.Rows("SELECT raw FROM _sluice.quarantine WHERE load_id = $1 AND "
                                   "file_id = $2 AND table_name = $3 AND NOT raw_cut",
                                   {file.load_id, file.file_id, load_.target.name}));
    for (const auto& row : held) texts.insert(ToText(row[0]));
    return texts;
  }

  Status Judge(const LoadFile& file, const std::vector<QuarantineEntry>& entries,
               const std::set<std::string>& again) {
    std::vector<const QuarantineEntry*> to_match;
    std::vector<std::string> values;
    for (const QuarantineEntry& entry : entries) {
      if (!entry.fix.empty()) continue;
      if (!entry.raw_cut && again.count(entry.raw) > 0) {
        load_.superseded.push_back({entry.id, entry.load_id, entry.file_id});
        continue;
      }
      const auto row = ValuesOf(file, entry, to_match.size());
      if (!row) continue;
      to_match.push_back(&entry);
      values.push_back(*row);
      if (values.size() == kPerStatement) SLUICE_TRY(Match(&to_match, &values));
    }
    return Match(&to_match, &values);
  }

  // "(3, '7', NULL)": number, the texts of key and version. Nothing where they are not known for certain.
  std::optional<std::string> ValuesOf(const LoadFile& file, const QuarantineEntry& entry,
                                      size_t number) const {
    const auto cells = editor_.CellsOf(entry);
    if (!cells.ok()) return std::nullopt;
    std::string values = fmt::format("({}", number);
    for (const std::string& name : columns_) {
      const bool is_version = name == load_.target.version;
      std::optional<std::string> text;
      const auto captured = load_.target.captured.find(name);
      if (captured != load_.target.captured.end()) {
        text = CapturedValue(file.captures, captured->second);
      } else {
        const auto& names = entry.file_columns;
        const auto at = std::find(names.begin(), names.end(), name);
        if (at == names.end()) return std::nullopt;
        text = cells.value()[static_cast<size_t>(at - names.begin())];
      }
      if (!text && !is_version) return std::nullopt;
      // What is written in a form of its own is left to a person.
      if (text && !format::Fits(*text, TypeOf(name))) return std::nullopt;
      values += ", " + (text ? QuoteText(*text) : "NULL");
    }
    return values + ")";
  }

  const format::SqlType& TypeOf(const std::string& name) const {
    return std::find_if(load_.target.columns.begin(), load_.target.columns.end(),
                        [&](const DdlColumn& column) { return column.name == name; })
        ->type;
  }

  Status Match(std::vector<const QuarantineEntry*>* entries, std::vector<std::string>* values) {
    if (values->empty()) return Status::Ok();
    std::string names = "number";
    std::string same;
    for (size_t i = 0; i < columns_.size(); ++i) {
      names += fmt::format(", c{}", i);
      const std::string old = fmt::format("TRY_CAST(v.c{} AS {})", i, TypeOf(columns_[i]).DuckDb());
      const std::string now = "s." + QuoteName(columns_[i]);
      if (!same.empty()) same += " AND ";
      if (columns_[i] == load_.target.version) {
        same += fmt::format("(v.c{} IS NULL OR {} <= {})", i, old, now);
      } else {
        same += fmt::format("{} = {}", old, now);
      }
    }
    SLUICE_ASSIGN(const auto rows,
                  connection_.Rows(fmt::format(
                      "SELECT DISTINCT v.number FROM (VALUES {}) AS v({}) JOIN {} AS s ON {}",
                      Join(*values, ", "), names, QualifiedName(load_.stage), same)));
    for (const auto& row : rows) {
      const QuarantineEntry& entry = *(*entries)[static_cast<size_t>(ToInt(row[0]))];
      load_.superseded.push_back({entry.id, entry.load_id, entry.file_id});
    }
    entries->clear();
    values->clear();
    return Status::Ok();
  }

  engine::Connection& connection_;
  TableLoad& load_;
  const RowEditor editor_;
  std::vector<std::string> columns_;  // key and version
};

}  // namespace

Status FindSupersededRows(engine::Connection& connection, TableLoad& load) {
  return SupersededRows(connection, load).Find();
}

Status CloseSupersededRows(engine::Connection& connection, const TableLoad& load) {
  std::map<std::pair<int64_t, int64_t>, int64_t> counts;
  std::vector<QuarantineEntry> entries;
  for (const TableLoad::RowInQuarantine& row : load.superseded) {
    ++counts[{row.load_id, row.file_id}];
    QuarantineEntry& entry = entries.emplace_back();
    entry.ingest = load.ingest;
    entry.table = load.target.name;
    entry.id = row.id;
    entry.load_id = row.load_id;
    entry.file_id = row.file_id;
  }
  for (const auto& [file, n] : counts) {
    FileCounts more;
    more.quarantined = -n;
    more.superseded = n;
    SLUICE_TRY(AmendCounts(connection, file.first, file.second, more));
  }
  return RemoveFromQuarantine(connection, entries);
}

}  // namespace sluice::ingest
