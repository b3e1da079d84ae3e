// Whether the first line of a CSV file that somebody loads by hand names its columns. Told only where the line itself
// shows it; else whoever loads it is asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"

namespace sluice::cli {

// kConfig: what is to be typed where the file does not tell it, for the reason `why`.
Status AskForHeader(const std::string& named, const std::string& why);

// What is against the first record of the file at `path` being a header: "field 2 is a number"; "" nothing is, or there is no
// record.
Result<std::string> WhyNoHeader(const std::string& path, const config::CsvOptions& csv);

// `path`: the file; `named`: what it is called in messages. `csv`: how it is written; `columns`: those that are known,
// lower-cased, or none when the file has to tell them. Nothing for a file without rows and for an archive, whose
// members have first lines of their own.
//
// With columns it is a header when csv_head.h takes it for one, and a row when something in it can be no name: an empty
// field, a number, a date, a field twice. Without columns it is a header unless something in it can be no name.
// kConfig, with the option to type, where that does not settle it.
Result<std::optional<bool>> NamesColumns(const std::string& path, const std::string& named,
                                         const config::CsvOptions& csv,
                                         const std::vector<std::string>& columns);

}  // namespace sluice::cli
