#include "format/csv_head.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "format/csv_reader.h"
#include "format/text_source.h"

namespace sluice::format {
namespace {

constexpr size_t kLookBytes = 4096;   // where the encoding is looked for
constexpr size_t kLookRecords = 100;  // over which the number of columns is counted

// Bytes that were read already, then the rest of the source.
class Continued : public ByteSource {
 public:
  Continued(std::string_view begin, ByteSource& rest) : begin_(begin), rest_(rest) {}
  Result<size_t> Read(char* to, size_t size) override {
    if (begin_.empty()) return rest_.Read(to, size);
    const size_t n = begin_.copy(to, size);
    begin_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view begin_;
  ByteSource& rest_;
};

Result<std::string> ReadBeginning(ByteSource& source) {
  std::string begin(kLookBytes, '\0');
  size_t have = 0;
  while (have < begin.size()) {
    SLUICE_ASSIGN(const size_t n, source.Read(begin.data() + have, begin.size() - have));
    if (n == 0) break;
    have += n;
  }
  begin.resize(have);
  return begin;
}

Status CheckEncoding(std::string_view begin) {
  constexpr std::string_view kNext =
      "Where it is text, say what it is: csv: { encoding: utf-16le } in the project, --csv "
      "encoding=utf-16le for sluice load (or utf-16be, utf-32le, …)";
  // Latin text in UTF-16 without a mark, or in UTF-32, has a NUL in every second byte or more.
  const auto nuls = static_cast<size_t>(std::count(begin.begin(), begin.end(), '\0'));
  if (nuls > 0 && nuls >= begin.size() / 4) {
    return RejectedError(
        "it is full of NUL bytes: UTF-16 without a byte order mark, or no text at all",
        std::string(kNext));
  }
  return Status::Ok();
}

bool LooksLikeName(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

std::vector<std::string> Names(const CsvRecord& record) {
  std::vector<std::string> names;
  for (const CsvCell& cell : record.cells) names.push_back(Lower(Trim(cell.text)));
  while (!names.empty() && names.back().empty()) names.pop_back();
  return names;
}

bool IsHeader(std::span<const std::string> names, const std::set<std::string>& known,
              size_t columns) {
  std::set<std::string> seen;
  size_t hits = 0;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) return false;
    if (known.count(name) > 0) {
      ++hits;
    } else if (!LooksLikeName(name)) {
      return false;
    }
  }
  // Where all are there, others may be as many as they like: a file with many new columns.
  const bool all = columns > 1 && hits >= columns;
  return all || (hits > 0 && hits * 2 >= columns && hits * 2 > names.size());
}

bool CouldAllBeNames(std::span<const std::string> names) {
  const std::set<std::string> once(names.begin(), names.end());
  return names.size() > 1 && once.size() == names.size() &&
         std::all_of(names.begin(), names.end(), LooksLikeName);
}

std::vector<std::string> KnownAmong(std::span<const std::string> names,
                                    const std::set<std::string>& known) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const bool again = std::find(found.begin(), found.end(), name) != found.end();
    if (known.count(name) > 0 && !again) found.push_back(name);
  }
  return found;
}

// "note twice (columns 2 and 5)".
Status NamedTwice(std::span<const std::string> names) {
  std::map<std::string, size_t> seen;
  std::vector<std::string> twice;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto [first, is_new] = seen.try_emplace(names[i], i);
    if (is_new) continue;
    twice.push_back(
        fmt::format("{} twice (columns {} and {})", names[i], first->second + 1, i + 1));
  }
  if (twice.empty()) return Status::Ok();
  constexpr size_t kMostNamed = 3;
  const size_t more = twice.size() - std::min(twice.size(), kMostNamed);
  twice.resize(twice.size() - more);
  return RejectedError(fmt::format("the header has {}{}", Join(twice, ", "),
                                   more > 0 ? fmt::format(" and {}", Counted(more, "more")) : ""),
                       "Have it sent with each name once");
}

Status CheckNames(std::span<const std::string> names) {
  if (names.empty()) return RejectedError("no column of the header has a name");
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) {
      return RejectedError(fmt::format("column {} of the header has no name", i + 1));
    }
  }
  return NamedTwice(names);
}

// A header that nobody can take names out of, though it was said that there is one.
Status CheckIsWhole(const CsvRecord& record, size_t max_record_bytes) {
  const auto field = [&] {
    constexpr size_t kMostShown = 40;
    if (record.fault_column >= record.cells.size()) return std::string();
    const std::string_view text = record.cells[record.fault_column].text;
    return fmt::format(" of column {} ({}{})", record.fault_column + 1,
                       ShownBytes(text.substr(0, kMostShown)), text.size() > kMostShown ? "…" : "");
  };
  switch (record.fault) {
    case CsvFault::kNone:
      return Status::Ok();
    case CsvFault::kInvalidUtf8:
      return RejectedError(
          fmt::format("line {}: the name{} in the header is not valid UTF-8; say what it is: csv: "
                      "{{ encoding: windows-1252 }} in the project, --csv encoding=windows-1252 "
                      "for sluice load",
                      record.line, field()));
    case CsvFault::kNulByte:
      return RejectedError(fmt::format("line {}: the name{} in the header has a NUL byte in it",
                                       record.line, field()),
                           "Have it sent with names that are text");
    case CsvFault::kTooLong:
      return RejectedError(
          fmt::format("line {}: the header has {}, more than a row may have (csv: {{ max_row }} is "
                      "{}): is that a header?",
                      record.line, HumanBytes(record.size), HumanBytes(max_record_bytes)),
          "Have it sent as CSV with lines, or say what it is: format: json, or another delimiter");
    default:
      return RejectedError(
          fmt::format("line {}, column {}: the header is broken: {}", record.line,
                      record.fault_column + 1, CsvFaultText(record.fault)),
          "Have it sent with a quote in a quoted name doubled; quote: none where there are none");
  }
}

std::vector<std::string> Once(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  std::vector<std::string> once;
  for (const std::string& name : names) {
    if (seen.insert(name).second) once.push_back(name);
  }
  return once;
}

constexpr const char* kUsualDelimiters[] = {";", "\t", "|", ","};

std::string OtherDelimiter(const CsvRecord& record, const CsvDialect& dialect) {
  if (record.cells.size() != 1 || record.cells.front().quoted) return {};
  for (const char* usual : kUsualDelimiters) {
    const bool there = record.cells.front().text.find(usual) != std::string_view::npos;
    if (there && dialect.delimiter != usual) return usual;
  }
  return {};
}

// The most frequent number of fields among records that are whole; of equals the one seen first.
class ColumnVote {
 public:
  void Add(const CsvRecord& record) {
    const size_t n = record.cells.size();
    if (first_ == 0) first_ = n;
    if (record.fault != CsvFault::kNone) return;
    const CsvCell& last = record.cells.back();
    ends_empty_ = ends_empty_ && n > 1 && last.text.empty() && !last.quoted;
    const size_t votes = ++votes_[n];
    if (votes > best_votes_) {
      best_votes_ = votes;
      best_ = n;
    }
  }
  bool EndsEmpty() const { return ends_empty_ && best_votes_ > 0; }
  size_t Winner() const { return best_votes_ > 0 ? best_ : first_; }

 private:
  std::map<size_t, size_t> votes_;
  size_t first_ = 0;
  size_t best_ = 0;
  size_t best_votes_ = 0;
  bool ends_empty_ = true;
};

// Whether records of one field would be several with another delimiter.
class DelimiterVote {
 public:
  explicit DelimiterVote(const CsvDialect& dialect) : dialect_(dialect) {}

  void Add(const CsvRecord& record) {
    if (record.fault != CsvFault::kNone) return;
    ++records_;
    if (record.cells.size() != 1 || record.cells.front().quoted) return;
    for (size_t i = 0; i < std::size(kUsualDelimiters); ++i) {
      const size_t n = CountOutsideQuotes(record.cells.front().text, kUsualDelimiters[i][0]);
      if (n == 0) continue;
      Votes& votes = votes_[i];
      votes.alike = votes.alike && (votes.records == 0 || votes.each == n);
      votes.each = n;
      ++votes.records;
    }
  }

  void Tell(CsvHead& head) const {
    for (size_t i = 0; i < std::size(kUsualDelimiters); ++i) {
      const Votes& votes = votes_[i];
      if (dialect_.delimiter == kUsualDelimiters[i] || votes.records * 2 <= records_) continue;
      const bool all = votes.alike && votes.records == records_;
      if (!head.common_delimiter.empty() && !all) continue;
      head.common_delimiter = kUsualDelimiters[i];
      head.common_in_all = all;
      if (all) return;
    }
  }

 private:
  struct Votes {
    size_t records = 0;  // that have it
    size_t each = 0;     // times, in the last of them
    bool alike = true;
  };

  static size_t CountOutsideQuotes(std::string_view text, char delimiter) {
    size_t n = 0;
    bool quoted = false;
    for (const char c : text) {
      if (c == '"') quoted = !quoted;
      if (c == delimiter && !quoted) ++n;
    }
    return n;
  }

  const CsvDialect& dialect_;
  size_t records_ = 0;
  Votes votes_[std::size(kUsualDelimiters)];
};

}  // namespace

Result<CsvHead> LookAtHead(ByteSource& source, const CsvDialect& dialect,
                           std::span<const std::string> known, HeaderRule rule, size_t columns,
                           size_t max_record_bytes) {
  SLUICE_TRY(dialect.Validate());
  SLUICE_ASSIGN(const std::string begin, ReadBeginning(source));
  SLUICE_TRY(CheckEncoding(begin));
  Continued all(begin, source);
  CsvReaderOptions options;
  options.dialect = dialect;
  options.max_record_bytes = max_record_bytes;
  CsvReader reader(all, options);

  CsvHead head;
  SLUICE_ASSIGN(const bool any, reader.Next());
  if (!any) {
    head.empty = true;
    return head;
  }
  if (rule != HeaderRule::kNo) {
    const std::set<std::string> known_set(known.begin(), known.end());
    std::vector<std::string> names = Names(reader.record());
    if (rule == HeaderRule::kYes) {
      SLUICE_TRY(CheckIsWhole(reader.record(), max_record_bytes));
      SLUICE_TRY(CheckNames(names));
    }
    if (rule == HeaderRule::kYes ||
        IsHeader(names, known_set, columns > 0 ? columns : known_set.size())) {
      head.header = true;
      head.columns = names.size();
      for (const std::string& name : names) {
        if (known_set.count(name) == 0) head.unknown.push_back(name);
      }
      head.names = std::move(names);
      return head;
    }
    // One that nobody would take for data.
    if (IsHeader(Once(names), known_set, columns > 0 ? columns : known_set.size())) {
      SLUICE_TRY(NamedTwice(names));
    }
    head.half_known = KnownAmong(names, known_set);
    head.fields = names.size();
    head.all_could_be_names = CouldAllBeNames(names);
    head.line = reader.record().line;
  }
  head.other_delimiter = OtherDelimiter(reader.record(), dialect);
  ColumnVote vote;
  DelimiterVote others(dialect);
  for (size_t i = 0; i < kLookRecords; ++i) {
    vote.Add(reader.record());
    others.Add(reader.record());
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) break;
  }
  head.columns = vote.Winner();
  if (head.columns == 0) {
    return RejectedError(
        fmt::format("it begins with rows that are longer than a row may be (csv: {{ max_row }} is "
                    "{}), or with one that never ends",
                    HumanBytes(max_record_bytes)),
        "Have it sent as CSV with lines, or say what it is: format: json, or another delimiter");
  }
  head.ends_empty = vote.EndsEmpty();
  others.Tell(head);
  return head;
}

Result<CsvHead> LookAtHead(const std::string& path, const CsvDialect& dialect,
                           std::span<const std::string> known, HeaderRule rule, size_t columns,
                           size_t max_record_bytes) {
  SLUICE_ASSIGN(const Compression compression, DetectCompression(path));
  SLUICE_ASSIGN(const auto source, OpenCsvText(path, dialect));
  auto head = LookAtHead(*source, dialect, known, rule, columns, max_record_bytes);
  if (!head.ok()) {
    // What the source says names the file already.
    const Status status = head.status();
    return StartsWith(status.message(), path) ? status : status.WithContext(path);
  }
  head->compression = compression;
  return head;
}

}  // namespace sluice::format
