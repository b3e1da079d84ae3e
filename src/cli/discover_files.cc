// Patterns, columns and types of files that no table of the project takes.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/discover.h"
#include "cli/discover_sample.h"
#include "cli/file_groups.h"
#include "cli/terminal.h"
#include "config/diagnostics.h"
#include "config/file_pattern.h"
#include "config/text_format.h"
#include "format/data_name.h"
#include "ingest/unmatched_files.h"
#include "pipeline/sources.h"

namespace sluice::cli {
namespace {

constexpr size_t kMostTables = 500;
constexpr size_t kMostNotes = 20;

// A table to be: files of one pattern, or all of a folder.
struct Candidate {
  std::vector<FileGroup>
      groups;             // more than one: the whole folder, or what begins with `stem` there
  std::string stem = {};  // of "orders.csv", "orders_2.csv" and "orders (3).csv"
  std::vector<const connector::StoredFile*> files;
  std::optional<SampledFiles> sampled;  // when it was looked at already
};

class FilesProposer {
 public:
  FilesProposer(const DiscoverContext& context, const ingest::Source& source,
                const ingest::TakenFiles& by_tables, std::set<std::string>& names,
                Proposals& proposals)
      : context_(context),
        source_(source),
        by_tables_(by_tables),
        names_(names),
        proposals_(proposals) {}

  Status Run() {
    Look();
    std::vector<Candidate> candidates;
    for (FileGroup& group : GroupFiles(paths_)) {
      Candidate& candidate = candidates.emplace_back();
      for (const size_t file : group.files) candidate.files.push_back(files_[file]);
      candidate.groups.push_back(std::move(group));
    }
    SLUICE_TRY(JoinNumbered(candidates));
    SLUICE_TRY(JoinFolders(candidates));
    if (candidates.size() > kMostTables) {
      Note(fmt::format("{} patterns more are not looked at: narrow `prefix`, or name tables",
                       Thousands(candidates.size() - kMostTables)));
      candidates.resize(kMostTables);
    }
    const size_t first = proposals_.tables.size();
    for (Candidate& candidate : candidates) SLUICE_TRY(Propose(candidate));
    for (size_t i = 0; i < candidates.size(); ++i) {
      KeepApart(candidates, i, proposals_.tables[first + i]);
      TellUndecided(proposals_.tables[first + i]);
    }
    return Status::Ok();
  }

 private:
  void Note(std::string text) {
    if (proposals_.notes.size() < kMostNotes) proposals_.notes.push_back(std::move(text));
  }

  // What is there and whose it is.
  void Look() {
    size_t passed = 0;
    for (const connector::StoredFile& file : source_.listing.files) {
      if (!StartsWith(file.path, context_.ingest.prefix)) continue;
      std::string path = file.path.substr(context_.ingest.prefix.size());
      if (!IsValidUtf8(path)) {
        Note(Printable(path) + " is passed over: its name is no UTF-8");
      } else if (IsOfOthers(file.path)) {
        taken_.push_back(std::move(path));
      } else if (format::IsBesideData(path)) {
        continue;
      } else if (format::LooksLikeData(path)) {
        paths_.push_back(std::move(path));
        files_.push_back(&file);
      } else {
        ++passed;
        Note(path + " is passed over: its name says no format that is read");
      }
    }
    if (passed > kMostNotes) {
      proposals_.notes.back() =
          Counted(passed - kMostNotes + 1, "more file") + " passed over for the same reason";
    }
    proposals_.files = paths_.size() + taken_.size();
  }

  // A table takes it, or another ingest over the same connection would propose it.
  bool IsOfOthers(std::string_view path) const {
    const config::Ingest* teller = by_tables_.TellerOf(path);
    return by_tables_.Has(path) || (teller != nullptr && teller->name != context_.ingest.name);
  }

  // In a folder whose files have names of their own ("orders/north.csv", "orders/south.csv") and the same columns
  // the folder is the table.
  Status JoinFolders(std::vector<Candidate>& candidates) {
    std::map<std::pair<std::string, std::string>, std::vector<size_t>> folders;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const FileGroup& group = candidates[i].groups.front();
      if (!group.folder.empty()) folders[{group.folder, group.ending}].push_back(i);
    }
    std::set<size_t> joined;
    for (const auto& [folder, members] : folders) {
      if (members.size() < 2) continue;
      SLUICE_ASSIGN(const bool same, HaveTheSameColumns(candidates, members));
      if (!same) continue;
      Join(candidates, members, joined);
    }
    LeaveOut(candidates, joined);
    return Status::Ok();
  }

  // The first of them becomes all.
  static void Join(std::vector<Candidate>& candidates, const std::vector<size_t>& members,
                   std::set<size_t>& joined) {
    Candidate& whole = candidates[members.front()];
    for (size_t i = 1; i < members.size(); ++i) {
      Candidate& other = candidates[members[i]];
      whole.groups.push_back(std::move(other.groups.front()));
      whole.files.insert(whole.files.end(), other.files.begin(), other.files.end());
      joined.insert(members[i]);
    }
    whole.sampled.reset();
    std::sort(whole.files.begin(), whole.files.end(),
              [](const auto* a, const auto* b) { return a->path < b->path; });
  }

  static void LeaveOut(std::vector<Candidate>& candidates, const std::set<size_t>& joined) {
    std::vector<Candidate> left;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (joined.count(i) == 0) left.push_back(std::move(candidates[i]));
    }
    candidates = std::move(left);
  }

  // "orders.csv", "orders_2.csv" and "orders (3).csv" with the same columns are one table, unless a pattern for all of
  // them takes files of others.
  Status JoinNumbered(std::vector<Candidate>& candidates) {
    std::map<std::string, std::vector<size_t>> siblings;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const std::string name = NameWithoutNumbers(candidates[i]);
      if (!name.empty()) siblings[name].push_back(i);
    }
    std::set<size_t> joined;
    for (const auto& [name, members] : siblings) {
      if (members.size() < 2) continue;
      const std::string stem(
          format::SplitDataName(std::string_view(name).substr(name.rfind('/') + 1)).stem);
      Candidate all;
      for (const size_t member : members) {
        all.groups.push_back(candidates[member].groups.front());
        const auto& files = candidates[member].files;
        all.files.insert(all.files.end(), files.begin(), files.end());
      }
      all.stem = stem;
      if (!FileOfAnother(candidates, members, PatternOfAll(all, {}, false).text).empty()) continue;
      SLUICE_ASSIGN(const bool same, HaveTheSameColumns(candidates, members));
      if (!same) continue;
      Join(candidates, members, joined);
      candidates[members.front()].stem = stem;
    }
    LeaveOut(candidates, joined);
    return Status::Ok();
  }

  // The one that all files of the candidate have, or that of the only file of it.
  std::string NameWithoutNumbers(const Candidate& candidate) const {
    std::string common;
    for (const connector::StoredFile* file : candidate.files) {
      const std::string path = file->path.substr(context_.ingest.prefix.size());
      std::string name = WithoutNumber(path);
      if (name.empty() && candidate.files.size() == 1) name = path;
      if (name.empty() || (!common.empty() && name != common)) return {};
      common = std::move(name);
    }
    return common;
  }

  // Of the first few: columns with names of their own, and the same ones.
  Result<bool> HaveTheSameColumns(std::vector<Candidate>& candidates,
                                  const std::vector<size_t>& members) {
    constexpr size_t kMostLookedAt = 20;
    std::set<std::string> columns;
    for (size_t i = 0; i < members.size() && i < kMostLookedAt; ++i) {
      Candidate& candidate = candidates[members[i]];
      const auto sampled = Sampled(candidate);
      if (sampled.status().code() == Code::kCancelled) return sampled.status();
      if (!sampled.ok() || !sampled.value()->named) return false;
      const std::vector<std::string>& names = sampled.value()->tried.names;
      const std::set<std::string> own(names.begin(), names.end());
      if (own.size() < 2 || (i > 0 && own != columns)) return false;
      columns = own;
    }
    return true;
  }

  Result<const SampledFiles*> Sampled(Candidate& candidate) {
    if (!candidate.sampled) {
      SLUICE_ASSIGN(candidate.sampled, SampleFiles(context_, *source_.store, candidate.files,
                                                   TableNameOf(candidate.groups.front())));
    }
    return &*candidate.sampled;
  }

  // Of the first group, or of the folder when it is all of that.
  static GroupPattern PatternOfAll(const Candidate& candidate,
                                   const std::vector<std::string>& columns, bool exact) {
    const FileGroup& group = candidate.groups.front();
    if (candidate.groups.size() == 1) return PatternOf(group, columns, exact);
    return PatternOf(WholeOf(candidate), columns);
  }

  static FileGroup WholeOf(const Candidate& candidate) {
    const FileGroup& group = candidate.groups.front();
    const bool packed =
        std::any_of(candidate.files.begin(), candidate.files.end(),
                    [&](const auto* file) { return !EndsWith(Lower(file->path), group.ending); });
    return WholeFolder(group, candidate.stem, packed);
  }

  std::string FreeName(const Candidate& candidate) {
    const FileGroup& group = candidate.groups.front();
    std::string name = TableNameOf(candidate.groups.size() > 1 ? WholeOf(candidate) : group);
    if (names_.insert(name).second) return name;
    const std::string longer = TableNameOf(group, true);
    if (names_.insert(longer).second) return longer;
    for (int n = 2;; ++n) {
      std::string numbered = fmt::format("{}_{}", name, n);
      if (names_.insert(numbered).second) return numbered;
    }
  }

  Status Propose(Candidate& candidate) {
    Proposal& proposal = proposals_.tables.emplace_back();
    proposal.table = FreeName(candidate);
    proposal.files = static_cast<int64_t>(candidate.files.size());
    const auto sampled = Sampled(candidate);
    if (sampled.status().code() == Code::kCancelled) return sampled.status();
    std::vector<std::string> columns;
    if (sampled.ok()) {
      const SampledFiles& sample = *sampled.value();
      columns = sample.tried.names;
      proposal.columns = sample.columns;
      proposal.evidence = sample.evidence;
      proposal.csv = sample.csv;
      proposal.key = sample.key;
      proposal.problem = NotAColumn(columns);
    } else {
      proposal.problem = sampled.status().message();
    }
    TakePattern(candidate, columns, false, proposal);
    return Status::Ok();
  }

  // What the project file would not take.
  static std::string NotAColumn(const std::vector<std::string>& columns) {
    for (const std::string& column : columns) {
      const auto name = config::FormatText(config::TextFormat::kColumn, column, {});
      if (!name.ok || StartsWith(column, "_sluice")) {
        return fmt::format("a column of its files is called {}, which no column of a table can be",
                           config::Quoted(column));
      }
    }
    return {};
  }

  // The captures that are columns come from the paths of all files.
  void TakePattern(const Candidate& candidate, const std::vector<std::string>& columns, bool exact,
                   Proposal& proposal) const {
    const GroupPattern pattern = PatternOfAll(candidate, columns, exact);
    proposal.pattern = pattern.text;
    proposal.captures.clear();
    const auto parsed = config::FilePattern::Parse(pattern.text);
    if (!parsed.ok()) {
      proposal.problem = parsed.status().message();
      return;
    }
    std::map<std::string, TypeTrial> types;
    for (const connector::StoredFile* file : candidate.files) {
      const auto captures = parsed->Match(file->path.substr(context_.ingest.prefix.size()));
      if (!captures) continue;
      for (const auto& [name, value] : *captures) {
        if (value != "__HIVE_DEFAULT_PARTITION__") types[name].Value({value, false, false});
      }
    }
    for (const std::string& name : pattern.keyed) {
      const bool there = std::any_of(proposal.columns.begin(), proposal.columns.end(),
                                     [&](const auto& column) { return column.first == name; });
      if (!there) proposal.columns.emplace_back(name, types[name].SqlType());
    }
    for (const std::string& name : pattern.captures) {
      proposal.captures.emplace_back(name, types[name].SqlType());
    }
  }

  // A file belongs to one table: a pattern that fits files of others is made narrower, or only shown.
  void KeepApart(const std::vector<Candidate>& candidates, size_t own, Proposal& proposal) {
    const std::string other = FileOfAnother(candidates, {own}, proposal.pattern);
    if (other.empty()) return;
    std::vector<std::string> columns;
    for (const auto& [name, type] : proposal.columns) columns.push_back(name);
    const GroupPattern exact = PatternOfAll(candidates[own], columns, true);
    if (FileOfAnother(candidates, {own}, exact.text).empty() && FitsAll(candidates[own], exact)) {
      proposal.pattern = exact.text;
      proposal.captures.clear();
      proposal.evidence.push_back(fmt::format(
          "numbers in its names have these sizes and no other, for {} is another table", other));
      return;
    }
    if (!proposal.problem.empty()) return;
    proposal.problem =
        fmt::format("the pattern {} fits {} too: say one that does not", proposal.pattern, other);
  }

  // Checks of the ingest that concern all of its tables: the project would be refused.
  void TellUndecided(Proposal& proposal) const {
    const auto has = [&](const std::string& column) {
      return std::any_of(proposal.columns.begin(), proposal.columns.end(),
                         [&](const auto& own) { return Lower(own.first) == column; });
    };
    if (!proposal.problem.empty()) return;
    for (const config::Check& check : context_.ingest.checks) {
      if (!check.tables.empty()) continue;
      const bool by_key = check.kind == config::Check::Kind::kUnique && check.columns.empty();
      if (by_key && proposal.key.empty()) {
        proposal.undecided = fmt::format(
            "the check at {} asks for a key, and no column was seen to be one: say which, key: "
            "[COLUMN], or name the `tables` of the check",
            check.where.ToString());
        return;
      }
      const auto missing = std::find_if_not(check.columns.begin(), check.columns.end(), has);
      if (missing == check.columns.end()) continue;
      proposal.undecided = fmt::format(
          "the check at {} asks for a column {}, which its files have not: name the "
          "`tables` of the check",
          check.where.ToString(), *missing);
      return;
    }
  }

  bool FitsAll(const Candidate& candidate, const GroupPattern& pattern) const {
    const auto parsed = config::FilePattern::Parse(pattern.text);
    return parsed.ok() &&
           std::all_of(candidate.files.begin(), candidate.files.end(), [&](const auto* file) {
             return parsed->Fits(file->path.substr(context_.ingest.prefix.size()));
           });
  }

  // A file that the pattern takes and that is of a table, or of none of the candidates in `own`.
  std::string FileOfAnother(const std::vector<Candidate>& candidates,
                            const std::vector<size_t>& own, const std::string& text) const {
    const auto pattern = config::FilePattern::Parse(text);
    if (!pattern.ok()) return {};
    for (const std::string& path : taken_) {
      if (pattern->Fits(path)) return path;
    }
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (std::find(own.begin(), own.end(), i) != own.end()) continue;
      // Those of a group are alike: the first and the last stand for all.
      for (const auto* file : {candidates[i].files.front(), candidates[i].files.back()}) {
        std::string path = file->path.substr(context_.ingest.prefix.size());
        if (pattern->Fits(path)) return path;
      }
    }
    return {};
  }

  const DiscoverContext& context_;
  const ingest::Source& source_;
  const ingest::TakenFiles& by_tables_;
  std::set<std::string>& names_;
  Proposals& proposals_;
  std::vector<std::string> paths_;  // that no table takes, below the prefix
  std::vector<const connector::StoredFile*> files_;
  std::vector<std::string> taken_;
};

}  // namespace

Result<Proposals> DiscoverFiles(const DiscoverContext& context, std::set<std::string>& taken) {
  Proposals proposals;
  proposals.ingest = context.ingest.name;
  proposals.layout = context.ingest.layout;
  SLUICE_ASSIGN(const auto sources,
                pipeline::ListSources(context.runtime, context.ingest, context.cancel));
  for (const ingest::Source& source : sources) {
    SLUICE_ASSIGN(const auto by_tables,
                  ingest::TakenFiles::Of(context.runtime.project(), source.connection));
    SLUICE_TRY(FilesProposer(context, source, by_tables, taken, proposals).Run());
  }
  return proposals;
}

}  // namespace sluice::cli
