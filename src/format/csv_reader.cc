#include "format/csv_reader.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace sluice::format {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;
constexpr size_t kMaxFields = 100'000;  // a record of delimiters alone must not take memory for each
constexpr std::string_view kBom = "\xEF\xBB\xBF";

// A field of the record that is being read: offsets into the record's bytes.
struct Field {
  size_t raw_begin = 0;  // with the quote
  size_t begin = 0;
  size_t end = 0;
  bool quoted = false;
  bool escaped = false;
};

enum class State {
  kFieldStart,
  kBlank,     // one blank at the beginning of a field: a quote may follow
  kPlain,
  kQuoted,
  kEscape,    // behind an escape that is not the quote
  kQuoteEnd,  // behind a quote in a quoted field
  kBlankAfterQuote,
  kGarbage,   // behind a closing quote stood something else; lasts to the end of the field
};

}  // namespace

std::string_view CsvFaultText(CsvFault fault) {
  switch (fault) {
    case CsvFault::kNone: return "none";
    case CsvFault::kTooFewColumns: return "too few columns";
    case CsvFault::kTooManyColumns: return "too many columns";
    case CsvFault::kTextAfterQuote: return "text after a closing quote";
    case CsvFault::kUnterminatedQuote: return "a quote is never closed";
    case CsvFault::kLoneReturn: return "a carriage return outside quotes";
    case CsvFault::kNulByte: return "a NUL byte";
    case CsvFault::kInvalidUtf8: return "not valid UTF-8";
    case CsvFault::kTooLong: return "the record is too long";
  }
  return "none";
}

class CsvReader::Parser {
 public:
  Parser(ByteSource& source, CsvReaderOptions options)
      : source_(source), options_(std::move(options)), header_pending_(options_.header) {
    const CsvDialect& d = options_.dialect;
    SLUICE_CHECK(d.Validate().ok(), "a CSV reader with an impossible dialect");
    stops_plain_.fill(false);
    stops_quoted_.fill(false);
    for (const char c : {'\n', '\r'}) stops_plain_[Index(c)] = stops_quoted_[Index(c)] = true;
    stops_plain_[Index(d.delimiter)] = true;
    stops_quoted_[Index(d.quote)] = stops_quoted_[Index(d.escape)] = true;
  }

  Result<bool> Next(CsvRecord& record) {
    while (true) {
      const bool found = Scan();
      if (!failure_.ok()) return failure_;
      if (!found) return false;
      if (header_pending_) {
        header_pending_ = false;
        continue;
      }
      Finish(record);
      return true;
    }
  }

 private:
  static size_t Index(char c) { return static_cast<unsigned char>(c); }

  // Whether there is a byte at `at_`; reads on when the chunk is used up.
  bool Available() {
    if (at_ < end_) return true;
    if (!failure_.ok() || ended_) return false;
    consumed_ += end_;
    at_ = end_ = 0;
    auto n = source_.Read(chunk_.data(), chunk_.size());
    if (!n.ok()) {
      failure_ = n.status();
      return false;
    }
    end_ = *n;
    ended_ = end_ == 0;
    return !ended_;
  }

  uint64_t Offset() const { return consumed_ + at_; }

  void SkipBom() {
    size_t have = 0;
    while (have < kBom.size()) {
      auto n = source_.Read(chunk_.data() + have, kBom.size() - have);
      if (!n.ok()) failure_ = n.status();
      if (!n.ok() || *n == 0) break;
      have += *n;
    }
    end_ = have;
    if (std::string_view(chunk_.data(), have) == kBom) at_ = have;
    begun_ = true;
  }

  // Takes `n` bytes of the chunk into the record.
  void Take(size_t n) {
    if (!too_long_ && bytes_.size() + n > options_.max_record_bytes) {
      too_long_ = true;
      bytes_.append(chunk_.data() + at_, n);
      bytes_.resize(std::min(bytes_.size(), options_.raw_limit));
    } else if (!too_long_) {
      bytes_.append(chunk_.data() + at_, n);
    }
    at_ += n;
  }

  // Takes the bytes up to the next that is in `stops`.
  void TakeRun(const std::array<bool, 256>& stops) {
    size_t to = at_;
    while (to < end_ && !stops[Index(chunk_[to])]) ++to;
    Take(to - at_);
  }

  // Takes one byte inside quotes, where a line may end.
  void TakeQuotedByte() {
    const char c = chunk_[at_];
    if (c == '\r' || (c == '\n' && !after_return_)) ++line_;
    after_return_ = c == '\r';
    Take(1);
  }

  void SetFault(CsvFault fault) {
    if (fault_ != CsvFault::kNone) return;
    fault_ = fault;
    fault_column_ = fields_.size();
  }

  void BeginField() {
    field_ = Field{.raw_begin = bytes_.size(), .begin = bytes_.size(), .end = 0};
    state_ = State::kFieldStart;
  }

  void EndField() {
    if (too_long_) return;  // none of its fields will be shown
    if (fields_.size() == kMaxFields) {
      SetFault(CsvFault::kTooManyColumns);
      return;
    }
    if (!field_.quoted) field_.end = bytes_.size();
    fields_.push_back(field_);
  }

  void BeginRecord() {
    bytes_.clear();
    fields_.clear();
    fault_ = CsvFault::kNone;
    fault_column_ = 0;
    too_long_ = false;
    after_return_ = false;
    record_offset_ = Offset();
    record_line_ = line_;
    BeginField();
  }

  // What stands at a CR or LF outside quotes.
  enum class LineEnd { kYes, kLoneReturn };
  LineEnd TakeLineEnd() {
    record_end_ = Offset();
    const char first = chunk_[at_++];
    if (first == '\n') {
      if (kind_ == Kind::kUnknown) kind_ = Kind::kLf;
      return LineEnd::kYes;
    }
    const bool more = Available();
    if (more && chunk_[at_] == '\n') {
      ++at_;
      if (kind_ == Kind::kUnknown) kind_ = Kind::kLf;
      return LineEnd::kYes;
    }
    if (kind_ == Kind::kUnknown) kind_ = Kind::kReturn;
    // A file that was cut between CR and LF: its last record is whole.
    return kind_ == Kind::kReturn || !more ? LineEnd::kYes : LineEnd::kLoneReturn;
  }

  void KeepLoneReturn() {
    if (!too_long_) bytes_ += '\r';
    ++line_;
    SetFault(CsvFault::kLoneReturn);
    if (state_ == State::kQuoteEnd || state_ == State::kBlankAfterQuote) {
      Spoil();
    } else if (state_ != State::kGarbage) {
      state_ = State::kPlain;
    }
  }

  // The field is not the quoted one that it seemed to be: it is shown as it stands.
  void Spoil() {
    field_.quoted = false;
    field_.begin = field_.raw_begin;
    state_ = State::kGarbage;
  }

  // One step outside quotes for a byte that is no line end.
  void StepOutside(char c) {
    const CsvDialect& d = options_.dialect;
    if (c == d.delimiter) {
      EndField();
      Take(1);
      BeginField();
      return;
    }
    switch (state_) {
      case State::kFieldStart:
      case State::kBlank:
        if (c == d.quote) {
          Take(1);
          field_.quoted = true;
          field_.begin = bytes_.size();
          state_ = State::kQuoted;
        } else if (c == ' ' && state_ == State::kFieldStart) {
          Take(1);
          state_ = State::kBlank;
        } else {
          state_ = State::kPlain;
        }
        return;
      case State::kPlain:
      case State::kGarbage: TakeRun(stops_plain_); return;
      case State::kQuoteEnd:
        if (c == d.quote && d.quote == d.escape) {
          Take(1);
          field_.escaped = true;
          state_ = State::kQuoted;
          return;
        }
        [[fallthrough]];
      case State::kBlankAfterQuote:
        if (c == ' ') {
          Take(1);
          state_ = State::kBlankAfterQuote;
          return;
        }
        SetFault(CsvFault::kTextAfterQuote);
        Spoil();
        return;
      case State::kQuoted:
      case State::kEscape: return;  // StepInside
    }
  }

  // One step inside quotes.
  void StepInside(char c) {
    const CsvDialect& d = options_.dialect;
    if (state_ == State::kEscape) {
      state_ = State::kQuoted;
      TakeQuotedByte();
    } else if (c == d.quote) {
      field_.end = bytes_.size();
      state_ = State::kQuoteEnd;
      Take(1);
      after_return_ = false;
    } else if (c == d.escape) {
      field_.escaped = true;
      state_ = State::kEscape;
      Take(1);
      after_return_ = false;
    } else if (c == '\n' || c == '\r') {
      TakeQuotedByte();
    } else {
      after_return_ = false;
      TakeRun(stops_quoted_);
    }
  }

  // Reads a record into bytes_ and fields_; false at the end of the file or on a failure.
  bool Scan() {
    if (!begun_) SkipBom();
    BeginRecord();
    while (Available()) {
      const char c = chunk_[at_];
      if (state_ == State::kQuoted || state_ == State::kEscape) {
        StepInside(c);
      } else if (c != '\n' && c != '\r') {
        StepOutside(c);
      } else if (TakeLineEnd() == LineEnd::kLoneReturn) {
        KeepLoneReturn();
      } else {
        ++line_;
        const bool blank = record_end_ == record_offset_;
        if (blank && (options_.columns != 1 || header_pending_)) {
          BeginRecord();
          continue;
        }
        EndField();
        return true;
      }
    }
    record_end_ = Offset();
    if (!failure_.ok() || record_end_ == record_offset_) return false;
    if (state_ == State::kQuoted || state_ == State::kEscape) {
      fault_ = CsvFault::kUnterminatedQuote;
      fault_column_ = fields_.size();
      field_.quoted = false;
      field_.begin = field_.raw_begin;
    }
    EndField();
    return true;
  }

  bool IsNull(std::string_view text, bool quoted) const {
    if (quoted && !options_.dialect.empty_quoted_is_null) return false;
    if (text.empty()) return true;
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

  std::string_view Text(const Field& field) const {
    return std::string_view(bytes_).substr(field.begin, field.end - field.begin);
  }

  void CheckColumns() {
    const size_t expected = options_.columns;
    if (expected == 0 || too_long_) return;
    if (fields_.size() < expected) {
      SetFault(CsvFault::kTooFewColumns);
      return;
    }
    size_t keep = expected;
    for (size_t i = expected; i < fields_.size(); ++i) {
      if (IsIgnoredSurplus(Text(fields_[i]), fields_[i].quoted)) continue;
      if (fault_ == CsvFault::kNone) {
        fault_ = CsvFault::kTooManyColumns;
        fault_column_ = i;
      }
      keep = fields_.size();
    }
    fields_.resize(keep);
  }

  void CheckBytes() {
    if (too_long_) {
      SetFault(CsvFault::kTooLong);
      fields_.clear();
      return;
    }
    if (fault_ != CsvFault::kNone) return;
    const auto column_of = [&](auto bad) {
      size_t i = 0;
      while (i < fields_.size() && !bad(Text(fields_[i]))) ++i;
      return i;
    };
    if (bytes_.find('\0') != std::string::npos) {
      fault_ = CsvFault::kNulByte;
      fault_column_ = column_of([](std::string_view t) { return t.find('\0') != t.npos; });
    } else if (!IsValidUtf8(bytes_)) {
      fault_ = CsvFault::kInvalidUtf8;
      fault_column_ = column_of([](std::string_view t) { return !IsValidUtf8(t); });
    }
  }

  std::string_view Unescaped(std::string_view text) {
    const size_t from = unescaped_.size();
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == options_.dialect.escape && i + 1 < text.size()) ++i;
      unescaped_ += text[i];
    }
    return std::string_view(unescaped_).substr(from);
  }

  void MakeCells() {
    cells_.clear();
    unescaped_.clear();
    unescaped_.reserve(bytes_.size());  // it never grows, so that views into it hold
    for (const Field& field : fields_) {
      std::string_view text = Text(field);
      const bool null = IsNull(text, field.quoted);
      if (field.quoted && field.escaped) text = Unescaped(text);
      cells_.push_back({.text = text, .quoted = field.quoted, .null = null});
    }
  }

  void Finish(CsvRecord& record) {
    CheckColumns();
    CheckBytes();
    MakeCells();
    record.number = ++number_;
    record.line = record_line_;
    record.offset = record_offset_;
    record.size = record_end_ - record_offset_;
    record.raw = std::string_view(bytes_).substr(0, options_.raw_limit);
    record.raw_cut = record.size > record.raw.size();
    record.fault = fault_;
    record.fault_column = fault_column_;
    record.cells = cells_;
  }

  ByteSource& source_;
  const CsvReaderOptions options_;
  std::array<bool, 256> stops_plain_{};
  std::array<bool, 256> stops_quoted_{};

  std::array<char, kChunkBytes> chunk_{};
  size_t at_ = 0;
  size_t end_ = 0;
  uint64_t consumed_ = 0;  // bytes before the chunk
  bool begun_ = false;
  bool ended_ = false;
  Status failure_;

  enum class Kind { kUnknown, kLf, kReturn } kind_ = Kind::kUnknown;  // LF and CRLF, or lone CR
  bool header_pending_;
  uint64_t number_ = 0;
  uint64_t line_ = 1;
  bool after_return_ = false;  // inside quotes: an LF now belongs to the line end that a CR began

  // The record that is being read.
  State state_ = State::kFieldStart;
  std::string bytes_;
  std::vector<Field> fields_;
  Field field_;
  CsvFault fault_ = CsvFault::kNone;
  size_t fault_column_ = 0;
  bool too_long_ = false;
  uint64_t record_offset_ = 0;
  uint64_t record_end_ = 0;
  uint64_t record_line_ = 1;

  std::vector<CsvCell> cells_;
  std::string unescaped_;
};

CsvReader::CsvReader(ByteSource& source, CsvReaderOptions options)
    : parser_(std::make_unique<Parser>(source, std::move(options))) {}

CsvReader::~CsvReader() = default;

Result<bool> CsvReader::Next() { return parser_->Next(record_); }

}  // namespace sluice::format
