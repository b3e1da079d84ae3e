// Values that were read become the types of project.h. Checks here what concerns one thing alone;
// what concerns several is in check_project.h.
#pragma once

#include <string>

#include "config/diagnostics.h"
#include "config/project.h"
#include "config/read_options.h"

namespace sluice::config {

struct BuildContext {
  std::string folder;  // of the project, absolute
  std::string env;
  Diagnostics* diagnostics = nullptr;
  const TextRules* rules = nullptr;  // may be none
};

Project BuildProject(const Value& root, const BuildContext& context);

// Parts of it.
Ingest BuildIngest(const std::string& name, const Location& where, const Value& value,
                   const BuildContext& context);
// What `csv` says, over what was there before: the ingest's, where it is a table's.
CsvOptions BuildCsv(const Value& csv, CsvOptions before, const std::string& key,
                    Diagnostics* diagnostics, const TextRules* rules = nullptr);
std::vector<Check> BuildChecks(const Value* list, const std::string& key,
                               const BuildContext& context);
Model BuildModel(const std::string& name, const Location& where, const Value& value,
                 const BuildContext& context);

}  // namespace sluice::config
