// `{{ ref('name') }}` in a model's SQL: found with its place, and replaced by the quoted name. Nothing
// else of a template language: a model is SQL.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace sluice::models {

struct Reference {
  std::string name;  // lower-cased
  int line = 1;      // of the opening braces within the text, from 1
  int column = 1;    // in bytes, from 1
  size_t begin = 0;
  size_t end = 0;  // one past the closing braces
};

// References inside SQL comments and quotes count too: what is written there is meant. kConfig, with
// "line:column: " first in the message, for braces that are no reference.
Result<std::vector<Reference>> FindReferences(std::string_view sql);

// The text with each reference replaced by what `name_of` gives for its name.
std::string Render(std::string_view sql, const std::vector<Reference>& references,
                   const std::function<std::string(const std::string&)>& name_of);

// Without blanks and semicolons at its end, so that it can stand in brackets.
std::string WithoutSemicolon(std::string_view sql);

}  // namespace sluice::models
