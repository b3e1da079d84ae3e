#include "ingest/reading.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/column_changes.h"

namespace sluice::ingest {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

constexpr size_t kMostTold = 3;  // differences that a message lists

std::string FormatName(config::FileFormat format) {
  switch (format) {
    case config::FileFormat::kCsv:
      return "csv";
    case config::FileFormat::kJson:
      return "json";
    case config::FileFormat::kParquet:
      return "parquet";
    case config::FileFormat::kByName:
      break;
  }
  return "by name";
}

std::string HeaderName(config::CsvOptions::Header header) {
  if (header == config::CsvOptions::Header::kAuto) return "auto";
  return header == config::CsvOptions::Header::kYes ? "true" : "false";
}

Names Sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

std::string OneByte(char c) {
  return c == '\0' ? "none" : std::string(1, c);
}

// By the names that the project has for them.
Json CsvJson(const config::CsvOptions& csv, const ReadParts& parts) {
  Json options;
  options["empty_string"] = csv.empty_quoted_is_null ? "null" : "keep";
  if (parts.members) options["zip_members"] = csv.zip_members;
  const bool rows_of_text = parts.formats.count("csv") > 0;
  if (rows_of_text || parts.formats.count("parquet") > 0) options["max_row"] = csv.max_row_bytes;
  if (!rows_of_text) return options;
  options["delimiter"] = csv.delimiter;
  options["quote"] = OneByte(csv.quote);
  options["escape"] = OneByte(csv.escape);
  options["escapes"] = DialectOf(csv).EscapesAreLetters() ? "letters" : "themselves";
  options["header"] = HeaderName(csv.header);
  options["skip_lines"] = csv.skip_lines;
  options["comment"] = csv.comment;
  options["short_rows"] = csv.pad_short ? "pad" : "bad";
  options["long_rows"] = csv.cut_long ? "cut" : "bad";
  options["null_words"] = Sorted(csv.null_words);
  options["encoding"] = csv.encoding;
  return options;
}

// How values of `column` are written, as far as it concerns `type`.
Json FormJson(const TargetTable& target, const DdlColumn& column, const format::SqlType& type,
              const ReadParts& parts) {
  FileShape shape;
  if (parts.formats.count("csv") == 0) shape.format = config::FileFormat::kJson;
  const format::ValueForm form = FormOf(target, column, shape);
  Json json = Json::object();
  if (!form.Concerns(type)) return json;
  const bool moment = type.kind == format::SqlType::Kind::kDate ||
                      type.kind == format::SqlType::Kind::kTimestamp ||
                      type.kind == format::SqlType::Kind::kTimestampTz;
  if (moment) {
    json["date_format"] = form.date;
    return json;
  }
  json["decimal"] = std::string(1, form.decimal);
  json["thousands"] = form.thousands;
  return json;
}

Names NamesInFiles(const DdlColumn& column) {
  Names names;
  for (const std::string& name : column.from) names.push_back(Lower(name));
  if (names.empty()) names.push_back(column.name);
  return Sorted(std::move(names));
}

Json ColumnJson(const TargetTable& target, const DdlColumn& column, const ReadParts& parts) {
  Json json;
  json["type"] = column.type.DuckDb();
  const auto captured = target.captured.find(column.name);
  if (captured != target.captured.end()) {
    json["capture"] = captured->second;
    return json;
  }
  if (parts.names && !column.from.empty()) json["from"] = NamesInFiles(column);
  json.update(FormJson(target, column, column.type, parts));
  return json;
}

Json ToJson(const TargetTable& target, const ReadParts& parts) {
  Json json;
  json["formats"] = parts.formats;
  json["format"] = FormatName(target.format);
  json["csv"] = CsvJson(target.csv, parts);
  json["by_name"] = parts.names;
  json["positions"] = parts.positions;
  json["key"] = Sorted(target.MatchColumns());
  json["version"] = target.version;
  json["delete_when"] = Json::array({target.void_column, Sorted(target.delete_values)});
  if (!target.captured.empty()) json["path"] = target.prefix + target.pattern;
  json["columns"] = Json::object();
  for (const DdlColumn& column : target.columns) {
    json["columns"][column.name] = ColumnJson(target, column, parts);
  }
  return json;
}

std::string Shown(const Json& value) {
  return value.is_null() ? "not said" : value.dump();
}

class Comparison {
 public:
  Comparison(const Json& was, const TargetTable& target, ReadFor what)
      : was_(was),
        target_(target),
        what_(what),
        parts_(PartsOf(was)),
        is_(ToJson(target, parts_)) {}

  Names Make() {
    CompareFormat();
    CompareCsv();
    for (const auto& [name, column] : was_.at("columns").items()) CompareColumn(name, column);
    ComparePositions();
    Compare("key", Renamed(was_.at("key").get<Names>()));
    Compare("version", Renamed({was_.at("version").get<std::string>()}).front());
    Json deletes = was_.at("delete_when");
    deletes[0] = Renamed({deletes[0].get<std::string>()}).front();
    Compare("delete_when", deletes);
    if (was_.contains("path")) Compare("path", was_.at("path"));
    return std::move(differences_);
  }

 private:
  static ReadParts PartsOf(const Json& was) {
    ReadParts parts;
    parts.formats = was.at("formats").get<std::set<std::string>>();
    parts.names = was.at("by_name").get<bool>();
    parts.positions = was.at("positions").get<std::set<Names>>();
    parts.members = was.at("csv").contains("zip_members");
    return parts;
  }

  void Differs(const std::string& what, const Json& was, const Json& is) {
    differences_.push_back(fmt::format("{} was {} and is {}", what, Shown(was), Shown(is)));
  }

  void Compare(const std::string& name, const Json& was) {
    const Json is = is_.contains(name) ? is_.at(name) : Json();
    if (was != is) Differs(name, was, is);
  }

  // Files whose format went by their names, and is said now.
  void CompareFormat() {
    const bool same = parts_.formats == std::set<std::string>{FormatName(target_.format)};
    if (!same) Compare("format", was_.at("format"));
  }

  void CompareCsv() {
    const Json before = CsvJson({}, parts_);
    const Json& was = was_.at("csv");
    for (const auto& [name, value] : is_.at("csv").items()) {
      // An option that was not known then was not there.
      const Json& old = was.contains(name) ? was.at(name) : before.at(name);
      if (old == value || (name == "header" && SameHeader(value))) continue;
      Differs(name, old, value);
    }
  }

  // What was found out then is said now.
  bool SameHeader(const Json& now) const {
    if (parts_.positions.empty()) return now == "true";
    return !parts_.names && now == "false";
  }

  const DdlColumn* Find(const std::string& name) const {
    const DdlColumn* found = nullptr;
    if (name.empty()) return found;
    for (const DdlColumn& column : target_.columns) {
      if (column.name == name) return &column;
      if (column.renamed_from == name) found = &column;
    }
    return found;
  }

  Names Renamed(Names names) const {
    for (std::string& name : names) {
      const DdlColumn* column = Find(name);
      if (column != nullptr) name = column->name;
    }
    return Sorted(std::move(names));
  }

  // One that is not declared any more is no matter of how files are read.
  void CompareColumn(const std::string& name, const Json& was) {
    const DdlColumn* column = Find(name);
    if (column == nullptr) return;
    const auto type = format::ParseSqlType(was.at("type").get<std::string>());
    const bool same_type = type.ok() && type->DuckDb() == column->type.DuckDb();
    const bool wider =
        type.ok() && IsWidening(type.value(), column->type) &&
        (what_ == ReadFor::kFixes || column->type.kind != format::SqlType::Kind::kText);
    if (!same_type && !wider) {
      Differs("type of " + name, was.at("type"), column->type.DuckDb());
      return;
    }
    const auto captured = target_.captured.find(column->name);
    const Json capture = captured == target_.captured.end() ? Json() : Json(captured->second);
    const Json old_capture = was.contains("capture") ? was.at("capture") : Json();
    if (capture != old_capture) return Differs("capture of " + name, old_capture, capture);
    if (!capture.is_null()) return;
    CompareNames(name, *column, was);
    const Json form = FormJson(target_, *column, type.value(), parts_);
    for (const char* option : {"date_format", "decimal", "thousands"}) {
      const Json old = was.contains(option) ? was.at(option) : Json();
      const Json now = form.contains(option) ? form.at(option) : Json();
      if (old != now) Differs(fmt::format("{} of {}", option, name), old, now);
    }
  }

  // More names are no harm: what they stand for in this file was no column of the table.
  void CompareNames(const std::string& name, const DdlColumn& column, const Json& was) {
    if (!parts_.names) return;
    const Names old = was.contains("from") ? was.at("from").get<Names>() : Names{name};
    const Names now = NamesInFiles(column);
    if (!std::includes(now.begin(), now.end(), old.begin(), old.end())) {
      Differs("from of " + name, old, now);
    }
  }

  // The list of the file's width counts; of a shorter or longer one its beginning (short_rows, a column more).
  void ComparePositions() {
    for (const Names& file : parts_.positions) {
      Names was;
      for (const std::string& name : file) {
        const DdlColumn* column = Find(name);
        was.push_back(column == nullptr ? name : column->name);
      }
      const auto& lists = target_.versions.lists;
      const bool exact = std::any_of(lists.begin(), lists.end(),
                                     [&](const Names& list) { return list.size() == was.size(); });
      const auto fits = [&](const Names& list) {
        const auto n = static_cast<ptrdiff_t>(std::min(list.size(), was.size()));
        return std::equal(list.begin(), list.begin() + n, was.begin());
      };
      const auto same = std::find_if(lists.begin(), lists.end(), [&](const Names& list) {
        return (!exact || list.size() == was.size()) && fits(list);
      });
      if (same == lists.end()) {
        Differs("the order of columns without a header", was,
                lists.empty() ? Json() : Json(lists.back()));
      }
    }
  }

  const Json& was_;
  const TargetTable& target_;
  const ReadFor what_;
  const ReadParts parts_;
  const Json is_;
  Names differences_;
};

}  // namespace

void ReadParts::Add(const FileShape& shape, bool member) {
  formats.insert(FormatName(shape.format));
  members = members || member;
  if (shape.empty) return;
  if (shape.format == config::FileFormat::kCsv && !shape.header) {
    positions.insert(shape.columns);
  } else {
    names = true;
  }
}

std::string ReadingOf(const TargetTable& target, const ReadParts& parts) {
  return ToJson(target, parts).dump(-1, ' ', false, Json::error_handler_t::replace);
}

int64_t ReadingId(const std::string& reading) {
  return StableId({"reading", reading});
}

// Files that are read alike share the text, which has every column in it.
void NoteReadings(const std::vector<ReadParts>& parts, TableLoad& load) {
  load.readings.clear();
  std::map<ReadParts, int64_t> ids;
  for (size_t i = 0; i < load.files.size(); ++i) {
    if (parts[i].formats.empty()) continue;
    const auto [known, is_new] = ids.try_emplace(parts[i]);
    if (is_new) {
      std::string reading = ReadingOf(load.target, parts[i]);
      known->second = ReadingId(reading);
      load.readings[known->second] = std::move(reading);
    }
    load.files[i].reading = known->second;
  }
}

std::vector<std::string> ReadOtherwise(const std::string& reading, const TargetTable& target,
                                       ReadFor what) {
  try {
    const Json was = Json::parse(reading);
    return Comparison(was, target, what).Make();
  } catch (const Json::exception&) {
    return {"how they were read cannot be understood (_sluice.readings)"};
  }
}

Result<std::string> TellReadOtherwise(engine::Connection& connection, const TargetTable& target,
                                      const std::set<int64_t>& readings, ReadFor what) {
  std::string ids;
  for (const int64_t id : readings) {
    if (id != 0) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
  }
  if (ids.empty()) return std::string();
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT options FROM _sluice.readings WHERE reading_id IN (" + ids +
                                ") ORDER BY reading_id"));
  Names all;
  for (const auto& row : rows) {
    for (std::string& one : ReadOtherwise(engine::ToText(row[0]), target, what)) {
      if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
    }
  }
  if (all.empty()) return std::string();
  const size_t more = all.size() - std::min(all.size(), kMostTold);
  all.resize(all.size() - more);
  if (more > 0) all.push_back(Counted(more, "more difference"));
  return fmt::format("{} {}: earlier files were read otherwise: {}", target.name,
                     what == ReadFor::kFixes ? "cannot take fixed rows" : "cannot be made again",
                     Join(all, ", "));
}

Status RecordReadings(engine::Connection& connection,
                      const std::map<int64_t, std::string>& readings) {
  if (readings.empty()) return Status::Ok();
  std::string ids;
  for (const auto& [id, text] : readings) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT reading_id FROM _sluice.readings WHERE reading_id IN (" + ids + ")"));
  std::set<int64_t> there;
  for (const auto& row : rows) there.insert(engine::ToInt(row[0]));
  if (there.size() == readings.size()) return Status::Ok();
  SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection, "_sluice", "readings"));
  for (const auto& [id, text] : readings) {
    if (there.count(id) == 0) SLUICE_TRY(appender->Row({id, text}));
  }
  return appender->Close();
}

}  // namespace sluice::ingest
