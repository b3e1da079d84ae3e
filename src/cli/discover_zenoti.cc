// Keys of the tables of a drop.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/discover.h"
#include "format/strict.h"
#include "format/text_source.h"
#include "ingest/file_shape.h"
#include "ingest/schema_catalog.h"
#include "ingest/zenoti_drop.h"
#include "pipeline/sources.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kSampleBytes = 64ULL << 20;  // of a table
constexpr uint64_t kSampleRows = 1'000'000;
constexpr size_t kMostSingles = 8;
constexpr size_t kMostInPairs = 6;

struct TableFiles {
  int64_t count = 0;
  // (source, pod, group) -> files that are not empty
  std::map<std::tuple<size_t, std::string, int64_t>, std::vector<const ingest::DataFile*>> groups;
};

struct ChosenSample {
  size_t source = 0;
  std::string name;  // "POD1 group 7"
  std::vector<const ingest::DataFile*> files;
};

uint64_t BytesOf(const std::vector<const ingest::DataFile*>& files) {
  uint64_t bytes = 0;
  for (const ingest::DataFile* file : files) bytes += file->file.size;
  return bytes;
}

// The first group of a pod is the full load. Of the pods the one with most rows that is still read in
// a moment; else the smallest.
ChosenSample ChooseSample(const TableFiles& table) {
  ChosenSample chosen;
  uint64_t best = 0;
  std::set<std::pair<size_t, std::string>> seen;
  for (const auto& [key, files] : table.groups) {
    const auto& [source, pod, group] = key;
    if (!seen.insert({source, pod}).second) continue;
    const uint64_t bytes = BytesOf(files);
    const bool cheap = bytes <= kSampleBytes;
    const bool better =
        chosen.files.empty() || (best > kSampleBytes ? bytes < best : cheap && bytes > best);
    if (!better) continue;
    best = bytes;
    chosen = {source, fmt::format("{} group {}", pod, group), files};
  }
  return chosen;
}

class KeyFinder {
 public:
  KeyFinder(const DiscoverContext& context, const std::string& table,
            const ingest::TableSchema& schema)
      : context_(context), schema_(schema) {
    target_.name = table;
    target_.columns = schema.columns;
    target_.versions = schema.versions;
    target_.csv = context.ingest.csv;
    target_.schema_changes = config::SchemaChanges::kIgnore;
    std::vector<std::string> names;
    for (const ingest::DdlColumn& column : schema.columns) names.push_back(column.name);
    ranked_ = RankColumns(table, names, schema.dist_key, schema.sort_key);
    if (ranked_.size() > kMostSingles) ranked_.resize(kMostSingles);
    // The vendor matches facts by key and organization.
    if (ingest::SemanticsOf(table) == ingest::Semantics::kDeleteInsert &&
        std::find(names.begin(), names.end(), "organizationid") != names.end()) {
      with_organization_ = true;
    }
    has_void_ = ingest::SemanticsOf(table) != ingest::Semantics::kUpdateInsert &&
                std::find(names.begin(), names.end(), "void") != names.end();
  }

  void Propose(connector::Store* store, const ChosenSample& sample, Proposal& proposal) {
    if (ranked_.empty()) {
      proposal.evidence.emplace_back("no column looks like a key");
      return;
    }
    if (store == nullptr || sample.files.empty()) {
      Take(Singles().front(), proposal);
      proposal.evidence.emplace_back("no rows to look at yet: uniqueness is not known");
      return;
    }
    for (const auto& candidates : {Singles(), Combinations()}) {
      if (candidates.empty()) continue;
      const auto trial = Try(*store, sample, candidates);
      if (!trial.ok()) {
        Take(Singles().front(), proposal);
        proposal.evidence.push_back("uniqueness is not known: " + trial.status().message());
        return;
      }
      if (Judge(candidates, trial.value(), sample, proposal)) return;
    }
    proposal.evidence.push_back("nothing that looks like a key is unique in " + looked_at_);
  }

 private:
  using Candidate = std::vector<std::string>;

  // With the organization and without: both are tried.
  void AddBoth(Candidate columns, std::vector<Candidate>& candidates) const {
    if (with_organization_) {
      candidates.push_back(columns);
      candidates.back().emplace_back("organizationid");
    }
    candidates.push_back(std::move(columns));
  }

  std::vector<Candidate> Singles() const {
    std::vector<Candidate> candidates;
    for (const KeyCandidate& ranked : ranked_) AddBoth({ranked.column}, candidates);
    return candidates;
  }

  // Pairs, then threes, of the best.
  std::vector<Candidate> Combinations() const {
    const size_t count = std::min(ranked_.size(), kMostInPairs);
    std::vector<Candidate> candidates;
    for (size_t a = 0; a < count; ++a) {
      for (size_t b = a + 1; b < count; ++b) {
        AddBoth({ranked_[a].column, ranked_[b].column}, candidates);
      }
    }
    for (size_t a = 0; a < count; ++a) {
      for (size_t b = a + 1; b < count; ++b) {
        for (size_t c = b + 1; c < count; ++c) {
          AddBoth({ranked_[a].column, ranked_[b].column, ranked_[c].column}, candidates);
        }
      }
    }
    return candidates;
  }

  Result<KeyTrial> Try(connector::Store& store, const ChosenSample& sample,
                       const std::vector<Candidate>& candidates) {
    std::vector<std::vector<size_t>> positions;
    std::vector<std::string> names;
    for (const ingest::DdlColumn& column : schema_.columns) names.push_back(column.name);
    for (const Candidate& candidate : candidates) {
      std::vector<size_t>& columns = positions.emplace_back();
      for (const std::string& name : candidate) {
        columns.push_back(
            static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin()));
      }
    }
    KeyTrial trial(std::move(positions));
    for (const ingest::DataFile* file : sample.files) {
      SLUICE_ASSIGN(const Sample local, Sample::Fetch(context_, store, file->file));
      SLUICE_TRY(ReadSample(local.path(), trial).WithContext(file->file.path));
      if (trial.rows() >= kSampleRows) break;
    }
    return trial;
  }

  // Rows as the table has its columns, whatever the order in the file; without those that only delete.
  Status ReadSample(const std::string& path, KeyTrial& trial) {
    std::vector<ingest::DdlColumn> added;
    SLUICE_ASSIGN(const ingest::FileShape shape, ingest::ShapeOf(path, path, target_, &added));
    if (shape.empty) return Status::Ok();
    std::vector<size_t> from(schema_.columns.size(), SIZE_MAX);
    size_t void_position = SIZE_MAX;
    for (size_t i = 0; i < schema_.columns.size(); ++i) {
      const auto at =
          std::find(shape.columns.begin(), shape.columns.end(), schema_.columns[i].name);
      if (at != shape.columns.end()) from[i] = static_cast<size_t>(at - shape.columns.begin());
      if (has_void_ && schema_.columns[i].name == "void") void_position = from[i];
    }
    const format::CsvReaderOptions options = ingest::ReaderOptions(target_, shape);
    SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, options.dialect));
    format::CsvReader reader(*source, options);
    const std::vector<format::TypedForm> types = TypesOf(shape);
    std::vector<format::CsvCell> row(schema_.columns.size());
    while (trial.rows() < kSampleRows) {
      SLUICE_ASSIGN(const bool more, reader.Next());
      if (!more) return Status::Ok();
      const format::CsvRecord& record = reader.record();
      if (record.fault != format::CsvFault::kNone) continue;
      if (void_position != SIZE_MAX &&
          format::ParseBoolean(record.cells[void_position].text).value_or(false)) {
        continue;
      }
      if (!Fits(record, types)) continue;  // a bad row would be in quarantine
      for (size_t i = 0; i < row.size(); ++i) {
        row[i] = from[i] == SIZE_MAX ? format::CsvCell{{}, false, true} : record.cells[from[i]];
      }
      trial.Row(row);
    }
    return Status::Ok();
  }

  // Of the file's columns, in their order; one that is passed over is text.
  std::vector<format::TypedForm> TypesOf(const ingest::FileShape& shape) const {
    std::vector<format::TypedForm> types;
    for (const std::string& name : shape.columns) {
      const auto column = std::find_if(schema_.columns.begin(), schema_.columns.end(),
                                       [&](const ingest::DdlColumn& c) { return c.name == name; });
      types.emplace_back();
      if (column == schema_.columns.end()) continue;
      types.back() = {column->type, ingest::FormOf(target_, *column, shape)};
    }
    return types;
  }

  static bool Fits(const format::CsvRecord& record, const std::vector<format::TypedForm>& types) {
    for (size_t i = 0; i < types.size(); ++i) {
      if (record.cells[i].null) continue;
      if (!format::Fits(record.cells[i].text, types[i].type, types[i].form)) return false;
    }
    return true;
  }

  // The first that may be a key; of one with the organization and one without the latter, when the
  // organization is missing in rows. -1 when there is none.
  int Best(const std::vector<Candidate>& candidates, const KeyTrial& trial) const {
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (!trial.MayBeKey(i)) continue;
      const bool pair = with_organization_ && i % 2 == 0;
      const bool alone = pair && trial.MayBeKey(i + 1) && trial.Nulls(i + 1) < trial.Nulls(i);
      return static_cast<int>(alone ? i + 1 : i);
    }
    return -1;
  }

  // False when none of them may be a key.
  bool Judge(const std::vector<Candidate>& candidates, const KeyTrial& trial,
             const ChosenSample& sample, Proposal& proposal) {
    const std::string looked = fmt::format("{} of {}", Counted(trial.rows(), "row"), sample.name);
    const int best = Best(candidates, trial);
    if (best < 0) {
      looked_at_ = looked;
      return false;
    }
    const auto chosen = static_cast<size_t>(best);
    Take(candidates[chosen], proposal);
    const uint64_t nulls = trial.Nulls(chosen);
    proposal.evidence.push_back(
        nulls == 0 ? fmt::format("unique and never NULL in {}", looked)
                   : fmt::format("unique in {}, NULL in {} of them, which quarantine would take",
                                 looked, Thousands(nulls)));
    std::vector<std::string> others;
    constexpr size_t kMostOthers = 3;
    for (size_t i = chosen + 1; i < candidates.size() && others.size() < kMostOthers; ++i) {
      const bool organization = with_organization_ && i % 2 == 0;
      if (organization || !trial.MayBeKey(i) || candidates[i].size() > 1) continue;
      if (candidates[i].front() != candidates[chosen].front())
        others.push_back(candidates[i].front());
    }
    if (!others.empty()) proposal.evidence.push_back("also unique there: " + Join(others, ", "));
    return true;
  }

  void Take(const Candidate& columns, Proposal& proposal) {
    proposal.key = columns;
    for (const std::string& column : columns) {
      const auto ranked = std::find_if(ranked_.begin(), ranked_.end(),
                                       [&](const KeyCandidate& c) { return c.column == column; });
      if (ranked != ranked_.end()) {
        proposal.evidence.push_back(column + ": " + Join(ranked->reasons, ", "));
      } else {
        proposal.evidence.push_back(column + ": the vendor matches facts by it too");
      }
    }
  }

  std::string looked_at_;  // "562 rows of POD1 group 7", when nothing was found in them
  const DiscoverContext& context_;
  const ingest::TableSchema& schema_;
  ingest::TargetTable target_;
  std::vector<KeyCandidate> ranked_;
  bool with_organization_ = false;
  bool has_void_ = false;
};

}  // namespace

Result<Proposals> DiscoverZenoti(const DiscoverContext& context) {
  Proposals proposals;
  proposals.ingest = context.ingest.name;
  proposals.layout = context.ingest.layout;
  SLUICE_ASSIGN(const auto sources,
                pipeline::ListSources(context.runtime, context.ingest, context.cancel));
  std::set<std::string> known;
  for (const config::Table& table : context.ingest.tables) {
    known.insert(ingest::CanonicalTableName(table.name));
  }
  ingest::SchemaCatalog catalog;
  std::vector<ingest::ZenotiDrop> drops;
  std::map<std::string, TableFiles> tables;
  for (const ingest::Source& source : sources) {
    drops.push_back(ingest::ReadDrop(source.listing, context.ingest.prefix));
    SLUICE_TRY(catalog.Update(source.connection, *source.store, drops.back().schema_files,
                              &proposals.notes, context.cancel));
  }
  for (const std::string& table : catalog.Tables()) tables[table];
  for (size_t i = 0; i < drops.size(); ++i) {
    for (const ingest::DataFile& file : drops[i].data_files) {
      TableFiles& files = tables[file.table];
      ++files.count;
      if (file.file.size > 0) files.groups[{i, file.pod, file.group}].push_back(&file);
    }
  }
  for (const auto& [name, files] : tables) {
    if (known.count(name) > 0) continue;
    Proposal& proposal = proposals.tables.emplace_back();
    proposal.table = name;
    proposal.files = files.count;
    const ingest::TableSchema schema = catalog.SchemaOf(name);
    if (!schema.problem.empty() || schema.columns.empty()) {
      proposal.problem = schema.problem.empty() ? "no schema file speaks of it" : schema.problem;
      continue;
    }
    const ChosenSample sample = ChooseSample(files);
    KeyFinder(context, name, schema)
        .Propose(sample.files.empty() ? nullptr : sources[sample.source].store, sample, proposal);
    if (context.cancel != nullptr && context.cancel->is_set()) return CancelledError("stopped");
  }
  return proposals;
}

}  // namespace sluice::cli
