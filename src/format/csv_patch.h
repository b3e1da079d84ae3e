// Replaces or removes single records of a CSV file, known by where they begin.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/status.h"
#include "env/clock.h"
#include "format/csv_reader.h"

namespace sluice::format {

// Offset of a record's first byte in that text -> its new text without a line end;
// nothing: the record is left out.
using CsvPatches = std::map<uint64_t, std::optional<std::string>>;

// Writes the text of the file at `from` (OpenCsvText) to `to`, as UTF-8, with `patches` applied; every other
// byte of it is copied. `options` say how it is read: records are found as CsvReader finds them. Memory: one
// record. A file that is there already is overwritten; after an error the new one is removed.
// kRejected when no record begins where a patch says; kCancelled.
Status PatchCsv(const std::string& from, const CsvReaderOptions& options, const CsvPatches& patches,
                const std::string& to, const env::Cancel* cancel = nullptr);

}  // namespace sluice::format
