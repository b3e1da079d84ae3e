#include "format/csv_plain_record.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::format {
namespace {

constexpr size_t kBlock = 16;

struct Block {
  uint32_t stops = 0;      // a bit for each byte that is one of the stops, the first is the lowest
  uint32_t not_ascii = 0;  // likewise
};

Block LookAt(const char* at, const std::array<char, 6>& stops) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  __m128i hits = _mm_setzero_si128();
  for (const char c : stops) hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
  return {static_cast<uint32_t>(_mm_movemask_epi8(hits)),
          static_cast<uint32_t>(_mm_movemask_epi8(bytes))};
#else
  Block block;
  for (size_t i = 0; i < kBlock; ++i) {
    if (std::find(stops.begin(), stops.end(), at[i]) != stops.end()) block.stops |= 1U << i;
    if (static_cast<unsigned char>(at[i]) > 0x7F) block.not_ascii |= 1U << i;
  }
  return block;
#endif
}

}  // namespace

// kNone is NUL, which is a stop anyway.
PlainRecords::PlainRecords(const CsvDialect& dialect)
    : possible_(dialect.delimiter.size() == 1 && dialect.comment.empty()),
      stops_({'\n', '\r', '\0', dialect.delimiter[0], dialect.quote, dialect.escape}) {}

PlainRecords::Found PlainRecords::Split(const char* begin, const char* end, size_t max_size,
                                        size_t max_fields, std::vector<CsvField>& fields) const {
  fields.clear();
  if (!possible_) return {};
  const char delimiter = stops_[3];
  const size_t have = static_cast<size_t>(end - begin);
  size_t field = 0;
  uint32_t not_ascii = 0;
  for (size_t from = 0; from + kBlock <= have; from += kBlock) {
    Block block = LookAt(begin + from, stops_);
    not_ascii |= block.not_ascii;
    for (; block.stops != 0; block.stops &= block.stops - 1) {
      const size_t at = from + static_cast<size_t>(std::countr_zero(block.stops));
      const char c = begin[at];
      const bool crlf = c == '\r' && at + 1 < have && begin[at + 1] == '\n';
      if (c != delimiter && c != '\n' && !crlf) return {};
      if (fields.size() == max_fields) return {};
      fields.push_back({.raw_begin = field, .begin = field, .end = at});
      field = at + 1;
      if (c == delimiter) continue;
      if (at > max_size) return {};
      return {at, at + (crlf ? 2 : 1), not_ascii == 0};
    }
  }
  return {};
}

}  // namespace sluice::format
