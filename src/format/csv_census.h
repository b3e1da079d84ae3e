// Counts the records of a CSV file, independently of the engine and far faster, and finds what the
// engine would read wrongly without a word or fail at as a whole (format/README.md has the list,
// measured): a gzip that is cut off, a quote that is never closed, line ends of two kinds, ...
//
// "Every row is accounted for" rests on it: what the engine loaded and what it rejected must add up to
// what the census counted, and a file with a trap is not given to the engine as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"

namespace sluice::format {

// Why the engine must not read a file as it is. CsvReader reads all of them.
enum class CsvTrap {
  kNone,
  kLineEnds,        // not all like the first, quoted or not: the whole statement would fail
  kLoneReturn,      // a CR without LF outside quotes: likewise
  kUnclosedQuote,   // the rows behind it would be missing
  kTextAfterQuote,  // "a" "b" would come as the one value `a b`
  kNulByte,
  kLongRecord,    // longer than the limit, with its line end and the blank lines before it
  kLeadingBlank,  // a blank line before the first record: it would be taken for the header
  // In files of more than one buffer, whose borders the engine does not always get over:
  kBlankBesideQuote,  // , "a" , may come as "a "
  kBlankLine,         // of CRLF lines: the next record may begin with an LF
};

// For people: "line ends of several kinds".
std::string_view CsvTrapText(CsvTrap trap);

struct CsvCensus {
  // The first that was found. Counting stops there: the other members then mean nothing.
  CsvTrap trap = CsvTrap::kNone;
  uint64_t trap_offset = 0;  // in the uncompressed bytes, from 0

  uint64_t bytes = 0;    // uncompressed
  uint64_t records = 0;  // a header and broken ones too, blank lines not
  uint64_t blank_lines = 0;
  // Somewhere a delimiter or a line end stands inside quotes: of a file that several threads read, the
  // engine would now and then take it for a real one, and lose or spoil rows.
  bool quoted_breaks = false;
  // Of a file without a trap, in their order: offsets of records, or of blank lines before one, the first of them
  // after each `mark_every` bytes. CsvReader can begin at any of them (CsvReaderOptions::begin).
  std::vector<uint64_t> marks;

  // How many rows the engine must find, loaded and rejected together.
  uint64_t Rows(bool header, size_t columns) const;
};

inline constexpr uint64_t kMarkEveryBytes = 8 << 20;

// Goes through the whole file at `path`. kRejected: damaged gzip; kCancelled. Memory: 350 kB.
// `limits` are those that the engine will read it with; it reads the dialect (CsvDialect::EngineReads).
Result<CsvCensus> TakeCensus(const std::string& path, const CsvDialect& dialect,
                             const CsvLimits& limits = {}, const env::Cancel* cancel = nullptr);
Result<CsvCensus> TakeCensus(ByteSource& source, const CsvDialect& dialect,
                             const CsvLimits& limits = {}, const env::Cancel* cancel = nullptr,
                             uint64_t mark_every = kMarkEveryBytes);

}  // namespace sluice::format
