#include "ingest/stage_select.h"

#include <algorithm>

#include <fmt/format.h>

#include "format/cast_functions.h"
#include "format/read_csv.h"
#include "ingest/parquet_files.h"
#include "ingest/table_files.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::QuoteName;
using warehouse::QuoteText;

bool Alike(const TableLoad& load, const ShapedFile& a, const ShapedFile& b) {
  const LoadFile& x = load.files[a.index];
  const LoadFile& y = load.files[b.index];
  return a.part.member.empty() && b.part.member.empty() &&
         a.shape.format != config::FileFormat::kParquet && a.shape == b.shape &&
         a.copy.parallel == b.copy.parallel && a.copy.compression == b.copy.compression &&
         a.copy.header == b.copy.header && a.copy.dialect == b.copy.dialect &&
         x.load_id == y.load_id && x.pod == y.pod &&
         std::all_of(load.target.captured.begin(), load.target.captured.end(),
                     [&](const auto& column) {
                       return CapturedValue(x.captures, column.second) ==
                              CapturedValue(y.captures, column.second);
                     });
}

// The SELECT that reads a batch: text -> typed values, bad rows left out and counted.
class Select {
 public:
  Select(const TableLoad& load, const Batch& batch)
      : load_(load), target_(load.target), batch_(batch), shape_(batch.files.front()->shape) {}

  // The typed value of a column, in the condition of the statement.
  std::string ValueOf(const std::string& column) const {
    const auto captured = target_.captured.find(column);
    if (captured != target_.captured.end()) {
      const LoadFile& first = load_.files[batch_.files.front()->index];
      const auto value = CapturedValue(first.captures, captured->second);
      return value ? QuoteText(*value) : "NULL";
    }
    const auto at = std::find(shape_.columns.begin(), shape_.columns.end(), column);
    if (at == shape_.columns.end()) return "NULL";
    return QuoteName(fmt::format("v{}", at - shape_.columns.begin()));
  }

  std::string Sql(const std::string& forgotten) {
    const bool parquet = shape_.format == config::FileFormat::kParquet;
    std::string outer;
    std::string inner;
    for (const DdlColumn& column : target_.columns) {
      AddColumn(column, outer, inner);
    }
    // A record is only found to be broken by the columns that are read: those that the table does not
    // have are read too, in a condition that nothing fulfils.
    for (size_t i = 0; i < shape_.columns.size() && !parquet; ++i) {
      if (!shape_.columns[i].empty()) continue;
      inner += QuoteName(RawName(i)) + ", ";
      Or(too_long_, fmt::format("strlen({}) < 0", QuoteName(RawName(i))));
    }
    const LoadFile& first = load_.files[batch_.files.front()->index];
    if (target_.has_pod) {
      outer +=
          fmt::format("CAST({} AS VARCHAR) AS {}, ", QuoteText(first.pod), QuoteName(kPodColumn));
    }
    outer += fmt::format("CAST({} AS BIGINT) AS {}, sluice_file_id AS {}", first.load_id,
                         QuoteName(kLoadColumn), QuoteName(kFileColumn));
    inner += FileExpression(first) + " AS sluice_file_id";
    return fmt::format(
        "SELECT {} FROM (SELECT {} FROM {}) WHERE sluice_accept(sluice_file_id, {}, {}, {})", outer,
        inner, parquet ? ParquetCall() : format::ReadCsvCall(ReadOptions()),
        bad_.empty() ? "false" : bad_, too_long_.empty() ? "false" : too_long_, forgotten);
  }

 private:
  void AddColumn(const DdlColumn& column, std::string& outer, std::string& inner) {
    const auto at = std::find(shape_.columns.begin(), shape_.columns.end(), column.name);
    const bool required = target_.MustNotBeNull(column.name);
    const auto captured = target_.captured.find(column.name);
    if (captured != target_.captured.end()) return AddCaptured(column, captured->second, outer);
    if (at == shape_.columns.end()) {
      outer +=
          fmt::format("CAST(NULL AS {}) AS {}, ", column.type.DuckDb(), QuoteName(column.name));
      if (required) Or(bad_, "true");
      return;
    }
    const auto position = static_cast<size_t>(at - shape_.columns.begin());
    const std::string raw = QuoteName(RawName(position));
    const std::string typed = QuoteName(fmt::format("v{}", position));
    outer += fmt::format("{} AS {}, ", typed, QuoteName(column.name));
    if (shape_.format == config::FileFormat::kParquet) {
      AddParquet(column, shape_.parquet[position], typed, raw, inner);
    } else if (column.type.kind == format::SqlType::Kind::kText) {
      inner += fmt::format("{} AS {}, ", raw, typed);
      if (column.type.max_bytes > 0) {
        Or(too_long_, fmt::format("strlen({}) > {}", typed, column.type.max_bytes));
      }
    } else {
      const format::ValueForm form = FormOf(target_, column, shape_);
      inner +=
          fmt::format("{} AS {}, {}, ", format::CastExpression(column.type, raw, form), typed, raw);
      if (!required) Or(bad_, fmt::format("({} IS NULL AND {} IS NOT NULL)", typed, raw));
    }
    if (required) Or(bad_, typed + " IS NULL");
  }

  // `raw` only tells whether there is a value.
  void AddParquet(const DdlColumn& column, const ParquetColumn& source, const std::string& typed,
                  const std::string& raw, std::string& inner) {
    inner += fmt::format("{} AS {}, {} IS NOT NULL AS {}, ", ParquetValue(target_, column, source),
                         typed, QuoteName(source.name), raw);
    Or(bad_, fmt::format("({} IS NULL AND {})", typed, raw));
    if (column.type.max_bytes > 0) {
      Or(too_long_, fmt::format("strlen({}) > {}", typed, column.type.max_bytes));
    }
  }

  std::string ParquetCall() const {
    const ShapedFile& file = *batch_.files.front();
    return ReadParquetCall(file.copy.path, file.fixes == nullptr ? FixesOfFile() : *file.fixes);
  }

  // Files whose paths say something else are another batch. That the value fits was seen before.
  void AddCaptured(const DdlColumn& column, const std::string& capture, std::string& outer) const {
    const LoadFile& first = load_.files[batch_.files.front()->index];
    const auto value = CapturedValue(first.captures, capture);
    const std::string text = value ? QuoteText(*value) : "CAST(NULL AS VARCHAR)";
    outer += fmt::format("{} AS {}, ",
                         column.type.kind == format::SqlType::Kind::kText
                             ? fmt::format("CAST({} AS VARCHAR)", text)
                             : format::CastExpression(column.type, text),
                         QuoteName(column.name));
  }

  static void Or(std::string& condition, const std::string& more) {
    if (!condition.empty()) condition += " OR ";
    condition += more;
  }

  static std::string RawName(size_t position) { return fmt::format("r{}", position); }

  std::string FileExpression(const LoadFile& first) const {
    if (batch_.files.size() > 1) return "sluice_file(sluice_path)";
    return fmt::format("sluice_file(CAST({} AS BIGINT))", first.file_id);
  }

  format::ReadCsvOptions ReadOptions() const {
    const ShapedFile& first = *batch_.files.front();
    format::ReadCsvOptions options;
    for (const ShapedFile* file : batch_.files) options.paths.push_back(file->copy.path);
    for (size_t i = 0; i < shape_.columns.size(); ++i) options.columns.push_back(RawName(i));
    options.compression = first.copy.compression;
    options.dialect = first.copy.dialect;
    options.limits = first.copy.limits;
    options.header = first.copy.header;
    options.parallel = first.copy.parallel;
    if (batch_.files.size() > 1) options.file_column = "sluice_path";
    return options;
  }

  const TableLoad& load_;
  const TargetTable& target_;
  const Batch& batch_;
  const FileShape& shape_;
  std::string bad_;
  std::string too_long_;
};

}  // namespace

std::vector<Batch> MakeBatches(const TableLoad& load, std::vector<ShapedFile>& files) {
  std::vector<Batch> batches;
  for (ShapedFile& file : files) {
    if (batches.empty() || !Alike(load, *batches.back().files.front(), file) ||
        batches.back().files.size() >= kFilesPerStatement) {
      batches.emplace_back();
    }
    batches.back().files.push_back(&file);
  }
  return batches;
}

Result<std::string> StageSelect(const TableLoad& load, const Batch& batch,
                                const ForgottenRows& forgotten) {
  const Select select(load, batch);
  SLUICE_ASSIGN(const std::string condition, forgotten.Condition([&](const std::string& column) {
    return select.ValueOf(column);
  }));
  return Select(load, batch).Sql(condition);
}

std::string EmptyStage(const TableLoad& load) {
  std::string columns;
  for (const DdlColumn& column : load.target.columns) {
    columns += fmt::format("{} {}, ", QuoteName(column.name), column.type.DuckDb());
  }
  if (load.target.has_pod) columns += fmt::format("{} VARCHAR, ", QuoteName(kPodColumn));
  return fmt::format("CREATE TABLE {} ({}{} BIGINT, {} BIGINT)",
                     warehouse::QualifiedName(load.stage), columns, QuoteName(kLoadColumn),
                     QuoteName(kFileColumn));
}

}  // namespace sluice::ingest
