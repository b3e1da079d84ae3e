#include "format/json_scanner.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::format {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

JsonScanner::JsonScanner(ByteSource& source, size_t max_record_bytes, bool one_record)
    : source_(source), max_record_bytes_(max_record_bytes), one_record_(one_record) {}

Result<bool> JsonScanner::Fill() {
  if (at_ < end_) return true;
  consumed_ += end_;
  at_ = end_ = 0;
  SLUICE_ASSIGN(end_, source_.Read(chunk_.data(), chunk_.size()));
  return end_ > 0;
}

Result<bool> JsonScanner::Peek(char* c) {
  SLUICE_ASSIGN(const bool more, Fill());
  if (more) *c = chunk_[at_];
  return more;
}

Result<bool> JsonScanner::SkipBlanks(char* next) {
  while (true) {
    SLUICE_ASSIGN(const bool more, Peek(next));
    if (!more || !IsBlank(*next)) return more;
    if (*next == '\n') ++line_;
    ++at_;
  }
}

// `n` bytes of the chunk into the record, as far as it may be long.
void JsonScanner::Take(size_t n) {
  const size_t room = max_record_bytes_ - std::min(max_record_bytes_, record_.bytes.size());
  record_.bytes.append(chunk_.data() + at_, std::min(n, room));
  record_.size += n;
  at_ += n;
}

void JsonScanner::BeginRecord() {
  record_.bytes.clear();
  record_.too_long = false;
  record_.line = line_;
  record_.offset = consumed_ + at_;
  record_.size = 0;
}

void JsonScanner::EndRecord() {
  record_.too_long = record_.size > record_.bytes.size();
  while (!record_.too_long && !record_.bytes.empty() && IsBlank(record_.bytes.back())) {
    record_.bytes.pop_back();
    --record_.size;
  }
  if (record_.bytes.capacity() < record_.bytes.size() + kPadding) {
    record_.bytes.reserve(2 * record_.bytes.size() + kPadding);
  }
}

// A byte order mark of UTF-8 is passed over; those of other encodings, and the zeros that they put
// beside the first character, are not JSON as anybody has to send it (RFC 8259, 8.1).
Status JsonScanner::SkipMark() {
  while (end_ < 4) {
    SLUICE_ASSIGN(const size_t n, source_.Read(chunk_.data() + end_, 4 - end_));
    if (n == 0) break;
    end_ += n;
  }
  const std::string_view head(chunk_.data(), end_);
  if (StartsWith(head, "\xEF\xBB\xBF")) {
    at_ = 3;
  } else if (StartsWith(head, "\xFF\xFE") || StartsWith(head, "\xFE\xFF") ||
             head.substr(0, 2).find('\0') != std::string_view::npos) {
    return RejectedError("it is not UTF-8: it looks like UTF-16 or UTF-32, or is no text at all",
                         "Have it sent as UTF-8, the encoding of JSON");
  }
  return Status::Ok();
}

Status JsonScanner::TakeAll() {
  while (true) {
    SLUICE_ASSIGN(const bool more, Fill());
    if (!more) return Status::Ok();
    Take(end_ - at_);
  }
}

// To the line end, which stays.
Status JsonScanner::TakeLine() {
  while (true) {
    SLUICE_ASSIGN(const bool more, Fill());
    if (!more) return Status::Ok();
    const char* begin = chunk_.data() + at_;
    const void* stop = std::memchr(begin, '\n', end_ - at_);
    if (stop == nullptr) {
      Take(end_ - at_);
      continue;
    }
    Take(static_cast<size_t>(static_cast<const char*>(stop) - begin));
    return Status::Ok();
  }
}

// Whether brackets and texts stand so that the value can end behind this byte, which belongs to it.
bool JsonScanner::StepNested(char c) {
  if (c == '\n') {
    ++line_;
    in_text_ = escaped_ = false;  // a line end cannot stand in a text
    return false;
  }
  if (in_text_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_text_ = false;
    }
    return false;
  }
  if (c == '"') {
    in_text_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if ((c == '}' || c == ']') && depth_ > 0) {
    return --depth_ == 0;
  }
  return false;
}

Status JsonScanner::Unclosed() const {
  return RejectedError(
      fmt::format(
          "the file ends inside the record that begins at line {} (byte {}): it was cut off, "
          "or that record lacks a bracket",
          record_.line, record_.offset),
      "Have the file sent again, best with one record a line");
}

// To the comma or the bracket behind an element of the array, which stays.
Status JsonScanner::TakeElement() {
  depth_ = 0;
  in_text_ = escaped_ = false;
  while (true) {
    SLUICE_ASSIGN(const bool more, Fill());
    if (!more) return Unclosed();
    size_t n = 0;
    bool stop = false;
    for (; at_ + n < end_; ++n) {
      const char c = chunk_[at_ + n];
      stop = depth_ == 0 && !in_text_ && (c == ',' || c == ']');
      if (stop) break;
      StepNested(c);
    }
    Take(n);
    if (stop) return Status::Ok();
  }
}

// To the bracket that closes the value, which is taken.
Status JsonScanner::TakeValue() {
  while (true) {
    SLUICE_ASSIGN(const bool more, Fill());
    if (!more) return Unclosed();
    size_t n = 0;
    bool stop = false;
    while (!stop && at_ + n < end_) stop = StepNested(chunk_[at_ + n++]);
    Take(n);
    if (stop) return Status::Ok();
  }
}

Status JsonScanner::EndOfArray() {
  ++at_;
  ended_ = true;
  char c = 0;
  SLUICE_ASSIGN(const bool more, SkipBlanks(&c));
  if (!more) return Status::Ok();
  return RejectedError(
      fmt::format("something stands behind the end of the array, at line {} (byte {})", line_,
                  consumed_ + at_),
      "One array a file, or one record a line without brackets around them");
}

Result<bool> JsonScanner::NextElement() {
  char c = 0;
  SLUICE_ASSIGN(bool more, SkipBlanks(&c));
  const auto cut_off = [&] {
    return RejectedError(
        fmt::format("the array is never closed: the file was cut off after line {}", line_),
        "Have the file sent again");
  };
  if (!more) return cut_off();
  if (any_element_) {
    // TakeElement stops at nothing else.
    if (c == ']') {
      SLUICE_TRY(EndOfArray());
      return false;
    }
    ++at_;
    SLUICE_ASSIGN(more, SkipBlanks(&c));
    if (!more) return cut_off();
  } else if (c == ']') {
    SLUICE_TRY(EndOfArray());
    return false;
  }
  any_element_ = true;
  BeginRecord();
  SLUICE_TRY(TakeElement());
  EndRecord();
  return true;
}

// Its first byte tells the kind; of an object its first line.
Result<bool> JsonScanner::FirstRecord(char c) {
  if (one_record_) {
    kind_ = Kind::kOne;
    BeginRecord();
    SLUICE_TRY(TakeAll());
    EndRecord();
    return true;
  }
  if (c == '[') {
    kind_ = Kind::kArray;
    ++at_;
    return NextElement();
  }
  kind_ = Kind::kLines;
  BeginRecord();
  SLUICE_TRY(TakeLine());
  if (record_.size <= max_record_bytes_ && Trim(record_.bytes) == "{") {
    kind_ = Kind::kValues;
    depth_ = 1;
    SLUICE_TRY(TakeValue());
  }
  EndRecord();
  return true;
}

Result<bool> JsonScanner::Next() {
  if (ended_) return false;
  if (kind_ == Kind::kUnknown) SLUICE_TRY(SkipMark());
  if (kind_ == Kind::kArray) return NextElement();
  char c = 0;
  SLUICE_ASSIGN(const bool more, SkipBlanks(&c));
  if (!more) {
    ended_ = true;
    return false;
  }
  if (kind_ == Kind::kUnknown) return FirstRecord(c);
  BeginRecord();
  const bool nested = kind_ == Kind::kValues && (c == '{' || c == '[');
  depth_ = 0;
  in_text_ = escaped_ = false;
  SLUICE_TRY(nested ? TakeValue() : TakeLine());
  EndRecord();
  return true;
}

}  // namespace sluice::format
