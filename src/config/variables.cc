#include "config/variables.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace sluice::config {
namespace {

bool IsNameChar(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

bool IsVariableName(std::string_view name) {
  if (name.empty() || !IsNameChar(name[0], true)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return IsNameChar(c, false); });
}

// Walks over the text of a .env file; `line` is that of the current position.
class DotenvReader {
 public:
  DotenvReader(std::string_view text, const std::string& file, Diagnostics* diagnostics)
      : text_(text), file_(file), diagnostics_(diagnostics) {}

  std::map<std::string, std::string> Read() {
    std::map<std::string, std::string> values;
    while (at_ < text_.size()) {
      SkipBlanks();
      if (at_ >= text_.size()) break;
      const char c = text_[at_];
      if (c == '\n' || c == '#') {
        SkipLine();
        continue;
      }
      const int line = line_;
      std::string name;
      std::string value;
      if (!ReadName(&name) || !ReadValue(&value)) {
        diagnostics_->Error({file_, line, 1}, "", problem_);
        SkipLine();
        continue;
      }
      values[name] = value;
    }
    return values;
  }

 private:
  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  void SkipLine() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    if (at_ < text_.size()) ++at_;
    ++line_;
  }

  std::string_view TakeNameText() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_], at_ == begin)) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool ReadName(std::string* name) {
    *name = TakeNameText();
    SkipBlanks();
    if (*name == "export" && at_ < text_.size() && text_[at_] != '=') {
      *name = TakeNameText();
      SkipBlanks();
    }
    if (name->empty() || at_ >= text_.size() || text_[at_] != '=') {
      problem_ = "expected NAME=value";
      return false;
    }
    ++at_;
    return true;
  }

  bool ReadValue(std::string* value) {
    SkipBlanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\n';
    if (quote != '"' && quote != '\'') {
      const size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view rest = text_.substr(at_, end - at_);
      // A # begins a comment only behind a blank: passwords contain it.
      for (size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '#' && (i == 0 || rest[i - 1] == ' ' || rest[i - 1] == '\t')) {
          rest = rest.substr(0, i);
        }
      }
      *value = Trim(rest);
      SkipLine();
      return true;
    }
    return ReadQuoted(quote, value);
  }

  bool ReadQuoted(char quote, std::string* value) {
    const size_t begin = at_++;
    const int begin_line = line_;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) {
        *value += Unescaped(text_[++at_]);
      } else {
        *value += text_[at_];
      }
    }
    if (at_ >= text_.size()) {
      problem_ = "this quote is not closed";
      at_ = begin;
      line_ = begin_line;
      return false;
    }
    ++at_;
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '#') {
      problem_ = "text behind the closing quote";
      return false;
    }
    SkipLine();
    return true;
  }

  static std::string Unescaped(char c) {
    switch (c) {
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      case 't':
        return "\t";
      case '"':
      case '\\':
      case '$':
        return std::string(1, c);
      default:
        return std::string("\\") + c;
    }
  }

  std::string_view text_;
  std::string file_;
  Diagnostics* diagnostics_;
  std::string problem_;
  size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::map<std::string, std::string> ParseDotenv(std::string_view text, const std::string& file,
                                               Diagnostics* diagnostics) {
  if (StartsWith(text, "\xEF\xBB\xBF")) text.remove_prefix(3);
  return DotenvReader(text, file, diagnostics).Read();
}

Variables::Variables(std::map<std::string, std::string> environment,
                     std::map<std::string, std::string> dotenv)
    : values_(std::move(environment)) {
  values_.merge(dotenv);
}

std::optional<std::string> Variables::Find(const std::string& name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return std::nullopt;
  return it->second;
}

std::vector<std::string> Variables::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_) names.push_back(name);
  return names;
}

Expansion Expand(std::string_view text, const Variables& variables) {
  Expansion out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t found = text.find("${", at);
    if (found == std::string_view::npos) break;
    out.text += text.substr(at, found - at);
    at = found + 2;
    if (found > 0 && text[found - 1] == '$') {  // $${ : the first $ is there already
      out.text += "{";
      continue;
    }
    const size_t end = text.find('}', at);
    std::string_view inside = text.substr(at, end == std::string_view::npos ? 0 : end - at);
    const size_t colon = inside.find(":-");
    const std::string name(inside.substr(0, colon));
    if (end == std::string_view::npos || !IsVariableName(name)) {
      out.malformed_at = found;
      return out;
    }
    out.has_variables = true;
    const std::optional<std::string> value = variables.Find(name);
    if (colon != std::string_view::npos) {
      out.text += value && !value->empty() ? *value : std::string(inside.substr(colon + 2));
    } else if (value) {
      out.text += *value;
    } else {
      out.missing.push_back(name);
      out.missing_at.push_back(found);
    }
    at = end + 1;
  }
  out.text += text.substr(std::min(at, text.size()));
  return out;
}

}  // namespace sluice::config
