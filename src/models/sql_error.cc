#include "models/sql_error.h"

#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::models {
namespace {

// What stands between two texts; nothing when they do not.
std::optional<std::string> Between(std::string_view text, std::string_view before,
                                   std::string_view after) {
  const size_t begin = text.find(before);
  if (begin == std::string_view::npos) return std::nullopt;
  const size_t from = begin + before.size();
  const size_t end = text.find(after, from);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(from, end - from));
}

size_t BeginOfLine(std::string_view sql, uint64_t line) {
  size_t at = 0;
  for (uint64_t n = 1; n < line; ++n) {
    const size_t end = sql.find('\n', at);
    if (end == std::string_view::npos) return at;
    at = end + 1;
  }
  return at;
}

// "LINE 3: …excerpt…" and, below it, a caret. Long lines are cut at both ends with "...".
void FindPlace(std::string_view message, std::string_view sql, SqlError& error) {
  const size_t mark = message.rfind("LINE ");
  if (mark == std::string_view::npos) return;
  const auto lines = Split(message.substr(mark), '\n');
  const size_t colon = lines[0].find(": ");
  if (lines.size() < 2 || colon == std::string::npos) return;
  const auto number = ParseUnsigned(lines[0].substr(5, colon - 5));
  const size_t caret = lines[1].find('^');
  if (!number || caret == std::string::npos || caret < colon + 2 || caret >= lines[0].size())
    return;
  const std::string excerpt = lines[0].substr(colon + 2);
  const size_t begin = BeginOfLine(sql, *number);
  size_t column = caret - colon - 2;
  if (StartsWith(excerpt, "...")) {
    std::string tail = lines[0].substr(caret);
    if (EndsWith(tail, "...")) tail.resize(tail.size() - 3);
    const size_t found = sql.find(tail, begin);
    if (found == std::string_view::npos) return;
    column = found - begin;
  }
  error.offset = begin + column;
  error.has_place = error.offset < sql.size();
}

// ` (did you mean "first_name"?)` for a column that is called nearly so, else ` (candidates: city, id)`; "" where the
// engine names none.
std::string Candidates(std::string_view said, std::string_view column) {
  constexpr std::string_view kMark = "Candidate bindings: ";
  const size_t mark = said.find(kMark);
  if (mark == std::string_view::npos) return {};
  std::string_view list = said.substr(mark + kMark.size());
  if (StartsWith(list, ": ")) list.remove_prefix(2);
  const std::string text = ReplaceAll(Trim(list), "\"", "");
  const std::string own = Lower(column.substr(column.rfind('.') + 1));
  std::vector<std::string> names;
  for (const std::string& name : Split(text, ',')) {
    names.push_back(Lower(Trim(std::string_view(name).substr(name.rfind('.') + 1))));
  }
  const std::string near = DidYouMean(own, names);
  return near.empty() ? fmt::format(" (candidates: {})", text) : near;
}

}  // namespace

SqlError ReadSqlError(std::string_view message, std::string_view sql) {
  SqlError error;
  FindPlace(message, sql, error);
  std::string_view said = message.substr(0, message.find("\nLINE "));
  for (const std::string_view kind : {"Binder Error: ", "Catalog Error: ", "Parser Error: "}) {
    if (StartsWith(said, kind)) said.remove_prefix(kind.size());
  }
  auto column = Between(said, "Referenced column \"", "\" not found");
  const auto alias = Between(said, "Table \"", "\" does not have a column named ");
  if (alias) {
    const auto name = Between(said, "does not have a column named \"", "\"");
    if (name) column = *alias + "." + *name;
  }
  if (column) {
    error.text = fmt::format("no column \"{}\"{}", *column, Candidates(said, *column));
    return error;
  }
  if (const auto table = Between(said, "Table with name ", " does not exist")) {
    error.missing_table = Lower(*table);
    error.text = "there is no table " + *table;
    if (const auto near = Between(said, "Did you mean \"", "\"")) {
      error.text += fmt::format(" (did you mean \"{}\"?)", *near);
    }
    return error;
  }
  for (const std::string& line : Split(said, '\n')) {
    if (Trim(line).empty()) continue;
    if (StartsWith(Trim(line), "Candidate functions:")) break;  // of "+" alone there are fifty
    if (!error.text.empty()) error.text += "; ";
    error.text += Trim(line);
  }
  return error;
}

size_t SourceOffset(size_t offset, const std::vector<Reference>& references,
                    const std::function<std::string(const std::string&)>& name_of) {
  size_t source = 0;    // of what follows the last reference
  size_t rendered = 0;  // the same place in the rendered text
  for (const Reference& reference : references) {
    const size_t begin = rendered + (reference.begin - source);
    if (offset < begin) break;
    const size_t end = begin + name_of(reference.name).size();
    if (offset < end) return reference.begin;
    source = reference.end;
    rendered = end;
  }
  return source + (offset - rendered);
}

}  // namespace sluice::models
