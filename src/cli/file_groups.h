// Files as tables, by what their names have in common: "orders_2026-01.csv" and "orders_2026-02.csv" are one. Reads
// no file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::cli {

// A piece of a path: a text that all files of a group have, or what differs between them.
struct PathPiece {
  enum class Kind {
    kText,
    kAny,    // numbers, dates of several forms, ids
    kDate,   // 2026-01-31
    kMonth,  // 2026-01
    kKeyed,  // what stands behind "region=" in the name of a folder; `text` is the name
  };
  Kind kind = Kind::kText;
  std::string text;
  size_t size = 0;  // of what differs, in bytes, where it is the same in all files; else 0
};

struct FileGroup {
  std::vector<PathPiece> pieces;  // of the whole path, the ending included
  std::string folder;             // where the files are, by pattern: "orders/*/"; "" at the top
  std::string ending;             // ".csv"
  std::vector<size_t> files;      // which of the paths, in their order
};

// In the order of their first paths. What does not look like data is in none (format::LooksLikeData).
std::vector<FileGroup> GroupFiles(std::span<const std::string> paths);

// "in/orders.csv" of "in/orders_2.csv", "in/orders-2.csv", "in/orders (2).csv" or "in/orders2.csv", as people and browsers
// number files of one kind; "" where the name does not end with a number of up to three digits.
std::string WithoutNumber(std::string_view path);

// All files of the group's folder, whose names begin with `stem`.
FileGroup WholeFolder(const FileGroup& group, std::string_view stem, bool packed);

struct GroupPattern {
  std::string text;                   // as `pattern:` takes it
  std::vector<std::string> keyed;     // captures that are columns: of folders such as "region=eu"
  std::vector<std::string> captures;  // others: dates and months
};

// No capture is called like one of `columns`, which the files have themselves. `exact`: what differs has to have the
// size that it has in all files.
GroupPattern PatternOf(const FileGroup& group, std::span<const std::string> columns,
                       bool exact = false);

// A name for the table: of the file, or of the folder where the files are called "part-0001", "data" or by numbers
// alone; "files" where nothing gives one. With `folder` the name of the folder stands before that of the file.
std::string TableNameOf(const FileGroup& group, bool folder = false);

}  // namespace sluice::cli
