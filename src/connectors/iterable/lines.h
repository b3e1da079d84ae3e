// The lines of an answer that comes in pieces and is too long to be held.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::connectors::iterable {

class Lines {
 public:
  // `see` is told each line without blanks at its ends, empty ones left out.
  using See = std::function<Status(std::string_view line)>;
  // A line of more than `longest` bytes is kRetry: it is no answer of the kind.
  Lines(size_t longest, See see);
  Status Take(std::string_view piece);
  // The last line, which may have no end.
  Status Finish();

 private:
  const size_t longest_;
  const See see_;
  std::string line_;
};

}  // namespace sluice::connectors::iterable
