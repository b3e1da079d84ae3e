// Finds the records and fields in the bytes of a CSV file, for csv_reader.cc: where they begin and end and
// which rules of quoting they break. What they mean is the reader's matter.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/byte_source.h"
#include "format/csv_reader.h"

namespace sluice::format {

// Offsets are those in the bytes of the record.
struct CsvField {
  size_t raw_begin = 0;  // with the quote
  size_t begin = 0;
  size_t end = 0;
  bool quoted = false;
  bool escaped = false;  // a character of it is escaped
};

struct CsvRawRecord {
  std::string
      bytes;  // without the line end; of a record that is too long at most the first `raw_limit`
  std::vector<CsvField> fields;
  // Of quotes, lone returns, length, and more than 100,000 fields; nothing else is looked for.
  CsvFault fault = CsvFault::kNone;
  size_t fault_column = 0;
  bool too_long = false;  // then there are no fields
  bool is_ascii = false;  // surely, and without a NUL; false says nothing
  uint64_t offset = 0;    // in the file
  uint64_t end = 0;
  uint64_t line = 1;
  uint64_t breaks = 0;  // line ends inside it
};

class PlainRecords;

class CsvScanner {
 public:
  // `options` must outlive the scanner.
  CsvScanner(ByteSource& source, const CsvReaderOptions& options);
  ~CsvScanner();
  CsvScanner(const CsvScanner&) = delete;
  CsvScanner& operator=(const CsvScanner&) = delete;

  // The next record, or false at the end. A blank line is a record of one field when `keep_blank`.
  Result<bool> Next(bool keep_blank);
  const CsvRawRecord& record() const { return record_; }
  // The physical line that it stands in; CsvReaderOptions::begin.
  uint64_t line() const { return line_; }

 private:
  enum class State {
    kFieldStart,
    kBlank,  // one blank at the beginning of a field: a quote may follow
    kPlain,
    kQuoted,
    kEscape,         // behind an escape that is not the quote
    kEscapeOutside,  // behind one in a file without quotes
    kQuoteEnd,       // behind a quote in a quoted field
    kBlankAfterQuote,
    kGarbage,  // behind a closing quote stood something else; lasts to the end of the field
  };
  enum class LineEnd { kYes, kLoneReturn };

  bool Available();
  bool LooksAt(std::string_view text);
  uint64_t Offset() const { return consumed_ + at_; }
  void Begin();
  void SkipMark();
  void SkipLine();
  void Take(size_t n);
  void TakeRun(const std::array<bool, 256>& stops);
  void TakeQuotedByte();
  void SetFault(CsvFault fault);
  void BeginField();
  void EndField();
  void BeginRecord();
  void EndRecord();
  LineEnd TakeLineEnd();
  void KeepLoneReturn();
  void Spoil();
  bool AtDelimiter(char c);
  void StepOutside(char c);
  void StepInside(char c);
  bool TakePlainRecord();
  bool Scan(bool keep_blank);

  ByteSource& source_;
  const CsvReaderOptions& options_;
  const std::unique_ptr<const PlainRecords> plain_records_;
  std::array<bool, 256> stops_plain_{};
  std::array<bool, 256> stops_quoted_{};

  std::array<char, 64 * 1024> chunk_{};
  size_t at_ = 0;
  size_t end_ = 0;
  uint64_t consumed_ = 0;  // bytes before the chunk
  bool begun_ = false;
  bool ended_ = false;
  Status failure_;

  enum class Kind { kUnknown, kLf, kReturn } kind_ = Kind::kUnknown;  // LF and CRLF, or lone CR
  uint64_t line_ = 1;
  uint64_t behind_break_ = 0;  // offset behind the last line end inside quotes
  bool after_return_ = false;  // inside quotes: an LF now belongs to the line end that a CR began

  State state_ = State::kFieldStart;
  CsvRawRecord record_;
  CsvField field_;
};

}  // namespace sluice::format
