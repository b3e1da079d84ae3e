#include "ingest/quarantined_rows.h"

#include <atomic>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"
#include "format/csv_reader.h"

namespace sluice::ingest {
namespace {

constexpr size_t kInMemory = 256 << 10;  // bytes; what is more goes into the file
constexpr size_t kReadAtOnce = 1 << 20;

// Nobody but this process reads them: numbers as they lie in memory, texts behind their lengths.
void PutNumber(std::string& out, int64_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

int64_t TakeNumber(std::string_view& in) {
  int64_t number = 0;
  SLUICE_CHECK(in.size() >= sizeof number, "a bad row is cut off");
  std::memcpy(&number, in.data(), sizeof number);
  in.remove_prefix(sizeof number);
  return number;
}

std::string TakeText(std::string_view& in) {
  const auto size = static_cast<size_t>(TakeNumber(in));
  SLUICE_CHECK(in.size() >= size, "a bad row is cut off");
  std::string text(in.substr(0, size));
  in.remove_prefix(size);
  return text;
}

template <typename Row, typename Work>
void ForNumbers(Row& row, Work work) {
  for (auto* number : {&row.record, &row.line, &row.byte_offset, &row.swallowed}) work(*number);
}

template <typename Row, typename Work>
void ForTexts(Row& row, Work work) {
  for (auto* text : {&row.member, &row.column, &row.value, &row.reason, &row.rule, &row.raw}) {
    work(*text);
  }
}

// Behind its length.
void PutRow(std::string& out, const QuarantinedRow& row) {
  const size_t begin = out.size();
  PutNumber(out, 0);
  PutNumber(out, static_cast<int64_t>(row.file));
  PutNumber(out, row.raw_cut ? 1 : 0);
  ForNumbers(row, [&](int64_t number) { PutNumber(out, number); });
  ForTexts(row, [&](const std::string& text) {
    PutNumber(out, static_cast<int64_t>(text.size()));
    out += text;
  });
  const auto size = static_cast<int64_t>(out.size() - begin - sizeof(int64_t));
  std::memcpy(out.data() + begin, &size, sizeof size);
}

QuarantinedRow RowOf(std::string_view in) {
  QuarantinedRow row;
  row.file = static_cast<size_t>(TakeNumber(in));
  row.raw_cut = TakeNumber(in) != 0;
  ForNumbers(row, [&](int64_t& number) { number = TakeNumber(in); });
  ForTexts(row, [&](std::string& text) { text = TakeText(in); });
  return row;
}

// Calls `work` for the rows that are whole in `bytes`, and takes them off.
Status TakeWholeRows(std::string& bytes, const std::function<Status(QuarantinedRow&)>& work) {
  std::string_view rest = bytes;
  while (rest.size() >= sizeof(int64_t)) {
    std::string_view behind = rest;
    const auto size = static_cast<size_t>(TakeNumber(behind));
    if (behind.size() < size) break;
    QuarantinedRow row = RowOf(behind.substr(0, size));
    SLUICE_TRY(work(row));
    rest = behind.substr(size);
  }
  bytes.erase(0, bytes.size() - rest.size());
  return Status::Ok();
}

}  // namespace

std::string StoredText(const std::string& bytes) {
  if (IsValidUtf8(bytes)) return bytes;
  return "\\x" + HexEncode({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

struct QuarantinedRows::Impl {
  explicit Impl(const std::string& folder) {
    static std::atomic<uint64_t> next = 0;
    path = env::JoinPath(folder, fmt::format("bad_rows_{}", next++));
  }
  ~Impl() {
    if (in_file > 0) (void)env::RemoveFile(path);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Opened each time: there may be as many of these as a step has tables.
  Status Write() {
    if (in_file == 0) SLUICE_TRY(env::RemoveFile(path));
    SLUICE_ASSIGN(auto file, env::AppendFile::Open(path));
    in_file = file.size() + behind.size();
    SLUICE_TRY(file.Append(behind));
    behind.clear();
    return Status::Ok();
  }

  std::string path;
  uint64_t in_file = 0;  // bytes
  std::string behind;    // those that are in no file
  std::map<size_t, RowsOfFile> files;
};

QuarantinedRows::QuarantinedRows(const std::string& folder)
    : impl_(std::make_shared<Impl>(folder)) {}

QuarantinedRows QuarantinedRows::Another() const {
  return impl_ == nullptr ? QuarantinedRows() : QuarantinedRows(env::Dirname(impl_->path));
}

Status QuarantinedRows::Add(const QuarantinedRow& row) {
  SLUICE_CHECK(impl_ != nullptr, "bad rows of nothing");
  PutRow(impl_->behind, row);
  RowsOfFile& of_file = impl_->files[row.file];
  if (of_file.rows == 0) {
    of_file.line = row.line;
    of_file.column = row.column;
    of_file.reason = row.reason;
  }
  ++of_file.rows;
  const bool not_utf8 = row.reason == format::CsvFaultText(format::CsvFault::kInvalidUtf8);
  if (row.rule == "encoding" && not_utf8) ++of_file.not_utf8;
  of_file.swallowed += row.swallowed;
  if (row.swallowed > of_file.most_swallowed) {
    of_file.most_swallowed = row.swallowed;
    of_file.swallowed_line = row.line;
    of_file.swallowed_reason = row.reason;
  }
  return impl_->behind.size() < kInMemory ? Status::Ok() : impl_->Write();
}

bool QuarantinedRows::empty() const {
  return impl_ == nullptr || impl_->files.empty();
}

RowsOfFile QuarantinedRows::Of(size_t file) const {
  if (impl_ == nullptr) return {};
  const auto found = impl_->files.find(file);
  return found == impl_->files.end() ? RowsOfFile() : found->second;
}

Status QuarantinedRows::ForEach(const std::function<Status(QuarantinedRow&)>& work) const {
  if (empty()) return Status::Ok();
  std::string bytes;
  if (impl_->in_file > 0) {
    SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(impl_->path));
    std::string chunk;
    for (uint64_t at = 0; at < impl_->in_file; at += chunk.size()) {
      SLUICE_TRY(file.ReadAt(at, kReadAtOnce, chunk));
      if (chunk.empty()) return FailedError(impl_->path + ": it has become shorter");
      bytes += chunk;
      SLUICE_TRY(TakeWholeRows(bytes, work));
    }
  }
  bytes += impl_->behind;
  SLUICE_TRY(TakeWholeRows(bytes, work));
  SLUICE_CHECK(bytes.empty(), "a bad row is cut off");
  return Status::Ok();
}

}  // namespace sluice::ingest
