#include "format/json_normalise.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/check.h"
#include "env/file.h"
#include "format/csv_text.h"

namespace sluice::format {
namespace {

constexpr size_t kFlushBytes = 256 * 1024;
constexpr uint64_t kRecordsBetweenLooks = 4096;  // at the cancellation

class Rewriter {
 public:
  Rewriter(const JsonReaderOptions& options, const CsvPatches& patches, env::AppendFile& file)
      : options_(options), patches_(patches), next_(patches.begin()), file_(file) {}

  Result<NormalisedJson> Run(ByteSource& source, bool stop_at_unknown, const env::Cancel* cancel) {
    JsonReader reader(source, options_);
    out_ = "sluice\n";
    while (true) {
      const bool look = reader.record().number % kRecordsBetweenLooks == 0;
      if (look && cancel != nullptr && cancel->is_set()) return CancelledError("cancelled");
      SLUICE_ASSIGN(const bool more, reader.Next());
      if (!more) break;
      SLUICE_TRY(Take(reader.record()));
      if (stop_at_unknown && !(reader.unknown().empty() && counts_.unknown.empty())) break;
    }
    const bool stopped = stop_at_unknown && !reader.unknown().empty();
    if (!stopped && next_ != patches_.end()) return NoRow(next_->first);
    SLUICE_TRY(file_.Append(out_));
    counts_.bytes = file_.size();
    counts_.unknown.insert(counts_.unknown.begin(), reader.unknown().begin(),
                           reader.unknown().end());
    AddSeen(reader.seen());
    return std::move(counts_);
  }

 private:
  static Status NoRow(uint64_t offset) {
    return RejectedError(fmt::format("no row begins at byte {}", offset));
  }

  void AddSeen(const std::vector<bool>& seen) {
    counts_.seen.resize(seen.size());
    for (size_t i = 0; i < seen.size(); ++i) counts_.seen[i] = counts_.seen[i] || seen[i];
  }

  Status Take(const JsonRecord& record) {
    if (next_ != patches_.end() && next_->first < record.offset) return NoRow(next_->first);
    if (next_ == patches_.end() || next_->first != record.offset) return Write(record);
    const std::optional<std::string>& text = (next_++)->second;
    if (!text) return Status::Ok();
    const JsonText fixed(*text, options_);
    SLUICE_TRY(Write(fixed.record()));
    AddSeen(fixed.reader().seen());
    for (const UnknownKey& key : fixed.reader().unknown()) {
      counts_.unknown.push_back({key.path, record.line});
    }
    return Status::Ok();
  }

  Status Write(const JsonRecord& record) {
    if (record.fault != JsonFault::kNone) {
      ++counts_.broken;
      return Status::Ok();
    }
    ++counts_.accepted;
    const size_t begin = out_.size();
    AppendCsvRecord(out_, record.cells, dialect_);
    counts_.quoted = counts_.quoted || out_.find(dialect_.quote, begin) != std::string::npos;
    out_ += '\n';
    if (out_.size() < kFlushBytes) return Status::Ok();
    SLUICE_TRY(file_.Append(out_));
    out_.clear();
    return Status::Ok();
  }

  const JsonReaderOptions& options_;
  const CsvPatches& patches_;
  CsvPatches::const_iterator next_;
  env::AppendFile& file_;
  const CsvDialect dialect_ = JsonCopyDialect();
  std::string out_;
  NormalisedJson counts_;
};

JsonReaderOptions OneRecord(JsonReaderOptions options) {
  options.one_record = true;
  return options;
}

}  // namespace

CsvDialect JsonCopyDialect() {
  CsvDialect dialect;
  dialect.quote = dialect.escape = '\'';
  return dialect;
}

CsvLimits JsonCopyLimits() {
  CsvLimits limits;
  // Twice the cells, when all of it are quotes, and what stands around up to 60,000 of them.
  limits.max_record_bytes = 2 * JsonReader::kMaxCellBytes + 200'000;
  SLUICE_CHECK(limits.buffer_bytes >= 4 * limits.max_record_bytes, "no room for four records");
  return limits;
}

Result<NormalisedJson> NormaliseJson(const std::string& from, const JsonReaderOptions& options,
                                     const CsvPatches& patches, bool stop_at_unknown,
                                     const std::string& to, const env::Cancel* cancel) {
  SLUICE_CHECK(!options.columns.empty(), "a CSV file without columns");
  SLUICE_ASSIGN(const auto source, OpenByteSource(from));
  SLUICE_TRY(env::RemoveFile(to));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(to));
  auto counts = Rewriter(options, patches, file).Run(*source, stop_at_unknown, cancel);
  if (!counts.ok()) (void)env::RemoveFile(to);  // the first error is the one to tell
  return counts;
}

JsonText::JsonText(const std::string& text, const JsonReaderOptions& options)
    : source_(MemorySource(text)), reader_(*source_, OneRecord(options)) {
  const auto any = reader_.Next();
  if (any.ok() && *any) {
    record_ = reader_.record();
    return;
  }
  record_.fault = JsonFault::kBroken;
  record_.reason = any.ok() ? "there is no record in it" : any.status().message();
  record_.fault_column = options.columns.size();
}

}  // namespace sluice::format
