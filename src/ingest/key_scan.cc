#include "ingest/key_scan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"
#include "ingest/ledger.h"
#include "ingest/sql.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using warehouse::NameList;
using warehouse::QualifiedName;
using warehouse::QuoteName;

// Beyond this a rebuild, which reads everything, is told instead.
constexpr uint64_t kMostBytes = 2ULL << 30;

class KeyScan {
 public:
  KeyScan(const StageContext& context, const TableLoad& load, const TargetTable& target,
          bool own_too, const FetchFile& fetch)
      : context_(context), load_(load), own_too_(own_too), fetch_(fetch) {
    scan_.target = target;
  }

  Result<std::string> Run() {
    SLUICE_TRY(FindFiles());
    if (scan_.files.empty()) return std::string();
    uint64_t bytes = 0;
    for (const LoadFile& file : scan_.files) bytes += file.stored.size;
    if (bytes > kMostBytes) {
      return fmt::format("{} of later files may have the keys", HumanBytes(bytes));
    }
    for (LoadFile& file : scan_.files) {
      SLUICE_ASSIGN(const std::string obstacle, Fetch(file));
      if (!obstacle.empty()) return obstacle;
    }
    StageContext context = context_;
    context.fixes = ReadFixes::kApplied;
    const Status staged = Stage(context, scan_);
    if (staged.code() == Code::kRejected) return staged.message();
    SLUICE_TRY(staged);
    return Meet();
  }

 private:
  Status FindFiles() {
    scan_.ingest = load_.ingest;
    scan_.label = load_.label;
    std::string fixed;
    for (const LoadFile& file : load_.files) {
      fixed += (fixed.empty() ? "" : ", ") + fmt::format("({}, {})", file.file_id, file.load_id);
    }
    const std::string pod =
        load_.target.match_pod
            ? fmt::format(
                  " AND pod IN (SELECT pod FROM _sluice.files WHERE (file_id, load_id) IN "
                  "({}))",
                  fixed)
            : std::string();
    SLUICE_ASSIGN(
        const auto rows,
        context_.connection.Rows(
            fmt::format("WITH fixed AS (SELECT min(rowid) AS first FROM _sluice.files WHERE "
                        "(file_id, load_id) IN ({0})) SELECT {2}, rowid FROM "
                        "_sluice.files, fixed WHERE ingest = $1 AND table_name = $2 AND state = "
                        "'loaded' AND rowid >= first{1} ORDER BY rowid",
                        fixed, pod, kFileColumns),
            {load_.ingest, load_.target.name}));
    const int64_t load_id = StableId({"key scan", load_.ingest, load_.target.name});
    for (const auto& row : rows) {
      positions_[ToInt(row[0])] = ToInt(row[10]);
      LoadFile file = FileOfEntry(row);
      file.load_id = load_id;  // a stage of its own
      file.any_bad_rows = true;
      scan_.files.push_back(std::move(file));
    }
    // The first one is a fixed row's own, with nothing before it to be looked at.
    if (!own_too_ && !scan_.files.empty()) scan_.files.erase(scan_.files.begin());
    return Status::Ok();
  }

  Result<std::string> Fetch(LoadFile& file) {
    const std::string spool =
        env::JoinPath(context_.spool_folder, fmt::format("{:016x}.scan", file.file_id));
    const auto fetched = fetch_(file.connection, file.stored, spool);
    if (fetched.status().code() == Code::kCancelled) return fetched.status();
    if (!fetched.ok() || fetched->content_hash != file.content_hash) {
      return fmt::format("{} came later and cannot be read as it was loaded", file.stored.path);
    }
    file.local_path = fetched->local_path;
    return std::string();
  }

  // Rows and deletions of a staged load: match columns and the position of their file.
  std::string Keys(const TableLoad& load) const {
    std::string values;
    for (const auto& [file, position] : positions_) {
      values += fmt::format("{}({}, {})", values.empty() ? "" : ", ", file, position);
    }
    const std::string names = NameList(load.target.MatchColumns());
    std::string rows = fmt::format("SELECT {}, {} AS file FROM {}", names, QuoteName(kFileColumn),
                                   QualifiedName(load.stage));
    if (!load.gone.empty()) {
      rows += fmt::format(" UNION ALL SELECT {}, file FROM {}", names, QualifiedName(load.gone));
    }
    return fmt::format(
        "(SELECT k.*, p.position AS place FROM ({}) k JOIN (VALUES {}) AS p(file, position) ON "
        "p.file = k.file)",
        rows, values);
  }

  Result<std::string> Meet() {
    SLUICE_ASSIGN(
        const auto rows,
        context_.connection.Rows(fmt::format(
            "SELECT count(DISTINCT s.file), any_value(r.file) FROM {} s JOIN {} r ON {} "
            "AND r.place {} s.place",
            Keys(load_), Keys(scan_), Matches(load_.target, "r", "s"), own_too_ ? ">=" : ">")));
    if (ToInt(rows[0][0]) == 0) return std::string();
    const auto file =
        std::find_if(scan_.files.begin(), scan_.files.end(),
                     [&](const LoadFile& scanned) { return scanned.file_id == ToInt(rows[0][1]); });
    return fmt::format("a row of {} has the same key",
                       file == scan_.files.end() ? "a later file" : file->stored.path);
  }

  const StageContext& context_;
  const TableLoad& load_;
  const bool own_too_;
  const FetchFile& fetch_;
  TableLoad scan_;
  std::map<int64_t, int64_t> positions_;  // file id -> place in the order of loading
};

}  // namespace

Result<std::string> KeysInLaterFiles(const StageContext& context, const TableLoad& load,
                                     const TargetTable& target, bool own_too,
                                     const FetchFile& fetch) {
  return KeyScan(context, load, target, own_too, fetch).Run();
}

}  // namespace sluice::ingest
