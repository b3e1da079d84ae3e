#include "format/csv_scanner.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "format/csv_plain_record.h"

namespace sluice::format {
namespace {

constexpr size_t kMaxFields =
    100'000;  // a record of delimiters alone must not take memory for each
constexpr std::string_view kMark = "\xEF\xBB\xBF";

size_t Index(char c) {
  return static_cast<unsigned char>(c);
}

}  // namespace

CsvScanner::CsvScanner(ByteSource& source, const CsvReaderOptions& options)
    : source_(source),
      options_(options),
      plain_records_(std::make_unique<PlainRecords>(options.dialect)),
      consumed_(options.begin),
      begun_(options.begin > 0) {
  const CsvDialect& d = options_.dialect;
  SLUICE_CHECK(d.Validate().ok(), "a CSV reader with an impossible dialect");
  for (const char c : {'\n', '\r'}) stops_plain_[Index(c)] = stops_quoted_[Index(c)] = true;
  stops_plain_[Index(d.delimiter[0])] = true;
  stops_plain_[Index(d.escape)] = d.quote == CsvDialect::kNone && d.escape != CsvDialect::kNone;
  if (d.quote != CsvDialect::kNone) stops_quoted_[Index(d.quote)] = true;
  if (d.escape != CsvDialect::kNone) stops_quoted_[Index(d.escape)] = true;
}

CsvScanner::~CsvScanner() = default;

Result<bool> CsvScanner::Next(bool keep_blank) {
  const bool found = Scan(keep_blank);
  if (!failure_.ok()) return failure_;
  return found;
}

// Whether there is a byte at `at_`; reads on when the chunk is used up.
bool CsvScanner::Available() {
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

// Whether `text`, shorter than a chunk, stands at `at_`.
bool CsvScanner::LooksAt(std::string_view text) {
  while (end_ - at_ < text.size() && !ended_ && failure_.ok()) {
    std::memmove(chunk_.data(), chunk_.data() + at_, end_ - at_);
    consumed_ += at_;
    end_ -= at_;
    at_ = 0;
    auto n = source_.Read(chunk_.data() + end_, chunk_.size() - end_);
    if (!n.ok()) {
      failure_ = n.status();
      return false;
    }
    end_ += *n;
    ended_ = *n == 0;
  }
  return std::string_view(chunk_.data() + at_, end_ - at_).substr(0, text.size()) == text;
}

void CsvScanner::SkipMark() {
  if (LooksAt(kMark)) at_ += kMark.size();
}

// What stands before the first record that is none.
void CsvScanner::Begin() {
  begun_ = true;
  SkipMark();
  for (size_t i = 0; i < options_.dialect.skip_lines; ++i) SkipLine();
}

// Goes behind the next line end, whatever stands before it.
void CsvScanner::SkipLine() {
  while (Available()) {
    const char c = chunk_[at_++];
    if (c != '\n' && c != '\r') continue;
    if (c == '\r' && LooksAt("\n")) ++at_;
    ++line_;
    return;
  }
}

// Takes `n` bytes of the chunk into the record.
void CsvScanner::Take(size_t n) {
  if (!record_.too_long && record_.bytes.size() + n > options_.max_record_bytes) {
    record_.too_long = true;
    record_.bytes.append(chunk_.data() + at_, n);
    // As many bytes wherever the chunks end.
    record_.bytes.resize(
        std::min({record_.bytes.size(), options_.raw_limit, options_.max_record_bytes}));
  } else if (!record_.too_long) {
    record_.bytes.append(chunk_.data() + at_, n);
  }
  at_ += n;
}

// Takes the bytes up to the next that is in `stops`.
void CsvScanner::TakeRun(const std::array<bool, 256>& stops) {
  size_t to = at_;
  while (to < end_ && !stops[Index(chunk_[to])]) ++to;
  Take(to - at_);
}

// Takes one byte inside quotes, where a line may end.
void CsvScanner::TakeQuotedByte() {
  const char c = chunk_[at_];
  if (c == '\r' || (c == '\n' && !after_return_)) ++line_;
  after_return_ = c == '\r';
  Take(1);
  behind_break_ = Offset();
}

void CsvScanner::SetFault(CsvFault fault) {
  if (record_.fault != CsvFault::kNone) return;
  record_.fault = fault;
  record_.fault_column = record_.fields.size();
}

void CsvScanner::BeginField() {
  field_ = CsvField{.raw_begin = record_.bytes.size(), .begin = record_.bytes.size(), .end = 0};
  state_ = State::kFieldStart;
}

void CsvScanner::EndField() {
  if (record_.too_long) return;  // its bytes are not there
  if (record_.fields.size() == kMaxFields) {
    SetFault(CsvFault::kTooManyColumns);
    return;
  }
  if (!field_.quoted) field_.end = record_.bytes.size();
  record_.fields.push_back(field_);
}

void CsvScanner::EndRecord() {
  EndField();
  if (!record_.too_long) return;
  SetFault(CsvFault::kTooLong);
  record_.fields.clear();
}

void CsvScanner::BeginRecord() {
  record_.bytes.clear();
  record_.fields.clear();
  record_.fault = CsvFault::kNone;
  record_.fault_column = 0;
  record_.too_long = false;
  record_.is_ascii = false;
  record_.breaks = 0;
  after_return_ = false;
  record_.offset = Offset();
  record_.line = line_;
  BeginField();
}

// Takes what stands at a CR or LF outside quotes.
CsvScanner::LineEnd CsvScanner::TakeLineEnd() {
  record_.end = Offset();
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

void CsvScanner::KeepLoneReturn() {
  if (!record_.too_long) record_.bytes += '\r';
  ++line_;
  SetFault(CsvFault::kLoneReturn);
  if (state_ == State::kQuoteEnd || state_ == State::kBlankAfterQuote) {
    Spoil();
  } else if (state_ != State::kGarbage) {
    state_ = State::kPlain;
  }
}

// The field is not the quoted one that it seemed to be: it is shown as it stands.
void CsvScanner::Spoil() {
  field_.quoted = false;
  field_.begin = field_.raw_begin;
  state_ = State::kGarbage;
}

bool CsvScanner::AtDelimiter(char c) {
  const std::string& delimiter = options_.dialect.delimiter;
  return c == delimiter[0] && (delimiter.size() == 1 || LooksAt(delimiter));
}

// One step outside quotes for a byte that is no line end.
void CsvScanner::StepOutside(char c) {
  const CsvDialect& d = options_.dialect;
  if (AtDelimiter(c)) {
    EndField();
    Take(d.delimiter.size());
    BeginField();
    return;
  }
  if (d.quote == CsvDialect::kNone && d.IsEscape(c)) {
    field_.escaped = true;
    state_ = State::kEscapeOutside;
    Take(1);
    return;
  }
  switch (state_) {
    case State::kFieldStart:
    case State::kBlank:
      if (d.IsQuote(c)) {
        Take(1);
        field_.quoted = true;
        field_.begin = record_.bytes.size();
        state_ = State::kQuoted;
      } else if (c == ' ' && state_ == State::kFieldStart) {
        Take(1);
        state_ = State::kBlank;
      } else {
        state_ = State::kPlain;
      }
      return;
    case State::kPlain:
    case State::kGarbage:
      // The first byte of a longer delimiter stops a run without being one.
      Take(1);
      TakeRun(stops_plain_);
      return;
    case State::kQuoteEnd:
      if (d.IsQuote(c) && d.quote == d.escape) {
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
    case State::kEscape:
    case State::kEscapeOutside:
      return;  // StepInside
  }
}

// One step inside quotes.
void CsvScanner::StepInside(char c) {
  const CsvDialect& d = options_.dialect;
  if (state_ == State::kEscape || state_ == State::kEscapeOutside) {
    state_ = state_ == State::kEscape ? State::kQuoted : State::kPlain;
    TakeQuotedByte();
  } else if (d.IsQuote(c)) {
    field_.end = record_.bytes.size();
    state_ = State::kQuoteEnd;
    Take(1);
    after_return_ = false;
  } else if (d.IsEscape(c)) {
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

// Takes a record without quotes that stands whole in the chunk; false: nothing is taken.
bool CsvScanner::TakePlainRecord() {
  const char* const at = chunk_.data() + at_;
  const auto found = plain_records_->Split(at, chunk_.data() + end_, options_.max_record_bytes,
                                           kMaxFields, record_.fields);
  if (found.size == 0) {
    record_.fields.clear();
    return false;
  }
  record_.bytes.assign(at, found.size);
  record_.is_ascii = found.is_ascii;
  record_.end = record_.offset + found.size;
  at_ += found.end;
  ++line_;
  if (kind_ == Kind::kUnknown) kind_ = Kind::kLf;
  return true;
}

// Reads a record; false at the end of the file or on a failure.
bool CsvScanner::Scan(bool keep_blank) {
  if (!begun_) Begin();
  BeginRecord();
  if (TakePlainRecord()) return true;
  const std::string& comment = options_.dialect.comment;
  while (Available()) {
    if (!comment.empty() && Offset() == record_.offset && LooksAt(comment)) {
      SkipLine();
      BeginRecord();
      continue;
    }
    const char c = chunk_[at_];
    if (state_ == State::kQuoted || state_ == State::kEscape || state_ == State::kEscapeOutside) {
      StepInside(c);
    } else if (c != '\n' && c != '\r') {
      StepOutside(c);
    } else if (TakeLineEnd() == LineEnd::kLoneReturn) {
      KeepLoneReturn();
    } else {
      record_.breaks = line_ - record_.line;
      ++line_;
      const bool blank = record_.end == record_.offset;
      if (blank && !keep_blank) {
        BeginRecord();
        continue;
      }
      EndRecord();
      return true;
    }
  }
  record_.end = Offset();
  if (!failure_.ok() || record_.end == record_.offset) return false;
  record_.breaks = line_ - record_.line;
  if (state_ == State::kQuoted || state_ == State::kEscape) {
    record_.fault = CsvFault::kUnterminatedQuote;
    record_.fault_column = record_.fields.size();
    // The end of the file's last line has no line behind it.
    if (behind_break_ == Offset()) --record_.breaks;
    field_.quoted = false;
    field_.begin = field_.raw_begin;
  }
  EndRecord();
  return true;
}

}  // namespace sluice::format
