#include "cli/sql_lines.h"

#include <string_view>

#include "base/text.h"

namespace sluice::cli {
namespace {

// Behind what begins at `at`: a quoted text or name, a comment. `at` + 1 for any other character; the
// end of the text for what is not closed yet.
size_t Behind(std::string_view text, size_t at) {
  const auto to = [&](std::string_view end, size_t from) {
    const size_t found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  const std::string_view rest = text.substr(at);
  if (StartsWith(rest, "--")) return to("\n", at);
  if (StartsWith(rest, "/*")) return to("*/", at + 2);
  if (StartsWith(rest, "$$")) return to("$$", at + 2);
  // A doubled quote ends one text and begins the next: the same places come out.
  if (rest[0] == '\'' || rest[0] == '"') return to(rest.substr(0, 1), at + 1);
  return at + 1;
}

bool IsComment(std::string_view text, size_t at) {
  return StartsWith(text.substr(at), "--") || StartsWith(text.substr(at), "/*");
}

}  // namespace

void SqlLines::Add(const std::string& line) {
  text_ += line;
  text_ += '\n';
}

std::optional<std::string> SqlLines::Take() {
  for (size_t at = 0; at < text_.size(); at = Behind(text_, at)) {
    if (text_[at] != ';') continue;
    std::string statement(Trim(std::string_view(text_).substr(0, at)));
    text_.erase(0, at + 1);
    return statement;
  }
  if (!has_begun()) text_.clear();
  return std::nullopt;
}

bool SqlLines::has_begun() const {
  for (size_t at = 0; at < text_.size(); at = Behind(text_, at)) {
    const bool blank = Trim(std::string_view(text_).substr(at, 1)).empty();
    if (!blank && !IsComment(text_, at)) return true;
    if (StartsWith(std::string_view(text_).substr(at), "/*") && Behind(text_, at) == text_.size()) {
      return true;
    }
  }
  return false;
}

}  // namespace sluice::cli
