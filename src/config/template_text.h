// Templates of field mappings: text with columns in braces, "{first} {last}"; `{{` and `}}` are the
// braces themselves.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"

namespace sluice::config {

// Neighbouring texts are one part, columns are lower-cased. kConfig: what is wrong.
Result<std::vector<TemplatePart>> ParseTemplate(std::string_view text);

}  // namespace sluice::config
