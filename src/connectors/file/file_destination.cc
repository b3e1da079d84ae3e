#include "connectors/file/file_destination.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/text.h"
#include "connector/lookup.h"
#include "connector/purging.h"
#include "connectors/file/held_rows.h"
#include "connectors/file/purge_lines.h"
#include "env/file.h"
#include "env/lock.h"

namespace sluice::connectors::file {
namespace {

using connector::Operation;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::RowState;
using connector::SendResult;

constexpr size_t kTailBytes = 1 << 16;
constexpr size_t kRowsLookedFor = 10'000;

std::string Line(const Operation& operation) {
  std::string line = operation.kind == connector::OperationKind::kRemove
                         ? R"({"kind":"remove","key":)"
                         : R"({"kind":"upsert","key":)";
  AppendJsonString(line, operation.key);
  line += R"(,"payload":)";
  line += operation.payload;
  return line + "}\n";
}

// Where a group of lines was to be: "OFFSET LENGTH HASH".
struct Group {
  uint64_t offset = 0;
  uint64_t length = 0;
  std::string hash;
};

std::optional<Group> ParseMark(const std::string& mark) {
  const auto parts = Split(mark, ' ');
  if (parts.size() != 3) return {};
  const auto offset = ParseUnsigned(parts[0]);
  const auto length = ParseUnsigned(parts[1]);
  if (!offset || !length) return {};
  return Group{*offset, *length, parts[2]};
}

Result<std::string> HashOfRange(const std::string& path, const Group& group) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  std::string bytes;
  SLUICE_TRY(file.ReadAt(group.offset, group.length, bytes));
  return HashOf(bytes).Hex();
}

// The bytes behind the last newline.
Result<std::string> LastPart(const std::string& path, uint64_t size) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  std::string tail;
  std::string bytes;
  for (uint64_t end = size; end > 0;) {
    const uint64_t begin = end > kTailBytes ? end - kTailBytes : 0;
    SLUICE_TRY(file.ReadAt(begin, end - begin, bytes));
    const size_t newline = bytes.rfind('\n');
    if (newline != std::string::npos) return bytes.substr(newline + 1) + tail;
    tail = bytes + tail;
    end = begin;
  }
  return tail;
}

class FileDestination : public connector::Destination,
                        public connector::Settling,
                        public connector::Lookup,
                        public connector::Purging {
 public:
  FileDestination(std::string folder, std::string name)
      : folder_(std::move(folder)),
        path_(env::JoinPath(folder_, name + ".jsonl")),
        lock_path_(env::JoinPath(folder_, "." + name + ".lock")),
        held_(path_),
        terms_({0, kRowsLookedFor, 1, "reading " + name + ".jsonl"}) {
    // Each group is made durable: few large ones cost less.
    capabilities_.max_rows_per_request = 10'000;
    capabilities_.max_bytes_per_request = 16'000'000;
    // A line twice says the same twice; Settle sees to it that it does not come to that.
    capabilities_.repeatable = true;
    capabilities_.removes = true;
    capabilities_.noun = "row";
    capabilities_.request_name = "APPEND " + name + ".jsonl";
  }

  std::string Describe() const override { return "file " + path_; }
  const connector::Capabilities& capabilities() const override { return capabilities_; }
  Status CheckFields(std::span<const std::string>) const override { return Status::Ok(); }
  Result<std::string> IdentityOf(std::string_view key, std::string_view) const override {
    return std::string(key);
  }
  std::span<const std::string> identifiers() const override { return {}; }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override;
  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override;
  connector::Settling* settling() override { return this; }
  Status Probe(const env::Cancel* cancel) override;

  Result<std::string> Mark(const PreparedRequest& request) override;
  Result<bool> Settle(const std::string& mark) override;

  const Terms& lookup_terms() const override { return terms_; }
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool values,
                                     const env::Cancel* cancel) override;
  Result<int64_t> Purge(const std::set<std::string>& keys, const env::Cancel* cancel) override;

 private:
  // Opens the file for appending, once, and repairs its end.
  Status Open();
  Status CutTo(uint64_t size);

  const std::string folder_;
  const std::string path_;
  const std::string lock_path_;
  connector::Capabilities capabilities_;
  std::optional<env::FileLock> lock_;
  std::optional<env::AppendFile> file_;
  HeldKeys held_;
  const Terms terms_;
};

Result<PreparedRequest> FileDestination::Prepare(std::span<const Operation> operations,
                                                 const RequestLimit& limit) const {
  int64_t rows = capabilities_.max_rows_per_request;
  int64_t bytes = capabilities_.max_bytes_per_request;
  if (limit.rows > 0) rows = std::min(rows, limit.rows);
  if (limit.bytes > 0) bytes = std::min(bytes, limit.bytes);
  PreparedRequest request;
  request.method = "APPEND";
  request.target = path_;
  for (const Operation& operation : operations) {
    if (request.rows == static_cast<size_t>(rows)) break;
    const std::string line = Line(operation);
    if (request.body.size() + line.size() > static_cast<size_t>(bytes)) break;
    request.body += line;
    ++request.rows;
  }
  if (request.rows == 0) {
    return RejectedError(fmt::format("the row is larger than a request may be ({})",
                                     HumanBytes(static_cast<uint64_t>(bytes))));
  }
  return request;
}

SendResult FileDestination::Send(const PreparedRequest& request,
                                 std::span<const Operation> /*operations*/,
                                 const env::Cancel* cancel) {
  SendResult result;
  const auto all = [&](RowState state, const std::string& code, const std::string& message) {
    result.outcomes.assign(request.rows, {state, code, message});
    return result;
  };
  if (cancel != nullptr && cancel->is_set()) return all(RowState::kDeferred, "cancelled", "");
  if (Status opened = Open(); !opened.ok()) {
    result.stop = opened;
    return all(RowState::kDeferred, "not_written", opened.message());
  }
  const uint64_t begin = file_->size();
  Status written = file_->Append(request.body);
  if (written.ok()) written = file_->Sync();
  if (written.ok()) return all(RowState::kAcknowledged, "", "");
  // A full disk, most likely: what was written of the group goes again.
  file_.reset();
  result.stop = written;
  const bool undone = CutTo(begin).ok();
  return all(undone ? RowState::kDeferred : RowState::kUnknown, "not_written", written.message());
}

Result<std::string> FileDestination::Mark(const PreparedRequest& request) {
  SLUICE_TRY(Open());
  return fmt::format("{} {} {}", file_->size(), request.body.size(), HashOf(request.body).Hex());
}

Result<bool> FileDestination::Settle(const std::string& mark) {
  const auto group = ParseMark(mark);
  if (!group) return FailedError("the note of an interrupted request cannot be read");
  const auto info = env::Stat(path_);
  const uint64_t size = info.ok() ? info->size : 0;
  if (size < group->offset) {
    return FailedError(fmt::format("{} is shorter than it was: somebody has changed it", path_));
  }
  if (size == group->offset) return false;
  const uint64_t end = group->offset + group->length;
  if (size >= end) {
    SLUICE_ASSIGN(const auto hash, HashOfRange(path_, *group));
    if (hash == group->hash) return true;
  }
  if (size > end) {
    return FailedError(fmt::format("{} goes on behind an interrupted request", path_));
  }
  SLUICE_TRY(CutTo(group->offset));
  return false;
}

Result<int64_t> FileDestination::Purge(const std::set<std::string>& keys,
                                       const env::Cancel* cancel) {
  if (!env::Exists(path_)) return int64_t{0};
  SLUICE_TRY(Open());  // for its lock, and its end
  file_.reset();
  return PurgeLines(path_, keys, cancel);
}

Status FileDestination::CutTo(uint64_t size) {
  file_.reset();
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path_, 0600));
  SLUICE_TRY(file.Truncate(size));
  return file.Sync();
}

Status FileDestination::Open() {
  if (file_) return Status::Ok();
  SLUICE_TRY(env::CreateDirectories(folder_));
  if (!lock_) {
    auto lock = env::FileLock::TryAcquire(lock_path_, "a sync to " + path_);
    if (!lock.ok()) return lock.status();
    lock_.emplace(std::move(lock).value());
  }
  const bool is_new = !env::Exists(path_);
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path_, 0600));
  if (is_new) SLUICE_TRY(env::SyncDirectory(folder_));
  SLUICE_ASSIGN(const std::string rest, LastPart(path_, file.size()));
  if (!rest.empty()) {
    // A whole line that only lacks its end is somebody's, who has edited the file.
    if (CanonicalJson(rest).ok()) {
      SLUICE_TRY(file.Append("\n"));
    } else {
      SLUICE_TRY(file.Truncate(file.size() - rest.size()));
    }
    SLUICE_TRY(file.Sync());
  }
  file_.emplace(std::move(file));
  return Status::Ok();
}

Result<std::vector<connector::Lookup::Found>> FileDestination::LookFor(
    std::span<const Operation> rows, bool values, const env::Cancel*) {
  std::vector<Found> found(rows.size());
  if (!values) {
    SLUICE_TRY(held_.Refresh());
    for (size_t i = 0; i < rows.size(); ++i) found[i].there = held_.Holds(rows[i].key);
    return found;
  }
  std::set<std::string, std::less<>> keys;
  for (const Operation& row : rows) keys.emplace(row.key);
  SLUICE_ASSIGN(const auto held, ReadHeld(path_, keys));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto there = held.find(rows[i].key);
    found[i].there = there != held.end();
    if (!found[i].there) continue;
    for (const JsonMember& member : JsonMembers(rows[i].payload)) {
      const auto field = there->second.find(member.name);
      const std::string_view value = field == there->second.end() ? "null" : field->second;
      if (value != member.value) found[i].differing.emplace_back(member.name);
    }
  }
  return found;
}

Status FileDestination::Probe(const env::Cancel*) {
  // A folder that is not there is made by the first row: here it is enough that it could be.
  std::string folder = folder_;
  while (!env::Exists(folder) && env::Dirname(folder) != folder) folder = env::Dirname(folder);
  const std::string probe = env::JoinPath(folder, ".sluice_probe");
  SLUICE_TRY(env::WriteFileAtomically(probe, "", 0600));
  return env::RemoveFile(probe);
}

}  // namespace

Result<std::unique_ptr<connector::Destination>> MakeFileDestination(std::string folder,
                                                                    std::string name) {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) {
    return ConfigError(fmt::format("\"{}\" cannot be the name of a file", name));
  }
  return std::unique_ptr<connector::Destination>(
      std::make_unique<FileDestination>(std::move(folder), std::move(name)));
}

}  // namespace sluice::connectors::file
