// Scalar functions of our own inside the engine. They exist in this process only, so they may stand
// in statements of ours, never in a stored view.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace sluice::engine {

class Connection;

// The output column of a function, written row by row. Exactly one setter per row.
class Output {
 public:
  virtual ~Output() = default;
  void SetNull(size_t row);
  void SetText(size_t row, std::string_view text);  // copied
  // Of a table's column (tables.h): whether the statement needs it.
  bool wanted() const { return vector_ != nullptr; }
  // The raw arrays for fixed-width types (bool, int32, int64, double, hugeint as two uint64).
  template <typename T>
  T* data() {
    return static_cast<T*>(data_);
  }

  void* data_ = nullptr;
  void* vector_ = nullptr;
  uint64_t* validity_ = nullptr;
};

// One input column.
struct Input {
  const void* data = nullptr;
  const uint64_t* validity = nullptr;  // nullptr: all valid
  bool is_null(size_t row) const {
    return validity != nullptr && (validity[row / 64] >> (row % 64) & 1U) == 0;
  }
  std::string_view text(size_t row) const;  // VARCHAR inputs
  template <typename T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
};

// Called for up to 2,048 rows, from several threads at once: it must be thread-safe. NULL inputs reach
// it. An error fails the statement.
using VectorFunction =
    std::function<Status(size_t rows, const std::vector<Input>& inputs, Output& output)>;

struct FunctionSpec {
  std::string name;
  // SQL type names: "VARCHAR", "INTEGER", "DECIMAL(19,0)", ... `variadic` repeats the last as often as
  // the call has arguments.
  std::vector<std::string> parameters;
  bool variadic = false;
  std::string result;
  bool is_volatile = false;  // may not be folded or cached: it counts
  VectorFunction function;
};

// The same name may be registered with several signatures. Valid for all connections of the database.
Status RegisterFunction(Connection& connection, FunctionSpec spec);

// Whether a function of this name was registered, with whatever signature.
bool HasFunction(Connection& connection, const std::string& name);

}  // namespace sluice::engine
