// Every load mode of layout files against a model of a few lines, over random files: the tables, which
// file each row is from, and what every file is accounted with.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

using config::Table;

struct Row {
  std::string file;
  std::string a;  // the key: a and b
  std::string b;
  std::string version;  // "" is NULL
  std::string value;    // "" is NULL
  std::string mark;     // delete-insert: "D" and "X" delete; "" is NULL
  bool good = true;

  std::string Key() const { return a + "," + b; }
  std::string Line() const { return fmt::format("{},{},{},{},{}\n", a, b, version, value, mark); }
  std::string Values() const {
    const auto text = [](const std::string& cell) { return cell.empty() ? "NULL" : cell; };
    return fmt::format("{}|{}|{}|{}|{}", a, b, text(version), text(value), text(mark));
  }
  std::string Stored() const { return Values() + "|" + file; }
  bool Deletes() const { return mark == "D" || mark == "X"; }
};

struct File {
  std::string name;
  std::vector<Row> rows;
};

// What the modes mean, file after file and row after row.
class Model {
 public:
  Model(Table::Mode mode, bool versioned) : mode_(mode), versioned_(versioned) {}

  // The files of one step. Returns their accounts.
  std::map<std::string, FileCounts> Load(const std::vector<File>& files) {
    counts_.clear();
    if (mode_ == Table::Mode::kReplace) rows_.clear();
    for (const File& file : files) {
      for (const Row& row : file.rows) {
        ++counts_[file.name].read;
        if (!row.good) ++counts_[file.name].quarantined;
      }
    }
    if (mode_ == Table::Mode::kUpsert) {
      Upsert(files);
    } else {
      for (const File& file : files) Insert(file);
    }
    return counts_;
  }

  std::vector<std::string> Stored() const {
    std::vector<std::string> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row.Stored());
    std::sort(rows.begin(), rows.end());
    return rows;
  }

 private:
  void Insert(const File& file) {
    FileCounts& counts = counts_[file.name];
    const bool deletes = mode_ == Table::Mode::kDeleteInsert;
    std::map<std::string, int64_t> markers;
    for (const Row& row : file.rows) {
      if (deletes && row.good && row.Deletes()) ++markers[row.Key()];
    }
    for (const auto& [key, n] : markers) {
      (rows_.erase(key) > 0 ? counts.delete_matched : counts.delete_unmatched) += n;
    }
    for (const Row& row : file.rows) {
      if (!row.good || (deletes && row.Deletes())) continue;
      rows_.emplace(row.Key(), row);
      ++counts.inserted;
    }
  }

  // At least as new as `other`, which came before it.
  bool Replaces(const Row& row, const Row& other) const {
    if (!versioned_ || row.version == other.version) return true;
    return !row.version.empty() && (other.version.empty() || row.version > other.version);
  }

  void Upsert(const std::vector<File>& files) {
    std::map<std::string, Row> batch;
    for (const File& file : files) {
      for (const Row& row : file.rows) {
        if (!row.good) continue;
        const auto [entry, first] = batch.try_emplace(row.Key(), row);
        if (first) continue;
        const bool wins = Replaces(row, entry->second);
        ++counts_[wins ? entry->second.file : row.file].superseded;
        if (wins) entry->second = row;
      }
    }
    for (const auto& [key, row] : batch) {
      FileCounts& counts = counts_[row.file];
      const auto there = rows_.find(key);
      if (there == rows_.end()) {
        ++counts.inserted;
        rows_.emplace(key, row);
      } else if (!Replaces(row, there->second)) {
        ++counts.superseded;
      } else if (row.Values() == there->second.Values()) {
        ++counts.unchanged;
      } else {
        ++counts.updated;
        there->second = row;
      }
    }
  }

  Table::Mode mode_;
  bool versioned_;
  std::multimap<std::string, Row> rows_;
  std::map<std::string, FileCounts> counts_;
};

struct Variant {
  const char* name;
  Table::Mode mode;
  bool versioned;
};

class ModesRandomTest : public IngestTest, public testing::WithParamInterface<Variant> {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    Table table;
    table.name = "t";
    table.pattern = "*.csv";
    table.mode = GetParam().mode;
    table.key = {"a", "b"};
    table.columns = {{"a", "INTEGER", {}},
                     {"b", "VARCHAR", {}},
                     {"version", "DATE", {}},
                     {"value", "DECIMAL(6,2)", {}},
                     {"mark", "VARCHAR", {}}};
    if (GetParam().versioned) table.version = "version";
    if (table.mode == Table::Mode::kDeleteInsert) table.delete_when = {"mark", {"D", "X"}};
    ingest_.tables.push_back(table);
  }

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::string OneOf(std::vector<std::string> words) { return words[Below(words.size())]; }

  Row RandomRow(const std::string& file) {
    Row row;
    row.file = file;
    row.a = std::to_string(Below(4));
    row.b = OneOf({"p", "q"});
    row.version = OneOf({"", "2026-01-01", "2026-01-02", "2026-01-03"});
    row.value = OneOf({"", "1.00", "2.50"});
    row.mark = OneOf({"", "", "N", "D", "X"});
    switch (Below(12)) {
      case 0:
        row.a.clear();  // a key is never NULL
        row.good = false;
        break;
      case 1:
        row.value = "1.005";
        row.good = false;
        break;
      default:
        break;
    }
    return row;
  }

  File RandomFile(const std::string& name) {
    File file;
    file.name = name;
    const size_t n = Below(9);
    for (size_t i = 0; i < n; ++i) file.rows.push_back(RandomRow(name));
    // A file of bad rows alone is held.
    if (std::none_of(file.rows.begin(), file.rows.end(), [](const Row& row) { return row.good; })) {
      file.rows.clear();
    }
    return file;
  }

  void WriteFile(const File& file) {
    std::string text = "a,b,version,value,mark\n";
    for (const Row& row : file.rows) text += row.Line();
    Write(file.name, text);
  }

  std::string CountsOf(const std::string& name) {
    return Rows(fmt::format(
        "SELECT rows_read, inserted, updated, unchanged, delete_matched, delete_unmatched, "
        "superseded, skipped, quarantined FROM _sluice.files WHERE address = '{}' AND state = "
        "'loaded' ORDER BY rowid DESC LIMIT 1",
        name));
  }

  static std::string Text(const FileCounts& c) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}\n", c.read, c.inserted, c.updated, c.unchanged,
                       c.delete_matched, c.delete_unmatched, c.superseded, c.skipped,
                       c.quarantined);
  }

  void Compare(const Model& model) {
    const std::string stored = Rows(
        "SELECT a, b, version, value, mark, address FROM t JOIN _sluice.files f ON f.file_id "
        "= t._sluice_file AND f.load_id = t._sluice_load");
    std::vector<std::string> rows = Split(stored, '\n');
    std::erase(rows, "");
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(Join(rows, "\n"), Join(model.Stored(), "\n"));
  }

  std::mt19937 random_;
};

TEST_P(ModesRandomTest, DoWhatTheModelDoes) {
  for (int seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    random_.seed(static_cast<unsigned>(seed));
    ingest_.tables[0].name = "t";
    if (seed > 1) {
      TearDown();
      ingest_ = {};
      SetUp();
    }
    Model model(GetParam().mode, GetParam().versioned);
    std::vector<File> all;
    for (int run = 1; run <= 5; ++run) {
      SCOPED_TRACE(fmt::format("run {}", run));
      std::vector<File> fresh;
      const size_t n = 1 + Below(3);
      for (size_t i = 0; i < n; ++i) {
        fresh.push_back(RandomFile(fmt::format("{}-{}.csv", run, i)));
        WriteFile(fresh.back());
      }
      all.insert(all.end(), fresh.begin(), fresh.end());
      const bool replace = GetParam().mode == Table::Mode::kReplace;
      const auto counts = model.Load(replace ? all : fresh);
      const IngestOutcome outcome = MustRun();
      ASSERT_EQ(outcome.loads.size(), 1U);
      for (const File& file : replace ? all : fresh) {
        const auto expected = counts.find(file.name);
        EXPECT_EQ(CountsOf(file.name),
                  Text(expected == counts.end() ? FileCounts() : expected->second))
            << file.name;
      }
      Compare(model);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ModesRandomTest,
    testing::Values(Variant{"Append", Table::Mode::kAppend, false},
                    Variant{"Replace", Table::Mode::kReplace, false},
                    Variant{"Upsert", Table::Mode::kUpsert, false},
                    Variant{"UpsertByVersion", Table::Mode::kUpsert, true},
                    Variant{"DeleteInsert", Table::Mode::kDeleteInsert, false}),
    [](const testing::TestParamInfo<Variant>& variant) { return variant.param.name; });

}  // namespace
}  // namespace sluice::ingest
