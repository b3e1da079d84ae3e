// What becomes of the rows that staging could not use: each is found and named, and too many of them are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/stage_select.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Of a load that is held for its bad rows so many are kept, the first ones: they show what is wrong. When it is read
// again all of them are found again.
inline constexpr int64_t kMostHeldRows = 100'000;

// Once all of `files` are read: sums up what was read and counted for each file of `load`, and finds the bad rows for
// `load.quarantined`. `connection` is the one that staged them. kRejected: a second look finds other rows than did not
// come; `mismatch` is the file then.
Status AccountForBadRows(engine::Connection& connection, TableLoad& load,
                         std::vector<ShapedFile>& files, const env::Cancel* cancel,
                         std::optional<size_t>* mismatch);

// Warns, once for a load, of rows that are no UTF-8 where no encoding is declared.
void TellOtherEncodings(TableLoad& load);

// Warns, once for a load, of a broken row that goes over several lines: the others in it may have been rows.
void TellSwallowedLines(TableLoad& load);

// kRejected: file `index` of `load`, which is accounted for, has more bad rows than the table allows, or nothing else;
// unless somebody accepted it so. A line that stands in a row with broken quotes counts for one.
Status CheckBadRows(const TableLoad& load, size_t index);

}  // namespace sluice::ingest
