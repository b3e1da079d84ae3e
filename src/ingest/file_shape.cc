#include "ingest/file_shape.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "format/csv_head.h"
#include "format/text_source.h"
#include "ingest/json_files.h"

namespace sluice::ingest {
namespace {

// What the table's columns are called in files, in lower case, and which column each name means.
std::map<std::string, std::string> NamesInFiles(const TargetTable& target) {
  std::map<std::string, std::string> names;
  for (const DdlColumn& column : target.columns) {
    if (column.from.empty()) names.emplace(column.name, column.name);
    for (const std::string& name : column.from) names.emplace(Lower(name), column.name);
  }
  return names;
}

std::vector<std::string> Known(const TargetTable& target) {
  std::vector<std::string> known;
  for (const auto& [name, column] : NamesInFiles(target)) known.push_back(name);
  return known;
}

format::HeaderRule RuleOf(const config::CsvOptions& options) {
  switch (options.header) {
    case config::CsvOptions::Header::kYes:
      return format::HeaderRule::kYes;
    case config::CsvOptions::Header::kNo:
      return format::HeaderRule::kNo;
    case config::CsvOptions::Header::kAuto:
      break;
  }
  return format::HeaderRule::kAuto;
}

std::string NextForNewColumn(const TargetTable& target) {
  return target.has_pod
             ? "Set schema_changes: evolve or ignore, or wait for the vendor's schema file"
             : "Declare it, or set schema_changes: evolve or ignore";
}

Status TwoNames(const std::string& column, const std::string& a, const std::string& b) {
  return RejectedError(
      fmt::format("the header has both {} and {}, and both are column {}", a, b, column),
      "Leave one of them out of its `from`");
}

// A column that nobody declared, as text. Its name is free unless a column goes by another in files, or it is one that
// Sluice keeps for its own (an export of a table that it made).
Status AddColumn(const std::string& name, const TargetTable& target,
                 std::vector<DdlColumn>* added) {
  if (StartsWith(name, "_sluice")) {
    return RejectedError(
        fmt::format("the header has a column {}, and such names are Sluice's own", name),
        "Name it in the `from` of a declared column, or set schema_changes: ignore");
  }
  const bool taken = std::any_of(target.columns.begin(), target.columns.end(),
                                 [&](const DdlColumn& column) { return column.name == name; });
  if (taken) {
    return RejectedError(
        fmt::format("the header has a column {}, and the table's column of that name is called "
                    "otherwise in files",
                    name),
        fmt::format("Name it in the `from` of column {}, or declare it under another name", name));
  }
  added->push_back({name, format::SqlType{}});
  return Status::Ok();
}

std::string AsWritten(const std::string& delimiter) {
  return delimiter == "\t" ? "tab" : delimiter;
}

// A header of one name that nobody knows, with a usual delimiter in it: whatever the project does with columns that
// it does not know, here it would leave all of them empty.
Status OneNameForAll(const format::CsvHead& head, const TargetTable& target) {
  if (head.names.size() != 1 || head.unknown.empty()) return Status::Ok();
  for (const char* usual : {";", "\t", "|", ","}) {
    if (target.csv.delimiter == usual || head.names.front().find(usual) == std::string::npos) {
      continue;
    }
    return RejectedError(fmt::format(
        "the header is one name with a \"{0}\" in it: is that the delimiter? Then write "
        "csv: {{ delimiter: \"{0}\" }}",
        AsWritten(usual)));
  }
  return Status::Ok();
}

Status ByHeader(const format::CsvHead& head, const TargetTable& target, FileShape& shape,
                std::vector<DdlColumn>* added) {
  const std::map<std::string, std::string> known = NamesInFiles(target);
  std::map<std::string, std::string> taken;  // column -> its name in this header
  for (const std::string& name : head.names) {
    const auto captured = target.captured.find(name);
    if (captured != target.captured.end()) {
      return RejectedError(
          fmt::format("the header has a column {}, which takes its value from {{{}}} of the path",
                      name, captured->second),
          "Call the capture or the column otherwise, or leave one of them out");
    }
    const auto column = known.find(name);
    if (column != known.end()) {
      const auto [earlier, first] = taken.try_emplace(column->second, name);
      if (!first) return TwoNames(column->second, earlier->second, name);
      shape.columns.push_back(column->second);
      continue;
    }
    switch (target.schema_changes) {
      case config::SchemaChanges::kIgnore:
        shape.columns.emplace_back();
        break;
      case config::SchemaChanges::kEvolve:
        SLUICE_TRY(AddColumn(name, target, added));
        shape.columns.push_back(name);
        break;
      case config::SchemaChanges::kDeclared:
      case config::SchemaChanges::kFreeze:
        return RejectedError(fmt::format("the header has a column {} that is not declared{}", name,
                                         DidYouMean(name, Known(target))),
                             NextForNewColumn(target));
    }
  }
  return Status::Ok();
}

// A first line with some names of columns in it may be a header that says more than was declared, or data. Zenoti's lines
// without a header go by the vendor's rule, but a line of nothing but names is none of them. Fields that are no names
// of columns may be somebody's values, and are not told.
Status NeitherHeaderNorData(const format::CsvHead& head, const TargetTable& target) {
  if (head.half_known.empty()) return Status::Ok();
  // Two words may be somebody's values.
  const bool names = head.all_could_be_names && (head.half_known.size() > 1 || head.fields > 3);
  if (target.has_pod && !names) return Status::Ok();
  std::vector<std::string> columns;
  for (const DdlColumn& column : target.columns) {
    if (target.captured.count(column.name) == 0) columns.push_back(column.name);
  }
  const std::string found =
      fmt::format("line {} has {} of {} that {} called like a column ({})", head.line,
                  head.half_known.size(), Counted(head.fields, "field"),
                  head.half_known.size() == 1 ? "is" : "are", Join(head.half_known, ", "));
  if (target.has_pod) {
    return RejectedError(
        fmt::format("{}, and the others could be names too: it looks like the header of another "
                    "table or version. Expected at least half of the columns of the schema file "
                    "({}), and fewer others, or rows without a header",
                    found, Join(columns, ", ")),
        "Have the vendor send the file again, or its schema file. Where this is the header: csv: "
        "{ header: true } for the table; where it is data: csv: { header: false }");
  }
  return RejectedError(
      fmt::format("{}: it may be a header or data. A header has each "
                  "name once, at least half of the declared ones ({}), and fewer others unless all "
                  "of them are there. Write "
                  "csv: {{ header: true }}, with "
                  "`from` at the columns that are called otherwise in files, or csv: {{ header: "
                  "false }} where it is data",
                  found, Join(columns, ", ")));
}

using Lists = std::set<std::vector<std::string>>;

// The versions with exactly `width` columns; without one, what is left of longer ones when the columns
// that upgrades appended are taken off their ends.
Lists ListsOfWidth(const ColumnVersions& versions, size_t width) {
  Lists exact;
  Lists shortened;
  for (const std::vector<std::string>& list : versions.lists) {
    if (list.size() == width) exact.insert(list);
    if (list.size() <= width) continue;
    const auto rest = list.begin() + static_cast<ptrdiff_t>(width);
    const bool appended = std::all_of(rest, list.end(), [&](const std::string& name) {
      return versions.appended.count(name) > 0;
    });
    if (appended) shortened.insert({list.begin(), rest});
  }
  return exact.empty() ? shortened : exact;
}

Status TwoVersions(const Lists& lists) {
  const std::vector<std::string>& a = *lists.begin();
  const std::vector<std::string>& b = *std::next(lists.begin());
  size_t at = 0;
  while (a[at] == b[at]) ++at;
  return RejectedError(
      fmt::format("the file has {} and no header, and two versions of the table have so many: "
                  "column {} is {} in one and {} in the other",
                  Counted(a.size(), "column"), at + 1, a[at], b[at]),
      "Have the file sent with a header");
}

// Records of one field that would be several with another delimiter: never the first column of each. Where the table
// has no more than one column its texts may be so, and who says `header` has looked at them.
Status OneFieldForAll(const format::CsvHead& head, const TargetTable& target, size_t widest) {
  if (head.columns != 1 || head.common_delimiter.empty()) return Status::Ok();
  const auto is_text = [&](const std::vector<std::string>& list) {
    return std::any_of(target.columns.begin(), target.columns.end(), [&](const DdlColumn& column) {
      return !list.empty() && column.name == list.front() &&
             column.type.kind == format::SqlType::Kind::kText;
    });
  };
  const auto& lists = target.versions.lists;
  // Of another type these are no values, and every row is a bad one.
  if (std::none_of(lists.begin(), lists.end(), is_text)) return Status::Ok();
  const std::string delimiter = AsWritten(head.common_delimiter);
  if (widest > 1) {
    return RejectedError(fmt::format(
        "most rows are one field with a \"{0}\" in it, and the table has {1}: is that the "
        "delimiter? Then write csv: {{ delimiter: \"{0}\" }}",
        delimiter, Counted(widest, "column")));
  }
  if (!head.common_in_all || target.csv.header != config::CsvOptions::Header::kAuto) {
    return Status::Ok();
  }
  return RejectedError(fmt::format(
      "every row has a \"{0}\" in its one field: is that the delimiter? Then write csv: "
      "{{ delimiter: \"{0}\" }}, and declare the other columns. Where it belongs to the "
      "values, csv: {{ header: false }} says that you have looked (true, if there is one)",
      delimiter));
}

// By the version of the file's width. More columns than any has: by the widest one, where the project
// wants what is new left out.
Status ByPosition(format::CsvHead head, const TargetTable& target, FileShape& shape) {
  size_t widest = 0;
  size_t narrowest = std::numeric_limits<size_t>::max();
  for (const std::vector<std::string>& list : target.versions.lists) {
    widest = std::max(widest, list.size());
    narrowest = std::min(narrowest, list.size());
  }
  if (head.columns == widest + 1 && head.ends_empty) --head.columns;
  if (head.columns > widest && target.csv.cut_long) head.columns = widest;
  const bool short_one = target.csv.pad_short || !ListsOfWidth(target.versions, 1).empty();
  if (short_one && widest > 0) SLUICE_TRY(OneFieldForAll(head, target, widest));
  if (target.csv.pad_short && ListsOfWidth(target.versions, head.columns).empty()) {
    head.columns = std::max(head.columns, widest);
  }
  if (head.columns > widest && target.schema_changes != config::SchemaChanges::kIgnore) {
    return RejectedError(
        fmt::format("the file has {} and no header, the table only {}: the new ones have no name",
                    Counted(head.columns, "column"), widest),
        target.has_pod ? "Set schema_changes: ignore, or wait for the vendor's schema file"
                       : "Declare them, or set schema_changes: ignore");
  }
  const Lists lists = ListsOfWidth(target.versions, std::min(head.columns, widest));
  if (lists.size() > 1) return TwoVersions(lists);
  if (lists.empty() && head.columns == 1 && !head.other_delimiter.empty()) {
    return RejectedError(
        fmt::format("the file has 1 column and no header, the table {0}, and its first line has a "
                    "\"{1}\": is that the delimiter? Then write csv: {{ delimiter: \"{1}\" }}",
                    narrowest, AsWritten(head.other_delimiter)));
  }
  if (lists.empty()) {
    return RejectedError(
        head.columns < narrowest
            ? fmt::format("the file has {} and no header, the table {}: which ones are missing "
                          "cannot be told",
                          Counted(head.columns, "column"), narrowest)
            : fmt::format("the file has {} and no header, and no version of the table has so many",
                          Counted(head.columns, "column")));
  }
  shape.columns = *lists.begin();
  shape.columns.resize(head.columns);
  return Status::Ok();
}

constexpr const char* kSettledByFile = "auto";

// A column whose file has to say whether the day or the month comes first.
struct OrderTrial {
  size_t position = 0;
  const DdlColumn* column = nullptr;
  format::DateOrderTrial order = {};
};

std::vector<OrderTrial> OrderTrialsOf(const TargetTable& target, const FileShape& shape) {
  std::vector<OrderTrial> trials;
  for (const DdlColumn& column : target.columns) {
    const auto at = std::find(shape.columns.begin(), shape.columns.end(), column.name);
    const format::ValueForm form = FormOf(target, column, {});
    if (at == shape.columns.end() || form.date != kSettledByFile || !form.Concerns(column.type)) {
      continue;
    }
    trials.push_back({static_cast<size_t>(at - shape.columns.begin()), &column});
  }
  return trials;
}

// Finds it out over all values of the columns. `reader` is one of either format, at the beginning.
template <typename Reader>
Status SettleDateOrders(Reader& reader, std::vector<OrderTrial> trials, FileShape& shape,
                        const env::Cancel* cancel) {
  constexpr uint64_t kLookEvery = 65'536;
  for (uint64_t n = 0;; ++n) {
    if (n % kLookEvery == 0 && cancel != nullptr && cancel->is_set()) {
      return CancelledError("stopped");
    }
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) break;
    if (reader.record().fault != decltype(reader.record().fault)::kNone) continue;
    for (OrderTrial& trial : trials) {
      const format::CsvCell& cell = reader.record().cells[trial.position];
      if (!cell.null) trial.order.Add(cell.text, trial.column->type);
    }
  }
  for (const OrderTrial& trial : trials) {
    shape.date_orders[trial.column->name] = trial.order.Order();
  }
  return Status::Ok();
}

}  // namespace

std::vector<std::string> MissingColumns(const TargetTable& target, const FileShape& shape) {
  const std::set<std::string> there(shape.columns.begin(), shape.columns.end());
  const auto is_there = [&](const std::string& name) { return there.count(name) > 0; };
  for (const std::vector<std::string>& list : target.versions.lists) {
    if (list.size() < target.columns.size() && std::all_of(list.begin(), list.end(), is_there)) {
      return {};
    }
  }
  std::vector<std::string> missing;
  for (const DdlColumn& column : target.columns) {
    const bool captured = target.captured.count(column.name) > 0;
    if (!captured && !is_there(column.name)) missing.push_back(column.name);
  }
  return missing;
}

format::CsvDialect DialectOf(const config::CsvOptions& options) {
  format::CsvDialect dialect;
  dialect.delimiter = options.delimiter;
  dialect.quote = options.quote;
  dialect.escape = options.escape;
  dialect.comment = options.comment;
  dialect.skip_lines = static_cast<size_t>(options.skip_lines);
  dialect.null_words = options.null_words;
  dialect.empty_quoted_is_null = options.empty_quoted_is_null;
  dialect.pad_short = options.pad_short;
  dialect.cut_long = options.cut_long;
  dialect.encoding = options.encoding;
  return dialect;
}

config::FileFormat FormatOf(const TargetTable& target, std::string_view path) {
  if (target.format != config::FileFormat::kByName) return target.format;
  std::string name = Lower(path);
  for (const std::string_view packed : {".gz", ".zst", ".zip"}) {
    if (EndsWith(name, packed)) name.resize(name.size() - packed.size());
  }
  if (EndsWith(name, ".parquet")) return config::FileFormat::kParquet;
  const bool json =
      EndsWith(name, ".json") || EndsWith(name, ".jsonl") || EndsWith(name, ".ndjson");
  return json ? config::FileFormat::kJson : config::FileFormat::kCsv;
}

Status CheckNoBytes(const TargetTable& target, std::string_view path) {
  if (target.has_pod) return Status::Ok();
  const std::string name = Lower(path);
  std::string_view expected;
  if (FormatOf(target, path) == config::FileFormat::kParquet) expected = "Parquet file";
  if (EndsWith(name, ".gz")) expected = "gzip file";
  if (EndsWith(name, ".zst")) expected = "zstd file";
  if (EndsWith(name, ".zip")) expected = "zip archive";
  if (expected.empty()) return Status::Ok();
  return RejectedError(fmt::format("it has 0 bytes, and is no {}", expected),
                       "Have the file sent again");
}

format::CsvReaderOptions ReaderOptions(const TargetTable& target, const FileShape& shape) {
  format::CsvReaderOptions options;
  options.dialect = DialectOf(target.csv);
  options.columns = shape.columns.size();
  options.header = shape.header;
  options.max_record_bytes = static_cast<size_t>(target.csv.max_row_bytes);
  return options;
}

format::ValueForm FormOf(const TargetTable& target, const DdlColumn& column,
                         const FileShape& shape) {
  format::ValueForm form;
  // A number of JSON has a point.
  if (shape.format == config::FileFormat::kCsv) {
    form.decimal = target.csv.decimal;
    form.thousands = target.csv.thousands;
  }
  form.date = column.date_format.empty() ? target.csv.date_format : column.date_format;
  const auto settled = shape.date_orders.find(column.name);
  if (settled != shape.date_orders.end()) form.date = settled->second;
  return form;
}

std::vector<format::TypedForm> FormsOf(const TargetTable& target) {
  std::vector<format::TypedForm> forms;
  for (const DdlColumn& column : target.columns) {
    const format::ValueForm form = FormOf(target, column, {});
    forms.push_back({column.type, form});
    if (form.date != kSettledByFile) continue;
    for (const char* order : {"dmy", "mdy"}) {
      forms.push_back({column.type, form});
      forms.back().form.date = order;
    }
  }
  return forms;
}

Status CheckCsv(const TargetTable& target, const config::Location& where) {
  const auto told = [&](const Status& status) {
    return status.WithContext(fmt::format("{}: csv of {}", where.ToString(), target.name));
  };
  const Status dialect = DialectOf(target.csv).Validate();
  if (!dialect.ok()) return told(dialect);
  for (const DdlColumn& column : target.columns) {
    const Status form = FormOf(target, column, {}).Validate();
    if (!form.ok()) return told(form);
  }
  const auto members = config::FilePattern::Parse(target.csv.zip_members);
  return members.ok() ? Status::Ok() : told(members.status());
}

Status ShapeByNames(const std::vector<std::string>& names, const TargetTable& target,
                    FileShape& shape, std::vector<DdlColumn>* added) {
  format::CsvHead head;
  head.names = names;
  return ByHeader(head, target, shape, added);
}

Result<FileShape> ShapeOf(const std::string& path, std::string_view name, const TargetTable& target,
                          std::vector<DdlColumn>* added, const env::Cancel* cancel) {
  if (FormatOf(target, name) == config::FileFormat::kParquet) {
    return RejectedError("the lines of a Parquet file cannot be told");
  }
  if (FormatOf(target, name) == config::FileFormat::kJson) {
    SLUICE_ASSIGN(FileShape shape, ShapeOfJson(path, target, added));
    auto trials = OrderTrialsOf(target, shape);
    if (trials.empty()) return shape;
    SLUICE_ASSIGN(const auto source, format::OpenByteSource(path));
    format::JsonReader reader(*source, JsonOptionsOf(target, shape));
    SLUICE_TRY(SettleDateOrders(reader, std::move(trials), shape, cancel));
    return shape;
  }
  FileShape shape;
  SLUICE_ASSIGN(const format::CsvHead head,
                format::LookAtHead(path, DialectOf(target.csv), Known(target), RuleOf(target.csv),
                                   target.columns.size() - target.captured.size(),
                                   static_cast<size_t>(target.csv.max_row_bytes)));
  shape.empty = head.empty;
  shape.header = head.header;
  if (head.empty) return shape;
  SLUICE_TRY(NeitherHeaderNorData(head, target));
  SLUICE_TRY(OneNameForAll(head, target));
  SLUICE_TRY(head.header ? ByHeader(head, target, shape, added) : ByPosition(head, target, shape));
  auto trials = OrderTrialsOf(target, shape);
  if (trials.empty()) return shape;
  const format::CsvReaderOptions options = ReaderOptions(target, shape);
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, options.dialect));
  format::CsvReader reader(*source, options);
  SLUICE_TRY(SettleDateOrders(reader, std::move(trials), shape, cancel));
  return shape;
}

}  // namespace sluice::ingest
