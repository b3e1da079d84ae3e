#include "format/csv_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "format/csv_scanner.h"

namespace sluice::format {

std::string_view CsvFaultText(CsvFault fault) {
  switch (fault) {
    case CsvFault::kNone:
      return "none";
    case CsvFault::kTooFewColumns:
      return "too few columns";
    case CsvFault::kTooManyColumns:
      return "too many columns";
    case CsvFault::kTextAfterQuote:
      return "text after a closing quote";
    case CsvFault::kUnterminatedQuote:
      return "a quote is never closed";
    case CsvFault::kLoneReturn:
      return "a carriage return outside quotes";
    case CsvFault::kNulByte:
      return "a NUL byte";
    case CsvFault::kInvalidUtf8:
      return "not valid UTF-8";
    case CsvFault::kTooLong:
      return "the record is too long";
  }
  return "none";
}

class CsvReader::Parser {
 public:
  Parser(ByteSource& source, CsvReaderOptions options)
      : options_(std::move(options)),
        letters_(options_.dialect.EscapesAreLetters()),
        scanner_(source, options_),
        header_pending_(options_.header && options_.begin == 0) {}

  Result<bool> Next(CsvRecord& record) {
    if (header_pending_) {
      header_pending_ = false;
      SLUICE_ASSIGN(const bool header, scanner_.Next(/*keep_blank=*/false));
      if (!header) return false;
    }
    SLUICE_ASSIGN(const bool found, scanner_.Next(/*keep_blank=*/options_.columns == 1));
    if (found) Finish(record);
    return found;
  }
  uint64_t line() const { return scanner_.line(); }

 private:
  bool IsNull(std::string_view text, bool quoted) const {
    if (quoted && !options_.dialect.empty_quoted_is_null) return false;
    if (text.empty()) return true;
    if (letters_ && text == "\\N") return true;
    for (const std::string& word : options_.dialect.null_words) {
      if (text == word) return true;
    }
    return false;
  }

  // DuckDB's rule, with its slip: a surplus field is ignored when a null word *begins* with it. With
  // the empty field alone this is only the delimiter at the end of a line.
  bool IsIgnoredSurplus(std::string_view text, bool quoted) const {
    if (quoted && !options_.dialect.empty_quoted_is_null) return false;
    if (text.empty()) return true;
    for (const std::string& word : options_.dialect.null_words) {
      if (StartsWith(word, text)) return true;
    }
    return false;
  }

  static std::string_view Text(const CsvRawRecord& raw, const CsvField& field) {
    return std::string_view(raw.bytes).substr(field.begin, field.end - field.begin);
  }

  // The first field of which `bad` holds.
  template <typename Bad>
  static size_t ColumnOf(const CsvRawRecord& raw, Bad bad) {
    size_t i = 0;
    while (i < raw.fields.size() && !bad(Text(raw, raw.fields[i]))) ++i;
    return i;
  }

  void SetFault(CsvRecord& record, CsvFault fault, size_t column) const {
    if (record.fault != CsvFault::kNone) return;
    record.fault = fault;
    record.fault_column = column;
  }

  // How many of the fields are cells.
  size_t CheckColumns(const CsvRawRecord& raw, CsvRecord& record) const {
    const size_t found = raw.fields.size();
    if (options_.columns == 0) return found;
    const bool pad = options_.dialect.pad_short && raw.fault == CsvFault::kNone;
    if (found < options_.columns && pad) return options_.columns;
    if (found < options_.columns) SetFault(record, CsvFault::kTooFewColumns, found);
    for (size_t i = options_.columns; i < found && !options_.dialect.cut_long; ++i) {
      if (IsIgnoredSurplus(Text(raw, raw.fields[i]), raw.fields[i].quoted)) continue;
      SetFault(record, CsvFault::kTooManyColumns, i);
      return found;
    }
    return std::min(found, options_.columns);
  }

  void CheckBytes(const CsvRawRecord& raw, CsvRecord& record) const {
    if (raw.is_ascii) return;
    if (raw.bytes.find('\0') != std::string::npos) {
      const auto bad = [](std::string_view text) { return text.find('\0') != text.npos; };
      SetFault(record, CsvFault::kNulByte, ColumnOf(raw, bad));
    } else if (!IsValidUtf8(raw.bytes)) {
      const auto bad = [](std::string_view text) { return !IsValidUtf8(text); };
      SetFault(record, CsvFault::kInvalidUtf8, ColumnOf(raw, bad));
    }
  }

  std::string_view Unescaped(std::string_view text) {
    const size_t from = unescaped_.size();
    for (size_t i = 0; i < text.size(); ++i) {
      const bool escaped = options_.dialect.IsEscape(text[i]) && i + 1 < text.size();
      if (escaped) ++i;
      unescaped_ += escaped && letters_ ? Meant(text[i]) : text[i];
    }
    return std::string_view(unescaped_).substr(from);
  }

  // What stands behind a backslash, by the conventions of MySQL and PostgreSQL.
  static char Meant(char letter) {
    constexpr std::string_view kLetters = "0bfnrtvZ";
    constexpr std::string_view kMeant("\0\b\f\n\r\t\v\x1a", 8);
    const size_t at = kLetters.find(letter);
    return at == kLetters.npos ? letter : kMeant[at];
  }

  void MakeCells(const CsvRawRecord& raw, size_t count, CsvRecord& record) {
    cells_.clear();
    unescaped_.clear();
    unescaped_.reserve(raw.bytes.size());  // it never grows, so that views into it hold
    for (size_t i = 0; i < count; ++i) {
      if (i >= raw.fields.size()) {
        cells_.push_back({.text = {}, .quoted = false, .null = true});  // CsvDialect::pad_short
        continue;
      }
      const CsvField& field = raw.fields[i];
      std::string_view text = Text(raw, field);
      const bool null = IsNull(text, field.quoted);
      if (field.escaped) text = Unescaped(text);
      if (letters_ && text.find('\0') != text.npos) SetFault(record, CsvFault::kNulByte, i);
      cells_.push_back({.text = text, .quoted = field.quoted, .null = null});
    }
  }

  void Finish(CsvRecord& record) {
    const CsvRawRecord& raw = scanner_.record();
    record.number = ++number_;
    record.line = raw.line;
    record.offset = raw.offset;
    record.size = raw.end - raw.offset;
    record.breaks = raw.breaks;
    record.raw = std::string_view(raw.bytes).substr(0, options_.raw_limit);
    record.raw_cut = record.size > record.raw.size();
    record.fault = raw.fault;
    record.fault_column = raw.fault_column;
    MakeCells(raw, CheckColumns(raw, record), record);
    CheckBytes(raw, record);
    record.cells = cells_;
  }

  const CsvReaderOptions options_;
  const bool letters_;
  CsvScanner scanner_;
  bool header_pending_;
  uint64_t number_ = 0;
  std::vector<CsvCell> cells_;
  std::string unescaped_;
};

CsvReader::CsvReader(ByteSource& source, CsvReaderOptions options)
    : parser_(std::make_unique<Parser>(source, std::move(options))) {}

CsvReader::~CsvReader() = default;

Result<bool> CsvReader::Next() {
  return parser_->Next(record_);
}

uint64_t CsvReader::line() const {
  return parser_->line();
}

}  // namespace sluice::format
