#include "base/json_text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace sluice {
namespace {

constexpr int kMaxDepth = 64;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

void AppendUtf8(std::string& out, uint32_t point) {
  const auto byte = [&out](uint32_t b) { out += static_cast<char>(b); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

// Recursive descent (RFC 8259), writing the canonical form as it goes.
class Canonicaliser {
 public:
  Canonicaliser(std::string_view text, JsonNumbers numbers) : text_(text), numbers_(numbers) {}

  Result<std::string> Run() {
    std::string out;
    if (!Value(out, 0)) return Refuse();
    SkipBlanks();
    if (at_ != text_.size()) return Refuse();
    return out;
  }

 private:
  Status Refuse() const {
    return RejectedError("this is no valid JSON (byte " + std::to_string(at_) + ")");
  }
  void SkipBlanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Value(std::string& out, int depth) {
    if (depth > kMaxDepth) return false;
    SkipBlanks();
    switch (Peek()) {
      case '{':
        return Object(out, depth);
      case '[':
        return Array(out, depth);
      case '"': {
        std::string text;
        if (!String(text)) return false;
        AppendJsonString(out, text);
        return true;
      }
      case 't':
        return Word("true", out);
      case 'f':
        return Word("false", out);
      case 'n':
        return Word("null", out);
      default:
        return Number(out);
    }
  }

  bool Word(std::string_view word, std::string& out) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    out += word;
    return true;
  }

  bool Object(std::string& out, int depth) {
    ++at_;
    std::vector<std::pair<std::string, std::string>> members;
    if (!Take('}')) {
      do {
        SkipBlanks();
        std::string name;
        if (Peek() != '"' || !String(name) || !Take(':')) return false;
        auto& member = members.emplace_back();
        AppendJsonString(member.first, name);
        if (!Value(member.second, depth + 1)) return false;
      } while (Take(','));
      if (!Take('}')) return false;
    }
    // Compared without the closing quote, so that "a" comes before "a b".
    const auto bare = [](const auto& m) {
      return std::string_view(m.first).substr(0, m.first.size() - 1);
    };
    std::stable_sort(members.begin(), members.end(),
                     [&](const auto& a, const auto& b) { return bare(a) < bare(b); });
    out += '{';
    bool first = true;
    for (size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i + 1].first == members[i].first) continue;
      if (!first) out += ',';
      first = false;
      out += members[i].first;
      out += ':';
      out += members[i].second;
    }
    out += '}';
    return true;
  }

  bool Array(std::string& out, int depth) {
    ++at_;
    out += '[';
    if (Take(']')) {
      out += ']';
      return true;
    }
    while (true) {
      if (!Value(out, depth + 1)) return false;
      if (!Take(',')) break;
      out += ',';
    }
    out += ']';
    return Take(']');
  }

  bool String(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\') {
        if (!Escape(out)) return false;
        continue;
      }
      out += c;
      ++at_;
    }
    return false;
  }

  bool Escape(std::string& out) {
    ++at_;
    const char c = Peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return true;
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'n':
        out += '\n';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'u':
        break;
      default:
        return false;
    }
    uint32_t point = 0;
    if (!Hex4(point)) return false;
    if (point >= 0xDC00 && point < 0xE000) return false;
    if (point >= 0xD800 && point < 0xDC00) {
      uint32_t low = 0;
      if (text_.substr(at_, 2) != "\\u") return false;
      at_ += 2;
      if (!Hex4(low) || low < 0xDC00 || low >= 0xE000) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(out, point);
    return true;
  }

  bool Hex4(uint32_t& point) {
    if (at_ + 4 > text_.size()) return false;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = text_[at_];
      uint32_t digit = 0;
      if (IsDigit(c))
        digit = static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<uint32_t>(c - 'A' + 10);
      else
        return false;
      point = point << 4 | digit;
    }
    return true;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number(std::string& out) {
    const size_t begin = at_;
    if (Peek() == '-') ++at_;
    if (Peek() == '0') {
      ++at_;
    } else if (!Digits()) {
      return false;
    }
    if (Peek() == '.') {
      ++at_;
      if (!Digits()) return false;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!Digits()) return false;
    }
    AppendJsonNumber(out, text_.substr(begin, at_ - begin), numbers_);
    return true;
  }

  std::string_view text_;
  const JsonNumbers numbers_;
  size_t at_ = 0;
};

// The closing quote of the string whose text begins at `begin`. Almost all text is strings, so this
// searches a word at a time (memchr) instead of looking at every byte.
size_t StringEnd(std::string_view text, size_t begin) {
  for (size_t at = begin;; ++at) {
    at = text.find('"', at);
    if (at == std::string_view::npos) return text.size();
    size_t slashes = 0;
    while (at - slashes > begin && text[at - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return at;
  }
}

// The end of the canonical value that begins at `at`.
size_t ValueEnd(std::string_view text, size_t at) {
  int depth = 0;
  for (size_t i = at; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        i = StringEnd(text, i + 1);
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return i;
        --depth;
        break;
      case ',':
        if (depth == 0) return i;
        break;
      default:
        break;
    }
  }
  return text.size();
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kHex[c >> 4];
        out += kHex[c & 0xF];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void AppendJsonMember(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
  out += value;
}

void AppendJsonNumber(std::string& out, std::string_view number, JsonNumbers numbers) {
  const size_t exponent = number.find_first_of("eE");
  std::string_view mantissa = number.substr(0, exponent);
  const bool fraction = mantissa.find('.') != std::string_view::npos;
  if (fraction) {
    while (mantissa.back() == '0') mantissa.remove_suffix(1);
    if (mantissa.back() == '.') mantissa.remove_suffix(1);
  }
  if (mantissa == "-0") mantissa = "0";
  out += mantissa;
  if (exponent == std::string_view::npos) {
    const bool lost = fraction && mantissa.find('.') == std::string_view::npos;
    if (lost && numbers == JsonNumbers::kKeepFraction) out += ".0";
    return;
  }
  out += 'e';
  std::string_view power = number.substr(exponent + 1);
  if (!power.empty() && power.front() == '+') power.remove_prefix(1);
  out += power;
}

Result<std::string> CanonicalJson(std::string_view text, JsonNumbers numbers) {
  return Canonicaliser(text, numbers).Run();
}

JsonMemberScan::JsonMemberScan(std::string_view object) : object_(object) {
  SLUICE_CHECK(object.size() >= 2 && object.front() == '{' && object.back() == '}',
               "a canonical JSON object was expected");
}

bool JsonMemberScan::Next(JsonMember& member) {
  const size_t end = object_.size() - 1;
  if (at_ >= end) return false;
  SLUICE_CHECK(object_[at_] == '"', "a name was expected");
  const size_t name_end = StringEnd(object_, at_ + 1);
  SLUICE_CHECK(name_end + 1 < end && object_[name_end + 1] == ':', "a colon was expected");
  const size_t value_end = ValueEnd(object_, name_end + 2);
  member.name = object_.substr(at_ + 1, name_end - at_ - 1);
  member.value = object_.substr(name_end + 2, value_end - name_end - 2);
  at_ = value_end + 1;
  return true;
}

std::vector<JsonMember> JsonMembers(std::string_view object) {
  std::vector<JsonMember> members;
  JsonMember member;
  for (JsonMemberScan scan(object); scan.Next(member);) members.push_back(member);
  return members;
}

std::string_view JsonMemberValue(std::string_view object, std::string_view name) {
  JsonMember member;
  for (JsonMemberScan scan(object); scan.Next(member);) {
    if (member.name == name) return member.value;
  }
  return {};
}

std::vector<std::string_view> JsonItems(std::string_view array) {
  SLUICE_CHECK(array.size() >= 2 && array.front() == '[' && array.back() == ']',
               "a canonical JSON array was expected");
  std::vector<std::string_view> items;
  const size_t end = array.size() - 1;
  for (size_t at = 1; at < end;) {
    const size_t item_end = ValueEnd(array, at);
    items.push_back(array.substr(at, item_end - at));
    at = item_end + 1;
  }
  return items;
}

std::string JsonText(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::string(value);
  std::string out;
  out.reserve(value.size());
  for (size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] != '\\') {
      out += value[i];
      continue;
    }
    ++i;
    switch (value[i]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        // Canonical text has \u00xx only.
        SLUICE_CHECK(i + 4 < value.size(), "a cut escape");
        const auto hex = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        out += static_cast<char>(hex(value[i + 3]) * 16 + hex(value[i + 4]));
        i += 4;
        break;
      }
      default:
        out += value[i];
    }
  }
  return out;
}

}  // namespace sluice
