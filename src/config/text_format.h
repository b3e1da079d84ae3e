// The formats that text in a project file can be asked to have: names, columns, types, time zones.
#pragma once

#include <string>
#include <string_view>

#include "config/option_spec.h"

namespace sluice::config {

// The folder with the system's time zones; given, so that tests have their own.
struct TextRules {
  std::string zoneinfo_folder = "/usr/share/zoneinfo";
};

struct FormattedText {
  bool ok = false;
  std::string text;     // as it is kept: names of columns lower-cased, types upper-cased
  std::string why;      // what is wrong beyond "does not look like it"; may be empty
  std::string nearest;  // the valid text that was probably meant; may be empty
};

FormattedText FormatText(TextFormat format, std::string_view text, const TextRules& rules);

// The regular expression (ECMA 262) of a format for the JSON Schema; "" where there is none.
std::string PatternOf(TextFormat format);

}  // namespace sluice::config
