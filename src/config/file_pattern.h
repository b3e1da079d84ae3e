// Patterns of paths, as layout files has them: which files are meant, and what their paths say.
//
//   *        any run of characters but '/', also none        ?   one character but '/'
//   **       any run of characters; "a/**/b" also fits "a/b"
//   {name}   a capture: one character or more, never '/'     {{ }}  the braces themselves
//
// Where a path could be cut in several ways, the earlier wildcards and captures take as little as
// they can.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace sluice::config {

using Captures = std::map<std::string, std::string, std::less<>>;

class FilePattern {
 public:
  // kConfig for braces without a partner and names that are no names or stand there twice. Names are
  // lower-cased: columns take their values from them.
  static Result<FilePattern> Parse(std::string_view text);

  // What the captures took; nothing when `path` does not fit. Time and memory are at most the product
  // of the two lengths.
  std::optional<Captures> Match(std::string_view path) const;
  bool Fits(std::string_view path) const { return Match(path).has_value(); }

  const std::vector<std::string>& names() const { return names_; }

 private:
  struct Token {
    enum class Kind { kText, kOne, kStar, kDeep, kDeepFolder, kCapture } kind = Kind::kText;
    std::string text;  // of kText; the name of kCapture
  };
  class Matcher;
  void AddText(char c);
  std::vector<Token> tokens_;
  std::vector<std::string> names_;
};

// A path with `{name}` in it, to be filled in: "orders/{date}/_SUCCESS".
struct PathTemplate {
  struct Part {
    std::string text;
    bool is_name = false;
  };
  std::vector<Part> parts;

  static Result<PathTemplate> Parse(std::string_view text);
  // Names that `values` lacks stay empty.
  std::string Fill(const Captures& values) const;
  std::vector<std::string> Names() const;
  // The pattern of everything that it can become.
  std::string AsPattern() const;
};

}  // namespace sluice::config
