#include "cli/json_writer.h"

#include <cmath>
#include <ostream>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::cli {

std::string ValidUtf8(std::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    size_t size = 1;
    while (size < 4 && size < text.size() && !IsValidUtf8(text.substr(0, size))) ++size;
    if (IsValidUtf8(text.substr(0, size))) {
      out += text.substr(0, size);
      text.remove_prefix(size);
    } else {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  return out;
}

void JsonWriter::Separate() {
  if (needs_comma_ && !after_name_) out_ << ',';
  after_name_ = false;
  needs_comma_ = true;
}

void JsonWriter::Open(char bracket) {
  Separate();
  out_ << bracket;
  needs_comma_ = false;
}

void JsonWriter::Close(char bracket) {
  out_ << bracket;
  needs_comma_ = true;
}

void JsonWriter::Name(std::string_view name) {
  Text(name);
  out_ << ':';
  after_name_ = true;
}

void JsonWriter::Text(std::string_view text) {
  Separate();
  std::string quoted;
  AppendJsonString(quoted, ValidUtf8(text));
  out_ << quoted;
}

void JsonWriter::Number(int64_t number) {
  Raw(std::to_string(number));
}

void JsonWriter::Number(double number) {
  if (!std::isfinite(number)) {
    Null();
  } else {
    Raw(fmt::format("{}", number));
  }
}

void JsonWriter::Boolean(bool value) {
  Raw(value ? "true" : "false");
}
void JsonWriter::Null() {
  Raw("null");
}

void JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ << json;
}

void JsonWriter::FieldOrNull(std::string_view name, std::string_view text) {
  Name(name);
  if (text.empty()) {
    Null();
  } else {
    Text(text);
  }
}

void JsonWriter::Finish() {
  out_ << '\n';
  needs_comma_ = false;
}

}  // namespace sluice::cli
