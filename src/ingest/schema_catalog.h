// The schema of a drop's tables: what SchemaFull and the upgrades say, in an order that is frozen once
// it was applied.
//
// Executing is idempotent: a column that exists is a no-op, so "SchemaFull, then the upgrades" is
// right whether SchemaFull already holds what the upgrades add or not. A schema file that changes
// later only adds columns, it never drops one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/store.h"
#include "engine/engine.h"
#include "ingest/ddl.h"
#include "ingest/table_load.h"
#include "ingest/zenoti_drop.h"

namespace sluice::ingest {

// One row of _sluice.schema_files.
struct AppliedSchema {
  std::string connection;
  int64_t position = 0;  // the order of application, over all files of the ingest
  bool upgrade = false;
  std::string release;
  std::string table;  // canonical
  std::string address;
  std::string tag;
  std::string content_hash;
  std::string ddl;
  std::string message;  // why it does not parse; "" when it does
  bool is_new = false;  // not in the warehouse yet
};

struct TableSchema {
  std::vector<DdlColumn> columns;
  // Each as its own schema file has it: an upgrade that is a full CREATE TABLE may put a new column
  // anywhere, and files without a header follow it from then on.
  ColumnVersions versions;
  std::vector<std::string> dist_key;
  std::vector<std::string> sort_key;
  std::string problem;  // a schema file of this table that does not parse; "" when all is well
};

class SchemaCatalog {
 public:
  // What was applied before.
  static Result<SchemaCatalog> Load(engine::Connection& connection, const std::string& ingest);
  SchemaCatalog() = default;

  // Takes in new and changed schema files of one connection, reading only those. `notes` gets what the
  // user should know: a release that appears before one already applied, a file that does not parse.
  Status Update(const std::string& connection, connector::Store& store,
                const std::vector<SchemaFile>& files, std::vector<std::string>* notes,
                const env::Cancel* cancel);

  // Writes what is new. In the caller's transaction.
  Status Save(engine::Connection& connection, const std::string& ingest, int64_t now);
  bool has_news() const;

  // By canonical name; empty columns when no schema file speaks of the table.
  TableSchema SchemaOf(const std::string& table) const;
  std::vector<std::string> Tables() const;

 private:
  std::vector<AppliedSchema> applied_;  // by position
};

}  // namespace sluice::ingest
