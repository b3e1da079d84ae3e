// Everything about one key, as plain values: where its rows came from, what was made of them, what was
// sent and answered. Holds personal data: it goes to the screen of whoever asked, nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/open_project.h"
#include "format/strict.h"

namespace sluice::cli {

using NamedValues = std::vector<std::pair<std::string, std::string>>;  // column, text; none is NULL

struct TracedRow {
  std::string ingest;
  std::string table;
  std::vector<std::string> key;  // its columns
  NamedValues values;
  // Its load.
  std::string run_id;
  std::string loaded_at;
  std::string load_kind;  // full, increment
  std::string mode;
  std::string pod;
  int64_t group = 0;
  // Its file.
  std::string connection;
  std::string address;
  uint64_t file_size = 0;
  std::string file_tag;
  std::string content_hash;
  // Where it stands in it, by reading it again: the lines with this key, or why they are not known.
  std::string member;  // of an archive, where they are; "" else
  std::vector<uint64_t> lines;
  std::string lines_unknown;
  // Where somebody has fixed it in quarantine: the line that it stands in, what was wrong with it, when and why.
  int64_t fixed_line = 0;  // 0: nobody has
  std::string fixed_column;
  std::string fixed_fault;
  std::string fixed_at;
  std::string fixed_why;
};

struct TracedModelRow {
  std::string model;
  NamedValues values;
};

struct TracedAttempt {
  std::string at;
  std::string run_id;
  int64_t delivery = 0;
  int64_t attempt = 0;
  std::string why;   // "first sent", "changed: city", "tried again"
  std::string sent;  // "" when it was refused before anything was sent
  std::string state;
  int64_t http_status = 0;
  std::string code;
  std::string message;
};

struct TracedSyncRow {
  std::string sync;
  std::string key;
  std::string identity;
  std::string state;              // "" when it was never sent
  std::string payload;            // what the destination holds, by its own answers
  std::string attempted_payload;  // what was tried since
  std::string code;
  std::string message;
  std::string answered_at;
  std::vector<TracedAttempt> attempts;
  std::vector<std::pair<std::string, std::string>> findings;  // kind, message: why it was left out
  bool delivery_open = false;  // the last attempts are of a delivery that is not folded yet
};

struct TracedQuarantine {
  std::string id;
  std::string table;
  std::string address;
  int64_t line = 0;
  std::string column;
  std::string reason;
};

struct TraceResult {
  std::vector<TracedRow> rows;
  std::vector<TracedModelRow> model_rows;
  std::vector<TracedSyncRow> sync_rows;
  std::vector<TracedQuarantine> quarantined;
  std::vector<std::string> notes;      // what could not be looked at, or was cut
  std::vector<std::string> spellings;  // keys that are nearly what was typed: "orders has 7 (…)"

  bool empty() const {
    return rows.empty() && model_rows.empty() && sync_rows.empty() && quarantined.empty();
  }
};

// `key` as typed; `in` narrows to one table, model or sync, "" is everywhere.
Result<TraceResult> TraceKey(const ReadContext& context, const std::string& key,
                             const std::string& in);

// The parts, each one step of TraceKey.
// Loaded tables whose key begins with `parts`.
Status FindRows(const ReadContext& context, const std::vector<std::string>& parts,
                const std::string& in, TraceResult& result);
// Models that show a key: the column of a sync, or the key columns of a table of `result.rows`.
Status FindModelRows(const ReadContext& context, const std::vector<std::string>& parts,
                     const std::string& in, TraceResult& result);
// Rows of syncs by key or identifier.
Status FindSyncRows(const ReadContext& context, const std::string& key, const std::string& in,
                    TraceResult& result);
Status FindQuarantined(const ReadContext& context, const std::vector<std::string>& parts,
                       const std::string& in, TraceResult& result);
// Whether rows of `result` were fixed in quarantine: such a row stands otherwise in its file.
Status FindFixes(const ReadContext& context, TraceResult& result);
// Reads the files of `result.rows` again, as far as that is cheap.
void FindLines(const ReadContext& context, TraceResult& result);

// Whether a cell of a file, as strict.h reads it, and a text of the warehouse are the same value: "007" is 7.
bool SameValue(const format::SqlType& type, std::string_view cell, std::string_view text);

// "\"userid\" = CAST($1 AS DECIMAL(19,0)) AND …" over `columns` (with types) for `parts`; nothing when a
// part does not fit its column exactly.
struct ColumnMatch {
  std::string condition;
  bool possible = false;
};
ColumnMatch MatchColumns(const std::vector<std::pair<std::string, std::string>>& columns,
                         const std::vector<std::string>& parts);

// Why each attempt was made, from what the ones before it had brought about.
void ExplainAttempts(std::vector<TracedAttempt>& attempts);

}  // namespace sluice::cli
