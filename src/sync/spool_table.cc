#include "sync/spool_table.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace sluice::sync {
namespace {

using engine::Output;

enum Column : size_t {
  kPosition,
  kKey,
  kIdentity,
  kDigest,
  kPayload,
  kSent,
  kPriorKey,
  kRemoves,
  kMoves,
  kInDoubt,
  kAnswer
};

// What all threads that read it share.
struct Spool {
  std::optional<env::RandomReadFile> file;  // none where there are no rows
  std::vector<SpoolPiece> pieces;
  std::vector<uint32_t> answers;
};

void PutNumbers(uint64_t position, uint32_t answer, size_t at, std::vector<Output>& columns) {
  const auto put = [at](Output& column, uint64_t number) {
    if (column.wanted()) column.data<int64_t>()[at] = static_cast<int64_t>(number);
  };
  put(columns[kPosition], position);
  put(columns[kAnswer], answer);
  if (answer == kUntried && columns[kAnswer].wanted()) columns[kAnswer].SetNull(at);
}

void PutTextOrNull(Output& column, size_t at, const std::optional<std::string_view>& text) {
  if (!column.wanted()) return;
  if (text) {
    column.SetText(at, *text);
  } else {
    column.SetNull(at);
  }
}

void PutFlag(Output& column, size_t at, bool flag) {
  if (column.wanted()) column.data<bool>()[at] = flag;
}

// All but the numbers.
void PutRow(const SpoolRowView& row, size_t at, std::vector<Output>& columns) {
  PutTextOrNull(columns[kKey], at, row.key);
  PutTextOrNull(columns[kIdentity], at, row.identity);
  if (columns[kDigest].wanted()) columns[kDigest].data<Hash128>()[at] = row.digest;
  PutTextOrNull(columns[kPayload], at, row.payload);
  PutTextOrNull(columns[kSent], at,
                row.sends_payload ? std::nullopt : std::optional<std::string_view>(row.sent));
  PutTextOrNull(columns[kPriorKey], at, row.prior_key);
  PutFlag(columns[kRemoves], at, row.change == Change::kRemoved);
  PutFlag(columns[kMoves], at, row.change == Change::kIdentity);
  PutFlag(columns[kInDoubt], at, row.in_doubt);
}

Status ReadPiece(const Spool& spool, const SpoolPiece& piece, std::string& buffer,
                 std::vector<Output>& columns) {
  const bool any_text = std::any_of(columns.begin() + kKey, columns.begin() + kAnswer,
                                    [](const Output& column) { return column.wanted(); });
  if (!any_text) {
    for (size_t at = 0; at < piece.rows; ++at) {
      PutNumbers(piece.first + at, spool.answers[piece.first + at], at, columns);
    }
    return Status::Ok();
  }
  SLUICE_TRY(spool.file->ReadAt(piece.offset, piece.bytes, buffer));
  std::string_view rest = buffer;
  const auto damaged = [&] {
    return FailedError(
        fmt::format("the spool {} was changed while it was read", spool.file->path()));
  };
  SpoolRowView row;
  for (size_t at = 0; at < piece.rows; ++at) {
    if (rest.size() < kSpoolHeadBytes) return damaged();
    const size_t length = SpoolRowBytes(rest);
    if (rest.size() < length || !ReadSpoolRow(rest.substr(0, length), row)) return damaged();
    PutNumbers(piece.first + at, spool.answers[piece.first + at], at, columns);
    PutRow(row, at, columns);
    rest.remove_prefix(length);
  }
  return Status::Ok();
}

engine::TableSource SourceOf(std::shared_ptr<const Spool> spool) {
  engine::TableSource source;
  source.columns = {{"position", "BIGINT"},   {"key", "VARCHAR"},     {"identity", "VARCHAR"},
                    {"digest", "UHUGEINT"},   {"payload", "VARCHAR"}, {"sent", "VARCHAR"},
                    {"prior_key", "VARCHAR"}, {"removes", "BOOLEAN"}, {"moves", "BOOLEAN"},
                    {"in_doubt", "BOOLEAN"},  {"answer", "BIGINT"}};
  source.rows = spool->answers.size();
  source.scan = [spool = std::move(spool)] {
    auto next = std::make_shared<std::atomic<size_t>>(0);
    return [spool, next]() -> Result<engine::ReadRows> {
      return engine::ReadRows([spool, next, buffer = std::string()](
                                  std::vector<Output>& columns) mutable -> Result<size_t> {
        const size_t number = next->fetch_add(1);
        if (number >= spool->pieces.size()) return size_t{0};
        const SpoolPiece& piece = spool->pieces[number];
        SLUICE_TRY(ReadPiece(*spool, piece, buffer, columns));
        return static_cast<size_t>(piece.rows);
      });
    };
  };
  return source;
}

}  // namespace

Result<SpoolTable> SpoolTable::Bind(engine::Connection& connection, const std::string& path,
                                    const SpoolInfo& expected, std::vector<uint32_t> answers) {
  SpoolTable table;
  auto spool = std::make_shared<Spool>();
  if (!answers.empty()) {
    SLUICE_ASSIGN(auto reader, SpoolReader::Open(path));
    SLUICE_ASSIGN(spool->pieces, reader.Index(expected, answers.size(), engine::kRowsAtOnce,
                                              [&](const SpoolRowView& row) {
                                                table.any_prior_ |= row.prior_key.has_value();
                                                table.any_moves_ |= row.change == Change::kIdentity;
                                              }));
    SLUICE_ASSIGN(auto file, env::RandomReadFile::Open(path));
    spool->file.emplace(std::move(file));
  }
  spool->answers = std::move(answers);
  SLUICE_ASSIGN(table.table_, engine::BoundTable::Bind(connection, std::string(kSpoolTable),
                                                       SourceOf(std::move(spool))));
  return table;
}

}  // namespace sluice::sync
