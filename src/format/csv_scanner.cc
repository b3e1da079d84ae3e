#include "format/csv_scanner.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"

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
    : source_(source), options_(options) {
  const CsvDialect& d = options_.dialect;
  SLUICE_CHECK(d.Validate().ok(), "a CSV reader with an impossible dialect");
  for (const char c : {'\n', '\r'}) stops_plain_[Index(c)] = stops_quoted_[Index(c)] = true;
  stops_plain_[Index(d.delimiter)] = true;
  stops_quoted_[Index(d.quote)] = stops_quoted_[Index(d.escape)] = true;
}

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

void CsvScanner::SkipMark() {
  size_t have = 0;
  while (have < kMark.size()) {
    auto n = source_.Read(chunk_.data() + have, kMark.size() - have);
    if (!n.ok()) failure_ = n.status();
    if (!n.ok() || *n == 0) break;
    have += *n;
  }
  end_ = have;
  if (std::string_view(chunk_.data(), have) == kMark) at_ = have;
  begun_ = true;
}

// Takes `n` bytes of the chunk into the record.
void CsvScanner::Take(size_t n) {
  if (!record_.too_long && record_.bytes.size() + n > options_.max_record_bytes) {
    record_.too_long = true;
    record_.bytes.append(chunk_.data() + at_, n);
    record_.bytes.resize(std::min(record_.bytes.size(), options_.raw_limit));
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

// One step outside quotes for a byte that is no line end.
void CsvScanner::StepOutside(char c) {
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
      TakeRun(stops_plain_);
      return;
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
    case State::kEscape:
      return;  // StepInside
  }
}

// One step inside quotes.
void CsvScanner::StepInside(char c) {
  const CsvDialect& d = options_.dialect;
  if (state_ == State::kEscape) {
    state_ = State::kQuoted;
    TakeQuotedByte();
  } else if (c == d.quote) {
    field_.end = record_.bytes.size();
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

// Reads a record; false at the end of the file or on a failure.
bool CsvScanner::Scan(bool keep_blank) {
  if (!begun_) SkipMark();
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
  if (state_ == State::kQuoted || state_ == State::kEscape) {
    record_.fault = CsvFault::kUnterminatedQuote;
    record_.fault_column = record_.fields.size();
    field_.quoted = false;
    field_.begin = field_.raw_begin;
  }
  EndRecord();
  return true;
}

}  // namespace sluice::format
