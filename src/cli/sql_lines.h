// Lines as they are typed, into statements.
#pragma once

#include <optional>
#include <string>

namespace sluice::cli {

// Collects lines until a statement has ended with a semicolon, one outside of quotes and comments.
class SqlLines {
 public:
  void Add(const std::string& line);
  // The next whole statement, without its semicolon; nothing while the last one goes on.
  std::optional<std::string> Take();
  // Whether something has begun that is no statement yet; blanks and comments alone are nothing.
  bool has_begun() const;
  void Clear() { text_.clear(); }

 private:
  std::string text_;
};

}  // namespace sluice::cli
