// Rows of our own as a table inside the engine: read where they lie, by all of its threads, without a copy.
// They exist in this process only, so they may stand in statements of ours, never in a stored view.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/functions.h"

namespace sluice::engine {

struct TableColumn {
  std::string name;
  std::string type;  // as FunctionSpec has them
};

// Of one thread: the next rows, at most kRowsAtOnce, put into the columns from row 0 on; how many, and 0
// at the end. Columns that the statement does not need are not wanted(), and not to be written.
using ReadRows = std::function<Result<size_t>(std::vector<Output>& columns)>;
inline constexpr size_t kRowsAtOnce = 2048;

struct TableSource {
  std::vector<TableColumn> columns;
  uint64_t rows = 0;
  // Begins to read all rows, for one statement. Each of its threads calls what comes back, once, for its own
  // reader; each row is given to one of them, in no order.
  std::function<std::function<Result<ReadRows>()>()> scan;
};

// Once for every opening of a database, outside a transaction: the engine takes back with one what was
// registered in it.
Status RegisterTable(Connection& connection, const std::string& name);

// A source under a registered name, for as long as this lives; statements that read it have ended by then.
class BoundTable {
 public:
  // There may be several of one name.
  static Result<std::unique_ptr<BoundTable>> Bind(Connection& connection, const std::string& name,
                                                  TableSource source);
  ~BoundTable();
  BoundTable(const BoundTable&) = delete;
  BoundTable& operator=(const BoundTable&) = delete;
  // What stands behind FROM.
  const std::string& sql() const { return sql_; }

 private:
  BoundTable() = default;
  std::string sql_;
  int64_t number_ = 0;
  std::shared_ptr<class TableSources> sources_;
};

}  // namespace sluice::engine
