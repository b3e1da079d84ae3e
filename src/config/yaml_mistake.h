// What a parser says of YAML that it cannot read, in words for who wrote the file: tabs and wrong indentation are the
// usual reasons, and its own messages name neither. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

struct YamlMistake {
  size_t line = 0;    // from 0
  size_t column = 0;  // in bytes, from 0
  std::string message;
};

// `said` of the parser at a place of `text`.
YamlMistake ExplainYaml(std::string_view text, const YamlMistake& said);

}  // namespace sluice::config
