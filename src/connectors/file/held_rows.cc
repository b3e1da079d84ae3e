#include "connectors/file/held_rows.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connectors/file/lines.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

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
Result<uint64_t> ForEachOperation(const std::string& path, uint64_t from, const Visit& visit) {
  uint64_t done = from;
  const Status read = ForEachLine(path, from, nullptr, [&](std::string_view line, uint64_t offset) {
    if (!EndsWith(line, "\n")) return Status::Ok();
    done = offset + line.size();
    return ReadLine(line.substr(0, line.size() - 1), offset, visit).WithContext(path);
  });
  if (read.code() == Code::kNotFound) return 0;
  if (!read.ok()) return read;
  return done;
}

}  // namespace

Status HeldKeys::Refresh() {
  const auto info = env::Stat(path_);
  if (!info.ok() || info->size < read_) {
    keys_.clear();
    read_ = 0;
  }
  SLUICE_ASSIGN(read_, ForEachOperation(path_, read_, [this](const Line& line) {
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
  const auto read = ForEachOperation(path, 0, [&](const Line& line) {
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
