#include "ingest/superseded_rows.h"

#include <algorithm>
#include <limits>
#include <optional>
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
using engine::Value;
using warehouse::QualifiedName;
using warehouse::QuoteName;
using warehouse::QuoteText;

constexpr int64_t kAtOnce = 5'000;  // rows that are in memory
constexpr size_t kPerStatement = 500;

// Both temporary, of this connection.
constexpr const char* kTexts = "sluice_new_texts";
std::string TableOf(const TableLoad& load) {
  return QuoteName(load.stage + "_superseded");
}

class SupersededRows {
 public:
  SupersededRows(engine::Connection& connection, TableLoad& load)
      : connection_(connection), load_(load), editor_(load.target) {
    columns_ = load.target.key;
    if (!load.target.version.empty()) columns_.push_back(load.target.version);
  }

  Status Find() {
    load_.superseded.clear();
    int64_t go = 0;
    int64_t stay = 0;
    std::string first;
    for (const LoadFile& file : load_.files) {
      if (!file.replaces) continue;
      SLUICE_ASSIGN(const int64_t rows, CountOf(file));
      if (rows == 0) continue;
      SLUICE_TRY(MakeTables());
      SLUICE_ASSIGN(const int64_t gone, FindOf(file));
      if (rows > gone && first.empty()) first = file.stored.path;
      go += gone;
      stay += rows - gone;
    }
    if (!load_.superseded.empty()) SLUICE_TRY(Execute(fmt::format("DROP TABLE {}", kTexts)));
    Tell(go, stay, first);
    return Status::Ok();
  }

 private:
  Status Execute(const std::string& sql) { return connection_.Execute(sql).status(); }

  void Tell(int64_t go, int64_t stay, const std::string& first) {
    if (go > 0) {
      load_.warnings.push_back(fmt::format(
          "{}: {} of earlier versions in quarantine: the new content has {} place", load_.label,
          Counted(static_cast<uint64_t>(go), "row"), go == 1 ? "taken its" : "taken their"));
    }
    if (stay > 0) {
      load_.warnings.push_back(fmt::format(
          "{}: {} of earlier versions {} in quarantine, for the new content does not have {} "
          "({}): sluice quarantine list --rows {}",
          load_.label, Counted(static_cast<uint64_t>(stay), "row"), stay == 1 ? "stays" : "stay",
          stay == 1 ? "it" : "them", first, load_.target.name));
    }
  }

  // For the rows that go, and the texts of the new bad rows of files.
  Status MakeTables() {
    if (!load_.superseded.empty()) return Status::Ok();
    load_.superseded = TableOf(load_);
    SLUICE_TRY(
        Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} (quarantine_id BIGINT, load_id "
                            "BIGINT, file_id BIGINT)",
                            load_.superseded)));
    SLUICE_TRY(Execute(
        fmt::format("CREATE OR REPLACE TEMP TABLE {} (file_id BIGINT, raw VARCHAR)", kTexts)));
    SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection_, "main", kTexts));
    SLUICE_TRY(load_.quarantined.ForEach([&](const QuarantinedRow& bad) {
      if (bad.raw_cut) return Status::Ok();
      return appender->Row({load_.files[bad.file].file_id, StoredText(bad.raw)});
    }));
    return appender->Close();
  }

  Result<int64_t> CountOf(const LoadFile& file) {
    SLUICE_ASSIGN(const auto rows,
                  connection_.Scalar("SELECT count(*) FROM " + Earlier(), Bound(file, {})));
    return ToInt(rows);
  }

  // How many rows of earlier versions go.
  Result<int64_t> FindOf(const LoadFile& file) {
    SLUICE_ASSIGN(int64_t gone, FindTexts(file));
    int64_t after = std::numeric_limits<int64_t>::min();
    while (true) {
      // In the order of the ids, so that each portion begins where the one before it ended.
      SLUICE_ASSIGN(const auto ids,
                    connection_.Rows("SELECT q.quarantine_id FROM " + Earlier() +
                                         " AND q.quarantine_id > $5 GROUP BY 1 ORDER BY 1 LIMIT $6",
                                     Bound(file, {after, kAtOnce})));
      if (ids.empty()) return gone;
      const int64_t upto = ToInt(ids.back()[0]);
      SLUICE_ASSIGN(const auto entries,
                    ReadQuarantine(connection_,
                                   OfEarlierVersions() +
                                       " AND q.quarantine_id > $5 AND q.quarantine_id <= "
                                       "$6 AND " +
                                       NotFound(),
                                   Bound(file, {after, upto}), 100 * kAtOnce));
      SLUICE_ASSIGN(const int64_t matched, FindKeys(file, entries));
      gone += matched;
      after = upto;
    }
  }

  static std::string OfEarlierVersions() {
    return "q.ingest = $1 AND q.table_name = $2 AND f.connection = $3 AND f.address = $4 AND "
           "f.state = 'loaded'";
  }
  static std::string Earlier() {
    return "_sluice.quarantine AS q JOIN _sluice.files AS f ON f.file_id = q.file_id AND f.load_id "
           "= q.load_id WHERE " +
           OfEarlierVersions();
  }
  std::string NotFound() const {
    return "(q.quarantine_id, q.load_id, q.file_id) NOT IN (SELECT (quarantine_id, load_id, "
           "file_id) FROM " +
           load_.superseded + ")";
  }
  std::vector<Value> Bound(const LoadFile& file, std::vector<Value> more) const {
    std::vector<Value> bound = {load_.ingest, load_.target.name, file.connection, file.stored.path};
    bound.insert(bound.end(), more.begin(), more.end());
    return bound;
  }

  // Those whose text is in quarantine of the new content: found by staging, or kept with the hold of a gate.
  Result<int64_t> FindTexts(const LoadFile& file) {
    return connection_.Execute(
        fmt::format(
            "INSERT INTO {} SELECT DISTINCT q.quarantine_id, q.load_id, q.file_id FROM {} AND NOT "
            "coalesce(q.raw_cut, strlen(q.raw) >= 4096) AND q.raw IN (SELECT raw FROM {} WHERE "
            "file_id = $6 UNION ALL SELECT raw FROM _sluice.quarantine WHERE load_id = $5 AND "
            "file_id = $6 AND table_name = $2 AND NOT raw_cut) AND NOT EXISTS (SELECT 1 FROM "
            "_sluice.quarantine_fixes AS x WHERE x.quarantine_id = q.quarantine_id AND x.ingest = "
            "q.ingest AND x.table_name = q.table_name AND x.state = 'open' AND x.raw <> '')",
            load_.superseded, Earlier(), kTexts),
        Bound(file, {file.load_id, file.file_id}));
  }

  Result<int64_t> FindKeys(const LoadFile& file, const std::vector<QuarantineEntry>& entries) {
    int64_t found = 0;
    std::vector<std::string> values;
    for (const QuarantineEntry& entry : entries) {
      if (!entry.fix.empty()) continue;
      auto row = ValuesOf(file, entry);
      if (!row) continue;
      values.push_back(std::move(*row));
      if (values.size() < kPerStatement) continue;
      SLUICE_ASSIGN(const int64_t more, Match(&values));
      found += more;
    }
    SLUICE_ASSIGN(const int64_t more, Match(&values));
    return found + more;
  }

  // "(3, 4, 5, '7', NULL)": who the row is, the texts of key and version. Nothing where they are not known for certain.
  std::optional<std::string> ValuesOf(const LoadFile& file, const QuarantineEntry& entry) const {
    const auto cells = editor_.CellsOf(entry);
    if (!cells.ok()) return std::nullopt;
    std::string values = fmt::format("({}, {}, {}", entry.id, entry.load_id, entry.file_id);
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

  // How many of these rows have a key of the stage with no lesser version.
  Result<int64_t> Match(std::vector<std::string>* values) {
    if (values->empty()) return int64_t{0};
    std::string names = "quarantine_id, load_id, file_id";
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
    const std::string all = Join(*values, ", ");
    values->clear();
    return connection_.Execute(fmt::format(
        "INSERT INTO {} SELECT DISTINCT v.quarantine_id, v.load_id, v.file_id FROM (VALUES {}) AS "
        "v({}) JOIN {} AS s ON {}",
        load_.superseded, all, names, QualifiedName(load_.stage), same));
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
  if (load.superseded.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto counts, connection.Rows("SELECT load_id, file_id, count(*) FROM " +
                                                   load.superseded + " GROUP BY ALL ORDER BY ALL"));
  for (const auto& row : counts) {
    FileCounts more;
    more.superseded = ToInt(row[2]);
    more.quarantined = -more.superseded;
    SLUICE_TRY(AmendCounts(connection, ToInt(row[0]), ToInt(row[1]), more));
  }
  // By load and file too: the same content may be in quarantine for a load that is held.
  SLUICE_TRY(connection
                 .Execute("DELETE FROM _sluice.quarantine WHERE ingest = $1 AND table_name = $2 "
                          "AND (quarantine_id, load_id, file_id) IN (SELECT (quarantine_id, "
                          "load_id, file_id) FROM " +
                              load.superseded + ")",
                          {load.ingest, load.target.name})
                 .status());
  return connection.Execute("DROP TABLE " + load.superseded).status();
}

}  // namespace sluice::ingest
