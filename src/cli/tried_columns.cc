#include "cli/tried_columns.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "format/csv_head.h"
#include "format/json_reader.h"
#include "format/text_source.h"
#include "ingest/file_shape.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kLookEvery = 65'536;

bool IsSet(const env::Cancel* cancel) {
  return cancel != nullptr && cancel->is_set();
}

bool IsEncoding(format::CsvFault fault) {
  return fault == format::CsvFault::kInvalidUtf8;
}
template <typename Fault>
bool IsEncoding(Fault) {
  return false;
}

// Whole records go to `take`.
template <typename Reader, typename Take>
Status ReadAll(Reader& reader, uint64_t most, const env::Cancel* cancel, TriedColumns& tried,
               Take take) {
  while (true) {
    if ((tried.rows + tried.broken) % kLookEvery == 0 && IsSet(cancel)) {
      return CancelledError("stopped");
    }
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) return Status::Ok();
    if (tried.rows == most) {
      tried.all_read = false;
      return Status::Ok();
    }
    const auto& record = reader.record();
    if (record.fault != decltype(record.fault)::kNone) {
      ++tried.broken;
      tried.encoding = tried.encoding || IsEncoding(record.fault);
      continue;
    }
    ++tried.rows;
    take(record);
  }
}

}  // namespace

void TriedColumns::Merge(const TriedColumns& other) {
  for (size_t i = 0; i < other.names.size(); ++i) {
    const auto at = std::find(names.begin(), names.end(), other.names[i]);
    if (at == names.end()) {
      names.push_back(other.names[i]);
      types.push_back(other.types[i]);
    } else {
      types[static_cast<size_t>(at - names.begin())].Merge(other.types[i]);
    }
  }
  rows += other.rows;
  broken += other.broken;
  encoding = encoding || other.encoding;
  all_read = all_read && other.all_read;
}

std::vector<std::string> TriedColumns::NearlyTyped(int least_scale) const {
  std::vector<std::string> lines;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string nearly = types[i].Nearly(least_scale);
    if (nearly.empty()) continue;
    lines.push_back(
        fmt::format("{} is text because of a few: {}; declared so, rows of the others go to "
                    "quarantine",
                    names[i], nearly));
  }
  return lines;
}

Result<std::vector<std::string>> NamesOfCsv(const std::string& path,
                                            const config::CsvOptions& csv) {
  const bool header = csv.header != config::CsvOptions::Header::kNo;
  SLUICE_ASSIGN(format::CsvHead head,
                format::LookAtHead(path, ingest::DialectOf(csv), {},
                                   header ? format::HeaderRule::kYes : format::HeaderRule::kNo, 0,
                                   static_cast<size_t>(csv.max_row_bytes)));
  if (head.empty) return std::vector<std::string>();
  for (size_t i = 0; !header && i < head.columns; ++i) {
    head.names.push_back(fmt::format("column{}", i + 1));
  }
  return std::move(head.names);
}

Result<TriedColumns> TryCsv(const std::string& path, const config::CsvOptions& csv,
                            const std::vector<std::string>& names, uint64_t most,
                            const EachRow& each_row, const env::Cancel* cancel) {
  format::CsvReaderOptions options;
  options.dialect = ingest::DialectOf(csv);
  options.header = csv.header != config::CsvOptions::Header::kNo;
  options.columns = names.size();
  TriedColumns tried;
  tried.names = names;
  tried.types.assign(names.size(), TypeTrial(FormOf(csv)));
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, options.dialect));
  format::CsvReader reader(*source, options);
  SLUICE_TRY(ReadAll(reader, most, cancel, tried, [&](const format::CsvRecord& record) {
    for (size_t i = 0; i < names.size(); ++i) tried.types[i].Value(record.cells[i]);
    if (each_row) each_row(record.cells.first(names.size()));
  }));
  return tried;
}

Result<TriedColumns> TryJson(const std::string& path, const env::Cancel* cancel) {
  const auto none = [](std::string message) {
    return RejectedError(std::move(message), "Declare them: --columns \"id BIGINT, day DATE\"");
  };
  format::JsonReaderOptions options;
  options.collect_unknown = true;
  SLUICE_ASSIGN(auto source, format::OpenByteSource(path));
  format::JsonReader keys(*source, options);
  TriedColumns seen;
  SLUICE_TRY(ReadAll(keys, kEveryRow, cancel, seen, [](const format::JsonRecord&) {}));
  if (keys.unknown().empty()) return none("no record of the file has a key");
  if (keys.unknown().size() > format::JsonReader::kMaxUnknownKeys) {
    return none("the records have too many keys: values by key, it seems, and no columns");
  }
  format::JsonReaderOptions typed;
  TriedColumns tried;
  for (const format::UnknownKey& key : keys.unknown()) {
    const std::string name = Lower(key.path);
    if (std::find(tried.names.begin(), tried.names.end(), name) != tried.names.end()) continue;
    tried.names.push_back(name);
    typed.columns.push_back({{name}});
  }
  tried.types.resize(tried.names.size());
  SLUICE_ASSIGN(source, format::OpenByteSource(path));
  format::JsonReader reader(*source, typed);
  SLUICE_TRY(ReadAll(reader, kEveryRow, cancel, tried, [&](const format::JsonRecord& record) {
    for (size_t i = 0; i < tried.types.size(); ++i) {
      tried.types[i].Value(record.cells[i]);
      if (record.cells[i].quoted) tried.types[i].IsQuoted();
    }
  }));
  return tried;
}

}  // namespace sluice::cli
