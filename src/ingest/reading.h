// How a file was read and its rows were merged, as far as the project says it: kept with each file that was
// loaded, so that none is read again in another way without a word (docs/decisions/0017-read-as-it-was.md).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/file_shape.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// What of the project's options concerned a file; several for the members of an archive.
struct ReadParts {
  std::set<std::string> formats;                 // "csv", "json", "parquet"
  bool names = false;                            // columns by name,
  std::set<std::vector<std::string>> positions;  // by position: of such a file its columns
  bool members = false;                          // of an archive
  auto operator<=>(const ReadParts&) const = default;

  // Adds a file or a member of one. One without rows has no columns.
  void Add(const FileShape& shape, bool member);
};

// The options as JSON: the same for the same declaration, on every machine.
std::string ReadingOf(const TargetTable& target, const ReadParts& parts);
int64_t ReadingId(const std::string& reading);

// Gives each file of `load`, of which `parts` has one entry, how it was read. The columns that files brought must be in.
void NoteReadings(const std::vector<ReadParts>& parts, TableLoad& load);

// What for: all rows of files once more, beside none that is there, or single rows that were fixed, beside those that
// are. A type that became text gives other values of files (7 for 007 before); a row that is fixed is read as is declared
// now, for it never had the narrower type, and the table cannot have it any more.
enum class ReadFor { kTable, kFixes };

// What is declared otherwise now, so that a file that was read so might give other rows: "delimiter was \";\" and is
// \",\"". Empty when it gives the same; a type that became wider holds the same values, unless it became text.
std::vector<std::string> ReadOtherwise(const std::string& reading, const TargetTable& target,
                                       ReadFor what = ReadFor::kTable);

// The same for files of the ledger that were read in these ways, as one sentence, with what cannot be done for it; ""
// when they give the same. What is not known (0: loaded by an older Sluice) is taken for what is declared now.
Result<std::string> TellReadOtherwise(engine::Connection& connection, const TargetTable& target,
                                      const std::set<int64_t>& readings,
                                      ReadFor what = ReadFor::kTable);

// Adds those that are not there yet to _sluice.readings, by their ids. In the caller's transaction.
Status RecordReadings(engine::Connection& connection,
                      const std::map<int64_t, std::string>& readings);

}  // namespace sluice::ingest
