// Rewrites a JSON file into a CSV file that the engine reads exactly, so that whatever comes behind it
// (casts, checks, accounting) is the same for both formats.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/csv_patch.h"
#include "format/json_reader.h"

namespace sluice::format {

struct NormalisedJson {
  uint64_t accepted = 0;                 // records in the new file, in their order
  uint64_t broken = 0;                   // records that were left out; JsonReader names them
  uint64_t bytes = 0;                    // of the new file
  bool quoted = false;                   // it has fields in quotes: to be read with one thread
  std::vector<bool> seen = {};           // JsonReader::seen
  std::vector<UnknownKey> unknown = {};  // JsonReader::unknown
};

// How these files are written: JSON has many double quotes inside values and hardly any single ones.
CsvDialect JsonCopyDialect();
// Up to which size a line of them goes; the engine has to be told.
CsvLimits JsonCopyLimits();

// Reads the file at `from` (plain or gzip) as JsonReader does with `options`, and writes the records
// that are whole to `to`: plain, LF, one field for each column (at least one is asked for), and a first
// line to be skipped. Records that `patches` names are read as it says or left out, and then not counted.
// With `options.collect_unknown` it stops at the first record with an unknown key when `stop_at_unknown`,
// and what else is in the result then means nothing.
// A file that is there already is overwritten; after an error the new one is removed.
// The reader's errors; kRejected when no record begins where a patch says; kFailed when it cannot be
// written; kCancelled.
Result<NormalisedJson> NormaliseJson(const std::string& from, const JsonReaderOptions& options,
                                     const CsvPatches& patches, bool stop_at_unknown,
                                     const std::string& to, const env::Cancel* cancel = nullptr);

// `text` as one record. Its fault says what is wrong with it: kBroken when there is none or more than one.
class JsonText {
 public:
  // `text` must outlive it.
  JsonText(const std::string& text, const JsonReaderOptions& options);
  const JsonRecord& record() const { return record_; }
  const JsonReader& reader() const { return reader_; }

 private:
  std::unique_ptr<ByteSource> source_;
  JsonReader reader_;
  JsonRecord record_;
};

}  // namespace sluice::format
