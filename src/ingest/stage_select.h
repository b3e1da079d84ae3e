// The statement that reads files into a stage: text -> typed values, with bad rows left out and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/file_parts.h"
#include "ingest/file_shape.h"
#include "ingest/forgotten_rows.h"
#include "ingest/readable_copy.h"
#include "ingest/row_fixes.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// One statement reads at most so many files: its text and its bookkeeping stay bounded.
inline constexpr size_t kFilesPerStatement = 1000;

// A file of a load, or a member of one, made ready to be read.
struct ShapedFile {
  size_t index = 0;  // into TableLoad::files
  FilePart part;
  FileShape shape;
  ReadableCopy copy;                   // what the engine reads
  const FixesOfFile* fixes = nullptr;  // decisions about its rows; nullptr without any
  // Its share of what is counted for the file.
  int64_t read = 0;
  int64_t quarantined = 0;
  int64_t discarded = 0;  // rows that somebody decided to leave out
  int64_t forgotten = 0;  // rows about people who were forgotten
};

// Files that one statement can read: neighbours in order, alike in everything. A member of an archive stands
// alone, and so does a Parquet file, for rows are counted by file.
struct Batch {
  std::vector<ShapedFile*> files;
};
std::vector<Batch> MakeBatches(const TableLoad& load, std::vector<ShapedFile>& files);

// The SELECT that reads a batch, over the functions of stage_functions.h and cast_functions.h.
Result<std::string> StageSelect(const TableLoad& load, const Batch& batch,
                                const ForgottenRows& forgotten);

// The CREATE TABLE of a stage that no file has rows for.
std::string EmptyStage(const TableLoad& load);

}  // namespace sluice::ingest
