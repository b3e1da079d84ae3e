#include "sync/delivery_log.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "sync/log_format.h"
#include "sync/wire.h"

namespace sluice::sync {
namespace {

constexpr uint32_t kMagic = 0x31474C53;  // "SLG1"
constexpr size_t kFrameHead = 16;
// Far above what one request can need (a million ranges); a length beyond it is no length.
constexpr uint32_t kMaxBody = 64U << 20;
constexpr size_t kScanBytes = 1 << 20;

uint64_t Checksum(uint64_t offset, std::string_view body) {
  std::string bytes;
  bytes.reserve(body.size() + 8);
  WireWriter(bytes).U64(offset);
  bytes += body;
  return Hash64(bytes);
}

// The body of the frame at `offset`; nothing when there is none that is whole and right.
Result<std::optional<std::string>> FrameAt(const env::RandomReadFile& file, uint64_t offset) {
  std::string head;
  SLUICE_TRY(file.ReadAt(offset, kFrameHead, head));
  if (head.size() < kFrameHead) return std::optional<std::string>();
  WireReader in(head);
  const uint32_t magic = in.U32();
  const uint32_t length = in.U32();
  const uint64_t checksum = in.U64();
  if (magic != kMagic || length > kMaxBody) return std::optional<std::string>();
  std::string body;
  SLUICE_TRY(file.ReadAt(offset + kFrameHead, length, body));
  if (body.size() != length || Checksum(offset, body) != checksum) {
    return std::optional<std::string>();
  }
  return std::optional<std::string>(std::move(body));
}

// Whether any whole frame begins behind `offset`.
Result<bool> FrameBehind(const env::RandomReadFile& file, uint64_t offset, uint64_t size) {
  std::string magic;
  WireWriter(magic).U32(kMagic);
  std::string bytes;
  // Pieces overlap by less than a magic, so that none is missed and none is seen twice.
  for (uint64_t at = offset + 1; at + kFrameHead <= size;) {
    SLUICE_TRY(file.ReadAt(at, kScanBytes, bytes));
    for (size_t hit = bytes.find(magic); hit != std::string::npos;
         hit = bytes.find(magic, hit + 1)) {
      SLUICE_ASSIGN(const auto frame, FrameAt(file, at + hit));
      if (frame) return true;
    }
    if (bytes.size() < kScanBytes) break;
    at += bytes.size() - (magic.size() - 1);
  }
  return false;
}

}  // namespace

std::vector<RowRange> ToRanges(const std::vector<uint64_t>& positions) {
  std::vector<RowRange> ranges;
  for (const uint64_t position : positions) {
    if (!ranges.empty() && ranges.back().first + ranges.back().count == position) {
      ++ranges.back().count;
    } else {
      ranges.push_back({position, 1});
    }
  }
  return ranges;
}

Result<DeliveryLog> DeliveryLog::Create(const std::string& path, const LogHeader& header) {
  SLUICE_TRY(env::RemoveFile(path));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path, 0600));
  DeliveryLog log(std::move(file));
  SLUICE_TRY(log.Write(header));
  SLUICE_TRY(env::SyncDirectory(env::Dirname(path)));
  return log;
}

Result<DeliveryLog> DeliveryLog::Continue(const std::string& path) {
  if (!env::Exists(path)) return NotFoundError(fmt::format("the delivery log {} is gone", path));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path, 0600));
  return DeliveryLog(std::move(file));
}

Status DeliveryLog::Write(const LogEntry& entry) {
  SLUICE_TRY(Append(entry));
  return Sync();
}

Status DeliveryLog::Append(const LogEntry& entry) {
  const std::string body = EncodeEntry(entry);
  SLUICE_CHECK(body.size() <= kMaxBody, "an entry of a delivery's log is too large");
  std::string frame;
  WireWriter head(frame);
  head.U32(kMagic);
  head.U32(static_cast<uint32_t>(body.size()));
  head.U64(Checksum(file_.size(), body));
  frame += body;
  SLUICE_TRY(file_.Append(frame));
  durable_ = false;
  return Status::Ok();
}

Status DeliveryLog::Sync() {
  if (durable_) return Status::Ok();
  SLUICE_TRY(file_.Sync());
  durable_ = true;
  return Status::Ok();
}

Result<LogExtent> ReadLog(const std::string& path,
                          const std::function<Status(uint64_t, const LogEntry&)>& visit) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  SLUICE_ASSIGN(const uint64_t size, file.Size());
  uint64_t offset = 0;
  while (offset < size) {
    SLUICE_ASSIGN(const auto body, FrameAt(file, offset));
    if (!body) break;
    const auto entry = DecodeEntry(*body);
    if (!entry) {
      return FailedError(fmt::format("the delivery log {} holds an entry at byte {} that this "
                                     "program does not know",
                                     path, offset),
                         "Use the version of sluice that wrote it");
    }
    if ((offset == 0) != std::holds_alternative<LogHeader>(*entry)) {
      return FailedError(fmt::format("the delivery log {} has no header", path));
    }
    SLUICE_TRY(visit(offset, *entry));
    offset += kFrameHead + body->size();
  }
  if (offset < size) {
    SLUICE_ASSIGN(const bool damaged, FrameBehind(file, offset, size));
    if (damaged) {
      return FailedError(
          fmt::format("the delivery log {} is damaged at byte {}: what was sent after it cannot be "
                      "told",
                      path, offset));
    }
  }
  return LogExtent{offset, size - offset};
}

Result<LogHeader> ReadLogHeader(const std::string& path) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  SLUICE_ASSIGN(const auto body, FrameAt(file, 0));
  std::optional<LogEntry> entry;
  if (body) entry = DecodeEntry(*body);
  if (!entry || !std::holds_alternative<LogHeader>(*entry)) {
    return FailedError(fmt::format("the delivery log {} has no header", path));
  }
  return std::get<LogHeader>(std::move(*entry));
}

Status CutTornTail(const std::string& path, const LogExtent& extent) {
  if (extent.torn == 0) return Status::Ok();
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path, 0600));
  SLUICE_TRY(file.Truncate(extent.valid));
  return file.Sync();
}

}  // namespace sluice::sync
