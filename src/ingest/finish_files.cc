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
    std::set<std::pair<std::string, std::string>> gone;
    for (const auto& [key, entry] : files) {
      if (cancel_ != nullptr && cancel_->is_set()) break;  // the next run goes on
      const config::Table* policy = PolicyOf(entry.first->file.path, entry.second);
      if (policy != nullptr && Finish(*entry.first, *policy)) gone.insert(key);
    }
    for (const DoneFile& file : done) {
      if (gone.count({file.connection, file.file.path}) > 0) outcome_.files.push_back(file);
    }
    Tell();
    return std::move(outcome_);
  }

 private:
  // The table whose wish is done; null when the file stays.
  const config::Table* PolicyOf(const std::string& path, const std::set<std::string>& has) const {
    if (!StartsWith(path, ingest_.prefix)) return nullptr;
    // Loaded from where it had moved (moved_files.h).
    const bool is_moved = std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& entry) {
      return !entry.first->move_to.empty() && StartsWith(path, entry.first->move_to);
    });
    if (is_moved) return nullptr;
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

  // Whether it is gone now.
  bool Finish(const DoneFile& done, const config::Table& table) {
    connector::StoreEditor* editor = done.store->editor();
    if (editor == nullptr) {
      Problem(FailedError(fmt::format("{} takes no changes", done.store->Describe()),
                          "Set after_loading: leave"));
      return false;
    }
    // The sidecar first: of a file that is left the next run knows what to do with it.
    if (done.sidecar && !Done(*editor, *done.sidecar, table)) return false;
    if (!Done(*editor, done.file, table)) return false;
    ++(table.after_loading == AfterLoading::kMove ? outcome_.moved : outcome_.removed);
    return true;
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
    return editor.Move(file, to + "." + DigitsOfMoved(file.tag), cancel_);
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

namespace {

constexpr size_t kPerStatement = 500;  // files

// Their newest entry once more, as a delivery that nothing was read of.
Status RecordComeAgain(engine::Connection& connection, const std::string& ingest,
                       const DoneFile& file) {
  return connection
      .Execute(
          "INSERT INTO _sluice.files SELECT * REPLACE ('skipped' AS state, 'came again with the "
          "content that was loaded' AS reason, $5::TIMESTAMP AS modified, 0 AS load_id, 0 AS "
          "rows_read, 0 AS inserted, 0 AS updated, 0 AS unchanged, 0 AS delete_matched, 0 AS "
          "delete_unmatched, 0 AS superseded, 0 AS skipped, 0 AS quarantined, 0 AS key_collisions, "
          "0 AS too_long, 0 AS forgotten, NULL AS file_columns) FROM _sluice.files WHERE ingest = "
          "$1 AND "
          "connection = $2 AND table_name = $3 AND address = $4 AND state = 'loaded' ORDER BY "
          "rowid DESC LIMIT 1",
          {ingest, file.connection, file.table, file.file.path,
           env::FormatUtc(file.file.modified, true)})
      .status();
}

}  // namespace

std::string DigitsOfMoved(const std::string& tag) {
  return HexEncode(Hash64(tag)).substr(0, 8);
}

Status RecordFinished(engine::Connection& connection, const warehouse::Fence& fence,
                      const std::string& ingest, const std::vector<DoneFile>& files,
                      const quality::RunInfo& run) {
  if (files.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(warehouse::CheckFence(connection, fence));
  for (const DoneFile& file : files) {
    if (file.again) SLUICE_TRY(RecordComeAgain(connection, ingest, file));
  }
  for (size_t from = 0; from < files.size(); from += kPerStatement) {
    std::vector<engine::Value> bound = {ingest, env::FormatUtc(run.now, true)};
    std::string places;
    for (size_t i = from; i < std::min(files.size(), from + kPerStatement); ++i) {
      const size_t n = bound.size();
      places += fmt::format("{}(${}, ${}, ${})", places.empty() ? "" : ", ", n + 1, n + 2, n + 3);
      bound.insert(bound.end(), {files[i].connection, files[i].table, files[i].file.path});
    }
    SLUICE_TRY(
        connection
            .Execute("UPDATE _sluice.files SET finished_at = $2::TIMESTAMP WHERE ingest = "
                     "$1 AND finished_at IS NULL AND (connection, table_name, address) IN (" +
                         places + ")",
                     bound)
            .status());
  }
  return transaction->Commit();
}

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
