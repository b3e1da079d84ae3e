#include "connectors/iterable/lines.h"

#include <utility>

#include "base/text.h"

namespace sluice::connectors::iterable {

Lines::Lines(size_t longest, See see) : longest_(longest), see_(std::move(see)) {}

Status Lines::Take(std::string_view piece) {
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    line_ += piece.substr(0, end);
    if (line_.size() > longest_) {
      return RetryError("the answer has a line that is too long to be one", "Try again later.");
    }
    if (end == std::string_view::npos) break;
    SLUICE_TRY(Finish());
    piece.remove_prefix(end + 1);
  }
  return Status::Ok();
}

Status Lines::Finish() {
  const std::string line = std::move(line_);
  line_.clear();
  const std::string_view text = Trim(line);
  return text.empty() ? Status::Ok() : see_(text);
}

}  // namespace sluice::connectors::iterable
