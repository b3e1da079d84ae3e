#include "sync/spool.h"

#include <algorithm>

#include <fmt/format.h>

#include "sync/wire.h"

namespace sluice::sync {
namespace {

constexpr std::string_view kMagic = "SLSPOOL1";
constexpr size_t kBufferBytes = 1 << 20;
constexpr uint64_t kMarkEvery = 1024;
constexpr uint8_t kHasPrior = 1;
constexpr uint8_t kLooks = 2;
constexpr uint8_t kHasFormer = 4;
constexpr uint8_t kDoubts = 8;
constexpr uint8_t kSendsPayload = 16;  // the two texts are one, written once

Status Damaged(const std::string& path, std::string_view what) {
  return FailedError(fmt::format("the spool {} {}", path, what));
}

}  // namespace

connector::Operation OperationOf(const SpoolRow& row) {
  using Kind = connector::OperationKind;
  const auto kind = row.change == Change::kRemoved    ? Kind::kRemove
                    : row.change == Change::kIdentity ? Kind::kChangeIdentity
                                                      : Kind::kUpsert;
  return {kind, row.key, row.identity, row.sent, row.former};
}

Result<SpoolWriter> SpoolWriter::Create(const std::string& path) {
  SLUICE_TRY(env::RemoveFile(path));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path, 0600));
  SpoolWriter writer(std::move(file));
  writer.hasher_ = std::make_unique<Hasher128>();
  writer.buffer_ = kMagic;
  return writer;
}

namespace {

void AppendRow(const SpoolRow& row, std::string& buffer) {
  const size_t begin = buffer.size();
  WireWriter out(buffer);
  out.U32(0);
  out.Text(row.key);
  out.Text(row.identity);
  out.U8(static_cast<uint8_t>(row.change));
  out.Hash(row.digest);
  out.Text(row.payload);
  const bool sends_payload = row.sent == row.payload;
  out.Text(sends_payload ? std::string_view() : row.sent);
  out.U8(static_cast<uint8_t>((row.prior_key ? kHasPrior : 0) | (row.look_first ? kLooks : 0) |
                              (row.former.empty() ? 0 : kHasFormer) | (row.in_doubt ? kDoubts : 0) |
                              (sends_payload ? kSendsPayload : 0)));
  if (!row.former.empty()) out.Text(row.former);
  if (row.prior_key) out.Text(*row.prior_key);
  std::string length;
  WireWriter(length).U32(static_cast<uint32_t>(buffer.size() - begin - kSpoolHeadBytes));
  buffer.replace(begin, kSpoolHeadBytes, length);
}

}  // namespace

SpoolDigest::SpoolDigest() : hasher_(std::make_shared<Hasher128>()) {
  hasher_->Update(kMagic);
  info_.bytes = kMagic.size();
}

void SpoolDigest::Add(const SpoolRow& row) {
  buffer_.clear();
  AppendRow(row, buffer_);
  hasher_->Update(buffer_);
  info_.bytes += buffer_.size();
  ++info_.rows;
}

SpoolInfo SpoolDigest::Finish() const {
  SpoolInfo info = info_;
  info.digest = hasher_->Digest();
  return info;
}

Status SpoolWriter::Add(const SpoolRow& row) {
  AppendRow(row, buffer_);
  ++info_.rows;
  return buffer_.size() < kBufferBytes ? Status::Ok() : Flush();
}

Status SpoolWriter::Flush() {
  SLUICE_TRY(file_.Append(buffer_));
  hasher_->Update(buffer_);
  info_.bytes += buffer_.size();
  buffer_.clear();
  return Status::Ok();
}

Result<SpoolInfo> SpoolWriter::Finish() {
  SLUICE_TRY(Flush());
  SLUICE_TRY(file_.Sync());
  SLUICE_TRY(env::SyncDirectory(env::Dirname(file_.path())));
  info_.digest = hasher_->Digest();
  return info_;
}

size_t SpoolRowBytes(std::string_view frame) {
  return WireReader(frame).U32() + kSpoolHeadBytes;
}

bool ReadSpoolRow(std::string_view frame, SpoolRowView& row) {
  WireReader in(frame);
  (void)in.U32();
  row.key = in.Text();
  row.identity = in.Text();
  row.change = static_cast<Change>(in.U8());
  row.digest = in.Hash();
  row.payload = in.Text();
  row.sent = in.Text();
  const uint8_t flags = in.U8();
  row.sends_payload = (flags & kSendsPayload) != 0;
  if (row.sends_payload) row.sent = row.payload;
  row.look_first = (flags & kLooks) != 0;
  row.in_doubt = (flags & kDoubts) != 0;
  row.former = (flags & kHasFormer) != 0 ? in.Text() : std::string_view();
  row.prior_key.reset();
  if ((flags & kHasPrior) != 0) row.prior_key = in.Text();
  return !in.failed() && in.at_end();
}

Result<SpoolReader> SpoolReader::Open(const std::string& path) {
  SLUICE_ASSIGN(auto file, env::RandomReadFile::Open(path));
  SpoolReader reader(std::move(file));
  SLUICE_ASSIGN(const auto begin, reader.Look(kMagic.size()));
  if (begin.substr(0, kMagic.size()) != kMagic) return Damaged(path, "is no spool, or cut");
  reader.offset_ = kMagic.size();
  return reader;
}

Result<std::vector<SpoolPiece>> SpoolReader::Index(
    const SpoolInfo& expected, uint64_t rows, uint64_t most,
    const std::function<void(const SpoolRowView&)>& visit) {
  SLUICE_TRY(Seek(0));
  Hasher128 hasher;
  hasher.Update(kMagic);
  std::vector<SpoolPiece> pieces;
  while (true) {
    const uint64_t position = position_;
    const uint64_t offset = offset_;
    SLUICE_ASSIGN(const auto frame, TakeRow());
    if (!frame) break;
    hasher.Update(*frame);
    if (position >= rows) continue;
    SpoolRowView row;
    if (!ReadSpoolRow(*frame, row)) return Damaged(file_.path(), "is damaged");
    if (visit) visit(row);
    if (pieces.empty() || pieces.back().rows == most || pieces.back().bytes >= kBufferBytes) {
      pieces.push_back({position, 0, offset, 0});
    }
    ++pieces.back().rows;
    pieces.back().bytes += frame->size();
  }
  if (position_ < rows) return Damaged(file_.path(), "is cut");
  if (hasher.Digest() != expected.digest) {
    return Damaged(file_.path(), "is not the one that the delivery was made with");
  }
  SLUICE_TRY(Seek(0));
  return pieces;
}

Result<std::string_view> SpoolReader::Look(size_t length) {
  if (offset_ < buffer_start_ || offset_ + length > buffer_start_ + buffer_.size()) {
    SLUICE_TRY(file_.ReadAt(offset_, std::max(length, kBufferBytes), buffer_));
    buffer_start_ = offset_;
  }
  return std::string_view(buffer_).substr(offset_ - buffer_start_);
}

Result<std::optional<std::string_view>> SpoolReader::TakeRow() {
  if (position_ % kMarkEvery == 0 && position_ / kMarkEvery == marks_.size()) {
    marks_.push_back(offset_);
  }
  SLUICE_ASSIGN(auto bytes, Look(kSpoolHeadBytes));
  if (bytes.empty()) return std::optional<std::string_view>();
  if (bytes.size() < kSpoolHeadBytes) return Damaged(file_.path(), "is cut");
  const size_t length = SpoolRowBytes(bytes);
  if (length > kBufferBytes) {  // of a damaged file it may say anything
    SLUICE_ASSIGN(const uint64_t size, file_.Size());
    if (offset_ + length > size) return Damaged(file_.path(), "is cut");
  }
  SLUICE_ASSIGN(bytes, Look(length));
  if (bytes.size() < length) return Damaged(file_.path(), "is cut");
  ++position_;
  offset_ += length;
  return std::optional<std::string_view>(bytes.substr(0, length));
}

Result<std::optional<SpoolRow>> SpoolReader::Next() {
  return Next(true);
}

Result<std::optional<SpoolRow>> SpoolReader::NextToSend() {
  return Next(false);
}

Result<std::optional<SpoolRow>> SpoolReader::Next(bool whole) {
  SLUICE_ASSIGN(const auto frame, TakeRow());
  if (!frame) return std::optional<SpoolRow>();
  SpoolRowView view;
  if (!ReadSpoolRow(*frame, view)) return Damaged(file_.path(), "is damaged");
  SpoolRow row;
  row.key = view.key;
  row.identity = view.identity;
  row.change = view.change;
  if (whole) row.digest = view.digest;
  if (whole) row.payload = view.payload;
  row.sent = view.sent;
  row.look_first = view.look_first;
  row.in_doubt = view.in_doubt;
  row.former = view.former;
  if (view.prior_key) row.prior_key = *view.prior_key;
  return std::optional<SpoolRow>(std::move(row));
}

Status SpoolReader::Seek(uint64_t position) {
  if (!marks_.empty()) {
    const uint64_t mark = std::min<uint64_t>(position / kMarkEvery, marks_.size() - 1);
    if (position < position_ || mark * kMarkEvery > position_) {
      offset_ = marks_[mark];
      position_ = mark * kMarkEvery;
    }
  }
  while (position_ < position) {
    SLUICE_ASSIGN(const auto row, TakeRow());
    if (!row) break;
  }
  return Status::Ok();
}

}  // namespace sluice::sync
