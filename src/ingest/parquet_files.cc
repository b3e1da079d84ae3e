#include "ingest/parquet_files.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "format/byte_source.h"
#include "format/engine_cast.h"
#include "format/read_csv.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::QuoteName;
using warehouse::QuoteText;

constexpr size_t kRawLimit = 4096;                  // bytes of a row that are kept
constexpr size_t kValueLimit = 200;                 // and of a value
constexpr const char* kNumber = "file_row_number";  // what the engine calls it

std::string PathOf(const std::string& path) {
  return QuoteText(format::LiteralPath(path));
}

// The first line, without the path of the local copy: whoever reads it knows the file by its address.
std::string WithoutPath(const std::string& message, const std::string& path) {
  std::string text = message.substr(0, message.find('\n'));
  for (const char* quote : {"'", "\"", ""})
    text = ReplaceAll(text, quote + path + quote, "the file");
  return text;
}

Status Damaged(const Status& status, const std::string& path) {
  if (status.code() == Code::kCancelled) return status;
  return RejectedError(
      fmt::format("it cannot be read as Parquet: {}", WithoutPath(status.message(), path)),
      "Have the file sent again");
}

// "a, b and 3 more" would hide what is wrong: the values of one row as JSON.
std::string RowAsJson(const FileShape& shape) {
  std::string members;
  for (const ParquetColumn& column : shape.parquet) {
    members += fmt::format("{}{} := {}", members.empty() ? "" : ", ", QuoteName(column.name),
                           QuoteName(column.name));
  }
  return fmt::format("coalesce(TRY(CAST(to_json(struct_pack({})) AS VARCHAR)), '')", members);
}

struct Judged {
  const DdlColumn* column = nullptr;
  const ParquetColumn* source = nullptr;
  bool required = false;
};

std::vector<Judged> JudgedColumns(const TargetTable& target, const FileShape& shape) {
  std::vector<Judged> judged;
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    const auto column = std::find_if(
        target.columns.begin(), target.columns.end(),
        [&](const DdlColumn& candidate) { return candidate.name == shape.columns[i]; });
    if (column == target.columns.end()) continue;
    judged.push_back({&*column, &shape.parquet[i], target.MustNotBeNull(column->name)});
  }
  return judged;
}

// Per row: number, which column is the first bad one (twice its index, one more where it is NULL), that
// value, the row, how many bytes the value has.
std::string BadRowsSql(const TargetTable& target, const std::string& path, const FileShape& shape,
                       const FixesOfFile& fixes, const std::vector<Judged>& judged, bool all) {
  std::string which;
  std::string value;
  std::string bytes;
  for (size_t i = 0; i < judged.size(); ++i) {
    const std::string x = QuoteName(judged[i].source->name);
    const std::string typed = ParquetValue(target, *judged[i].column, *judged[i].source);
    which += fmt::format("WHEN {} IS NULL AND {} IS NOT NULL THEN {} ", typed, x, 2 * i);
    if (judged[i].required) which += fmt::format("WHEN {} IS NULL THEN {} ", x, 2 * i + 1);
    const std::string text = format::TextExpression(judged[i].source->type, x);
    value += fmt::format("WHEN {} THEN left({}, {}) ", 2 * i, text, kValueLimit);
    bytes += fmt::format("WHEN {} THEN strlen({}) ", 2 * i, text);
  }
  if (all) which.clear();
  const std::string bad = which.empty() ? (all ? "-1" : "NULL") : "CASE " + which + "END";
  const std::string text = value.empty() ? "NULL" : "CASE sluice_bad " + value + "END";
  const std::string length = bytes.empty() ? "NULL" : "CASE sluice_bad " + bytes + "END";
  return fmt::format(
      "SELECT {0}, sluice_bad, {1}, left({2}, {5}), {6} FROM (SELECT *, {3} AS sluice_bad FROM "
      "{4}) "
      "WHERE sluice_bad IS NOT NULL ORDER BY 1",
      kNumber, text, RowAsJson(shape), bad, ReadParquetCall(path, fixes), kRawLimit + 1, length);
}

// Why a value does not fit its column. Of texts only what no text of the other formats may have.
std::string WhyNot(const TargetTable& target, const Judged& judged, int64_t bytes) {
  if (judged.column->type.kind == format::SqlType::Kind::kText) {
    if (bytes > target.csv.max_row_bytes) {
      return fmt::format("a text of {} bytes; at most {} are taken (max_row)",
                         Thousands(static_cast<uint64_t>(bytes)),
                         Thousands(static_cast<uint64_t>(target.csv.max_row_bytes)));
    }
    if (judged.source->type == "VARCHAR") return "a NUL character in a text";
  }
  return fmt::format("expected {}", judged.column->type.Expectation());
}

}  // namespace

std::string ParquetValue(const TargetTable& target, const DdlColumn& column,
                         const ParquetColumn& source) {
  FileShape shape;
  shape.format = config::FileFormat::kParquet;
  const std::string value = format::ExactCast(source.type, column.type, QuoteName(source.name),
                                              FormOf(target, column, shape));
  if (column.type.kind != format::SqlType::Kind::kText) return value;
  return fmt::format("CASE WHEN strlen({0}) <= {1} AND NOT contains({0}, chr(0)) THEN {0} END",
                     value, target.csv.max_row_bytes);
}

Status UnreadableParquet(const Status& status, const std::string& path) {
  return Damaged(status, path);
}

std::string ReadParquetCall(const std::string& path, const FixesOfFile& fixes) {
  std::string call = fmt::format(
      "read_parquet({}, hive_partitioning = false, file_row_number = true)", PathOf(path));
  std::string discarded;
  for (const auto& [place, text] : fixes) {
    discarded += (discarded.empty() ? "" : ", ") + std::to_string(place);
  }
  if (discarded.empty()) return call;
  return fmt::format("(SELECT * FROM {} WHERE {} NOT IN ({}))", call, kNumber, discarded);
}

namespace {

// The engine gives a column whose name comes again another one, which would be taken for a new column.
Status CheckNamesOnce(engine::Connection& connection, const std::string& path) {
  const auto rows = connection.Rows(fmt::format(
      "SELECT name, coalesce(num_children, 0)::BIGINT FROM parquet_schema({})", PathOf(path)));
  if (!rows.ok()) return Damaged(rows.status(), path);
  std::set<std::string> seen;
  // Depth first, behind the root: below how many elements the next one stands.
  std::vector<int64_t> open;
  for (size_t i = 1; i < rows->size(); ++i) {
    if (open.empty() && !seen.insert(Lower(engine::ToText((*rows)[i][0]))).second) {
      return RejectedError(
          fmt::format("it has the column {} twice", Lower(engine::ToText((*rows)[i][0]))),
          "Have it sent with each name once");
    }
    if (!open.empty()) --open.back();
    open.push_back(engine::ToInt((*rows)[i][1]));
    while (!open.empty() && open.back() == 0) open.pop_back();
  }
  return Status::Ok();
}

}  // namespace

Result<FileShape> ShapeOfParquet(engine::Database& database, const std::string& path,
                                 const TargetTable& target, std::vector<DdlColumn>* added) {
  FileShape shape;
  shape.format = config::FileFormat::kParquet;
  shape.header = true;
  SLUICE_ASSIGN(const auto compression, format::DetectCompression(path));
  if (compression != format::Compression::kNone) {
    return RejectedError("it is compressed as a whole, which Parquet files are not",
                         "Have it sent as it is: Parquet compresses its own pages");
  }
  SLUICE_ASSIGN(const auto connection, database.Connect());
  const auto rows = connection->Rows(fmt::format(
      "DESCRIBE SELECT * FROM read_parquet({}, hive_partitioning = false)", PathOf(path)));
  if (!rows.ok()) return Damaged(rows.status(), path);
  SLUICE_TRY(CheckNamesOnce(*connection, path));
  std::vector<std::string> names;
  for (const auto& row : *rows) {
    shape.parquet.push_back({engine::ToText(row[0]), engine::ToText(row[1])});
    names.push_back(Lower(shape.parquet.back().name));
    if (names.back() == kNumber) {
      return RejectedError(
          fmt::format("it has a column {}, which the engine calls its own", kNumber),
          "Have it sent under another name");
    }
  }
  SLUICE_TRY(ShapeByNames(names, target, shape, added));
  return shape;
}

Result<ReadableCopy> MakeReadableParquet(engine::Database& database, const std::string& path,
                                         const FixesOfFile& fixes) {
  ReadableCopy copy;
  copy.path = path;
  SLUICE_ASSIGN(const auto connection, database.Connect());
  const auto rows = connection->Scalar(fmt::format(
      "SELECT coalesce(sum(num_rows), 0)::BIGINT FROM parquet_file_metadata({})", PathOf(path)));
  if (!rows.ok()) return Damaged(rows.status(), path);
  copy.expected = engine::ToInt(*rows) - static_cast<int64_t>(fixes.size());
  return copy;
}

namespace {

// From a row of BadRowsSql.
void Describe(const TargetTable& target, const std::vector<Judged>& judged,
              const engine::Batch& cells, size_t r, QuarantinedRow& row) {
  const int64_t which = engine::ToInt(cells.value(1, r));
  const Judged& bad = judged[static_cast<size_t>(which / 2)];
  row.column = bad.column->name;
  if (which % 2 != 0) {
    SayIsNull(bad.column->name == target.void_column, row);
    return;
  }
  row.rule = "type";
  row.value = ReplaceAll(engine::ToText(cells.value(2, r)).substr(0, kValueLimit),
                         std::string(1, '\0'), "\\0");
  row.reason = WhyNot(target, bad, engine::ToInt(cells.value(4, r)));
}

}  // namespace

Result<int64_t> FindBadParquetRows(engine::Connection& connection, const TargetTable& target,
                                   const std::string& path, const FileShape& shape,
                                   const FixesOfFile& fixes, int64_t most, const TakeBadRow& take) {
  const std::vector<Judged> judged = JudgedColumns(target, shape);
  QuarantinedRow lacking;
  const bool all = RowJudge(target, shape).LacksColumn(lacking);
  std::string sql = BadRowsSql(target, path, shape, fixes, judged, all);
  if (most < kAllBadRows) sql += fmt::format(" LIMIT {}", most);
  SLUICE_ASSIGN(auto found, connection.Stream(sql));
  int64_t rows = 0;
  while (true) {
    SLUICE_ASSIGN(const auto cells, found.Next());
    if (!cells) return rows;
    for (size_t r = 0; r < cells->rows(); ++r, ++rows) {
      QuarantinedRow row = lacking;
      row.byte_offset = engine::ToInt(cells->value(0, r));
      row.line = row.record = row.byte_offset + 1;
      const std::string raw = engine::ToText(cells->value(3, r));
      row.raw = raw.substr(0, kRawLimit);
      row.raw_cut = raw.size() > kRawLimit;
      if (!all) Describe(target, judged, *cells, r, row);
      SLUICE_TRY(take(row));
    }
  }
}

}  // namespace sluice::ingest
