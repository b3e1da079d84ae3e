// What is loaded into one table in one step, from the plan to its publication. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/file_pattern.h"
#include "config/project.h"
#include "connector/store.h"
#include "format/strict.h"
#include "ingest/ddl.h"
#include "ingest/file_columns.h"
#include "ingest/quarantined_rows.h"
#include "ingest/verify_file.h"

namespace sluice::ingest {

// Lineage columns of every loaded table.
inline constexpr const char* kPodColumn = "_sluice_pod";    // VARCHAR, layout zenoti only
inline constexpr const char* kLoadColumn = "_sluice_load";  // BIGINT, _sluice.loads.load_id
inline constexpr const char* kFileColumn = "_sluice_file";  // BIGINT, _sluice.files.file_id

enum class Merge {
  kAppend,         // files: every row is new
  kReplace,        // files: the table is what these files hold
  kDeleteInsert,   // facts: void = 1 deletes, void = 0 is inserted
  kUpdateInsert,   // dimensions: the last row of a key wins
  kInsertNonVoid,  // the vendor's exceptions: void = 1 is skipped, all others are inserted
  kUpsert,         // files: the newest row of a key wins, by `version` or the order of the files
};
std::string_view MergeName(Merge merge);

// The column lists that a table has had. A file without a header goes by the list of its width.
struct ColumnVersions {
  std::vector<std::vector<std::string>> lists;  // in their order of application, none twice
  // Columns of which an upgrade says that it appended them: a list without them at its end was a
  // version too, although no schema file is left that shows it.
  std::set<std::string> appended;
};

struct TargetTable {
  std::string name;                // canonical
  std::vector<DdlColumn> columns;  // as the table is to be, without lineage columns
  // Layout files: columns that take their value from the file's path -> the capture that gives it. No
  // file has them.
  std::map<std::string, std::string> captured;
  std::string prefix;       // layout files: of the ingest,
  std::string pattern;      // and what follows it in the paths of the table's files
  ColumnVersions versions;  // what a file without a header goes by
  Merge merge = Merge::kAppend;
  std::vector<std::string> key;   // declared; never NULL in a loaded row
  std::vector<std::string> also;  // joins the key in every match, NULL equals NULL (organizationid)
  bool has_pod = false;           // carries kPodColumn
  bool match_pod = false;         // kPodColumn is part of every match
  std::string adopt_pod;          // the pod of rows that are there without kPodColumn
  std::string void_column;        // whose value marks a row as a deletion; "" when there is none
  // Which values of it do: SQL literals. Empty: it is boolean, true deletes and NULL is a bad row;
  // else NULL is like any other value.
  std::vector<std::string> delete_values;
  std::string
      version;  // kUpsert: the greater one is newer, NULL is the oldest; "" when there is none
  config::BadRowLimit bad_rows;
  config::FileFormat format = config::FileFormat::kByName;
  config::CsvOptions csv;
  config::SchemaChanges schema_changes = config::SchemaChanges::kDeclared;

  // key, `also` and kPodColumn: what identifies a row.
  std::vector<std::string> MatchColumns() const;
  // Whether a row with NULL in this column is a bad one.
  bool MustNotBeNull(const std::string& column) const;
  // The names of `columns`, then the lineage columns.
  std::vector<std::string> AllColumns() const;
};

// Rows by what happened to them. read = inserted + updated + unchanged + delete_matched +
// delete_unmatched + superseded + skipped + quarantined; the others count within these.
struct FileCounts {
  int64_t read = 0;
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t delete_matched = 0;
  int64_t delete_unmatched = 0;
  int64_t superseded = 0;
  int64_t skipped = 0;
  int64_t quarantined = 0;
  int64_t key_collisions = 0;  // inserted although the key was there already
  int64_t too_long = 0;        // text longer than declared: loaded, a warning
  int64_t forgotten = 0;       // skipped, because they are about somebody who was forgotten

  FileCounts& operator+=(const FileCounts& other);
  bool Adds() const;  // whether the equation above holds
};

struct LoadFile {
  connector::StoredFile stored;
  connector::Store* store = nullptr;  // not owned
  std::string connection;
  std::string pod;
  int64_t group = 0;
  int64_t log_id = 0;
  int64_t file_id = 0;  // StableId of ingest, table, connection, address, content
  int64_t load_id = 0;  // StableId of connection, pod, table, group
  bool full = false;    // belongs to the first load of this table and pod
  int64_t delivery =
      0;  // how often another file of its address was loaded: files that move away come again
  bool replaces =
      false;  // an earlier version of it was loaded: of an append its rows take the place of those
  bool any_bad_rows = false;  // somebody accepted it with all its bad rows
  config::Captures captures;  // layout files: what its path says
  Proof proof;                // what lies beside it and speaks of its content
  // Known once fetched.
  std::string local_path;
  std::string content_hash;
  std::string
      expected_hash;  // of a file that is read again: what it was when it was loaded; else ""
  FileCounts counts;
  FileColumns columns;  // of a file with bad rows
  int64_t reading = 0;  // ReadingId of how it was read (reading.h); 0: not known
  // Decisions about quarantined rows that staging has carried out in it (row_fixes.h).
  int64_t rows_fixed = 0;
  int64_t rows_discarded = 0;
};

// How a file is named in what is kept of its rows, and its content: with the member of an archive, if there is
// one.
std::string PartName(const LoadFile& file, const std::string& member);
std::string PartHash(const LoadFile& file, const std::string& member);

// A file that does not fit its table, or has too many bad rows: the others of its load go on without it.
struct LeftFile {
  LoadFile file;
  std::string check;    // "file", "bad_rows"
  std::string message;  // begins with the path
  // Where it has too many bad rows: they are among these, as those of file `index`.
  QuarantinedRows rows;
  size_t index = 0;
};

struct TableLoad {
  std::string ingest;
  TargetTable target;
  std::vector<LoadFile> files;    // in the order in which their rows count
  std::string label;              // "zenoti.bi_dimuser POD1/7"
  std::string stage;              // table beside the target; "" before staging
  std::string stage_suffix;       // of its name: a rebuild must not meet what a gate holds
  std::string gone;               // keys that are deleted; "" when none are
  std::vector<int64_t> replaced;  // file ids: rows that go when this is published (earlier_files.h)
  // Temporary table of the rows in quarantine, of earlier versions of its files, that its own rows take the place of
  // (superseded_rows.h); "" when there are none.
  std::string superseded;
  QuarantinedRows quarantined;
  std::vector<std::string> warnings;  // what staging found worth telling
  bool too_many_bad_rows = false;     // why staging refused it
  bool unproven = false;              // a file is not what the checksum beside it says
  // A file that cannot be had or used is left behind, and the others are loaded: where rows are only added.
  bool file_by_file = false;
  std::vector<LeftFile> left;               // by staging
  std::map<int64_t, std::string> readings;  // of its files, by LoadFile::reading
  // It stops no later load of its table.
  bool stands_alone = false;
  // Files that came late: what else is of their load is published already, so its record and the
  // cursor's rows grow, and open holds of them are settled.
  bool late = false;
  int64_t rows_before = 0;  // read of the same load, and published
  std::string kind;         // of its record, where it is neither full nor increment: "restore"

  FileCounts Total() const;
  uint64_t bytes() const;  // of its files, as they lie in their stores
};

// Layout files: made from what is loaded, so the same files give the same id, whenever and however often.
int64_t LoadIdOf(std::string_view ingest, std::string_view table,
                 const std::vector<const LoadFile*>& files);
// Of the files that `load` has; gives it to them.
void SetLoadId(TableLoad& load);

}  // namespace sluice::ingest
