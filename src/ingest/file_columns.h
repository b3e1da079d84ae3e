// What the cells of a file's quarantined rows are called, as the ledger keeps it (_sluice.files.file_columns).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::ingest {

// By member of an archive; of any other file there is one, "". In the order of the file, "" for a column that the table
// does not have.
using FileColumns = std::map<std::string, std::vector<std::string>>;

// The names one a line; where members have others each its own, behind a line with \x1e and the name of the member.
// "" for none.
std::string FileColumnsText(const FileColumns& columns);

// All of them, to be written again.
FileColumns ParseFileColumns(std::string_view text);

std::vector<std::string> ColumnsOfMember(const FileColumns& columns, std::string_view member);
// Those of a row by the hash that is kept with it, which names its member (PartHash).
std::vector<std::string> ColumnsOfRow(std::string_view text, std::string_view content_hash);

}  // namespace sluice::ingest
