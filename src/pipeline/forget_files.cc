#include "pipeline/forget_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "engine/rewrite_database.h"
#include "env/file.h"
#include "pipeline/person_places.h"
#include "pipeline/sqlite.h"
#include "sync/delivery_files.h"
#include "sync/delivery_log.h"

namespace sluice::pipeline {
namespace {

constexpr uint64_t kMostBytes = 1ULL << 30;  // of a log that is rewritten
constexpr size_t kShortestKey = 6;
constexpr std::string_view kBlank = "(forgotten)";

bool IsOfWord(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         byte >= 0x80 || c == '@' || c == '_';
}

// Of a JSON log: a number is none that somebody is called by.
bool IsJsonNumber(std::string_view text, size_t at) {
  while (at > 0 && text[at - 1] == ' ') --at;
  return at > 1 && text[at - 1] == ':' && text[at - 2] == '"';
}

// Where `word` (lower-case) stands in `lower` as a whole word, from `from` on; npos when it does not.
size_t FindWord(std::string_view lower, std::string_view word, size_t from) {
  while (true) {
    const size_t at = lower.find(word, from);
    if (at == std::string_view::npos) return at;
    const size_t end = at + word.size();
    const bool whole =
        (at == 0 || !IsOfWord(lower[at - 1])) && (end == lower.size() || !IsOfWord(lower[end]));
    if (whole && !IsJsonNumber(lower, at)) return at;
    from = at + 1;
  }
}

bool Names(std::string_view text, const std::vector<std::string>& words) {
  const std::string lower = Lower(text);
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return FindWord(lower, Lower(word), 0) != std::string_view::npos;
  });
}

std::string Without(const std::string& text, const std::vector<std::string>& words) {
  std::string out = text;
  for (const std::string& word : words) {
    std::string lower = Lower(out);
    const std::string wanted = Lower(word);
    for (size_t at = FindWord(lower, wanted, 0); at != std::string::npos;
         at = FindWord(lower, wanted, at + kBlank.size())) {
      out.replace(at, wanted.size(), kBlank);
      lower.replace(at, wanted.size(), kBlank);
    }
  }
  return out;
}

class Files {
 public:
  Files(Runtime& runtime, const std::vector<std::string>& words, bool remove)
      : runtime_(runtime), words_(words), remove_(remove) {}

  Result<std::vector<ForgetReport::Files>> Run() {
    SLUICE_TRY(Spools());
    SLUICE_TRY(DryRuns());
    SLUICE_TRY(Logs());
    SLUICE_TRY(Deliveries());
    SLUICE_TRY(QueryHistory());
    SLUICE_TRY(RunStore());
    SLUICE_TRY(Leftovers());
    return std::move(found_);
  }

 private:
  void Found(const std::string& what, int64_t count) {
    if (count > 0) found_.push_back({what, count});
  }

  static Result<std::vector<env::DirectoryEntry>> Entries(const std::string& folder) {
    if (!env::Exists(folder)) return std::vector<env::DirectoryEntry>();
    return env::ListDirectory(folder);
  }

  // Files on their way into the warehouse, and copies of `plan --deep`: nobody works with them now.
  Status Spools() {
    SLUICE_ASSIGN(const auto entries, Entries(runtime_.StatePath("")));
    int64_t count = 0;
    for (const auto& entry : entries) {
      const bool spool = StartsWith(entry.name, "spool-") || entry.name == "plan-deep";
      if (!spool || !entry.info.is_directory) continue;
      const std::string path = runtime_.StatePath(entry.name);
      SLUICE_ASSIGN(const auto files, env::ListDirectory(path));
      count += static_cast<int64_t>(files.size());
      if (remove_) SLUICE_TRY(env::RemoveTree(path));
    }
    Found("downloaded files", count);
    return Status::Ok();
  }

  Result<bool> AnyNames(const std::string& folder) {
    SLUICE_ASSIGN(const auto entries, env::ListDirectory(folder));
    for (const auto& entry : entries) {
      const std::string path = env::JoinPath(folder, entry.name);
      if (entry.info.is_directory) {
        SLUICE_ASSIGN(const bool any, AnyNames(path));
        if (any) return true;
        continue;
      }
      // What is too large to look at counts as naming everybody.
      if (entry.info.size > kMostBytes) return true;
      SLUICE_ASSIGN(const std::string text, env::ReadFile(path, kMostBytes));
      if (Names(text, words_)) return true;
    }
    return false;
  }

  Status DryRuns() {
    const std::string folder = runtime_.StatePath("dry-run");
    SLUICE_ASSIGN(const auto runs, Entries(folder));
    int64_t count = 0;
    for (const auto& run : runs) {
      const std::string path = env::JoinPath(folder, run.name);
      if (!run.info.is_directory) continue;
      SLUICE_ASSIGN(const bool named, AnyNames(path));
      if (!named) continue;
      ++count;
      if (remove_) SLUICE_TRY(env::RemoveTree(path));
    }
    Found("dry runs", count);
    return Status::Ok();
  }

  Result<bool> Rewrite(const std::string& path) {
    SLUICE_ASSIGN(const std::string text, env::ReadFile(path, kMostBytes));
    if (!Names(text, words_)) return false;
    if (remove_) SLUICE_TRY(env::WriteFileAtomically(path, Without(text, words_), 0600));
    return true;
  }

  Status Logs() {
    const std::string folder = runtime_.StatePath("logs");
    SLUICE_ASSIGN(const auto logs, Entries(folder));
    int64_t count = 0;
    for (const auto& log : logs) {
      if (log.info.is_directory) continue;
      SLUICE_ASSIGN(const bool named, Rewrite(env::JoinPath(folder, log.name)));
      count += named ? 1 : 0;
    }
    Found("logs of runs", count);
    return Status::Ok();
  }

  // Folded: only that there was a delivery matters of a log, which its header says.
  Status Deliveries() {
    const std::string folder = runtime_.StatePath("syncs");
    SLUICE_ASSIGN(const auto syncs, Entries(folder));
    int64_t count = 0;
    for (const auto& sync : syncs) {
      if (!sync.info.is_directory) continue;
      const sync::DeliveryFiles files(runtime_.project().StateFolder(), sync.name);
      SLUICE_ASSIGN(const auto entries, env::ListDirectory(files.folder()));
      for (const auto& entry : entries) {
        const std::string path = env::JoinPath(files.folder(), entry.name);
        if (EndsWith(entry.name, ".spool")) {
          ++count;
          if (remove_) SLUICE_TRY(env::RemoveFile(path));
        } else if (EndsWith(entry.name, ".log")) {
          SLUICE_ASSIGN(const std::string bytes, env::ReadFile(path, kMostBytes));
          if (!Names(bytes, words_)) continue;
          ++count;
          if (!remove_) continue;
          SLUICE_ASSIGN(const auto header, sync::ReadLogHeader(path));
          SLUICE_TRY(sync::DeliveryLog::Create(path, header).status());
        }
      }
    }
    Found("spools and logs of deliveries", count);
    return Status::Ok();
  }

  Status QueryHistory() {
    const std::string path = runtime_.StatePath("query_history");
    if (!env::Exists(path)) return Status::Ok();
    SLUICE_ASSIGN(const std::string text, env::ReadFile(path, kMostBytes));
    std::vector<std::string> kept;
    int64_t count = 0;
    for (std::string& line : Split(text, '\n')) {
      // The editor writes blanks and other characters as \040.
      if (Names(line, words_)) {
        ++count;
      } else {
        kept.push_back(std::move(line));
      }
    }
    if (count > 0 && remove_) SLUICE_TRY(env::WriteFileAtomically(path, Join(kept, "\n"), 0600));
    Found("lines of the query history", count);
    return Status::Ok();
  }

  // Also what was deleted before: the file is written anew.
  Status RunStore() {
    const std::string path = runtime_.StatePath("state.db");
    if (!env::Exists(path)) return Status::Ok();
    SLUICE_ASSIGN(auto file, SqliteFile::Open(path));
    SLUICE_TRY(file.Execute("PRAGMA secure_delete = ON"));
    struct Row {
      std::string run_id;
      std::string command;
      std::string summary;
    };
    std::vector<Row> rows;
    {
      SLUICE_ASSIGN(auto select, file.Prepare("SELECT run_id, command, summary FROM runs"));
      while (true) {
        SLUICE_ASSIGN(const bool more, select.Next());
        if (!more) break;
        Row row{select.Text(0), select.Text(1), select.Text(2)};
        if (Names(row.command, words_) || Names(row.summary, words_))
          rows.push_back(std::move(row));
      }
    }
    Found("records of runs", static_cast<int64_t>(rows.size()));
    if (!remove_) return Status::Ok();
    for (const Row& row : rows) {
      SLUICE_ASSIGN(auto update,
                    file.Prepare("UPDATE runs SET command = ?, summary = ? WHERE run_id = ?"));
      update.Bind(Without(row.command, words_)).Bind(Without(row.summary, words_)).Bind(row.run_id);
      SLUICE_TRY(update.Next().status());
    }
    SLUICE_TRY(file.Execute("VACUUM"));
    return file.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  // Whole warehouses of another time.
  Status Leftovers() {
    const std::string& path = runtime_.warehouse().path();
    SLUICE_ASSIGN(const auto entries, Entries(env::Dirname(path)));
    const std::string name = env::Basename(path);
    int64_t count = 0;
    for (const auto& entry : entries) {
      const bool left = StartsWith(entry.name, name + ".before-") ||
                        StartsWith(entry.name, name + ".restoring") ||
                        StartsWith(entry.name, name + ".tmp");
      if (!left) continue;
      count += StartsWith(entry.name, name + ".before-") ? 1 : 0;
      if (remove_) SLUICE_TRY(env::RemoveTree(env::JoinPath(env::Dirname(path), entry.name)));
    }
    Found("files of a warehouse that a restore put aside", count);
    return remove_ ? engine::RemoveUnfinishedRewrite(path) : Status::Ok();
  }

  Runtime& runtime_;
  const std::vector<std::string>& words_;
  const bool remove_;
  std::vector<ForgetReport::Files> found_;
};

}  // namespace

std::vector<std::string> WordsOf(const std::vector<privacy::Subject>& subjects) {
  std::vector<std::string> words;
  for (const privacy::Subject& subject : subjects) {
    for (const auto& [name, values] : subject.identifiers) {
      words.insert(words.end(), values.begin(), values.end());
    }
    for (const std::string& key : subject.keys) {
      if (key.size() >= kShortestKey) words.push_back(key);
    }
  }
  std::erase_if(words, [](const std::string& word) { return word.size() < kShortestWord; });
  return words;
}

Result<std::vector<ForgetReport::Files>> ForgetFiles(Runtime& runtime,
                                                     const std::vector<std::string>& words,
                                                     bool remove) {
  return Files(runtime, words, remove).Run();
}

}  // namespace sluice::pipeline
