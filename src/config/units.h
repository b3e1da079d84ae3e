// The notations of single values in a project file. Pure; nothing where the text does not fit,
// never a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// "true", "false", any case; also "yes", "no", "on", "off" as YAML 1.1 wrote them.
std::optional<bool> ParseYamlBoolean(std::string_view text);

// An optional minus and digits; `_` and "," are not taken.
std::optional<int64_t> ParseWhole(std::string_view text);

// "4 MB" = 4,000,000; kB, MB, GB, TB count by 1,000, KiB, MiB, GiB, TiB by 1,024; a bare number is
// bytes. Fractions ("1.5 GB") as long as whole bytes come out.
std::optional<int64_t> ParseBytes(std::string_view text);

// Milliseconds. One or more of number and unit: "10s", "15 minutes", "1 h 30 min", "500 ms", "2
// days". A bare number is refused but for 0: its unit would be a guess.
std::optional<int64_t> ParseDuration(std::string_view text);

// 60 for "60%" or "60 %"; a bare number is refused: 0.6 or 60 would be a guess.
std::optional<double> ParsePercent(std::string_view text);

// The canonical JSON text of a constant. Unquoted numbers and booleans keep their type, all else is
// text.
std::string ConstantAsJson(std::string_view text, bool quoted);

// A JSON string with its quotes.
std::string JsonText(std::string_view text);

}  // namespace sluice::config
