// Where output goes and how text looks there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::cli {

struct Terminal {
  bool is_terminal = false;  // else a pipe or a file: plain lines, nothing is cut
  int width = 80;            // columns; only meaningful on a terminal
  bool color = false;
};

// Of standard output, by the system and by NO_COLOR (no-color.org), TERM and COLUMNS.
Terminal DetectTerminal();

enum class Look { kPlain, kBold, kDim, kGood, kWarning, kBad };
// `text` with the escapes for `look` when the terminal has colours.
std::string Styled(const Terminal& terminal, Look look, std::string_view text);

// How many columns the text takes: combining marks none, East Asian characters two.
size_t DisplayWidth(std::string_view text);

// Data from outside must not steer the terminal: control characters are shown as \n, \t, \x1b, bytes
// that are no UTF-8 as \xNN.
std::string Printable(std::string_view text);
// The same for a message of several lines: each is one, and begins with `indent` but for the first.
std::string PrintableLines(std::string_view text, std::string_view indent);

// At most `width` columns, with "…" at the end of what was cut. `text` is printable.
std::string Shortened(std::string_view text, size_t width);

}  // namespace sluice::cli
