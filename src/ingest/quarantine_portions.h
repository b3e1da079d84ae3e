// The rows of one table in quarantine, a portion at a time: there may be millions, and of each its text is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/quarantine.h"

namespace sluice::ingest {

class QuarantinePortions {
 public:
  // In the order of file and place. Eight bytes a row are held; rows may be taken out of quarantine on the way, in a
  // transaction that began before. `connection` outlives it.
  static Result<QuarantinePortions> Open(engine::Connection& connection, const std::string& table);

  // Several may fill the table.
  const std::vector<std::string>& ingests() const { return ingests_; }
  // Of all of their files, as far as they are noted.
  const std::vector<std::string>& columns() const { return columns_; }
  // Empty at the end.
  Result<std::vector<QuarantineEntry>> Next();

 private:
  explicit QuarantinePortions(engine::Connection& connection) : connection_(&connection) {}
  engine::Connection* connection_;
  std::vector<std::string> ingests_;
  std::vector<std::string> columns_;
  std::vector<int64_t> rows_;
  size_t next_ = 0;
};

}  // namespace sluice::ingest
