// Files that no pattern takes, as plan and status write them for programs.
#pragma once

#include <vector>

#include "cli/json_writer.h"
#include "ingest/unmatched_files.h"

namespace sluice::cli {

// "unmatched": [{connection, files, first}] in an object that is open.
inline void WriteUnmatched(JsonWriter& json, const std::vector<ingest::UnmatchedFiles>& all) {
  json.Name("unmatched");
  json.BeginArray();
  for (const ingest::UnmatchedFiles& unmatched : all) {
    json.BeginObject();
    json.Field("connection", unmatched.connection);
    json.Field("files", static_cast<int64_t>(unmatched.files));
    json.Field("first", unmatched.first);
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace sluice::cli
