#include "format/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "format/json_keys.h"
#include "format/json_scanner.h"

namespace sluice::format {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

static_assert(JsonScanner::kPadding >= simdjson::SIMDJSON_PADDING);

constexpr int kMaxDepth = 200;
constexpr size_t kFirstCapacity = 64 * 1024;
constexpr size_t kNamedKeyBytes = 100;  // of a key in a message

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// The object or array that begins there, which was found to be valid, without blanks between its parts.
// Gives its end.
const char* AppendCompact(std::string& out, const char* at) {
  size_t depth = 0;
  do {
    const char c = *at++;
    if (IsBlank(c)) continue;
    out += c;
    if (c == '"') {
      const char* begin = at;
      while (*at != '"') at += *at == '\\' ? 2 : 1;
      out.append(begin, ++at);
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  } while (depth > 0);
  return at;
}

std::string_view WhatIsWrong(error_code error) {
  switch (error) {
    case simdjson::STRING_ERROR:
      return "an escape that JSON does not know, or half of a surrogate pair";
    case simdjson::UNESCAPED_CHARS:
      return "a control character inside a text";
    case simdjson::UNCLOSED_STRING:
      return "a text is never closed";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "a bracket is never closed";
    default:
      return "a comma, a colon, a bracket or a value is missing, or one too many";
  }
}

// Where the text begins that is never closed, or where a control character stands in one.
size_t PlaceInTexts(std::string_view bytes, error_code error) {
  bool in_text = false;
  size_t begin = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    const bool control = in_text && static_cast<unsigned char>(c) < 0x20;
    if (control && error == simdjson::UNESCAPED_CHARS) return i;
    if (in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_text = !in_text;
      begin = i;
    }
  }
  return begin;
}

}  // namespace

bool IsJsonNumber(std::string_view text) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const size_t whole = SkipDigits(text, at);
  if (whole == at || (text[at] == '0' && whole > at + 1)) return false;
  at = whole;
  if (at < text.size() && text[at] == '.') {
    const size_t end = SkipDigits(text, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t end = SkipDigits(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

class JsonReader::Parser {
 public:
  Parser(ByteSource& source, JsonReaderOptions options)
      : options_(std::move(options)),
        scanner_(source, options_.max_record_bytes, options_.one_record),
        keys_(JsonKeys::Of(options_.columns)),
        seen_(options_.columns.size()) {}

  Result<bool> Next() {
    SLUICE_ASSIGN(const bool more, scanner_.Next());
    if (!more) return false;
    const JsonRawRecord& raw = scanner_.record();
    record_ = {};
    record_.number = ++number_;
    record_.line = raw.line;
    record_.offset = raw.offset;
    record_.size = raw.size;
    record_.raw = std::string_view(raw.bytes).substr(0, options_.raw_limit);
    record_.raw_cut = raw.size > record_.raw.size();
    record_.fault_column = options_.columns.size();
    cells_.assign(options_.columns.size(), {.text = {}, .quoted = false, .null = true});
    places_.assign(options_.columns.size(), {});
    nested_.clear();
    nested_cells_.clear();
    unknown_here_.clear();
    Parse(raw);
    if (record_.fault == JsonFault::kNone) Finish();
    return true;
  }

  const JsonRecord& record() const { return record_; }
  const std::vector<bool>& seen() const { return seen_; }
  const std::vector<UnknownKey>& unknown() const { return unknown_; }

 private:
  void SetFault(JsonFault fault, std::string reason, size_t column) {
    if (record_.fault != JsonFault::kNone) return;
    record_.fault = fault;
    record_.reason = std::move(reason);
    record_.fault_column = std::min(column, options_.columns.size());
  }
  void SetFault(JsonFault fault, std::string reason) {
    SetFault(fault, std::move(reason), options_.columns.size());
  }

  // What is no JSON counts more than what was found in it before. Always false: nothing more is read.
  bool Broken(size_t place, std::string_view what) {
    record_.fault = JsonFault::kNone;
    SetFault(JsonFault::kBroken, fmt::format("broken JSON at byte {}: {}", place, what));
    return false;
  }
  bool Broken(error_code error) {
    const char* at = nullptr;
    const std::string_view bytes = scanner_.record().bytes;
    const bool known = document_.current_location().get(at) == simdjson::SUCCESS &&
                       at >= bytes.data() && at <= bytes.data() + bytes.size();
    return Broken(known ? static_cast<size_t>(at - bytes.data()) : bytes.size(),
                  WhatIsWrong(error));
  }
  bool BrokenAt(std::string_view token, std::string_view what) {
    return Broken(static_cast<size_t>(token.data() - scanner_.record().bytes.data()), what);
  }

  void Parse(const JsonRawRecord& raw) {
    if (raw.too_long) {
      return SetFault(JsonFault::kTooLong, fmt::format("the record is longer than {} bytes",
                                                       Thousands(options_.max_record_bytes)));
    }
    if (raw.bytes.empty()) {
      (void)Broken(0, "a comma with no value before or behind it");
      return;
    }
    if (raw.bytes.front() != '{') return NoObject(raw.bytes);
    error_code error = simdjson::SUCCESS;
    if (parser_.capacity() < raw.bytes.size()) {
      error = parser_.allocate(std::max(kFirstCapacity, 2 * raw.bytes.size()));
    }
    if (error == simdjson::SUCCESS) {
      const size_t allocated = raw.bytes.size() + simdjson::SIMDJSON_PADDING;
      error = parser_.iterate(raw.bytes.data(), raw.bytes.size(), allocated).get(document_);
    }
    if (error == simdjson::UTF8_ERROR) return SetFault(JsonFault::kInvalidUtf8, "not valid UTF-8");
    if (error != simdjson::SUCCESS) {
      (void)Broken(PlaceInTexts(raw.bytes, error), WhatIsWrong(error));
      return;
    }
    ondemand::object object;
    error = document_.get_object().get(object);
    if (error != simdjson::SUCCESS) {
      (void)Broken(raw.bytes.size(), WhatIsWrong(error));
      return;
    }
    if (Members(object, keys_.get(), 1) &&
        document_.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      (void)Broken(error_code::TAPE_ERROR);  // something stands behind the object
    }
  }

  void NoObject(std::string_view bytes) {
    std::string_view what;
    switch (bytes.front()) {
      case '[':
        what = "an array";
        break;
      case '"':
        what = "a text";
        break;
      case 't':
      case 'f':
      case 'n':
        what = "true, false or null";
        break;
      default:
        what = bytes.front() == '-' || IsDigit(bytes.front()) ? "a number" : "";
    }
    if (!IsValidUtf8(bytes)) return SetFault(JsonFault::kInvalidUtf8, "not valid UTF-8");
    if (what.empty()) {
      (void)Broken(0, "an object begins with {");
      return;
    }
    SetFault(JsonFault::kNotAnObject, fmt::format("not an object, but {}", what));
  }

  bool Members(ondemand::object& object, JsonKeys* keys, int depth) {
    if (depth > kMaxDepth) return TooDeep();
    size_t place = 0;
    for (auto next : object) {
      ondemand::field field;
      error_code error = std::move(next).get(field);
      if (error != simdjson::SUCCESS) return Broken(error);
      std::string_view name;
      error = field.unescaped_key().get(name);
      if (error != simdjson::SUCCESS) return Broken(error);
      if (!Whole(name)) return false;
      const JsonKey* key = keys == nullptr ? nullptr : Meet(*keys, name, place++);
      ondemand::value value = field.value();
      if (!Value(value, key, depth)) return false;
    }
    return true;
  }

  bool Items(ondemand::array& array, int depth) {
    if (depth > kMaxDepth) return TooDeep();
    for (auto next : array) {
      ondemand::value value;
      const error_code error = std::move(next).get(value);
      if (error != simdjson::SUCCESS) return Broken(error);
      if (!Value(value, nullptr, depth)) return false;
    }
    return true;
  }

  bool TooDeep() {
    SetFault(JsonFault::kTooDeep, fmt::format("nested more than {} deep", kMaxDepth));
    return false;
  }

  // The key, or nullptr when nobody asks for it. Notes what is there twice and what is not known.
  const JsonKey* Meet(JsonKeys& keys, std::string_view name, size_t place) {
    JsonKey* key = keys.Find(name, place);
    if (key == nullptr) {
      if (Collects(keys)) unknown_here_.emplace_back(Named(keys, name), nullptr);
      return nullptr;
    }
    if (key->seen_in == number_) {
      SetFault(JsonFault::kDuplicateKey,
               fmt::format("the key {} is there twice", Named(keys, name)),
               key->known() ? key->first_column : options_.columns.size());
    }
    key->seen_in = number_;
    if (!key->known() && !key->told && Collects(keys)) {
      unknown_here_.emplace_back(Named(keys, name), key);
    }
    return key->known() ? key : nullptr;
  }

  bool Collects(const JsonKeys& keys) const {
    return options_.collect_unknown && !keys.covered() &&
           unknown_.size() + unknown_here_.size() <= kMaxUnknownKeys;
  }

  static std::string Named(const JsonKeys& keys, std::string_view name) {
    if (name.size() <= kNamedKeyBytes) return keys.path() + std::string(name);
    size_t cut = kNamedKeyBytes;
    while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0U) == 0x80U) --cut;
    return keys.path() + std::string(name.substr(0, cut)) + "…";
  }

  // simdjson 3.0 lets the second half of a surrogate pair stand alone, which is no character.
  bool Whole(std::string_view text) {
    if (IsValidUtf8(text)) return true;
    return Broken(simdjson::STRING_ERROR);
  }

  bool Value(ondemand::value& value, const JsonKey* key, int depth) {
    ondemand::json_type type{};
    error_code error = value.type().get(type);
    if (error != simdjson::SUCCESS) return Broken(error);
    const char* begin = value.raw_json_token().data();
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        error = value.get_object().get(object);
        if (error != simdjson::SUCCESS) return Broken(error);
        JsonKeys* members = key == nullptr ? nullptr : key->members.get();
        if (!Members(object, members, depth + 1)) return false;
        if (key != nullptr) TakeNested(*key, begin);
        return true;
      }
      case ondemand::json_type::array: {
        ondemand::array array;
        error = value.get_array().get(array);
        if (error != simdjson::SUCCESS) return Broken(error);
        if (!Items(array, depth + 1)) return false;
        if (key != nullptr) TakeNested(*key, begin);
        if (key != nullptr) NoMembers(*key, "an array");
        return true;
      }
      case ondemand::json_type::string: {
        const std::string_view value_token = value.raw_json_token();
        std::string_view text;
        error = value.get_string().get(text);
        if (error != simdjson::SUCCESS) return Broken(error);
        if (!Whole(text)) return false;
        if (key != nullptr) TakeText(*key, text, value_token);
        return true;
      }
      default:
        return Plain(value.raw_json_token(), type, key);
    }
  }

  // A number, true, false or null.
  bool Plain(std::string_view token, ondemand::json_type type, const JsonKey* key) {
    while (!token.empty() && IsBlank(token.back())) token.remove_suffix(1);
    if (type == ondemand::json_type::number) {
      if (!IsJsonNumber(token)) return BrokenAt(token, "this is no number as JSON writes it");
    } else if (token != "true" && token != "false" && token != "null") {
      return BrokenAt(token, "true, false or null was expected");
    }
    if (key == nullptr) return true;
    for (const size_t column : key->columns) {
      if (token == "null") {
        SetNull(column, token);
      } else {
        Set(column, token, false, token);
      }
    }
    if (token == "null") return true;
    NoMembers(*key, type == ondemand::json_type::number ? "a number" : "true or false");
    return true;
  }

  // `token`: with its quotes, as it stands.
  void TakeText(const JsonKey& key, std::string_view text, std::string_view token) {
    while (IsBlank(token.back())) token.remove_suffix(1);
    if (!key.columns.empty() && text.find('\0') != std::string_view::npos) {
      SetFault(JsonFault::kNulCharacter, "a NUL character in a text", key.columns.front());
    }
    for (const size_t column : key.columns) {
      if (text.empty() && options_.empty_is_null) {
        SetNull(column, token);
      } else {
        Set(column, text, true, token);
      }
    }
    NoMembers(key, "a text");
  }

  void TakeNested(const JsonKey& key, const char* begin) {
    if (key.columns.empty()) return;
    const size_t from = nested_.size();
    const char* end = AppendCompact(nested_, begin);
    const std::string_view token(begin, static_cast<size_t>(end - begin));
    for (const size_t column : key.columns) {
      Set(column, token, false, token);  // it is set when the buffer grows no more
      nested_cells_.push_back({column, from, nested_.size() - from});
    }
  }

  // What stands where a path goes on. Nothing is lost where a column takes it as it is.
  void NoMembers(const JsonKey& key, std::string_view what) {
    if (key.members == nullptr || !key.columns.empty()) return;
    SetFault(JsonFault::kNoObject, fmt::format("{} stands where an object was expected", what),
             key.first_column);
  }

  // `token`: its bytes in the record.
  void SetNull(size_t column, std::string_view token) {
    if (places_[column].size == 0) places_[column] = PlaceOf(token);
  }
  JsonPlace PlaceOf(std::string_view token) const {
    return {static_cast<size_t>(token.data() - scanner_.record().bytes.data()), token.size()};
  }
  void Set(size_t column, std::string_view text, bool quoted, std::string_view token) {
    places_[column] = PlaceOf(token);
    if (!cells_[column].null) {
      SetFault(JsonFault::kTwoValues, "two of the keys that the column goes by have a value",
               column);
    }
    cells_[column] = {.text = text, .quoted = quoted, .null = false};
  }

  void Finish() {
    for (const NestedCell& nested : nested_cells_) {
      cells_[nested.column].text = std::string_view(nested_).substr(nested.from, nested.size);
    }
    size_t bytes = 0;
    for (const CsvCell& cell : cells_) bytes += cell.text.size();
    if (bytes > kMaxCellBytes) {
      return SetFault(JsonFault::kTooLong,
                      fmt::format("the values of the record have more than {} bytes",
                                  Thousands(kMaxCellBytes)));
    }
    for (size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].size > 0) seen_[i] = true;
    }
    for (auto& [path, key] : unknown_here_) {
      if (key != nullptr) key->told = true;
      unknown_.push_back({std::move(path), record_.line});
    }
    record_.cells = cells_;
    record_.places = places_;
  }

  struct NestedCell {
    size_t column = 0;
    size_t from = 0;
    size_t size = 0;
  };

  const JsonReaderOptions options_;
  JsonScanner scanner_;
  std::shared_ptr<JsonKeys> keys_;
  ondemand::parser parser_;
  ondemand::document document_;

  JsonRecord record_;
  uint64_t number_ = 0;
  std::vector<CsvCell> cells_;
  std::vector<JsonPlace> places_;
  std::string nested_;  // the texts of objects and arrays
  std::vector<NestedCell> nested_cells_;
  std::vector<std::pair<std::string, JsonKey*>> unknown_here_;
  std::vector<bool> seen_;
  std::vector<UnknownKey> unknown_;
};

JsonReader::JsonReader(ByteSource& source, JsonReaderOptions options)
    : parser_(std::make_unique<Parser>(source, std::move(options))) {}

JsonReader::~JsonReader() = default;

Result<bool> JsonReader::Next() {
  return parser_->Next();
}

const JsonRecord& JsonReader::record() const {
  return parser_->record();
}

const std::vector<bool>& JsonReader::seen() const {
  return parser_->seen();
}

const std::vector<UnknownKey>& JsonReader::unknown() const {
  return parser_->unknown();
}

}  // namespace sluice::format
