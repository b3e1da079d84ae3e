#include "connectors/iterable/list_members.h"

#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/identifiers.h"
#include "connectors/iterable/lines.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Lookup;
using connector::Operation;

constexpr const char* kGetUsers = "/api/lists/getUsers";
constexpr size_t kRows = 1'000'000;  // of an audit's sample: one request tells all
constexpr size_t kLongestLine = 1'000;

// The places of the rows by how Iterable may name them. Of a hybrid project it gives the userId of whoever has one.
class Wanted {
 public:
  Wanted(ProjectType project, std::span<const Operation> rows) : found_(rows.size()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const PayloadIds ids = FindIds(rows[i].payload);
      for (const IdKind kind : {IdKind::kEmail, IdKind::kUserId}) {
        const bool names = project == ProjectType::kHybrid ||
                           (project == ProjectType::kEmail) == (kind == IdKind::kEmail);
        if (!names || !ids.Has(kind)) continue;
        if (const auto text = IdText(ids.Value(kind))) {
          places_[{kind, NormalId(kind, *text)}].push_back(i);
        }
      }
    }
  }

  void See(std::string_view line) {
    for (const IdKind kind : {IdKind::kEmail, IdKind::kUserId}) {
      const auto at = places_.find({kind, NormalId(kind, line)});
      if (at == places_.end()) continue;
      for (const size_t place : at->second) found_[place].there = true;
    }
  }
  std::vector<Lookup::Found> Take() { return std::move(found_); }

 private:
  std::map<std::pair<IdKind, std::string>, std::vector<size_t>> places_;
  std::vector<Lookup::Found> found_;
};

}  // namespace

Lookup::Terms ListLookupTerms() {
  // Iterable's 5 a minute are no budget of the connection's: one question is asked, and again when it is refused.
  return {0, kRows, 1, fmt::format("GET {}", kGetUsers)};
}

Result<std::vector<Lookup::Found>> LookForMembers(Api& api, int64_t list,
                                                  std::span<const Operation> rows,
                                                  const env::Cancel* cancel) {
  const ProjectType project = api.settings().project;
  Wanted wanted(project, rows);
  Lines lines(kLongestLine, [&](std::string_view line) {
    wanted.See(line);
    return Status::Ok();
  });
  const std::string target =
      fmt::format("{}?listId={}{}", kGetUsers, list,
                  project == ProjectType::kHybrid ? "&preferUserId=true" : "");
  SLUICE_ASSIGN(const auto response,
                api.Stream(
                    target, [&](std::string_view piece) { return lines.Take(piece); }, cancel));
  const Status refused = StatusOfRefusal(response);
  if (!refused.ok()) return refused.WithContext(api.settings().Describe());
  SLUICE_TRY(lines.Finish());
  return wanted.Take();
}

}  // namespace sluice::connectors::iterable
