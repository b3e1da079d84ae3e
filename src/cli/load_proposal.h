// Columns for a file that nobody has declared: from all of its values, by the strict rules. Never taken over
// without somebody's word.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"

namespace sluice::cli {

struct ColumnProposal {
  std::vector<std::pair<std::string, std::string>> columns;  // name, SQL type
  std::vector<std::string> evidence;                         // for people, no values
};

struct DelimiterGuess {
  std::string delimiter;
  std::vector<std::string> alike;  // others that cut the file as well, into as many fields
};

// Of , ; tab and | the one that cuts each of the first hundred records of the CSV file at `path` alike, and into most
// fields; where none does, the one that cuts most of them into most fields, and ^ ~ : are `alike` where they cut each.
// Of an archive, whose members are not looked into, the one of `csv`.
Result<DelimiterGuess> GuessDelimiter(const std::string& path, const config::CsvOptions& csv);

// As it is typed: "tab" for a tab.
std::string DelimiterWord(const std::string& delimiter);

// Reads the whole file at `path`, written as `format` (not kByName) and `csv` say; without a header its columns are
// column1, column2 … kRejected when they cannot be told: an archive, nothing in it, nested JSON without keys. kCancelled.
// Decimals get at least `least_scale` digits behind the point, but for Parquet, whose file says how many there are.
Result<ColumnProposal> ProposeColumns(const std::string& path, config::FileFormat format,
                                      const config::CsvOptions& csv, const env::Cancel* cancel,
                                      int least_scale = 0);

// "a BIGINT, b DECIMAL(12,2), \"c d\" DATE" and back. kConfig with what is wrong.
Result<std::vector<std::pair<std::string, std::string>>> ParseColumns(std::string_view text);
std::string ColumnsText(const std::vector<std::pair<std::string, std::string>>& columns);

}  // namespace sluice::cli
