#include "cli/file_groups.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "format/data_name.h"
#include "format/strict.h"

namespace sluice::cli {
namespace {

using Kind = PathPiece::Kind;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsWord(char c) {
  return IsHex(c) || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z');
}

// What differs between files begins here and is so long; 0: nothing does.
struct Slot {
  Kind kind = Kind::kAny;
  size_t size = 0;
};

bool HasForm(std::string_view text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (size_t i = 0; i < form.size(); ++i) {
    const bool fits = form[i] == 'd'   ? IsDigit(text[i])
                      : form[i] == 'h' ? IsHex(text[i])
                                       : text[i] == form[i];
    if (!fits) return false;
  }
  return true;
}

constexpr std::string_view kUuid = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";

// Digits, joined by what stands between the parts of a date or a time.
size_t RunOfDigits(std::string_view text) {
  size_t size = 0;
  while (size < text.size()) {
    const bool joins = size > 0 && size + 1 < text.size() && IsDigit(text[size + 1]) &&
                       (text[size] == '-' || text[size] == '_' || text[size] == 'T') &&
                       !HasForm(text.substr(size + 1), kUuid);
    if (!IsDigit(text[size]) && !joins) break;
    ++size;
  }
  return size;
}

Slot SlotAt(std::string_view text, char before) {
  if (IsHex(text[0]) && !IsWord(before)) {
    if (HasForm(text, kUuid)) return {Kind::kAny, kUuid.size()};
    constexpr size_t kShortestId = 16;
    size_t size = 0;
    bool digit = false;
    while (size < text.size() && IsHex(text[size])) digit = IsDigit(text[size++]) || digit;
    const bool ends = size == text.size() || !IsWord(text[size]);
    if (size >= kShortestId && digit && ends) return {Kind::kAny, size};
  }
  if (!IsDigit(text[0])) return {};
  const size_t size = RunOfDigits(text);
  if (HasForm(text, "dddd-dd-dd") && size == 10 && format::ParseDate(text.substr(0, 10))) {
    return {Kind::kDate, size};
  }
  if (HasForm(text, "dddd-dd") && size == 7 &&
      format::ParseDate(std::string(text.substr(0, 7)) + "-01")) {
    return {Kind::kMonth, size};
  }
  return {Kind::kAny, size};
}

void AddText(std::string_view text, std::vector<PathPiece>& pieces) {
  if (text.empty()) return;
  if (pieces.empty() || pieces.back().kind != Kind::kText) pieces.push_back({Kind::kText, "", 0});
  pieces.back().text += text;
}

void AddName(std::string_view name, std::vector<PathPiece>& pieces) {
  for (size_t i = 0; i < name.size();) {
    const Slot slot = SlotAt(name.substr(i), i == 0 ? '/' : name[i - 1]);
    if (slot.size == 0) {
      AddText(name.substr(i++, 1), pieces);
      continue;
    }
    pieces.push_back({slot.kind, "", slot.size});
    i += slot.size;
  }
}

// "region=eu", as Hive and Spark name folders.
void AddFolder(std::string_view folder, std::vector<PathPiece>& pieces) {
  const size_t equals = folder.find('=');
  const std::string key = Lower(folder.substr(0, std::min(equals, folder.size())));
  const bool plain =
      !key.empty() && !IsDigit(key[0]) &&
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (plain && equals != std::string_view::npos && equals + 1 < folder.size()) {
    AddText(folder.substr(0, equals + 1), pieces);
    pieces.push_back({Kind::kKeyed, key, folder.size() - equals - 1});
  } else {
    AddName(folder, pieces);
  }
  AddText("/", pieces);
}

std::string ShapeOf(std::span<const PathPiece> pieces) {
  std::string shape;
  for (const PathPiece& piece : pieces) {
    shape += piece.kind == Kind::kText ? piece.text : piece.kind == Kind::kKeyed ? "\x01" : "\x02";
  }
  return shape;
}

// What differs between the two is no date any more, or has no size.
void Join(const std::vector<PathPiece>& more, std::vector<PathPiece>& pieces) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].kind == Kind::kText) continue;
    if (pieces[i].kind != more[i].kind) pieces[i].kind = Kind::kAny;
    if (pieces[i].size != more[i].size) pieces[i].size = 0;
  }
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '{' || c == '}') out += c;
    out += c == '*' ? '?' : c;
  }
  return out;
}

// Letters, digits and single underscores.
std::string Plain(std::string_view text) {
  std::string name;
  for (const char c : Lower(text)) {
    if ((c >= 'a' && c <= 'z') || IsDigit(c)) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (EndsWith(name, "_")) name.pop_back();
  while (!name.empty() && (IsDigit(name[0]) || name[0] == '_')) name.erase(0, 1);
  constexpr size_t kLongest = 60;
  return name.substr(0, kLongest);
}

// Says nothing of what is in the files.
bool IsGeneral(const std::string& name) {
  static const std::set<std::string> kGeneral = {"data",  "file",  "files",  "export", "output",
                                                 "chunk", "batch", "result", "results"};
  return name.empty() || kGeneral.count(name) > 0 || name == "part" || StartsWith(name, "part_");
}

}  // namespace

std::vector<FileGroup> GroupFiles(std::span<const std::string> paths) {
  std::vector<FileGroup> groups;
  std::map<std::string, size_t> by_shape;
  std::vector<std::set<std::string>> packed;  // of each group
  for (size_t i = 0; i < paths.size(); ++i) {
    const size_t slash = paths[i].rfind('/');
    const size_t start = slash == std::string::npos ? 0 : slash + 1;
    const format::DataName name = format::SplitDataName(std::string_view(paths[i]).substr(start));
    if (name.ending.empty()) continue;
    std::vector<PathPiece> pieces;
    if (start > 0) {
      for (const std::string& folder : Split(paths[i].substr(0, slash), '/')) {
        AddFolder(folder, pieces);
      }
    }
    std::string folder;
    for (const PathPiece& piece : pieces) {
      folder += piece.kind == Kind::kText ? Escaped(piece.text) : "*";
    }
    AddName(name.stem, pieces);
    AddText(name.written, pieces);
    const auto [known, is_new] = by_shape.try_emplace(ShapeOf(pieces), groups.size());
    if (is_new) {
      groups.push_back({std::move(pieces), std::move(folder), name.ending, {i}});
      packed.emplace_back();
    } else {
      Join(pieces, groups[known->second].pieces);
      groups[known->second].files.push_back(i);
    }
    packed[known->second].emplace(name.packed);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (packed[i].size() == 1) {
      AddText(*packed[i].begin(), groups[i].pieces);
    } else {
      groups[i].pieces.push_back({Kind::kAny, "", 0});
    }
  }
  return groups;
}

std::string WithoutNumber(std::string_view path) {
  constexpr size_t kMostDigits = 3;
  const size_t start = path.rfind('/') + 1;  // 0 where there is none
  const std::string_view name = path.substr(start);
  const std::string_view stem = format::SplitDataName(name).stem;
  std::string_view rest = stem;
  const bool closed = EndsWith(rest, ")");
  if (closed) rest.remove_suffix(1);
  size_t digits = 0;
  while (!rest.empty() && IsDigit(rest.back())) {
    rest.remove_suffix(1);
    ++digits;
  }
  if (digits == 0 || digits > kMostDigits) return {};
  if (closed) {
    if (!EndsWith(rest, "(")) return {};
    rest.remove_suffix(1);
    if (EndsWith(rest, " ")) rest.remove_suffix(1);
  } else if (EndsWith(rest, "_") || EndsWith(rest, "-") || EndsWith(rest, " ")) {
    rest.remove_suffix(1);
  }
  // Behind a digit or a dot it may be a part of a date or of a version.
  if (rest.empty() || !IsWord(rest.back()) || IsDigit(rest.back())) return {};
  return std::string(path.substr(0, start)) + std::string(rest) +
         std::string(name.substr(stem.size()));
}

FileGroup WholeFolder(const FileGroup& group, std::string_view stem, bool packed) {
  FileGroup folder = group;
  std::vector<PathPiece>& pieces = folder.pieces;
  while (!pieces.empty() &&
         (pieces.back().kind != Kind::kText || pieces.back().text.find('/') == std::string::npos)) {
    pieces.pop_back();
  }
  if (!pieces.empty()) pieces.back().text.erase(pieces.back().text.rfind('/') + 1);
  AddText(stem, pieces);
  pieces.push_back({Kind::kAny, "", 0});
  AddText(group.ending, pieces);
  if (packed) pieces.push_back({Kind::kAny, "", 0});
  return folder;
}

GroupPattern PatternOf(const FileGroup& group, std::span<const std::string> columns, bool exact) {
  GroupPattern pattern;
  std::set<std::string> taken(columns.begin(), columns.end());
  const auto capture = [&](const std::string& name, std::vector<std::string>& captures) {
    const std::string other = "file_" + name;
    const std::string& free = taken.count(name) == 0 ? name : other;
    if (!taken.insert(free).second) return std::string("*");
    captures.push_back(free);
    return "{" + free + "}";
  };
  for (const PathPiece& piece : group.pieces) {
    if (piece.kind == Kind::kText) {
      pattern.text += Escaped(piece.text);
    } else if (piece.kind == Kind::kKeyed) {
      // What the files have themselves is taken from there.
      const bool own = taken.count(piece.text) > 0;
      pattern.text += own ? "*" : capture(piece.text, pattern.keyed);
    } else if (exact && piece.size > 0) {
      pattern.text += std::string(piece.size, '?');
    } else if (piece.kind == Kind::kDate) {
      pattern.text += capture("date", pattern.captures);
    } else if (piece.kind == Kind::kMonth) {
      pattern.text += capture("month", pattern.captures);
    } else if (!EndsWith(pattern.text, "*")) {
      pattern.text += "*";
    }
  }
  return pattern;
}

std::string TableNameOf(const FileGroup& group, bool folder) {
  std::string path;
  std::span<const PathPiece> pieces = group.pieces;
  // Behind the ending: compressed or not.
  if (pieces.back().kind != Kind::kText) pieces = pieces.first(pieces.size() - 1);
  for (const PathPiece& piece : pieces) path += piece.kind == Kind::kText ? piece.text : "_";
  const std::vector<std::string> parts = Split(path, '/');
  const std::string name = Plain(format::SplitDataName(parts.back()).stem);
  std::string of_folder;
  for (size_t i = parts.size() - 1; i-- > 0 && of_folder.empty();) {
    if (parts[i].find('=') == std::string::npos) of_folder = Plain(parts[i]);
  }
  if (of_folder.empty()) return name.empty() ? "files" : name;
  if (IsGeneral(name)) return of_folder;
  return folder ? of_folder + "_" + name : name;
}

}  // namespace sluice::cli
