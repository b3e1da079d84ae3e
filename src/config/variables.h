// `${NAME}` in the values of a project file, and `.env` beside it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"

namespace sluice::config {

// A line of `.env` that cannot be read is an error in `diagnostics`, without its content. Syntax:
// NAME=value, `export NAME=value`, # comments, 'as it is', "with \n \t \" \\ \$ and line ends";
// of two lines with one name the last counts.
std::map<std::string, std::string> ParseDotenv(std::string_view text, const std::string& file,
                                               Diagnostics* diagnostics);

// The process's environment goes before `.env`.
class Variables {
 public:
  Variables() = default;
  Variables(std::map<std::string, std::string> environment,
            std::map<std::string, std::string> dotenv);

  std::optional<std::string> Find(const std::string& name) const;
  std::vector<std::string> Names() const;

 private:
  std::map<std::string, std::string> values_;
};

struct Expansion {
  std::string text;                    // as far as it could be replaced
  bool has_variables = false;          // then the text is not to be shown
  std::vector<std::string> missing;    // names without a value and without a default
  std::vector<size_t> missing_at;      // byte offsets of their "${" in the text
  std::optional<size_t> malformed_at;  // "${" without "}" or without a proper name
};

// ${NAME}, ${NAME:-default} (when not set or empty), $${ for a literal ${.
Expansion Expand(std::string_view text, const Variables& variables);

}  // namespace sluice::config
