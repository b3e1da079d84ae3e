// Which files of a listing belong to a table of layout files, what their paths say, what proves them,
// and which cannot be taken yet. From the listing alone; nothing is read.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/file_pattern.h"
#include "config/project.h"
#include "env/clock.h"
#include "ingest/plan.h"
#include "ingest/verify_file.h"

namespace sluice::ingest {

// What Hadoop and Spark lay into a folder that is complete.
inline constexpr std::string_view kHadoopMarker = "_SUCCESS";
// Of checksums beside files, the strongest first.
inline constexpr std::array<std::string_view, 4> kSidecarEndings = {".sha512", ".sha256", ".sha1",
                                                                    ".md5"};

struct TableFile {
  const Source* source = nullptr;
  const connector::StoredFile* file = nullptr;
  config::Captures captures;
  Proof proof;
  std::string waits;  // why it is not complete yet; "" it is
  std::string wrong;  // why it cannot be loaded as it is: a capture that its column does not take
};

class Inbox {
 public:
  // The arguments outlive it. kConfig for patterns that cannot be read.
  static Result<Inbox> Open(const config::Ingest& ingest, const std::vector<Source>& sources,
                            env::Micros now);

  // In the order of their paths.
  Result<std::vector<TableFile>> FilesOf(const config::Table& table) const;
  // Data of a table, by its path, or what lies there for one: markers, manifests, what was moved away.
  bool Takes(std::string_view path) const;
  // The manifests of a table, in the order of their paths. `waits` as for files.
  Result<std::vector<TableFile>> ManifestsOf(const config::Table& table) const;

 private:
  using Listed = std::map<std::string_view, const connector::StoredFile*>;

  Inbox(const config::Ingest& ingest, const std::vector<Source>& sources, env::Micros now)
      : ingest_(ingest), sources_(sources), now_(now) {}
  // Markers, manifests and files that were moved away, of any table.
  bool IsKept(std::string_view path) const;
  // These, and checksums of any table: never data.
  bool IsNoData(std::string_view path, const config::Table& table) const;
  std::string WaitsFor(const config::Table& table, const TableFile& file,
                       const Listed& listed) const;
  void FindSidecar(const config::Table& table, const Listed& listed, TableFile* file) const;

  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  env::Micros now_;
  std::vector<config::FilePattern> patterns_;  // of the tables
  std::vector<config::FilePattern> no_data_;
  std::vector<Listed> listed_;  // by source
};

// Whether a file of a hold for its checksum, or what lies beside it, is another one now than when it was held.
bool HasComeAnew(const OpenHold& hold, const std::vector<TableFile>& files);

// What the path of a file says to the columns of its table. kRejected when they do not take it.
Status ReadCaptures(const TargetTable& target, LoadFile& file);

// Why a column does not take what the path says; "" when all do.
std::string WrongCapture(const TargetTable& target, const config::Captures& captures);

// The value of a captured column in a file, nothing for NULL (Hive's name for it).
std::optional<std::string> CapturedValue(const config::Captures& captures,
                                         const std::string& capture);

}  // namespace sluice::ingest
