#include "sync/log_format.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sync/wire.h"

namespace sluice::sync {
namespace {

enum class Kind : uint8_t { kHeader = 1, kIntent = 2, kOutcome = 3, kEnding = 4 };

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

std::string EncodeEntry(const LogEntry& entry) {
  std::string body;
  std::visit(Encoder{WireWriter(body)}, entry);
  return body;
}

std::optional<LogEntry> DecodeEntry(std::string_view body) {
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

std::string_view StateName(connector::RowState state) {
  switch (state) {
    case connector::RowState::kAcknowledged:
      return "acknowledged";
    case connector::RowState::kRejected:
      return "rejected";
    case connector::RowState::kDeferred:
    case connector::RowState::kAbsent:
      return "deferred";
    case connector::RowState::kUnknown:
      break;
  }
  return "unknown";
}

std::string DescribeEntry(uint64_t offset, const LogEntry& entry) {
  return fmt::format("{:>10}  {}", offset, std::visit(Describer{}, entry));
}

}  // namespace sluice::sync
