#include "sync/delivery_log.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "sync/wire.h"

namespace sluice::sync {
namespace {

constexpr uint32_t kMagic = 0x31474C53;  // "SLG1"
constexpr size_t kFrameHead = 16;
// Far above what one request can need (a million ranges); a length beyond it is no length.
constexpr uint32_t kMaxBody = 64U << 20;
constexpr size_t kScanBytes = 1 << 20;

enum class Kind : uint8_t { kHeader = 1, kIntent = 2, kOutcome = 3, kEnding = 4 };

uint64_t Checksum(uint64_t offset, std::string_view body) {
  std::string bytes;
  bytes.reserve(body.size() + 8);
  WireWriter(bytes).U64(offset);
  bytes += body;
  return Hash64(bytes);
}

void WriteRanges(WireWriter& out, const std::vector<RowRange>& ranges) {
  out.U32(static_cast<uint32_t>(ranges.size()));
  for (const RowRange& range : ranges) {
    out.U64(range.first);
    out.U64(range.count);
  }
}

std::vector<RowRange> ReadRanges(WireReader& in) {
  std::vector<RowRange> ranges;
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    const uint64_t first = in.U64();
    ranges.push_back({first, in.U64()});
  }
  return ranges;
}

struct Encoder {
  WireWriter out;

  void operator()(const LogHeader& header) {
    out.U8(static_cast<uint8_t>(Kind::kHeader));
    out.I64(header.delivery_id);
    out.Text(header.sync);
    out.Text(header.run_id);
    out.Text(header.host);
    out.Text(header.warehouse);
    out.U64(header.spool.rows);
    out.U64(header.spool.bytes);
    out.Hash(header.spool.digest);
    out.I64(header.at);
  }
  void operator()(const LogIntent& intent) {
    out.U8(static_cast<uint8_t>(Kind::kIntent));
    out.U64(intent.attempt);
    WriteRanges(out, intent.rows);
    out.U64(intent.bytes);
    out.Text(intent.mark);
    out.I64(intent.at);
  }
  void operator()(const LogOutcome& outcome) {
    out.U8(static_cast<uint8_t>(Kind::kOutcome));
    out.U64(outcome.attempt);
    out.I64(outcome.http_status);
    out.U32(static_cast<uint32_t>(outcome.answers.size()));
    for (const LogAnswer& answer : outcome.answers) {
      out.U8(static_cast<uint8_t>(answer.state));
      out.Text(answer.code);
      out.Text(answer.message);
      WriteRanges(out, answer.rows);
    }
    out.I64(outcome.at);
  }
  void operator()(const LogEnding& ending) {
    out.U8(static_cast<uint8_t>(Kind::kEnding));
    out.Text(ending.outcome);
    out.Text(ending.message);
    out.U32(static_cast<uint32_t>(ending.warnings.size()));
    for (const auto& [text, times] : ending.warnings) {
      out.Text(text);
      out.U64(times);
    }
    out.I64(ending.at);
  }
};

LogHeader DecodeHeader(WireReader& in) {
  LogHeader header;
  header.delivery_id = in.I64();
  header.sync = in.Text();
  header.run_id = in.Text();
  header.host = in.Text();
  header.warehouse = in.Text();
  header.spool.rows = in.U64();
  header.spool.bytes = in.U64();
  header.spool.digest = in.Hash();
  header.at = in.I64();
  return header;
}

LogIntent DecodeIntent(WireReader& in) {
  LogIntent intent;
  intent.attempt = in.U64();
  intent.rows = ReadRanges(in);
  intent.bytes = in.U64();
  intent.mark = in.Text();
  intent.at = in.I64();
  return intent;
}

LogOutcome DecodeOutcome(WireReader& in) {
  LogOutcome outcome;
  outcome.attempt = in.U64();
  outcome.http_status = static_cast<int>(in.I64());
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    LogAnswer answer;
    answer.state = static_cast<connector::RowState>(in.U8());
    answer.code = in.Text();
    answer.message = in.Text();
    answer.rows = ReadRanges(in);
    outcome.answers.push_back(std::move(answer));
  }
  outcome.at = in.I64();
  return outcome;
}

LogEnding DecodeEnding(WireReader& in) {
  LogEnding ending;
  ending.outcome = in.Text();
  ending.message = in.Text();
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    std::string text(in.Text());
    ending.warnings.emplace_back(std::move(text), in.U64());
  }
  ending.at = in.I64();
  return ending;
}

std::optional<LogEntry> Decode(std::string_view body) {
  WireReader in(body);
  std::optional<LogEntry> entry;
  switch (static_cast<Kind>(in.U8())) {
    case Kind::kHeader:
      entry = DecodeHeader(in);
      break;
    case Kind::kIntent:
      entry = DecodeIntent(in);
      break;
    case Kind::kOutcome:
      entry = DecodeOutcome(in);
      break;
    case Kind::kEnding:
      entry = DecodeEnding(in);
      break;
    default:
      return {};
  }
  if (in.failed() || !in.at_end()) return {};
  return entry;
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

std::string RowsText(const std::vector<RowRange>& ranges) {
  std::string out;
  for (const RowRange& range : ranges) {
    if (!out.empty()) out += ',';
    out += range.count == 1 ? std::to_string(range.first)
                            : fmt::format("{}-{}", range.first, range.first + range.count - 1);
  }
  return out;
}

struct Describer {
  std::string operator()(const LogHeader& header) const {
    return fmt::format("header   delivery {} of {}, run {}, {}", header.delivery_id, header.sync,
                       header.run_id, Counted(header.spool.rows, "row"));
  }
  std::string operator()(const LogIntent& intent) const {
    return fmt::format("intent   attempt {}, rows {}, {} bytes{}", intent.attempt,
                       RowsText(intent.rows), Thousands(intent.bytes),
                       intent.mark.empty() ? "" : ", mark " + intent.mark);
  }
  std::string operator()(const LogOutcome& outcome) const {
    std::string out = fmt::format("outcome  attempt {}", outcome.attempt);
    if (outcome.http_status != 0) out += fmt::format(", status {}", outcome.http_status);
    for (const LogAnswer& answer : outcome.answers) {
      out += fmt::format(", rows {} {}", RowsText(answer.rows), StateName(answer.state));
      if (!answer.code.empty()) out += fmt::format(" ({})", answer.code);
    }
    return out;
  }
  std::string operator()(const LogEnding& ending) const {
    std::string out = "ending   " + ending.outcome;
    if (!ending.message.empty()) out += ": " + ending.message;
    for (const auto& [text, times] : ending.warnings) out += fmt::format(", {}x {}", times, text);
    return out;
  }
};

}  // namespace

std::string_view StateName(connector::RowState state) {
  switch (state) {
    case connector::RowState::kAcknowledged: return "acknowledged";
    case connector::RowState::kRejected: return "rejected";
    case connector::RowState::kDeferred: return "deferred";
    case connector::RowState::kUnknown: break;
  }
  return "unknown";
}

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

std::string DescribeEntry(uint64_t offset, const LogEntry& entry) {
  return fmt::format("{:>10}  {}", offset, std::visit(Describer{}, entry));
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
  std::string body;
  std::visit(Encoder{WireWriter(body)}, entry);
  SLUICE_CHECK(body.size() <= kMaxBody, "an entry of a delivery's log is too large");
  std::string frame;
  WireWriter head(frame);
  head.U32(kMagic);
  head.U32(static_cast<uint32_t>(body.size()));
  head.U64(Checksum(file_.size(), body));
  frame += body;
  SLUICE_TRY(file_.Append(frame));
  return file_.Sync();
}

Result<LogExtent> ReadLog(const std::string& path,
                          const std::function<Status(uint64_t, const LogEntry&)>& visit) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  SLUICE_ASSIGN(const uint64_t size, file.Size());
  uint64_t offset = 0;
  while (offset < size) {
    SLUICE_ASSIGN(const auto body, FrameAt(file, offset));
    if (!body) break;
    const auto entry = Decode(*body);
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
  if (body) entry = Decode(*body);
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
