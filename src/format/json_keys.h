// Which key of a JSON record, at which depth, belongs to which columns: for json_reader.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/json_reader.h"

namespace sluice::format {

class JsonKeys;

// A key as it stands in files.
struct JsonKey {
  std::vector<size_t> columns;        // that take its value
  std::shared_ptr<JsonKeys> members;  // of its value, where paths go on; else null
  size_t first_column = 0;            // that it leads to
  uint64_t seen_in = 0;               // the number of the last record that had it
  bool told = false;                  // as an unknown one

  bool known() const { return !columns.empty() || members != nullptr; }
};

// The keys of one object. Not thread-safe.
class JsonKeys {
 public:
  // `path` "" for the record itself, else "address.". `covered`: a column takes all of the object.
  JsonKeys(std::string path, bool covered) : path_(std::move(path)), covered_(covered) {}

  // What the columns ask for.
  static std::shared_ptr<JsonKeys> Of(const std::vector<JsonColumn>& columns);

  // The key, whatever its case; nullptr for one too many that is not known. `place`: how many keys of the
  // object came before it: records are alike, and a key is often where it was.
  JsonKey* Find(std::string_view key, size_t place);

  const std::string& path() const { return path_; }
  bool covered() const { return covered_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, JsonKey, Hash, std::equal_to<>>;

  void Add(std::string_view name, size_t column);
  void Cover();

  const std::string path_;
  bool covered_;
  Map declared_;                         // in lower case
  Map met_;                              // as they stand, known or not
  std::vector<Map::value_type*> order_;  // of those met: by place
};

}  // namespace sluice::format
