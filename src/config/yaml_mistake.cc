#include "config/yaml_mistake.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

constexpr std::string_view kNoSibling = "end of map not found";
constexpr std::string_view kNoItem = "end of sequence not found";
constexpr std::string_view kSecondColon = "illegal map value";
constexpr std::string_view kItemInLine = "illegal block entry";

size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// Neither blank nor a comment.
bool SaysSomething(std::string_view line) {
  const std::string_view text = Trim(line);
  return !text.empty() && text.front() != '#';
}

bool IsItem(std::string_view line) {
  const std::string_view text = Trim(line);
  return text == "-" || StartsWith(text, "- ");
}

// The line above that says something; `lines.size()` where there is none.
size_t Above(const std::vector<std::string>& lines, size_t line) {
  while (line-- > 0) {
    if (SaysSomething(lines[line])) return line;
  }
  return lines.size();
}

// A line that stands deeper than one that has its value already; "" when it does not stand deeper.
std::string Deeper(const std::vector<std::string>& lines, size_t line) {
  const size_t above = Above(lines, line);
  if (above == lines.size() || IndentOf(lines[line]) <= IndentOf(lines[above])) return {};
  return fmt::format(
      "wrong indentation: the line has {}, and line {} above it, with {}, has a value already: "
      "keys of one map begin in the same column",
      Counted(IndentOf(lines[line]), "space"), above + 1, IndentOf(lines[above]));
}

// A line that begins where no line above does whose block is still open.
std::string Stray(const std::vector<std::string>& lines, size_t line) {
  const size_t indent = IndentOf(lines[line]);
  std::vector<size_t> open;  // columns of the blocks around it, innermost first
  for (size_t i = Above(lines, line); i < lines.size(); i = Above(lines, i)) {
    const size_t own = IndentOf(lines[i]);
    if (open.empty() || own < open.back()) open.push_back(own);
    if (own == 0) break;
  }
  if (std::find(open.begin(), open.end(), indent) != open.end()) {
    return IsItem(lines[line]) ? "a list item (\"- \") stands among the keys of a map"
                               : "a key stands among the items of a list (\"- \")";
  }
  std::vector<std::string> columns;
  for (const size_t column : open) columns.push_back(fmt::format("{}", column));
  return fmt::format(
      "wrong indentation: the line has {}, and the lines above to which it could belong have {}",
      Counted(indent, "space"), Join(columns, " or "));
}

std::string Explained(const std::vector<std::string>& lines, const YamlMistake& said) {
  const std::string& line = lines[said.line];
  const bool first = said.column <= IndentOf(line);
  if ((said.message == kNoSibling || said.message == kNoItem) && first) {
    const std::string deeper = Deeper(lines, said.line);
    return deeper.empty() ? Stray(lines, said.line) : deeper;
  }
  if (said.message == kItemInLine && !first) {
    return "a list begins on a line of its own: write the \"- \" below its key, or [ … ]";
  }
  if (said.message != kSecondColon) return {};
  const std::string_view before = std::string_view(line).substr(0, said.column);
  if (before.find(": ") != std::string_view::npos) {
    return "a second \": \" in one line: put the value in quotes where it is text";
  }
  return Deeper(lines, said.line);
}

}  // namespace

YamlMistake ExplainYaml(std::string_view text, const YamlMistake& said) {
  YamlMistake mistake = said;
  mistake.message = "not valid YAML: " + said.message;
  const std::vector<std::string> lines = Split(text, '\n');
  if (said.line >= lines.size()) return mistake;
  const std::string& line = lines[said.line];
  const size_t tab = line.substr(0, line.find_first_not_of(" \t")).find('\t');
  if (tab != std::string::npos) {
    mistake.column = tab;
    mistake.message = "a tab in the indentation: YAML takes no tabs there, write spaces";
    return mistake;
  }
  const std::string explained = Explained(lines, said);
  if (explained.empty()) return mistake;
  mistake.column =
      explained.find("indentation") == std::string::npos ? said.column : IndentOf(line);
  mistake.message = explained;
  return mistake;
}

}  // namespace sluice::config
