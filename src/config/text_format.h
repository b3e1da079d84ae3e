// The formats that text in a project file can be asked to have: names, columns, types, time zones.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "config/option_spec.h"

namespace sluice::config {

// What this library does not know itself.
struct TextRules {
  // The system's time zones.
  std::string zoneinfo_folder = "/usr/share/zoneinfo";
  // Whether a column type is one (format::ParseSqlType); without it only its notation is checked.
  std::function<Status(std::string_view)> check_sql_type;
  // What `csv` and columns say of values, and whether a column of a type can have a value.
  std::function<Status(std::string_view)> check_date_format;
  std::function<Status(std::string_view)> check_encoding;
  std::function<Status(std::string_view thousands, char decimal)> check_thousands;
  std::function<Status(std::string_view value, std::string_view sql_type)> check_value;
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
