// Rows about people who were forgotten do not come back: staging leaves them out and counts them as skipped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/table_load.h"
#include "privacy/forgotten.h"

namespace sluice::ingest {

class ForgottenRows {
 public:
  ForgottenRows() = default;  // nobody

  // Of one table, whose columns are all known. kConfig when what the list was made by is not in the project any
  // more. PrepareToStage has been called.
  static Result<ForgottenRows> Of(engine::Connection& connection,
                                  const std::vector<config::Person>& persons,
                                  const TargetTable& target);

  // The condition under which a row is about one of them, over typed values; "false" for nobody.
  Result<std::string> Condition(const privacy::ExpressionOf& expression_of) const;

  // Takes those of `load.quarantined` out of it, where the text of the row tells: by the cells of the columns;
  // where these cannot be told apart, by any word of at least four letters or digits.
  Status LeaveOutBadRows(engine::Connection& connection, TableLoad& load) const;

 private:
  // The rows of a part of them that are about nobody on the list go into `load.quarantined`.
  Status KeepOthers(engine::Connection& connection, TableLoad& load,
                    std::vector<QuarantinedRow>* portion) const;

  privacy::ForgottenList list_;
  std::vector<privacy::ScopedColumns> scopes_;
  std::vector<warehouse::ColumnInfo> columns_;
  std::string table_;
};

// The words of a row's text by which it may name a person: of at least four characters, letters, digits and what
// stands in an e-mail address.
std::vector<std::string> WordsOf(const std::string& raw);

// The value of `scoped` in a quarantined row, by the cells of its file's columns; nothing when a cell is NULL or
// not there.
std::optional<std::string> ValueIn(const privacy::ScopedColumns& scoped,
                                   const std::vector<std::string>& file_columns,
                                   const std::vector<std::optional<std::string>>& cells);

}  // namespace sluice::ingest
