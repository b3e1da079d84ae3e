// Random CSV files: mostly in order, some with every kind of disorder.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace sluice::format {

struct RandomCsvOptions {
  size_t columns = 2;
  bool header = false;
  size_t max_records = 10;
};

class RandomCsv {
 public:
  explicit RandomCsv(uint64_t seed) : random_(seed) {}

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }

  std::string File(const RandomCsvOptions& options) {
    line_end_ = OneIn(2) ? "\n" : "\r\n";
    disorder_ = OneIn(2);
    const bool quotes = !OneIn(3);
    quoted_ = quotes ? 3 : 0;
    line_ends_in_quotes_ = quotes && OneIn(2);
    blanks_ = OneIn(3);
    std::string text = OneIn(12) ? "\xEF\xBB\xBF" : "";
    if (options.header) {
      for (size_t i = 0; i < options.columns; ++i) text += (i > 0 ? ",h" : "h") + std::to_string(i);
      text += line_end_;
    }
    const size_t records = Below(options.max_records + 1);
    for (size_t i = 0; i < records; ++i) {
      if (blanks_ && OneIn(15)) text += line_end_;
      Record(options.columns, text);
      if (i + 1 < records || !OneIn(4)) text += disorder_ && OneIn(60) ? Piece() : line_end_;
    }
    return text;
  }

 private:
  std::string Piece() {
    static const char* const kPieces[] = {"a", "b",  "1",  " ",     "\"",   "\"\"",
                                          ",", "\n", "\r", "\r\n",  "\xff", "\xc3\xbc",
                                          "x", "  ", "N",  "\"a\"", "\" ",  "12345678901234567890"};
    return kPieces[Below(std::size(kPieces))];
  }

  // A piece that may stand in a field without breaking its record.
  std::string Harmless(bool quoted) {
    const std::string piece = Piece();
    if (piece[0] == '"') return quoted ? "\"\"" : "z";
    if (piece[0] == '\xff') return disorder_ && OneIn(10) ? piece : "g";
    if (piece[0] == '\n' || piece[0] == '\r') return quoted && line_ends_in_quotes_ ? piece : "y";
    if (piece[0] == ',') return quoted ? piece : "z";
    return piece;
  }

  void Field(std::string& text) {
    if (disorder_ && OneIn(40)) {
      for (size_t n = 1 + Below(4); n > 0; --n) text += Piece();
    } else if (quoted_ > 0 && OneIn(quoted_)) {
      text += blanks_ && OneIn(12) ? " \"" : "\"";
      for (size_t n = Below(5); n > 0; --n) text += Harmless(true);
      text += blanks_ && OneIn(12) ? "\"  " : "\"";
    } else {
      for (size_t n = Below(4); n > 0; --n) text += Harmless(false);
    }
  }

  void Record(size_t columns, std::string& text) {
    if (disorder_ && OneIn(12)) columns += Below(3) - 1;
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += ',';
      Field(text);
    }
    if (disorder_ && OneIn(50)) text += Piece();
  }

  std::mt19937_64 random_;
  std::string line_end_;
  bool disorder_ = false;
  size_t quoted_ = 0;
  bool line_ends_in_quotes_ = false;
  bool blanks_ = false;
};

}  // namespace sluice::format
