#include "connectors/file/held_rows.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

constexpr size_t kPiece = 1 << 20;

struct Line {
  bool removes = false;
  std::string key;
  std::string_view payload;  // canonical
};
using Visit = std::function<Status(const Line&)>;

Status ReadLine(std::string_view text, uint64_t offset, const Visit& visit) {
  const auto json = CanonicalJson(text);
  const bool object = json.ok() && !json->empty() && json->front() == '{';
  Line line;
  if (object) {
    line.removes = JsonMemberValue(json.value(), "kind") == "\"remove\"";
    line.key = JsonText(JsonMemberValue(json.value(), "key"));
    line.payload = JsonMemberValue(json.value(), "payload");
  }
  if (!object || line.payload.empty() || line.payload.front() != '{') {
    return FailedError(fmt::format("the line at byte {} is no operation", offset),
                       "Put the file back as the sync wrote it, or away.");
  }
  return visit(line);
}

// The whole lines from `from` on. Where the last of them ends.
Result<uint64_t> ForEachLine(const std::string& path, uint64_t from, const Visit& visit) {
  auto file = env::RandomReadFile::Open(path);
  if (file.status().code() == Code::kNotFound) return 0;
  if (!file.ok()) return file.status();
  SLUICE_ASSIGN(const uint64_t size, file->Size());
  uint64_t done = size < from ? 0 : from;
  std::string rest;
  std::string piece;
  for (uint64_t at = done; at < size; at += piece.size()) {
    SLUICE_TRY(file->ReadAt(at, kPiece, piece));
    if (piece.empty()) break;
    rest += piece;
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      const std::string_view text = std::string_view(rest).substr(begin, end - begin);
      SLUICE_TRY(ReadLine(text, done, visit).WithContext(path));
      done += text.size() + 1;
      begin = end + 1;
    }
    rest.erase(0, begin);
  }
  return done;
}

}  // namespace

Status HeldKeys::Refresh() {
  const auto info = env::Stat(path_);
  if (!info.ok() || info->size < read_) {
    keys_.clear();
    read_ = 0;
  }
  SLUICE_ASSIGN(read_, ForEachLine(path_, read_, [this](const Line& line) {
                  if (line.removes) {
                    keys_.erase(HashOf(line.key));
                  } else {
                    keys_.insert(HashOf(line.key));
                  }
                  return Status::Ok();
                }));
  return Status::Ok();
}

Result<std::map<std::string, HeldFields, std::less<>>> ReadHeld(
    const std::string& path, const std::set<std::string, std::less<>>& keys) {
  std::map<std::string, HeldFields, std::less<>> held;
  const auto read = ForEachLine(path, 0, [&](const Line& line) {
    if (keys.count(line.key) == 0) return Status::Ok();
    if (line.removes) {
      held.erase(line.key);
      return Status::Ok();
    }
    HeldFields& fields = held[line.key];
    for (const JsonMember& member : JsonMembers(line.payload)) {
      fields[std::string(member.name)] = member.value;
    }
    return Status::Ok();
  });
  if (!read.ok()) return read.status();
  return held;
}

}  // namespace sluice::connectors::file
