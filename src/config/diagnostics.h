// What is wrong with a project file, as a list: a user who has three mistakes wants to hear of
// three.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"

namespace sluice::config {

// One finding. Never holds the value of a secret or of a variable, only the text as written.
struct Problem {
  Location where;
  std::string key;       // "connections.drop.bucket"; empty: the file as a whole
  std::string message;   // "expected text, found a list"
  std::string expected;  // "text"; empty where the message is not of that form
  std::string found;     // "a list"
  std::string nearest;   // the valid name that was probably meant; may be empty

  // "sluice.yml:12:7: connections.drop.bucket: expected text, found a list"
  std::string ToString() const;
};

// It is a variable that is not set.
bool IsUnset(const Problem& problem);

class Diagnostics {
 public:
  // Beyond this many errors only their number is kept.
  static constexpr size_t kMaxErrors = 20;
  static constexpr size_t kMaxWarnings = 50;

  // A second finding with the same place and text is left out: environments repeat the base.
  void Error(Problem problem);
  void Warn(Problem problem);
  void Error(const Location& where, std::string key, std::string message);
  void Warn(const Location& where, std::string key, std::string message);
  // "expected EXPECTED, found FOUND".
  void Mismatch(const Location& where, std::string key, std::string expected, std::string found);
  // "PREFIX "NAME" (did you mean …?)", or the list of what is known when that is short.
  void Unknown(const Location& where, std::string key, std::string_view prefix,
               const std::string& name, const std::vector<std::string>& known);

  bool ok() const { return errors_.empty(); }
  const std::vector<Problem>& errors() const { return errors_; }
  const std::vector<Problem>& warnings() const { return warnings_; }
  size_t error_count() const { return errors_.size() + errors_not_kept_; }

  // Makes warnings of the errors whose key is `key` or below it, with `suffix` added to the message, and
  // says how many. Not of those that were only counted.
  size_t SetAside(const std::string& key, const std::string& suffix);
  // The same without what is below it.
  size_t SetAsideExactly(const std::string& key, const std::string& suffix);

  // By file, line and column; each variable that is not set is told once.
  void Sort();

  // Ok, or kConfig with all errors, one a line when there are several.
  Status ToStatus() const;
  // Of variables that are not set, in `key` and below it.
  size_t SetAsideUnset(const std::string& key);

 private:
  size_t SetAsideIf(const std::function<bool(const Problem&)>& concerns, const std::string& suffix);

  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  size_t errors_not_kept_ = 0;
};

// `"text"` for messages: shortened, without line ends.
std::string Quoted(std::string_view text);
// "a, b or c".
std::string OneOfWords(const std::vector<std::string>& words);

}  // namespace sluice::config
