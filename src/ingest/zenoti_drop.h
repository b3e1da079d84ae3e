// What a drop of Zenoti holds, read off the names of its files (docs/zenoti.md has the rules):
//
//   <POD>/<GroupID>/<table>/<logid>/<file>.csv
//   SchemaFull/<table>.txt
//   SchemaUpgrade/<release>/<table>.txt
//   MonthlySnapshot/…                            monthly_snapshot.h
//
// Pure: works on a listing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/store.h"

namespace sluice::ingest {

struct SchemaFile {
  connector::StoredFile file;
  bool upgrade = false;
  std::string release;  // of an upgrade
  std::string table;    // canonical, from the file's name
};

struct DataFile {
  connector::StoredFile file;
  std::string pod;
  int64_t group = 0;
  std::string table;  // canonical
  int64_t log_id = 0;
  std::string name;  // the file's own name, the last criterion of order
};

struct ZenotiDrop {
  // Full before upgrades; upgrades by the natural order of their releases, then by table.
  std::vector<SchemaFile> schema_files;
  // By pod, group (as a number), table, log id (as a number), file name.
  std::vector<DataFile> data_files;
  // Files whose path fits no rule, with what was expected. Told to the user, never loaded.
  struct Stray {
    std::string path;
    std::string why;
  };
  std::vector<Stray> strays;
};

// `prefix` is cut off the paths first ("" or ends with '/').
ZenotiDrop ReadDrop(const connector::Listing& listing, std::string_view prefix);

// The tables that hold data of a whole organization, by the vendor's document (its list looks cut at
// the end, so a project can add to it). Canonical names.
const std::vector<std::string>& OrganizationTables();

// How rows of a table are merged.
enum class Semantics {
  kDeleteInsert,   // facts
  kUpdateInsert,   // dimensions
  kInsertNonVoid,  // the two exceptions
};
Semantics SemanticsOf(std::string_view table);

}  // namespace sluice::ingest
