#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::cli {
namespace {

constexpr int kLeastWidth = 40;

// One character at the beginning of `text`: its code point and its bytes; size 1 and no code point
// where the bytes are no UTF-8.
struct Character {
  uint32_t code = 0;
  size_t size = 1;
  bool valid = false;
};

Character FirstOf(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size || !IsValidUtf8(text.substr(0, size))) {
    return {};
  }
  uint32_t code = first & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) code = code << 6U | (byte(i) & 0x3FU);
  return {code, size, true};
}

// Unicode's East Asian Width W and F, in broad strokes; emoji are among them.
bool IsWide(uint32_t code) {
  return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
         (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
         (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
         (code >= 0x20000 && code <= 0x3FFFD);
}

bool IsCombining(uint32_t code) {
  return (code >= 0x0300 && code <= 0x036F) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x20D0 && code <= 0x20FF) || (code >= 0xFE00 && code <= 0xFE0F);
}

size_t WidthOf(uint32_t code) {
  if (IsCombining(code)) return 0;
  return IsWide(code) ? 2 : 1;
}

// C0, DEL, C1 and what turns the direction of a line.
bool IsControl(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

}  // namespace

Terminal DetectTerminal() {
  Terminal terminal;
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  terminal.is_terminal = isatty(STDOUT_FILENO) == 1;
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  terminal.color = terminal.is_terminal && !dumb && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= kLeastWidth) {
    terminal.width = size.ws_col;
  }
  if (const char* columns = std::getenv("COLUMNS")) {
    const auto wanted = ParseUnsigned(columns);
    if (wanted && *wanted >= kLeastWidth && *wanted <= 10'000) {
      terminal.width = static_cast<int>(*wanted);
    }
  }
  return terminal;
}

std::string Styled(const Terminal& terminal, Look look, std::string_view text) {
  if (!terminal.color || look == Look::kPlain || text.empty()) return std::string(text);
  std::string_view code = "0";
  switch (look) {
    case Look::kPlain:
      break;
    case Look::kBold:
      code = "1";
      break;
    case Look::kDim:
      code = "2";
      break;
    case Look::kGood:
      code = "32";
      break;
    case Look::kWarning:
      code = "33";
      break;
    case Look::kBad:
      code = "31";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    width += character.valid ? WidthOf(character.code) : 1;
    text.remove_prefix(character.size);
  }
  return width;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = FirstOf(text);
    if (!character.valid) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (!IsControl(character.code)) {
      out += text.substr(0, character.size);
    } else if (character.code == '\n') {
      out += "\\n";
    } else if (character.code == '\r') {
      out += "\\r";
    } else if (character.code == '\t') {
      out += "\\t";
    } else if (character.code < 0x100) {
      out += fmt::format("\\x{:02x}", character.code);
    } else {
      out += fmt::format("\\u{:04x}", character.code);
    }
    text.remove_prefix(character.size);
  }
  return out;
}

std::string PrintableLines(std::string_view text, std::string_view indent) {
  std::string out;
  for (const std::string& line : Split(text, '\n')) {
    if (!out.empty()) out += "\n" + std::string(indent);
    out += Printable(line);
  }
  return out;
}

std::string Shortened(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    const size_t more = character.valid ? WidthOf(character.code) : 1;
    if (used + more > width - 1) break;
    used += more;
    out += text.substr(0, character.size);
    text.remove_prefix(character.size);
  }
  return out + "…";
}

}  // namespace sluice::cli
