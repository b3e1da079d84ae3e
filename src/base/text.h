// Small pure functions on text and numbers that every folder needs: splitting, case, the nearest
// name for "did you mean", numbers for people.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// ASCII only: names of tables and columns, HTTP headers. Other bytes stay as they are.
std::string Lower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string_view Trim(std::string_view text);  // blanks, tabs, CR, LF at both ends
bool StartsWith(std::string_view text, std::string_view prefix);
bool EndsWith(std::string_view text, std::string_view suffix);

// "a,b,,c" by ',' -> {"a","b","","c"}; an empty text -> {""}.
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(std::span<const std::string> parts, std::string_view separator);
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

// The whole text as a decimal number without sign, blanks or overflow; else nothing.
std::optional<uint64_t> ParseUnsigned(std::string_view text);

// The candidate with the smallest edit distance to `name`, ignoring case, when it is close enough to
// be a likely slip (at most a third of the length, at least one); else nothing.
std::optional<std::string> Nearest(std::string_view name, std::span<const std::string> candidates);

// ` (did you mean "x"?)` or "".
std::string DidYouMean(std::string_view name, std::span<const std::string> candidates);

// 48210 -> "48,210".
std::string Thousands(uint64_t n);
// 1536 -> "1.5 kB"; powers of 1,000 as disks and networks count.
std::string HumanBytes(uint64_t n);
// 75.2 -> "1 min 15 s", 0.42 -> "0.4 s".
std::string HumanSeconds(double seconds);
// 1, "row" -> "1 row"; 2 -> "2 rows".
std::string Counted(uint64_t n, std::string_view singular);

bool IsValidUtf8(std::string_view text);
// Bytes that may be no text, as a message can show them: what is not printable ASCII as \xNN.
std::string ShownBytes(std::string_view bytes);

std::string HexEncode(std::span<const uint8_t> bytes);
std::string HexEncode(uint64_t n);  // 16 digits

// Natural order: runs of digits compare as numbers ("R9" before "R10"); ties by plain order.
// Negative, zero or positive like strcmp.
int NaturalCompare(std::string_view a, std::string_view b);

}  // namespace sluice
