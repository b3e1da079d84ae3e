// A small table for people: aligned columns, numbers to the right, cut to the width of a terminal.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace sluice::cli {

enum class Align { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
};

// Memory: all rows.
class Table {
 public:
  // Columns in which every cell is empty are left out, or stay.
  enum class Empty { kLeftOut, kStay };
  explicit Table(std::vector<TableColumn> columns, Empty empty = Empty::kLeftOut)
      : columns_(std::move(columns)), empty_(empty) {}

  // As many cells as columns; made printable here. `look` colours the whole row.
  void Row(std::vector<std::string> cells, Look look = Look::kPlain);
  bool empty() const { return rows_.empty(); }

  // `indent` blanks before every line. On a terminal the widest columns with text are shortened until
  // the lines fit; on one of less than 80 columns the last one goes on in further lines instead.
  // Elsewhere nothing is cut.
  void Print(std::ostream& out, const Terminal& terminal, size_t indent = 0) const;
  // The same without the line of titles: for what goes on below another table.
  void PrintRows(std::ostream& out, const Terminal& terminal, size_t indent = 0) const;

 private:
  struct Line {
    std::vector<std::string> cells;
    Look look = Look::kPlain;
  };
  std::vector<size_t> Widths(const Terminal& terminal, size_t indent) const;
  void PrintLines(std::ostream& out, const Terminal& terminal, size_t indent, bool titles) const;

  std::vector<TableColumn> columns_;
  const Empty empty_;
  std::vector<Line> rows_;
};

// "1,234" and "-1,234".
std::string Number(int64_t n);

}  // namespace sluice::cli
