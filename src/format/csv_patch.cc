#include "format/csv_patch.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "env/file.h"
#include "format/text_source.h"

namespace sluice::format {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;
constexpr uint64_t kRecordsBetweenLooks = 4096;  // at the cancellation

// What becomes of the bytes from `begin` to `end`.
struct Cut {
  uint64_t begin = 0;
  uint64_t end = 0;
  const std::string* text = nullptr;  // nullptr: left out, with its line end
};

// Where the records of the patches end.
Result<std::vector<Cut>> FindCuts(const std::string& from, const CsvReaderOptions& options,
                                  const CsvPatches& patches, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto source, OpenCsvText(from, options.dialect));
  CsvReader reader(*source, options);
  std::vector<Cut> cuts;
  auto patch = patches.begin();
  uint64_t records = 0;
  while (patch != patches.end()) {
    if (++records % kRecordsBetweenLooks == 0 && cancel != nullptr && cancel->is_set()) {
      return CancelledError("cancelled");
    }
    SLUICE_ASSIGN(const bool more, reader.Next());
    const CsvRecord& record = reader.record();
    if (!more || record.offset > patch->first) {
      return RejectedError(fmt::format("no row begins at byte {}", patch->first));
    }
    if (record.offset < patch->first) continue;
    cuts.push_back(
        {record.offset, record.offset + record.size, patch->second ? &*patch->second : nullptr});
    ++patch;
  }
  return cuts;
}

// Copies byte runs; `text` of a cut stands in for what is cut.
class Copier {
 public:
  Copier(const std::vector<Cut>& cuts, env::AppendFile& file) : cuts_(cuts), file_(file) {}

  Status Take(const char* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i, ++at_) {
      if (swallow_line_end_ && SwallowsLineEnd(bytes[i])) continue;
      if (next_ < cuts_.size() && at_ >= cuts_[next_].begin) {
        const Cut& cut = cuts_[next_];
        if (at_ == cut.begin && cut.text != nullptr) out_ += *cut.text;
        if (at_ < cut.end) continue;
        ++next_;
        swallow_line_end_ = cut.text == nullptr;
        if (swallow_line_end_ && SwallowsLineEnd(bytes[i])) continue;
      }
      out_ += bytes[i];
    }
    return out_.size() >= kChunkBytes ? Flush() : Status::Ok();
  }
  Status Flush() {
    SLUICE_TRY(file_.Append(out_));
    out_.clear();
    return Status::Ok();
  }

 private:
  // CR, LF or CRLF behind a record that is left out; what comes then is content again.
  bool SwallowsLineEnd(char c) {
    if (c == '\r' && !after_return_) {
      after_return_ = true;
      return true;
    }
    swallow_line_end_ = false;
    after_return_ = false;
    return c == '\n';
  }

  const std::vector<Cut>& cuts_;
  env::AppendFile& file_;
  std::string out_;
  uint64_t at_ = 0;
  size_t next_ = 0;
  bool swallow_line_end_ = false;
  bool after_return_ = false;
};

Status Copy(const std::string& from, const CsvDialect& dialect, const std::vector<Cut>& cuts,
            const std::string& to, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto source, OpenCsvText(from, dialect));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(to));
  Copier copier(cuts, file);
  std::vector<char> chunk(kChunkBytes);
  while (true) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("cancelled");
    SLUICE_ASSIGN(const size_t size, source->Read(chunk.data(), chunk.size()));
    if (size == 0) return copier.Flush();
    SLUICE_TRY(copier.Take(chunk.data(), size));
  }
}

}  // namespace

Status PatchCsv(const std::string& from, const CsvReaderOptions& options, const CsvPatches& patches,
                const std::string& to, const env::Cancel* cancel) {
  SLUICE_TRY(options.dialect.Validate());
  SLUICE_TRY(env::RemoveFile(to));
  SLUICE_ASSIGN(const auto cuts, FindCuts(from, options, patches, cancel));
  Status status = Copy(from, options.dialect, cuts, to, cancel);
  if (!status.ok()) (void)env::RemoveFile(to);  // the first error is the one to tell
  return status;
}

}  // namespace sluice::format
