#include "ingest/file_columns.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::ingest {
namespace {

constexpr char kMember = '\x1e';

}  // namespace

std::string FileColumnsText(const FileColumns& columns) {
  if (columns.empty()) return {};
  const std::vector<std::string>& first = columns.begin()->second;
  const bool alike = std::all_of(columns.begin(), columns.end(),
                                 [&](const auto& entry) { return entry.second == first; });
  if (alike) return Join(first, "\n");
  std::string text;
  for (const auto& [member, names] : columns) {
    text += kMember + member + "\n" + Join(names, "\n");
  }
  return text;
}

FileColumns ParseFileColumns(std::string_view text) {
  FileColumns columns;
  if (text.empty()) return columns;
  if (text.front() != kMember) {
    columns[""] = Split(text, '\n');
    return columns;
  }
  for (const std::string& section : Split(text.substr(1), kMember)) {
    const size_t end = section.find('\n');
    if (end == std::string::npos) continue;
    columns[section.substr(0, end)] = Split(std::string_view(section).substr(end + 1), '\n');
  }
  return columns;
}

std::vector<std::string> ColumnsOfMember(const FileColumns& columns, std::string_view member) {
  auto found = columns.find(std::string(member));
  if (found == columns.end()) found = columns.find("");  // all members are alike
  return found == columns.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> ColumnsOfRow(std::string_view text, std::string_view content_hash) {
  const size_t slash = content_hash.find('/');
  return ColumnsOfMember(ParseFileColumns(text), slash == std::string_view::npos
                                                     ? std::string_view()
                                                     : content_hash.substr(slash + 1));
}

}  // namespace sluice::ingest
