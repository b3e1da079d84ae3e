// How a file is written, as somebody types it: the options of `csv:` as words, by the specification that reads the
// project file.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"

namespace sluice::config {

// `words` are NAME=VALUE each: "encoding=windows-1252". VALUE is the text as it stands, nothing in it is YAML; a list
// is said once for each of its items. kConfig with all that is wrong, each beginning with `said_as` ("--csv").
Result<CsvOptions> CsvFromWords(const std::vector<std::string>& words, const std::string& said_as);

}  // namespace sluice::config
