// What the beginning of a file tells: whether it is compressed, in which encoding, whether it has a
// header, how many columns.
//
// The one place where the names of columns come out of a CSV file: whatever is behind it may write them into a message,
// a statement or a catalog as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"

namespace sluice::format {

enum class HeaderRule { kAuto, kYes, kNo };

struct CsvHead {
  Compression compression = Compression::kNone;  // of the file, where it was one
  // Nothing but a byte order mark and blank lines: the file has no rows. What follows is then unset.
  bool empty = false;
  bool header = false;
  // How many fields a record has. With a header: of the header, without empty names at its end.
  // Else: of most of the first hundred records, so that a damaged first one does not decide.
  size_t columns = 0;
  // Without a header: the last field of all these records is empty. It may be none, only a delimiter at the
  // end of each line.
  bool ends_empty = false;
  // Without a header, where the first record is one field: a usual delimiter that is in it; "" none.
  std::string other_delimiter;
  // Without a header: a usual delimiter that more than half of these records have, each in the one field that it is;
  // "" none. `common_in_all`: all of them, and equally often.
  std::string common_delimiter;
  bool common_in_all = false;
  // With a header: its names in the file's order, trimmed and lower-cased; at least one. Valid UTF-8 without a NUL.
  std::vector<std::string> names;
  // Of these, the ones that are not among the known columns.
  std::vector<std::string> unknown;
  // With kAuto and without a header: the known names that the first record has all the same, in its
  // order, none twice. `fields` is how many fields that record has, `line` where it begins.
  std::vector<std::string> half_known;
  size_t fields = 0;
  uint64_t line = 0;
  // These fields are several, each could be a column's name, and none is there twice.
  bool all_could_be_names = false;
};

// Looks at the beginning of the file at `path` (whatever OpenCsvText reads). `known` are the
// columns of the table, in lower case; they may be empty with kYes and kNo. `columns` is how many
// columns these are, where some have several names; 0: one each.
//
// kAuto: the first record is a header when each of its fields is the name of a known column, none
// twice, at least half of the known columns among them. New columns come with a header too: fields
// that are not known are taken for their names when they look like names (letters, digits and
// underscores) and are fewer than the known ones. What has some names and falls short of that may be
// either: `half_known` says so, and the caller decides.
//
// kRejected: UTF-16 that nobody declared, a binary file, damaged gzip; a header with a repeated name, or (kYes) with an
// empty one, with bytes that are no text, or not whole; no record among the first hundred that is short enough.
Result<CsvHead> LookAtHead(const std::string& path, const CsvDialect& dialect,
                           std::span<const std::string> known, HeaderRule rule, size_t columns = 0,
                           size_t max_record_bytes = CsvLimits().max_record_bytes);
// The same for bytes from anywhere; messages then name no file.
Result<CsvHead> LookAtHead(ByteSource& source, const CsvDialect& dialect,
                           std::span<const std::string> known, HeaderRule rule, size_t columns = 0,
                           size_t max_record_bytes = CsvLimits().max_record_bytes);

}  // namespace sluice::format
