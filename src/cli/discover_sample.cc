#include "cli/discover_sample.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/load_header.h"
#include "cli/load_proposal.h"
#include "env/file.h"
#include "ingest/file_parts.h"
#include "ingest/file_shape.h"
#include "ingest/plan.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kSampleBytes = 256ULL << 20;
constexpr uint64_t kSampleRows = 2'000'000;
constexpr size_t kMostFiles = 8;

using Files = std::vector<const connector::StoredFile*>;

// Evenly from the first to the last, as far as the bytes allow.
Files ChooseFiles(const Files& files) {
  Files filled;
  for (const auto* file : files) {
    if (file->size > 0) filled.push_back(file);
  }
  if (filled.empty()) return {};
  Files chosen;
  uint64_t bytes = 0;
  const size_t count = std::min(kMostFiles, filled.size());
  for (size_t i = 0; i < count; ++i) {
    const auto* file = filled[count == 1 ? 0 : i * (filled.size() - 1) / (count - 1)];
    if (bytes + file->size > kSampleBytes) continue;
    bytes += file->size;
    chosen.push_back(file);
  }
  if (chosen.empty()) {
    chosen.push_back(*std::min_element(filled.begin(), filled.end(),
                                       [](auto* a, auto* b) { return a->size < b->size; }));
  }
  return chosen;
}

// Of two types of a column in Parquet files one that holds both.
std::string Wider(const std::string& a, const std::string& b) {
  if (a == b) return a;
  const std::vector<std::string> whole = {"SMALLINT", "INTEGER", "BIGINT"};
  const auto rank = [&](const std::string& type) {
    return std::find(whole.begin(), whole.end(), type) - whole.begin();
  };
  const auto none = static_cast<std::ptrdiff_t>(whole.size());
  if (rank(a) < none && rank(b) < none) return rank(a) < rank(b) ? b : a;
  return "VARCHAR";
}

class Sampler {
 public:
  Sampler(const DiscoverContext& context, connector::Store& store, const Files& all,
          const std::string& table)
      : context_(context), store_(store), all_(all), table_(table), csv_(context.ingest.csv) {}

  Result<SampledFiles> Run() {
    const Files chosen = ChooseFiles(all_);
    if (chosen.empty()) {
      return RejectedError(all_.size() == 1 ? all_.front()->path + " is empty"
                                            : "all of its files are empty");
    }
    for (const connector::StoredFile* file : chosen) {
      const Status status = ReadFile(*file);
      if (status.code() == Code::kCancelled) return status;
      if (!status.ok()) {
        return Status(status).WithContext(file->path);
      }
    }
    if (first_.empty()) return RejectedError("none of its files has a row or a header");
    Conclude(chosen);
    return std::move(sampled_);
  }

 private:
  Status ReadFile(const connector::StoredFile& file) {
    SLUICE_ASSIGN(const Sample sample, Sample::Fetch(context_, store_, file));
    format_ = ingest::FormatOf({}, file.path);
    if (format_ == config::FileFormat::kParquet) return ReadParquet(file.path, sample.path());
    SLUICE_TRY(context_.runtime.MakeStateFolder());
    const std::string unpacked =
        context_.runtime.StatePath(fmt::format("discover-{:016x}", context_.random.Next()));
    SLUICE_ASSIGN(const auto parts,
                  ingest::PartsOf(sample.path(), csv_, unpacked, context_.cancel));
    Status status = Status::Ok();
    for (const ingest::FilePart& part : parts) {
      if (status.ok()) {
        status = format_ == config::FileFormat::kJson ? ReadJson(file.path, part.path)
                                                      : ReadCsv(file.path, part.path);
      }
      if (!part.member.empty()) (void)env::RemoveFile(part.path);
    }
    return status;
  }

  Status ReadParquet(const std::string& name, const std::string& path) {
    SLUICE_ASSIGN(const ColumnProposal found, ProposeColumns(path, format_, csv_, context_.cancel));
    std::vector<std::string> names;
    for (const auto& [column, type] : found.columns) {
      names.push_back(column);
      const auto known =
          std::find_if(sampled_.columns.begin(), sampled_.columns.end(),
                       [&, column = column](const auto& c) { return c.first == column; });
      if (known == sampled_.columns.end()) {
        sampled_.columns.emplace_back(column, type);
        sampled_.tried.names.push_back(column);
      } else {
        known->second = Wider(known->second, type);
      }
    }
    return CheckColumns(name, names);
  }

  Status ReadJson(const std::string& name, const std::string& path) {
    SLUICE_ASSIGN(const TriedColumns tried, TryJson(path, context_.cancel));
    SLUICE_TRY(CheckColumns(name, tried.names));
    sampled_.tried.Merge(tried);
    return Status::Ok();
  }

  Status ReadCsv(const std::string& name, const std::string& path) {
    if (first_.empty()) SLUICE_TRY(LookAtDialect(path));
    SLUICE_ASSIGN(const auto names, NamesOfCsv(path, csv_));
    if (names.empty()) return Status::Ok();
    SLUICE_TRY(CheckColumns(name, names));
    const bool first = !keys_;
    if (first) {
      ranked_ = RankColumns(table_, names, {}, {});
      std::vector<std::vector<size_t>> candidates;
      for (const KeyCandidate& candidate : ranked_) {
        const auto at = std::find(names.begin(), names.end(), candidate.column);
        candidates.push_back({static_cast<size_t>(at - names.begin())});
      }
      keys_.emplace(std::move(candidates));
      format::ValueForm form;
      form.decimal = ',';
      form.thousands = ".";
      with_comma_.assign(names.size(), TypeTrial(form));
    }
    // A row of another file stands as the first one has its columns.
    std::vector<size_t> from;
    for (const std::string& column : first_names_) {
      from.push_back(
          static_cast<size_t>(std::find(names.begin(), names.end(), column) - names.begin()));
    }
    std::vector<format::CsvCell> row(from.size());
    const auto each = [&](std::span<const format::CsvCell> cells) {
      for (size_t i = 0; i < from.size(); ++i) {
        row[i] = from[i] < cells.size() ? cells[from[i]] : format::CsvCell{{}, false, true};
        with_comma_[i].Value(row[i]);
      }
      keys_->Row(row);
    };
    SLUICE_ASSIGN(const TriedColumns tried,
                  TryCsv(path, csv_, names, kSampleRows, each, context_.cancel));
    sampled_.tried.Merge(tried);
    return Status::Ok();
  }

  // As the first file shows, unless the ingest says it.
  Status LookAtDialect(const std::string& path) {
    const std::string declared = csv_.delimiter;
    if (declared == config::CsvOptions().delimiter) {
      SLUICE_ASSIGN(const DelimiterGuess guess, GuessDelimiter(path, csv_));
      csv_.delimiter = guess.delimiter;
      for (const std::string& other : guess.alike) {
        sampled_.evidence.push_back(fmt::format(
            "its lines could be cut at {0} as well as at {1}: if that is right, csv: {{ "
            "delimiter: \"{0}\" }}",
            DelimiterWord(other), DelimiterWord(guess.delimiter)));
      }
      if (guess.delimiter != declared || !guess.alike.empty()) {
        sampled_.csv.emplace_back("delimiter", DelimiterWord(guess.delimiter));
      }
    }
    if (csv_.header != config::CsvOptions::Header::kAuto) return Status::Ok();
    SLUICE_ASSIGN(const std::string why, WhyNoHeader(path, csv_));
    if (why.empty()) {
      csv_.header = config::CsvOptions::Header::kYes;
      return Status::Ok();
    }
    csv_.header = config::CsvOptions::Header::kNo;
    sampled_.evidence.push_back(fmt::format(
        "the first line seems to be a row ({}): name the columns; where it does that itself, say "
        "header: true",
        why));
    sampled_.csv.emplace_back("header", "false");
    return Status::Ok();
  }

  // Files of one table have most columns in common.
  Status CheckColumns(const std::string& name, const std::vector<std::string>& names) {
    if (first_.empty()) {
      first_ = name;
      first_names_ = names;
      return Status::Ok();
    }
    const auto common = static_cast<size_t>(
        std::count_if(names.begin(), names.end(), [&](const std::string& column) {
          return std::find(first_names_.begin(), first_names_.end(), column) != first_names_.end();
        }));
    const bool by_position =
        format_ == config::FileFormat::kCsv && csv_.header == config::CsvOptions::Header::kNo;
    const bool same = by_position ? names.size() == first_names_.size()
                                  : 2 * common >= std::max(names.size(), first_names_.size());
    if (!same) {
      return RejectedError(
          fmt::format("it has other columns than {}: say a pattern for each of them", first_));
    }
    if (names.size() != common || common != first_names_.size()) uneven_ = true;
    return Status::Ok();
  }

  void Conclude(const Files& chosen) {
    const bool csv = format_ == config::FileFormat::kCsv;
    sampled_.named = !csv || csv_.header == config::CsvOptions::Header::kYes;
    const TriedColumns& tried = sampled_.tried;
    const std::string looked =
        chosen.size() == 1
            ? chosen.front()->path
            : fmt::format("{}{}, {} to {}",
                          chosen.size() == all_.size() ? std::string()
                                                       : fmt::format("{} of ", chosen.size()),
                          Counted(all_.size(), "file"), chosen.front()->path, chosen.back()->path);
    if (format_ == config::FileFormat::kParquet) {
      sampled_.evidence.push_back("the types are those of " + looked);
    } else {
      for (size_t i = 0; i < tried.names.size(); ++i) {
        sampled_.columns.emplace_back(tried.names[i], tried.types[i].SqlType(kSafeScale));
      }
      TellRows(looked);
      for (std::string& line : tried.NearlyTyped(kSafeScale)) {
        sampled_.evidence.push_back(std::move(line));
      }
    }
    if (uneven_) sampled_.evidence.emplace_back("not all of these files have all of the columns");
    if (csv) TellKey();
  }

  void TellRows(const std::string& looked) {
    const TriedColumns& tried = sampled_.tried;
    if (tried.rows == 0) {
      sampled_.evidence.push_back("there is no row in " + looked +
                                  " that would show types: all are text");
    } else if (tried.all_read) {
      sampled_.evidence.push_back(
          fmt::format("types fit all {} of {}", Counted(tried.rows, "row"), looked));
    } else {
      sampled_.evidence.push_back(fmt::format("types fit the first {} of {}; the rest was not read",
                                              Counted(tried.rows, "row"), looked));
    }
    if (tried.broken > 0) {
      sampled_.evidence.push_back(
          Counted(tried.broken, "broken record") + " left out of account" +
          (tried.encoding ? ": it is no UTF-8; csv: { encoding: windows-1252 }, or what it is"
                          : ""));
    }
    const bool text = std::all_of(sampled_.columns.begin(), sampled_.columns.end(),
                                  [](const auto& column) { return column.second == "VARCHAR"; });
    if (text && tried.rows > 0 && sampled_.named && format_ == config::FileFormat::kCsv) {
      sampled_.evidence.emplace_back(
          "the first line is text, as all that follows: where it is a row, say header: false");
    }
    TellDecimalCommas();
    const bool decimals =
        std::any_of(sampled_.columns.begin(), sampled_.columns.end(), [](const auto& column) {
          return StartsWith(column.second, "DECIMAL") && !EndsWith(column.second, ",0)");
        });
    if (!decimals) return;
    sampled_.evidence.push_back(fmt::format(
        "decimals have room for {} digits behind the point, whatever this file shows: narrow them "
        "where you know better",
        kSafeScale));
  }

  // Texts that would be numbers if a comma stood before their fractions.
  void TellDecimalCommas() {
    std::vector<std::string> names;
    for (size_t i = 0; i < with_comma_.size(); ++i) {
      const bool text = sampled_.columns[i].second == "VARCHAR";
      if (text && StartsWith(with_comma_[i].SqlType(), "DECIMAL")) names.push_back(first_names_[i]);
    }
    if (names.empty()) return;
    sampled_.evidence.push_back(Join(names, ", ") +
                                ": numbers, if a comma stands before their fractions; then add to "
                                "csv: decimal: comma, thousands: \".\"");
  }

  void TellKey() {
    if (!keys_ || keys_->rows() < 2) return;
    for (size_t i = 0; i < ranked_.size(); ++i) {
      if (!keys_->IsUnique(i) || keys_->Nulls(i) > 0) continue;
      sampled_.key = {ranked_[i].column};
      sampled_.evidence.push_back(fmt::format("{}: {}; unique and never NULL there",
                                              ranked_[i].column, Join(ranked_[i].reasons, ", ")));
      return;
    }
  }

  const DiscoverContext& context_;
  connector::Store& store_;
  const Files& all_;
  const std::string& table_;
  config::CsvOptions csv_;
  config::FileFormat format_ = config::FileFormat::kCsv;
  SampledFiles sampled_;
  std::string first_;  // the file whose columns the others are compared with
  std::vector<std::string> first_names_;
  bool uneven_ = false;
  std::vector<KeyCandidate> ranked_;
  std::optional<KeyTrial> keys_;
  std::vector<TypeTrial> with_comma_;  // of the columns of the first file
};

}  // namespace

Result<SampledFiles> SampleFiles(const DiscoverContext& context, connector::Store& store,
                                 const std::vector<const connector::StoredFile*>& files,
                                 const std::string& table) {
  return Sampler(context, store, files, table).Run();
}

}  // namespace sluice::cli
