// Patterns, columns and types of files that no table of the project takes.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/discover.h"
#include "cli/load_proposal.h"
#include "config/file_pattern.h"
#include "env/file.h"
#include "format/csv_head.h"
#include "format/text_source.h"
#include "ingest/file_parts.h"
#include "ingest/file_shape.h"
#include "ingest/plan.h"
#include "pipeline/sources.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kSampleBytes = 256ULL << 20;
constexpr std::array<std::string_view, 7> kDataEndings = {".csv",   ".tsv",    ".txt",    ".json",
                                                          ".jsonl", ".ndjson", ".parquet"};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Numbers and dates in a name become one '*': "orders_2026-11-01.csv" -> "orders_*.csv".
std::string PatternOf(std::string_view name) {
  std::string pattern;
  for (size_t i = 0; i < name.size();) {
    if (!IsDigit(name[i])) {
      pattern += name[i++];
      continue;
    }
    while (i < name.size() &&
           (IsDigit(name[i]) || (i + 1 < name.size() && IsDigit(name[i + 1]) &&
                                 (name[i] == '-' || name[i] == '_' || name[i] == 'T')))) {
      ++i;
    }
    if (!EndsWith(pattern, "*")) pattern += '*';
  }
  return pattern;
}

// The name without its endings.
std::string_view WithoutEnding(std::string_view name) {
  for (const std::string_view packed : {".gz", ".zst", ".zip"}) {
    if (EndsWith(name, packed)) name.remove_suffix(packed.size());
  }
  for (const std::string_view ending : kDataEndings) {
    if (EndsWith(name, ending)) name.remove_suffix(ending.size());
  }
  return name;
}

bool LooksLikeData(std::string_view path) {
  const std::string lower = Lower(path);
  std::string_view name = lower;
  for (const std::string_view packed : {".gz", ".zst", ".zip"}) {
    if (EndsWith(name, packed)) name.remove_suffix(packed.size());
  }
  return std::any_of(kDataEndings.begin(), kDataEndings.end(),
                     [&](std::string_view ending) { return EndsWith(name, ending); });
}

// A name for the table: of the file, or of the folder where the files are only numbers.
std::string TableName(const std::string& path) {
  const size_t slash = path.rfind('/');
  std::vector<std::string> sources = {
      std::string(WithoutEnding(slash == std::string::npos ? path : path.substr(slash + 1)))};
  if (slash != std::string::npos) {
    const std::string folder = path.substr(0, slash);
    sources.push_back(folder.substr(folder.rfind('/') + 1));
  }
  for (const std::string& source : sources) {
    std::string name;
    for (const char c : Lower(PatternOf(source))) {
      const bool fits = (c >= 'a' && c <= 'z') || IsDigit(c);
      if (fits) {
        name += c;
      } else if (!name.empty() && name.back() != '_') {
        name += '_';
      }
    }
    while (EndsWith(name, "_")) name.pop_back();
    if (!name.empty() && !IsDigit(name[0])) return name;
  }
  return "files";
}

bool IsHeaderName(std::string_view text) {
  return !text.empty() && !IsDigit(text[0]) && text[0] != '-' && text[0] != '+' &&
         text.find('@') == std::string_view::npos && text.size() <= 64;
}

struct Found {
  const ingest::Source* source = nullptr;
  const connector::StoredFile* sample = nullptr;
  std::string pattern;
  int64_t files = 0;
};

// The largest file that is read in a moment, for it says most about the types; else the smallest.
bool IsBetterSample(const connector::StoredFile& file, const connector::StoredFile& than) {
  if (than.size > kSampleBytes) return file.size < than.size;
  return file.size <= kSampleBytes && file.size > than.size;
}

// That decimals are wider than the values which were seen.
void TellScale(Proposal& proposal) {
  const bool decimals =
      std::any_of(proposal.columns.begin(), proposal.columns.end(), [](const auto& column) {
        return StartsWith(column.second, "DECIMAL") && !EndsWith(column.second, ",0)");
      });
  if (!decimals) return;
  proposal.evidence.push_back(fmt::format(
      "decimals have room for {} digits behind the point, whatever this file shows: narrow them "
      "where you know better",
      kSafeScale));
}

class FileReader {
 public:
  FileReader(const DiscoverContext& context, Proposal& proposal)
      : context_(context), proposal_(proposal) {}

  Status Read(const std::string& path) {
    SLUICE_ASSIGN(const auto parts,
                  ingest::PartsOf(path, context_.ingest.csv, path, context_.cancel));
    if (parts.empty()) return NotFoundError("the archive is empty");
    const Status status = ReadPart(parts.front().path);
    for (const ingest::FilePart& part : parts) {
      if (!part.member.empty()) (void)env::RemoveFile(part.path);
    }
    return status;
  }

  void set_name(std::string name) { name_ = std::move(name); }

 private:
  Status ReadPart(const std::string& path) {
    const format::CsvDialect dialect = ingest::DialectOf(context_.ingest.csv);
    SLUICE_TRY(FindColumns(path, dialect));
    if (names_.empty()) return NotFoundError("the file is empty");
    std::vector<KeyCandidate> ranked = RankColumns(proposal_.table, names_, {}, {});
    std::vector<std::vector<size_t>> candidates;
    for (const KeyCandidate& candidate : ranked) {
      const auto at = std::find(names_.begin(), names_.end(), candidate.column);
      candidates.push_back({static_cast<size_t>(at - names_.begin())});
    }
    KeyTrial keys(candidates);
    std::vector<TypeTrial> types(names_.size(), TypeTrial(FormOf(context_.ingest.csv)));
    uint64_t broken = 0;
    SLUICE_TRY(ReadRows(path, dialect, keys, types, broken));
    for (size_t i = 0; i < names_.size(); ++i) {
      proposal_.columns.emplace_back(names_[i], types[i].SqlType(kSafeScale));
    }
    proposal_.evidence.push_back(
        fmt::format("types fit all {} of {}", Counted(keys.rows(), "row"), name_));
    TellScale(proposal_);
    if (broken > 0) {
      proposal_.evidence.push_back(Counted(broken, "broken record") + " left out of account");
    }
    for (size_t i = 0; i < ranked.size() && keys.rows() > 1; ++i) {
      if (!keys.IsUnique(i) || keys.Nulls(i) > 0) continue;
      proposal_.key = {ranked[i].column};
      proposal_.evidence.push_back(fmt::format("{}: {}; unique and never NULL there",
                                               ranked[i].column, Join(ranked[i].reasons, ", ")));
      break;
    }
    return Status::Ok();
  }

  // From the header, where the first record looks like one.
  Status FindColumns(const std::string& path, const format::CsvDialect& dialect) {
    const auto named = format::LookAtHead(path, dialect, {}, format::HeaderRule::kYes);
    if (named.ok() && std::all_of(named->names.begin(), named->names.end(),
                                  [](const std::string& name) { return IsHeaderName(name); })) {
      names_ = named->names;
      header_ = true;
      return Status::Ok();
    }
    SLUICE_ASSIGN(const auto plain, format::LookAtHead(path, dialect, {}, format::HeaderRule::kNo));
    for (size_t i = 0; i < plain.columns && !plain.empty; ++i) {
      names_.push_back(fmt::format("column_{}", i + 1));
    }
    proposal_.evidence.emplace_back("the files have no header: name the columns");
    return Status::Ok();
  }

  Status ReadRows(const std::string& path, const format::CsvDialect& dialect, KeyTrial& keys,
                  std::vector<TypeTrial>& types, uint64_t& broken) {
    SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, dialect));
    format::CsvReaderOptions options;
    options.dialect = dialect;
    options.columns = names_.size();
    options.header = header_;
    format::CsvReader reader(*source, options);
    constexpr uint64_t kLookEvery = 65'536;
    for (uint64_t n = 0;; ++n) {
      if (n % kLookEvery == 0 && context_.cancel != nullptr && context_.cancel->is_set()) {
        return CancelledError("stopped");
      }
      SLUICE_ASSIGN(const bool more, reader.Next());
      if (!more) return Status::Ok();
      const format::CsvRecord& record = reader.record();
      if (record.fault != format::CsvFault::kNone) {
        ++broken;
        continue;
      }
      keys.Row(record.cells.first(names_.size()));
      for (size_t i = 0; i < types.size(); ++i) types[i].Value(record.cells[i]);
    }
  }

  const DiscoverContext& context_;
  Proposal& proposal_;
  std::string name_;
  std::vector<std::string> names_;
  bool header_ = false;
};

bool IsTaken(const config::Ingest& ingest, std::string_view path) {
  return std::any_of(ingest.tables.begin(), ingest.tables.end(), [&](const config::Table& table) {
    const auto pattern = config::FilePattern::Parse(table.pattern);
    return pattern.ok() && pattern->Fits(path);
  });
}

// By pattern, in the order of the patterns.
std::map<std::string, Found> FindPatterns(const config::Ingest& ingest,
                                          const std::vector<ingest::Source>& sources,
                                          std::vector<std::string>* notes) {
  std::map<std::string, Found> found;
  for (const ingest::Source& source : sources) {
    for (const connector::StoredFile& file : source.listing.files) {
      if (!StartsWith(file.path, ingest.prefix)) continue;
      const std::string path = file.path.substr(ingest.prefix.size());
      if (IsTaken(ingest, path)) continue;
      if (!LooksLikeData(path)) {
        constexpr size_t kMostNotes = 20;
        if (notes->size() < kMostNotes)
          notes->push_back(path + " is passed over: its name says no format that is read");
        continue;
      }
      const size_t slash = path.rfind('/');
      const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
      Found& entry = found[folder + PatternOf(path.substr(folder.size()))];
      ++entry.files;
      if (entry.sample == nullptr || IsBetterSample(file, *entry.sample)) {
        entry.source = &source;
        entry.sample = &file;
      }
    }
  }
  return found;
}

// The file at `path`, which is called `name` in its store.
Status ReadSample(const DiscoverContext& context, const std::string& path, const std::string& name,
                  Proposal& proposal) {
  const config::FileFormat format = ingest::FormatOf({}, name);
  if (format == config::FileFormat::kCsv) {
    FileReader reader(context, proposal);
    reader.set_name(name);
    return reader.Read(path);
  }
  SLUICE_ASSIGN(ColumnProposal found,
                ProposeColumns(path, format, context.ingest.csv, context.cancel, kSafeScale));
  proposal.columns = std::move(found.columns);
  for (const std::string& evidence : found.evidence) {
    proposal.evidence.push_back(name + ": " + evidence);
  }
  if (format != config::FileFormat::kParquet) TellScale(proposal);
  return Status::Ok();
}

}  // namespace

Result<Proposals> DiscoverFiles(const DiscoverContext& context) {
  Proposals proposals;
  proposals.ingest = context.ingest.name;
  proposals.layout = context.ingest.layout;
  SLUICE_ASSIGN(const auto sources,
                pipeline::ListSources(context.runtime, context.ingest, context.cancel));
  std::set<std::string> names;
  for (const config::Table& table : context.ingest.tables) names.insert(table.name);
  for (const auto& [pattern, found] : FindPatterns(context.ingest, sources, &proposals.notes)) {
    Proposal& proposal = proposals.tables.emplace_back();
    proposal.pattern = pattern;
    proposal.files = found.files;
    const std::string base = TableName(found.sample->path);
    proposal.table = base;
    for (int n = 2; !names.insert(proposal.table).second; ++n) {
      proposal.table = fmt::format("{}_{}", base, n);
    }
    auto sample = Sample::Fetch(context, *found.source->store, *found.sample);
    Status status = sample.status();
    if (sample.ok()) status = ReadSample(context, sample->path(), found.sample->path, proposal);
    if (status.code() == Code::kCancelled) return status;
    if (!status.ok())
      proposal.problem = fmt::format("{}: {}", found.sample->path, status.message());
  }
  return proposals;
}

}  // namespace sluice::cli
