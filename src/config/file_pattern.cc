#include "config/file_pattern.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// The name between the braces at `at`, which then stands behind them.
Result<std::string> ReadName(std::string_view text, size_t* at) {
  const size_t end = text.find('}', *at);
  if (end == std::string_view::npos) {
    return ConfigError(fmt::format("\"{}\": a brace is opened and not closed", text),
                       "Write {{ where the brace itself is meant");
  }
  std::string name = Lower(text.substr(*at + 1, end - *at - 1));
  if (!IsName(name)) {
    return ConfigError(
        fmt::format("\"{}\": between braces stands the name of a capture (letters, digits, _), not "
                    "\"{}\"",
                    text, name),
        "Write {{ where the brace itself is meant");
  }
  *at = end + 1;
  return name;
}

// Calls back for each character and each name of `text`.
template <typename OnText, typename OnName>
Status Scan(std::string_view text, const OnText& on_text, const OnName& on_name) {
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const bool doubled = at + 1 < text.size() && text[at + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      on_text(std::string_view(&text[at], 1), true);
      at += 2;
    } else if (c == '{') {
      SLUICE_ASSIGN(std::string name, ReadName(text, &at));
      SLUICE_TRY(on_name(std::move(name)));
    } else if (c == '}') {
      return ConfigError(fmt::format("\"{}\": a brace is closed and was not opened", text),
                         "Write }} where the brace itself is meant");
    } else {
      at += on_text(text.substr(at), false);
    }
  }
  return Status::Ok();
}

}  // namespace

void FilePattern::AddText(char c) {
  if (tokens_.empty() || tokens_.back().kind != Token::Kind::kText) {
    tokens_.push_back({Token::Kind::kText, ""});
  }
  tokens_.back().text += c;
}

Result<FilePattern> FilePattern::Parse(std::string_view text) {
  FilePattern pattern;
  const auto on_text = [&](std::string_view rest, bool literal) -> size_t {
    if (literal || (rest.front() != '*' && rest.front() != '?')) {
      pattern.AddText(rest.front());
      return 1;
    }
    using Kind = Token::Kind;
    const auto add = [&](Kind kind, size_t length) {
      pattern.tokens_.push_back({kind, ""});
      return length;
    };
    if (rest.front() == '?') return add(Kind::kOne, 1);
    if (StartsWith(rest, "**/")) return add(Kind::kDeepFolder, 3);
    if (StartsWith(rest, "**")) return add(Kind::kDeep, 2);
    return add(Kind::kStar, 1);
  };
  const auto on_name = [&](std::string name) {
    if (std::find(pattern.names_.begin(), pattern.names_.end(), name) != pattern.names_.end()) {
      return ConfigError(fmt::format("\"{}\": the capture {{{}}} stands there twice", text, name));
    }
    pattern.names_.push_back(name);
    pattern.tokens_.push_back({Token::Kind::kCapture, std::move(name)});
    return Status::Ok();
  };
  SLUICE_TRY(Scan(text, on_text, on_name));
  return pattern;
}

// Tries the tokens one after the other; what failed once at a place is not tried there again.
class FilePattern::Matcher {
 public:
  Matcher(const FilePattern& pattern, std::string_view path)
      : pattern_(pattern), path_(path), failed_(pattern.tokens_.size() * (path.size() + 1)) {}

  std::optional<Captures> Run() {
    if (!From(0, 0)) return std::nullopt;
    return std::move(captures_);
  }

 private:
  bool From(size_t token, size_t at) {
    if (token == pattern_.tokens_.size()) return at == path_.size();
    const size_t place = token * (path_.size() + 1) + at;
    if (failed_[place]) return false;
    if (Try(pattern_.tokens_[token], token, at)) return true;
    failed_[place] = true;
    return false;
  }

  bool Try(const Token& token, size_t index, size_t at) {
    switch (token.kind) {
      case Token::Kind::kText:
        return StartsWith(path_.substr(at), token.text) && From(index + 1, at + token.text.size());
      case Token::Kind::kOne:
        return at < path_.size() && path_[at] != '/' && From(index + 1, at + 1);
      case Token::Kind::kStar:
        return Run(index, at, 0, false);
      case Token::Kind::kCapture:
        return Run(index, at, 1, false);
      case Token::Kind::kDeep:
        return Run(index, at, 0, true);
      case Token::Kind::kDeepFolder:
        break;
    }
    // Nothing, or whole folders.
    if (From(index + 1, at)) return true;
    for (size_t slash = path_.find('/', at); slash != std::string_view::npos;
         slash = path_.find('/', slash + 1)) {
      if (From(index + 1, slash + 1)) return true;
    }
    return false;
  }

  bool Run(size_t index, size_t at, size_t least, bool deep) {
    for (size_t end = at; end <= path_.size(); ++end) {
      if (end > at && !deep && path_[end - 1] == '/') return false;
      if (end - at < least || !From(index + 1, end)) continue;
      const Token& token = pattern_.tokens_[index];
      if (token.kind == Token::Kind::kCapture) captures_[token.text] = path_.substr(at, end - at);
      return true;
    }
    return false;
  }

  const FilePattern& pattern_;
  const std::string_view path_;
  std::vector<bool> failed_;
  Captures captures_;
};

std::optional<Captures> FilePattern::Match(std::string_view path) const {
  // Most files of a listing belong to another table: their beginning tells.
  if (!tokens_.empty() && tokens_[0].kind == Token::Kind::kText &&
      !StartsWith(path, tokens_[0].text)) {
    return std::nullopt;
  }
  return Matcher(*this, path).Run();
}

Result<PathTemplate> PathTemplate::Parse(std::string_view text) {
  PathTemplate path;
  const auto on_text = [&](std::string_view rest, bool) -> size_t {
    if (path.parts.empty() || path.parts.back().is_name) path.parts.emplace_back();
    path.parts.back().text += rest.front();
    return 1;
  };
  const auto on_name = [&](std::string name) {
    path.parts.push_back({std::move(name), true});
    return Status::Ok();
  };
  SLUICE_TRY(Scan(text, on_text, on_name));
  return path;
}

std::string PathTemplate::Fill(const Captures& values) const {
  std::string out;
  for (const Part& part : parts) {
    const auto value = part.is_name ? values.find(part.text) : values.end();
    if (!part.is_name) out += part.text;
    if (value != values.end()) out += value->second;
  }
  return out;
}

std::vector<std::string> PathTemplate::Names() const {
  std::vector<std::string> names;
  for (const Part& part : parts) {
    if (part.is_name) names.push_back(part.text);
  }
  return names;
}

std::string PathTemplate::AsPattern() const {
  std::string out;
  for (const Part& part : parts) {
    out += part.is_name ? "*" : ReplaceAll(ReplaceAll(part.text, "{", "{{"), "}", "}}");
  }
  return out;
}

}  // namespace sluice::config
