// JSON written as it is made, without a document in memory.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace sluice::cli {

// Calls nest: inside an object every value comes after Name (or by Field). What is opened is closed in
// order; that is the caller's matter.
class JsonWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Name(std::string_view name);

  // Bytes that are no UTF-8 become U+FFFD.
  void Text(std::string_view text);
  void Number(int64_t number);
  void Number(double number);  // null where JSON has no such number
  void Boolean(bool value);
  void Null();
  void Raw(std::string_view json);  // a whole value

  void Field(std::string_view name, std::string_view text) { Name(name), Text(text); }
  void Field(std::string_view name, const char* text) { Name(name), Text(text); }
  void Field(std::string_view name, int64_t number) { Name(name), Number(number); }
  void Field(std::string_view name, bool value) { Name(name), Boolean(value); }
  // "" as null: for what is not known or not there.
  void FieldOrNull(std::string_view name, std::string_view text);

  // The end of the document: a line end.
  void Finish();

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Separate();

  std::ostream& out_;
  bool needs_comma_ = false;
  bool after_name_ = false;
};

// `text` as valid UTF-8.
std::string ValidUtf8(std::string_view text);

}  // namespace sluice::cli
