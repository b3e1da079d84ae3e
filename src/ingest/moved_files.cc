#include "ingest/moved_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/checksum_text.h"
#include "ingest/finish_files.h"
#include "ingest/ledger.h"
#include "ingest/portions.h"
#include "ingest/table_files.h"
#include "warehouse/notes.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr size_t kNamed = 3;

std::string NoteName(const std::string& ingest) {
  return "moved_files " + ingest;
}

struct MovedFile {
  const Source* source = nullptr;
  connector::StoredFile file;
  std::string address;  // that it had
  std::string digits;   // behind its name, where the name was taken
  config::Captures captures;
};

class MovedFiles {
 public:
  MovedFiles(engine::Connection& connection, const config::Ingest& ingest,
             const std::vector<Source>& sources, const LedgerState& ledger,
             const env::Cancel* cancel, IngestPlan& plan)
      : connection_(connection),
        ingest_(ingest),
        sources_(sources),
        ledger_(ledger),
        cancel_(cancel),
        plan_(plan) {}

  // How many files the ledger does not know.
  Result<size_t> Plan(const std::string& why) {
    size_t found = 0;
    std::vector<Step> steps;
    for (const config::Table& table : ingest_.tables) {
      if (table.after_loading != config::Table::AfterLoading::kMove) continue;
      SLUICE_ASSIGN(auto files, UnknownFiles(table));
      if (files.empty()) continue;
      found += files.size();
      SLUICE_ASSIGN(TargetTable target, FilesTarget(ingest_, table.name));
      const bool together = target.merge == Merge::kReplace || !table.manifest.empty();
      Tell(table, files, why, together);
      if (together || Waits(table.name)) continue;
      steps.push_back(StepOf(table, std::move(target), files));
    }
    plan_.steps.insert(plan_.steps.begin(), std::make_move_iterator(steps.begin()),
                       std::make_move_iterator(steps.end()));
    return found;
  }

 private:
  Result<std::vector<MovedFile>> UnknownFiles(const config::Table& table) {
    SLUICE_ASSIGN(const auto pattern, config::FilePattern::Parse(table.pattern));
    std::vector<MovedFile> unknown;
    for (const Source& source : sources_) {
      SLUICE_ASSIGN(auto listing, source.store->List(table.move_to + ingest_.prefix, cancel_));
      std::vector<MovedFile> files;
      for (connector::StoredFile& stored : listing.files) {
        auto file = FileOf(table, pattern, stored);
        if (!file) continue;
        file->source = &source;
        files.push_back(std::move(*file));
      }
      SLUICE_TRY(LeaveOutKnown(table, files));
      std::move(files.begin(), files.end(), std::back_inserter(unknown));
    }
    std::stable_sort(unknown.begin(), unknown.end(), [](const MovedFile& a, const MovedFile& b) {
      return std::tie(a.file.modified, a.file.path) < std::tie(b.file.modified, b.file.path);
    });
    return unknown;
  }

  std::optional<MovedFile> FileOf(const config::Table& table, const config::FilePattern& pattern,
                                  const connector::StoredFile& stored) const {
    MovedFile file;
    file.file = stored;
    file.address = stored.path.substr(table.move_to.size());
    if (SidecarKind(file.address) && !SidecarKind(table.pattern)) return std::nullopt;
    const auto match = [&] {
      return pattern.Match(std::string_view(file.address).substr(ingest_.prefix.size()));
    };
    auto captures = match();
    const size_t point = file.address.size() < 9 ? 0 : file.address.size() - 9;
    const std::string end = file.address.substr(point);
    const bool digits = end.size() == 9 && end[0] == '.' &&
                        end.find_first_not_of("0123456789abcdef", 1) == std::string::npos;
    if (digits) {
      file.digits = end.substr(1);
      file.address.resize(point);
      auto without = match();
      if (without) captures = std::move(without);
    }
    if (!captures) return std::nullopt;
    file.captures = std::move(*captures);
    return file;
  }

  // Loaded from where they are, or under the name that they had: with the same size, and where another one had taken
  // the name in the folder with a tag that gives its digits.
  Status LeaveOutKnown(const config::Table& table, std::vector<MovedFile>& files) {
    std::multimap<std::string, std::pair<int64_t, std::string>> known;
    std::vector<std::string> addresses;
    for (const MovedFile& file : files) {
      addresses.push_back(file.address);
      addresses.push_back(file.file.path);
    }
    const std::string connection = files.empty() ? "" : files.front().source->connection;
    const auto ask = [&](const std::string& places,
                         const std::vector<engine::Value>& bound) -> Status {
      SLUICE_ASSIGN(const auto rows,
                    connection_.Rows("SELECT DISTINCT address, size, tag FROM _sluice.files WHERE "
                                     "ingest = $1 AND table_name = $2 AND connection = $3 AND "
                                     "address IN (" +
                                         places + ")",
                                     bound));
      for (const auto& row : rows) {
        known.emplace(ToText(row[0]), std::pair(ToInt(row[1]), ToText(row[2])));
      }
      return Status::Ok();
    };
    SLUICE_TRY(ForEachPortion(addresses, {ingest_.name, table.name, connection}, ask));
    std::erase_if(files, [&](const MovedFile& file) {
      if (known.count(file.file.path) > 0) return true;
      const auto [begin, end] = known.equal_range(file.address);
      return std::any_of(begin, end, [&](const auto& entry) {
        const auto& [size, tag] = entry.second;
        return size == static_cast<int64_t>(file.file.size) &&
               (file.digits.empty() || file.digits == DigitsOfMoved(tag));
      });
    });
    return Status::Ok();
  }

  // As for files that come: in order where it counts.
  bool Waits(const std::string& table) const {
    return std::any_of(ledger_.holds.begin(), ledger_.holds.end(), [&](const OpenHold& hold) {
      return hold.table == table && (hold.kind == "gate" || hold.kind == "file");
    });
  }

  void Tell(const config::Table& table, const std::vector<MovedFile>& files, const std::string& why,
            bool together) {
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(files.size(), kNamed); ++i) {
      names.push_back(files[i].file.path);
    }
    plan_.notes.push_back(fmt::format(
        "{}.{}: {} moved away after loading, and {} not in the table, for {}: {}{}. {}",
        ingest_.name, table.name,
        files.size() == 1 ? "a file was" : Counted(files.size(), "file") + " were",
        files.size() == 1 ? "its rows are" : "their rows are", why, Join(names, ", "),
        files.size() > kNamed ? " …" : "",
        together ? "Put back under the names that they had those that make the table now, and run"
                 : "They are loaded from there"));
  }

  Step StepOf(const config::Table& table, TargetTable target,
              const std::vector<MovedFile>& files) const {
    TableLoad load;
    load.ingest = ingest_.name;
    load.file_by_file = target.merge == Merge::kAppend;
    load.target = std::move(target);
    load.label = fmt::format("{}.{}", ingest_.name, table.name);
    for (const MovedFile& moved : files) {
      LoadFile& file = load.files.emplace_back();
      file.stored = moved.file;
      file.store = moved.source->store;
      file.connection = moved.source->connection;
      file.captures = moved.captures;
      file.full = ledger_.tables.count(table.name) == 0;
    }
    SetLoadId(load);
    Step step;
    step.label = table.name;
    step.loads.push_back(std::move(load));
    return step;
  }

  engine::Connection& connection_;
  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const LedgerState& ledger_;
  const env::Cancel* cancel_;
  IngestPlan& plan_;
};

}  // namespace

Status ExpectMovedFiles(engine::Connection& connection, const std::string& ingest,
                        const std::string& why) {
  return warehouse::PutNote(connection, NoteName(ingest), why);
}

Status PlanMovedFiles(engine::Connection& connection, const config::Ingest& ingest,
                      const std::vector<Source>& sources, const LedgerState& ledger, bool write,
                      const env::Cancel* cancel, IngestPlan& plan) {
  const std::string name = NoteName(ingest.name);
  SLUICE_ASSIGN(const auto why, warehouse::ReadNote(connection, name));
  if (!why) return Status::Ok();
  SLUICE_ASSIGN(const size_t found,
                MovedFiles(connection, ingest, sources, ledger, cancel, plan).Plan(*why));
  // What is held now may be read again.
  if (found > 0 || !write || !ledger.holds.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(warehouse::DropNote(connection, name));
  return transaction->Commit();
}

}  // namespace sluice::ingest
