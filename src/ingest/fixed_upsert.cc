#include "ingest/fixed_upsert.h"

#include <fmt/format.h>

#include "ingest/sql.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::QualifiedName;
using warehouse::QuoteName;

}  // namespace

Result<bool> TableDecides(engine::Connection& connection, TableLoad& load) {
  const TargetTable& target = load.target;
  const std::string file = QuoteName(kFileColumn);
  const std::string load_column = QuoteName(kLoadColumn);
  // Where the files of both rows stand in the ledger: in the order in which they were published.
  const auto place = [&](std::string_view row) {
    return fmt::format(
        "(SELECT max(f.rowid) FROM _sluice.files AS f WHERE f.file_id = {0}.{1} AND f.load_id = "
        "{0}.{2} AND f.table_name = {3})",
        row, file, load_column, warehouse::QuoteText(target.name));
  };
  const std::string wins = IsNewer(target, "s", "t");
  const std::string loses = fmt::format("({} OR (NOT {} AND coalesce({} > {}, false)))",
                                        IsNewer(target, "t", "s"), wins, place("t"), place("s"));
  SLUICE_TRY(connection
                 .Execute(fmt::format(
                     "CREATE OR REPLACE TEMP TABLE sluice_decided AS SELECT s.rowid AS id, s.{} AS "
                     "file, bool_or({}) AS loses, bool_and({}) AS wins FROM {} s JOIN {} t ON {} "
                     "GROUP BY ALL",
                     file, loses, wins, QualifiedName(load.stage), QualifiedName(target.name),
                     Matches(target, "t", "s")))
                 .status());
  SLUICE_ASSIGN(const auto open, connection.Scalar("SELECT count(*) FROM sluice_decided WHERE NOT "
                                                   "loses AND NOT wins"));
  const bool decides = engine::ToInt(open) == 0;
  if (decides) {
    SLUICE_TRY(AddCounts(connection,
                         "SELECT file, count(*) FROM sluice_decided WHERE loses GROUP BY file",
                         load, {&FileCounts::superseded}));
    SLUICE_TRY(connection
                   .Execute(fmt::format("DELETE FROM {} WHERE rowid IN (SELECT id FROM "
                                        "sluice_decided WHERE loses)",
                                        QualifiedName(load.stage)))
                   .status());
  }
  SLUICE_TRY(connection.Execute("DROP TABLE sluice_decided").status());
  return decides;
}

}  // namespace sluice::ingest
