// Splits the records that most files consist of, those without quotes, many bytes at a time.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "format/csv_dialect.h"
#include "format/csv_scanner.h"

namespace sluice::format {

class PlainRecords {
 public:
  explicit PlainRecords(const CsvDialect& dialect);

  struct Found {
    size_t size =
        0;  // of the record without its line end; 0: there is none, and `fields` holds rubbish
    size_t end = 0;         // behind the line end
    bool is_ascii = false;  // surely; false when some byte nearby is none
  };
  // The record at `begin` when all of it and its line end lie before `end`, and nothing in it is anything but
  // ordinary: no quote or escape, no NUL, no CR but before the LF, not empty, at most `max_size` bytes and `max_fields`
  // fields. Reads nothing at or behind `end`; gives up on records within 16 bytes of it.
  Found Split(const char* begin, const char* end, size_t max_size, size_t max_fields,
              std::vector<CsvField>& fields) const;

 private:
  bool possible_;  // in this dialect
  std::array<char, 6> stops_;
};

}  // namespace sluice::format
