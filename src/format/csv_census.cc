#include "format/csv_census.h"

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::format {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;
constexpr size_t kBehind = 2;  // bytes of the past that a quote is judged by

// The next of some bytes in a run.
template <size_t N>
class Finder {
 public:
  explicit Finder(const std::array<char, N>& wanted) : wanted_(wanted) {}

  const char* Next(const char* at, const char* end) const {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      __m128i hits = _mm_setzero_si128();
      for (const char c : wanted_) {
        hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(c)));
      }
      const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
      if (mask != 0) return at + std::countr_zero(mask);
    }
#endif
    while (at != end && std::memchr(wanted_.data(), *at, N) == nullptr) ++at;
    return at;
  }

 private:
  std::array<char, N> wanted_;
};

// What the engine takes for the line end of the whole file: the first it meets, in quotes or not.
class EngineLineEnd {
 public:
  enum class Kind { kUnknown, kLf, kCrlf, kReturn };

  void Look(const char* at, const char* end) {
    while (kind_ == Kind::kUnknown && at != end) {
      if (!return_) {
        while (at != end && *at != '\n' && *at != '\r') ++at;
        if (at == end) return;
      }
      if (*at == '\n') {
        kind_ = return_ ? Kind::kCrlf : Kind::kLf;
      } else if (*at == '\r') {
        return_ = true;
      } else {
        kind_ = Kind::kReturn;
      }
      ++at;
    }
  }
  Kind kind() const { return kind_; }

 private:
  Kind kind_ = Kind::kUnknown;
  bool return_ = false;
};

class Counter {
 public:
  Counter(const CsvDialect& dialect, const CsvLimits& limits, uint64_t mark_every)
      : mark_every_(mark_every),
        next_mark_(mark_every),
        dialect_(dialect),
        delimiter_(dialect.delimiter[0]),
        limits_(limits),
        outside_({'\n', '\r', '\0', dialect.quote}),
        inside_({'\0', dialect.quote, dialect.escape, '\n', '\r', delimiter_}),
        inside_known_({'\0', dialect.quote, dialect.escape}) {}

  // A byte order mark of so many bytes stands before what is counted.
  void SkipMark(size_t bytes) { census_.bytes = record_begin_ = last_end_ = bytes; }

  // `begin` is preceded in memory by the kBehind bytes before it in the file. False: a trap was found.
  bool Count(const char* begin, const char* end) {
    chunk_ = begin;
    engine_line_end_.Look(begin, end);
    const char* at = begin;
    while (at != end && census_.trap == CsvTrap::kNone) at = Step(at, end);
    census_.bytes += static_cast<uint64_t>(end - begin);
    chunk_ = end;
    return census_.trap == CsvTrap::kNone;
  }

  CsvCensus Finish() {
    if (census_.trap != CsvTrap::kNone) return census_;
    if (state_ == State::kInside || state_ == State::kEscape) {
      Trap(CsvTrap::kUnclosedQuote, quote_offset_);
    } else if (state_ == State::kAfterReturn) {
      Trap(CsvTrap::kLoneReturn, census_.bytes - 1);
    } else if (record_begin_ < census_.bytes) {
      EndRecord(census_.bytes);
    }
    if (census_.bytes > limits_.buffer_bytes) {
      if (blank_beside_quote_) Trap(CsvTrap::kBlankBesideQuote, blank_offset_);
      if (blank_return_) Trap(CsvTrap::kBlankLine, blank_return_offset_);
    }
    return census_;
  }

 private:
  enum class State { kOutside, kAfterReturn, kInside, kEscape, kAfterQuote, kBlankAfterQuote };
  using Kind = EngineLineEnd::Kind;

  // `at` lies in the chunk that is being counted.
  uint64_t Offset(const char* at) const {
    return census_.bytes + static_cast<uint64_t>(at - chunk_);
  }

  void Trap(CsvTrap trap, uint64_t offset) {
    if (census_.trap != CsvTrap::kNone) return;
    census_.trap = trap;
    census_.trap_offset = offset;
  }

  void EndRecord(uint64_t end) {
    ++census_.records;
    if (end - last_end_ > limits_.max_record_bytes) Trap(CsvTrap::kLongRecord, record_begin_);
    last_end_ = record_begin_ = end;
    if (end < next_mark_) return;
    census_.marks.push_back(end);
    next_mark_ = end + mark_every_;
  }

  // The line ends at `offset`; the next begins at `end`.
  void EndLine(uint64_t offset, uint64_t end, Kind kind) {
    if (kind != engine_line_end_.kind()) Trap(CsvTrap::kLineEnds, offset);
    if (offset != record_begin_) {
      EndRecord(end);
      return;
    }
    if (census_.records == 0) Trap(CsvTrap::kLeadingBlank, offset);
    ++census_.blank_lines;
    if (kind == Kind::kCrlf && !blank_return_) {
      blank_return_ = true;
      blank_return_offset_ = offset;
    }
    record_begin_ = end;
  }

  // Whether a quote that stands outside of quotes opens a field, by what stands before it.
  bool Opens(const char* at) const {
    const uint64_t offset = Offset(at);
    if (offset == record_begin_ || at[-1] == delimiter_) return true;
    return at[-1] == ' ' && (offset == record_begin_ + 1 || at[-2] == delimiter_);
  }

  const char* Step(const char* at, const char* end) {
    switch (state_) {
      case State::kOutside:
        at = outside_.Next(at, end);
        return at == end ? at : StepOutside(at);
      case State::kAfterReturn:
        state_ = State::kOutside;
        if (*at != '\n') {
          Trap(CsvTrap::kLoneReturn, Offset(at) - 1);
          return at;
        }
        EndLine(Offset(at) - 1, Offset(at) + 1, Kind::kCrlf);
        return at + 1;
      case State::kInside:
        // Once it is known that there are line ends or delimiters they need not be looked for.
        at = census_.quoted_breaks ? inside_known_.Next(at, end) : inside_.Next(at, end);
        return at == end ? at : StepInside(at);
      case State::kEscape:
        state_ = State::kInside;
        NoteInside(at);
        return at + 1;
      case State::kAfterQuote:
      case State::kBlankAfterQuote:
        return StepAfterQuote(at);
    }
    return end;
  }

  const char* StepOutside(const char* at) {
    if (*at == '\n') {
      EndLine(Offset(at), Offset(at) + 1, Kind::kLf);
    } else if (*at == '\r') {
      state_ = State::kAfterReturn;
    } else if (*at == '\0') {
      Trap(CsvTrap::kNulByte, Offset(at));
    } else if (*at == dialect_.quote && Opens(at)) {
      state_ = State::kInside;
      quote_offset_ = Offset(at);
      if (Offset(at) != record_begin_ && at[-1] == ' ') NoteBlank(at);
    }
    return at + 1;
  }

  void NoteBlank(const char* at) {
    if (!blank_beside_quote_) blank_offset_ = Offset(at);
    blank_beside_quote_ = true;
  }

  void NoteInside(const char* at) {
    if (*at == '\n' || *at == '\r' || *at == delimiter_) census_.quoted_breaks = true;
    if (*at == '\0') Trap(CsvTrap::kNulByte, Offset(at));
  }

  const char* StepInside(const char* at) {
    if (*at == dialect_.quote) {
      state_ = State::kAfterQuote;
    } else if (*at == dialect_.escape) {
      state_ = State::kEscape;
    } else {
      NoteInside(at);
    }
    return at + 1;
  }

  const char* StepAfterQuote(const char* at) {
    if (*at == ' ') {
      NoteBlank(at);
      state_ = State::kBlankAfterQuote;
      return at + 1;
    }
    const bool quote = *at == dialect_.quote && dialect_.quote == dialect_.escape;
    if (quote && state_ == State::kAfterQuote) {
      state_ = State::kInside;
      return at + 1;
    }
    if (quote) Trap(CsvTrap::kTextAfterQuote, Offset(at));
    // A delimiter; a line end or a NUL, which the next step looks at; or text: then the record is
    // broken, for the engine as well, and the field ends like an unquoted one.
    state_ = State::kOutside;
    return *at == '\n' || *at == '\r' || *at == '\0' ? at : at + 1;
  }

  const uint64_t mark_every_;
  uint64_t next_mark_;
  const CsvDialect& dialect_;
  const char delimiter_;
  const CsvLimits& limits_;
  const Finder<4> outside_;
  const Finder<6> inside_;
  const Finder<3> inside_known_;
  EngineLineEnd engine_line_end_;
  CsvCensus census_;
  const char* chunk_ = nullptr;
  uint64_t record_begin_ = 0;  // offsets
  uint64_t last_end_ = 0;      // behind the last record, before blank lines
  uint64_t quote_offset_ = 0;  // of the quote that was opened last
  bool blank_beside_quote_ = false;
  uint64_t blank_offset_ = 0;
  bool blank_return_ = false;  // a blank line with CRLF
  uint64_t blank_return_offset_ = 0;
  State state_ = State::kOutside;
};

}  // namespace

std::string_view CsvTrapText(CsvTrap trap) {
  switch (trap) {
    case CsvTrap::kNone:
      return "none";
    case CsvTrap::kLineEnds:
      return "line ends of several kinds";
    case CsvTrap::kLoneReturn:
      return "a carriage return outside quotes";
    case CsvTrap::kUnclosedQuote:
      return "a quote is never closed";
    case CsvTrap::kTextAfterQuote:
      return "text after a closing quote";
    case CsvTrap::kNulByte:
      return "a NUL byte";
    case CsvTrap::kLongRecord:
      return "a record is too long";
    case CsvTrap::kLeadingBlank:
      return "a blank line at the beginning";
    case CsvTrap::kBlankBesideQuote:
      return "blanks beside quotes in a large file";
    case CsvTrap::kBlankLine:
      return "blank lines in a large file";
  }
  return "none";
}

uint64_t CsvCensus::Rows(bool header, size_t columns) const {
  const uint64_t rows = records - (header && records > 0 ? 1 : 0);
  return columns == 1 ? rows + blank_lines : rows;
}

Result<CsvCensus> TakeCensus(ByteSource& source, const CsvDialect& dialect, const CsvLimits& limits,
                             const env::Cancel* cancel, uint64_t mark_every) {
  SLUICE_TRY(dialect.Validate());
  SLUICE_CHECK(dialect.EngineReads(), "a census of what the engine does not read");
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  Counter counter(dialect, limits, mark_every);
  std::vector<char> buffer(kBehind + kChunkBytes);
  char* const chunk = buffer.data() + kBehind;
  bool first = true;
  while (true) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("cancelled");
    size_t have = 0;
    // A whole chunk at a time: the beginning must hold a mark, and short reads would cost.
    while (have < kChunkBytes) {
      SLUICE_ASSIGN(const size_t n, source.Read(chunk + have, kChunkBytes - have));
      if (n == 0) break;
      have += n;
    }
    if (have == 0) return counter.Finish();
    const char* begin = chunk;
    if (first && std::string_view(chunk, have).substr(0, kMark.size()) == kMark) {
      begin += kMark.size();
      counter.SkipMark(kMark.size());
    }
    first = false;
    if (!counter.Count(begin, chunk + have)) return counter.Finish();
    std::memmove(buffer.data(), chunk + have - kBehind, kBehind);
  }
}

Result<CsvCensus> TakeCensus(const std::string& path, const CsvDialect& dialect,
                             const CsvLimits& limits, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto source, OpenByteSource(path));
  return TakeCensus(*source, dialect, limits, cancel);
}

}  // namespace sluice::format
