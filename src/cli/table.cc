#include "cli/table.h"

#include <algorithm>
#include <ostream>

#include "base/check.h"
#include "base/text.h"

namespace sluice::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kLeastColumn = 8;  // a column is not shortened below this
constexpr int kNarrow = 80;

// Lines of at most `width` columns, broken at blanks where there are some. `text` is printable.
std::vector<std::string> Broken(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  for (std::string word : Split(text, ' ')) {
    std::string& line = lines.back();
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) <= width) {
      line += " " + word;
      continue;
    }
    if (!line.empty()) lines.emplace_back();
    while (DisplayWidth(word) > width && width > 1) {
      // What fits, without the mark of what was cut.
      const std::string cut = Shortened(word, width);
      const size_t size = cut.size() - std::string_view("…").size();
      lines.back() = word.substr(0, size);
      lines.emplace_back();
      word.erase(0, size);
    }
    lines.back() = word;
  }
  return lines;
}

}  // namespace

void Table::Row(std::vector<std::string> cells, Look look) {
  SLUICE_CHECK(cells.size() == columns_.size(), "a row has as many cells as the table has columns");
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back({std::move(cells), look});
}

// 0 for a column that is left out.
std::vector<size_t> Table::Widths(const Terminal& terminal, size_t indent) const {
  std::vector<size_t> widths(columns_.size(), 0);
  for (const Line& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row.cells[i]));
    }
  }
  size_t total = indent;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0 && empty_ == Empty::kLeftOut) continue;
    widths[i] = std::max({widths[i], DisplayWidth(columns_[i].title), size_t{1}});
    total += widths[i] + kGap;
  }
  total -= std::min(total, kGap);
  const auto limit = static_cast<size_t>(terminal.width);
  while (terminal.is_terminal && total > limit) {
    size_t widest = columns_.size();
    for (size_t i = 0; i < widths.size(); ++i) {
      if (columns_[i].align == Align::kRight || widths[i] <= kLeastColumn) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

void Table::Print(std::ostream& out, const Terminal& terminal, size_t indent) const {
  PrintLines(out, terminal, indent, true);
}

void Table::PrintRows(std::ostream& out, const Terminal& terminal, size_t indent) const {
  PrintLines(out, terminal, indent, false);
}

void Table::PrintLines(std::ostream& out, const Terminal& terminal, size_t indent,
                       bool with_titles) const {
  const std::vector<size_t> widths = Widths(terminal, indent);
  size_t last = widths.size();
  for (size_t i = 0; i < widths.size(); ++i) last = widths[i] == 0 ? last : i;
  const bool narrow = terminal.is_terminal && terminal.width < kNarrow && last < widths.size() &&
                      columns_[last].align == Align::kLeft;
  const auto print = [&](const std::vector<std::string>& cells, Look look) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] == 0) continue;
      if (narrow && i == last) {
        const std::string blanks(DisplayWidth(line), ' ');
        const auto parts = Broken(cells[i], widths[i]);
        for (size_t part = 0; part + 1 < parts.size(); ++part) {
          out << Styled(terminal, look, line + parts[part]) << '\n';
          line = blanks;
        }
        line += parts.back();
        continue;
      }
      const std::string cell = Shortened(cells[i], widths[i]);
      const std::string blanks(widths[i] - DisplayWidth(cell), ' ');
      line += columns_[i].align == Align::kRight ? blanks + cell : cell + blanks;
      line += std::string(kGap, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out << Styled(terminal, look, line) << '\n';
  };
  std::vector<std::string> titles;
  for (const TableColumn& column : columns_) titles.push_back(Printable(column.title));
  if (with_titles) print(titles, Look::kDim);
  for (const Line& row : rows_) print(row.cells, row.look);
}

std::string Number(int64_t n) {
  if (n >= 0) return Thousands(static_cast<uint64_t>(n));
  return "-" + Thousands(~static_cast<uint64_t>(n) + 1);
}

}  // namespace sluice::cli
