// Our reading of JSON against that of another library, over random texts, most of them damaged a little:
// both must agree on what is JSON, and on the texts that are in it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "format/json_normalise.h"

namespace sluice::format {
namespace {

using Random = std::mt19937_64;

size_t Below(Random& random, size_t n) {
  return random() % n;
}

std::string RandomText(Random& random) {
  static const std::vector<std::string> kParts = {
      "a", "b c", "é", "😀", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "{",
      "}", "[",   ",", ":", "\\/", "'",    "0",    "\\ud83d", "\\ude00",        "\\x"};
  std::string text = "\"";
  const size_t n = Below(random, 4);
  // The last three are no JSON.
  for (size_t i = 0; i < n; ++i)
    text += kParts[Below(random, kParts.size() - (Below(random, 20) > 0 ? 3 : 0))];
  return text + "\"";
}

std::string RandomValue(Random& random, int depth) {
  static const std::vector<std::string> kPlain = {
      "1",   "-0", "12.70", "1e3", "true", "false", "null", "1E-5", "0.5e1", "18446744073709551616",
      "-1.0"};
  const auto blank = [&] { return Below(random, 5) == 0 ? std::string(" ") : std::string(); };
  const size_t kind = Below(random, depth > 3 ? 6 : 9);
  if (kind < 3) return RandomText(random);
  if (kind < 6) return kPlain[Below(random, kPlain.size())];
  const bool object = kind > 6;
  std::string text = object ? "{" : "[";
  const size_t n = Below(random, 4);
  for (size_t i = 0; i < n; ++i) {
    text += (i > 0 ? "," : "") + blank();
    if (object) text += "\"k" + std::to_string(i) + "\"" + blank() + ":" + blank();
    text += RandomValue(random, depth + 1) + blank();
  }
  return text + (object ? "}" : "]");
}

void Damage(std::string& text, Random& random) {
  static const std::string kBytes = "{}[],:\"\\ 0e.-tnx\t\x01\xC3\x80";
  const size_t at = Below(random, text.size());
  switch (Below(random, 4)) {
    case 0:
      text.erase(at, 1 + Below(random, 3));
      break;
    case 1:
      text.insert(at, 1, kBytes[Below(random, kBytes.size())]);
      break;
    case 2:
      text[at] = kBytes[Below(random, kBytes.size())];
      break;
    default:
      text.resize(at);
  }
}

TEST(JsonDifferential, AgreesOnWhatIsJson) {
  Random random(20261129);
  size_t valid = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text =
        "{\"a\":" + RandomValue(random, 0) + ",\"b\":" + RandomValue(random, 0) + "}";
    for (size_t n = Below(random, 3); n > 0 && !text.empty(); --n) Damage(text, random);
    const size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string::npos || text[begin] != '{') continue;
    const JsonReaderOptions options{.columns = {{{"a"}}, {{"b"}}}};
    const JsonText ours(text, options);
    const JsonFault fault = ours.record().fault;
    if (fault == JsonFault::kDuplicateKey || fault == JsonFault::kTwoValues) continue;
    nlohmann::json theirs;
    bool is_json = true;
    try {
      theirs = nlohmann::json::parse(text);
    } catch (const nlohmann::json::out_of_range&) {
      continue;  // it makes doubles of numbers
    } catch (const nlohmann::json::parse_error&) {
      is_json = false;
    }
    ASSERT_EQ(fault == JsonFault::kNone, is_json) << i << ": " << text << "\n"
                                                  << ours.record().reason;
    if (!is_json) continue;
    ++valid;
    for (const auto& [column, name] : {std::pair(0, "a"), std::pair(1, "b")}) {
      const CsvCell& cell = ours.record().cells[static_cast<size_t>(column)];
      const bool null = !theirs.contains(name) || theirs[name].is_null();
      ASSERT_EQ(cell.null, null) << text;
      if (null) continue;
      if (theirs[name].is_string()) {
        ASSERT_EQ(cell.text, theirs[name].get<std::string>()) << text;
      } else {
        ASSERT_EQ(nlohmann::json::parse(cell.text), theirs[name]) << text;
      }
    }
  }
  EXPECT_GT(valid, 15'000U);
}

}  // namespace
}  // namespace sluice::format
