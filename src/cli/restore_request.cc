#include "cli/restore_request.h"

#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/terminal.h"
#include "ingest/ddl.h"

namespace sluice::cli {
namespace {

Result<std::pair<std::string, int64_t>> ReadAfter(const std::string& text) {
  const size_t equals = text.rfind('=');
  const auto group =
      equals == std::string::npos ? std::nullopt : ParseUnsigned(text.substr(equals + 1));
  if (!group || equals == 0 ||
      *group > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return ConfigError(fmt::format("--after {}: expected POD=GROUP", Printable(text)),
                       "--after POD1=4711");
  }
  return std::pair(text.substr(0, equals), static_cast<int64_t>(*group));
}

// "zenoti.bi_factsale", or the table alone where one ingest has it.
Result<std::string> FindTable(const config::Project& project, const std::string& typed) {
  const size_t point = typed.find('.');
  const std::string of = point == std::string::npos ? "" : typed.substr(0, point);
  const std::string table =
      ingest::CanonicalTableName(point == std::string::npos ? typed : typed.substr(point + 1));
  if (ingest::IsLeftOutOfSnapshots(table)) return ingest::LeftOut(typed);
  std::vector<std::string> found;
  std::vector<std::string> names;
  for (const config::Ingest& ingest : project.ingests) {
    if (ingest.layout != "zenoti" || (!of.empty() && ingest.name != of)) continue;
    for (const config::Table& one : ingest.tables) {
      const std::string name = ingest::CanonicalTableName(one.name);
      names.push_back(name);
      if (name == table) found.push_back(ingest.name + "." + one.name);
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return ConfigError(fmt::format("--table {}: no ingest of layout zenoti loads it{}",
                                   Printable(typed), DidYouMean(table, names)));
  }
  return ConfigError(fmt::format("--table {}: {} ingests load it", Printable(typed), found.size()),
                     "--table " + found.front());
}

}  // namespace

Result<NamedRestore> ReadRestore(const config::Project& project, const Arguments& arguments) {
  NamedRestore named;
  const auto month = ingest::Month::Parse(arguments.restore);
  if (!month) {
    return ConfigError(fmt::format("--restore {}: expected a month", Printable(arguments.restore)),
                       "--restore 2026-09");
  }
  named.request.month = *month;
  SLUICE_ASSIGN(named.selector, FindTable(project, arguments.table));
  named.request.table = named.selector.substr(named.selector.find('.') + 1);
  for (const std::string& text : arguments.after) {
    SLUICE_ASSIGN(auto after, ReadAfter(text));
    named.request.after.insert(std::move(after));
  }
  return named;
}

}  // namespace sluice::cli
