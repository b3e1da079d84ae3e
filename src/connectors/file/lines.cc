#include "connectors/file/lines.h"

#include "env/file.h"

namespace sluice::connectors::file {
namespace {

constexpr size_t kPiece = 1 << 20;

}  // namespace

Status ForEachLine(const std::string& path, uint64_t from, const env::Cancel* cancel,
                   const VisitLine& visit) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  std::string rest;
  std::string piece;
  uint64_t done = from;
  for (uint64_t at = from;; at += piece.size()) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    SLUICE_TRY(file.ReadAt(at, kPiece, piece));
    if (piece.empty()) break;
    rest += piece;
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      const auto line = std::string_view(rest).substr(begin, end + 1 - begin);
      SLUICE_TRY(visit(line, done));
      done += line.size();
      begin = end + 1;
    }
    rest.erase(0, begin);
  }
  return rest.empty() ? Status::Ok() : visit(rest, done);
}

}  // namespace sluice::connectors::file
