#include "ingest/finish_files.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "config/file_pattern.h"

namespace sluice::ingest {
namespace {

using AfterLoading = config::Table::AfterLoading;
using connector::StoredFile;

constexpr size_t kMostProblems = 5;  // told one by one

class Finisher {
 public:
  Finisher(const config::Ingest& ingest, const env::Cancel* cancel)
      : ingest_(ingest), cancel_(cancel) {
    for (const config::Table& table : ingest.tables) {
      auto pattern = config::FilePattern::Parse(table.pattern);
      if (pattern.ok()) patterns_.emplace_back(&table, std::move(pattern).value());
    }
  }

  FinishOutcome Run(const std::vector<DoneFile>& done) {
    std::map<std::pair<std::string, std::string>, std::pair<const DoneFile*, std::set<std::string>>>
        files;
    for (const DoneFile& file : done) {
      auto& [any, tables] = files[{file.connection, file.file.path}];
      any = &file;
      tables.insert(file.table);
    }
    for (const auto& [key, entry] : files) {
      if (cancel_ != nullptr && cancel_->is_set()) break;  // the next run goes on
      const config::Table* policy = PolicyOf(entry.first->file.path, entry.second);
      if (policy != nullptr) Finish(*entry.first, *policy);
    }
    Tell();
    return std::move(outcome_);
  }

 private:
  // The table whose wish is done; null when the file stays.
  const config::Table* PolicyOf(const std::string& path, const std::set<std::string>& has) const {
    if (!StartsWith(path, ingest_.prefix)) return nullptr;
    const std::string_view below = std::string_view(path).substr(ingest_.prefix.size());
    const config::Table* policy = nullptr;
    for (const auto& [table, pattern] : patterns_) {
      if (!pattern.Fits(below)) continue;
      if (has.count(table->name) == 0 || table->after_loading == AfterLoading::kLeave) {
        return nullptr;
      }
      // Moving loses less than removing.
      if (policy == nullptr || table->after_loading == AfterLoading::kMove) policy = table;
    }
    return policy;
  }

  void Finish(const DoneFile& done, const config::Table& table) {
    connector::StoreEditor* editor = done.store->editor();
    if (editor == nullptr) {
      return Problem(FailedError(fmt::format("{} takes no changes", done.store->Describe()),
                                 "Set after_loading: leave"));
    }
    // The sidecar first: of a file that is left the next run knows what to do with it.
    if (done.sidecar && !Done(*editor, *done.sidecar, table)) return;
    if (!Done(*editor, done.file, table)) return;
    ++(table.after_loading == AfterLoading::kMove ? outcome_.moved : outcome_.removed);
  }

  bool Done(connector::StoreEditor& editor, const StoredFile& file, const config::Table& table) {
    const Status status = table.after_loading == AfterLoading::kMove
                              ? Move(editor, file, table.move_to)
                              : editor.Remove(file, cancel_);
    // Gone: somebody else was quicker.
    if (status.ok() || status.code() == Code::kNotFound) return true;
    if (status.code() != Code::kCancelled) Problem(status.WithContext(file.path));
    return false;
  }

  Status Move(connector::StoreEditor& editor, const StoredFile& file, const std::string& folder) {
    const std::string to = folder + file.path;
    const Status status = editor.Move(file, to, cancel_);
    if (status.code() != Code::kRejected) return status;
    // Another file has the name: one that was sent under it before. The tag tells them apart, and an
    // interrupted move takes the same name again.
    return editor.Move(file, to + "." + HexEncode(Hash64(file.tag)).substr(0, 8), cancel_);
  }

  void Problem(const Status& status) {
    if (++problems_ <= kMostProblems) {
      outcome_.problems.push_back(
          fmt::format("{}: after loading: {}", ingest_.name, status.ToString()));
    }
  }

  void Tell() {
    if (problems_ > kMostProblems) {
      outcome_.problems.push_back(fmt::format("{}: after loading: {} more could not be finished",
                                              ingest_.name, problems_ - kMostProblems));
    }
    const auto tell = [&](int64_t files, const char* what) {
      if (files == 0) return;
      outcome_.notes.push_back(fmt::format("{}: {} {} after loading", ingest_.name,
                                           Counted(static_cast<uint64_t>(files), "file"), what));
    };
    tell(outcome_.moved, "moved");
    tell(outcome_.removed, "removed");
  }

  const config::Ingest& ingest_;
  const env::Cancel* cancel_;
  std::vector<std::pair<const config::Table*, config::FilePattern>> patterns_;
  FinishOutcome outcome_;
  size_t problems_ = 0;
};

}  // namespace

bool FinishesFiles(const config::Ingest& ingest) {
  return std::any_of(ingest.tables.begin(), ingest.tables.end(), [](const config::Table& table) {
    return table.after_loading != AfterLoading::kLeave;
  });
}

FinishOutcome FinishFiles(const config::Ingest& ingest, const std::vector<DoneFile>& done,
                          const env::Cancel* cancel) {
  if (!FinishesFiles(ingest)) return {};
  return Finisher(ingest, cancel).Run(done);
}

}  // namespace sluice::ingest
