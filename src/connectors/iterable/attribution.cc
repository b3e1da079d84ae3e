#include "connectors/iterable/attribution.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

// Blanks at the ends are Iterable's to cut or to keep: both are found.
std::string Key(IdKind kind, std::string_view id) {
  return std::string(FieldOf(kind)) + '\n' + NormalId(kind, Trim(id));
}

// Which rows carry an identifier, and in which role.
struct Carriers {
  std::vector<size_t> identified;  // beside the data fields
  std::vector<size_t> mentioned;   // in the data fields
};

class Index {
 public:
  Index(ProjectType project, std::span<const connector::Operation> rows) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const PayloadIds ids = FindIds(rows[i].payload);
      const auto used = IdentifiedBy(project, ids);
      for (const IdKind kind : {IdKind::kEmail, IdKind::kUserId}) {
        if (!ids.Has(kind)) continue;
        const auto text = IdText(ids.Value(kind));
        if (!text) continue;
        Carriers& carriers = by_id_[Key(kind, *text)];
        (kind == used ? carriers.identified : carriers.mentioned).push_back(i);
      }
    }
  }

  Carriers Find(const FailedUser& failure) const {
    const auto found = by_id_.find(Key(failure.kind, failure.id));
    return found == by_id_.end() ? Carriers() : found->second;
  }

 private:
  std::unordered_map<std::string, Carriers> by_id_;
};

// The rows that `failure` may be about.
std::vector<size_t> Candidates(const Index& index, const FailedUser& failure) {
  Carriers carriers = index.Find(failure);
  if (failure.reason == Reason::kConflict && !carriers.mentioned.empty()) {
    return carriers.mentioned;
  }
  std::vector<size_t> rows = std::move(carriers.identified);
  rows.insert(rows.end(), carriers.mentioned.begin(), carriers.mentioned.end());
  return rows;
}

std::string EntryKey(const FailedUser& failure) {
  return std::to_string(static_cast<int>(failure.reason)) + Key(failure.kind, failure.id);
}

void Blame(std::optional<FailedUser>& row, const FailedUser& failure) {
  if (!row || failure.reason < row->reason) row = failure;
}

}  // namespace

std::vector<std::optional<FailedUser>> Attribute(ProjectType project, const BulkOutcome& outcome,
                                                 std::span<const connector::Operation> rows) {
  std::vector<std::optional<FailedUser>> blamed(rows.size());
  if (outcome.failures.empty() && outcome.named_before.empty()) return blamed;
  const Index index(project, rows);
  std::set<size_t> failed;  // by the deprecated lists
  for (const FailedUser& failure : outcome.named_before) {
    const Carriers carriers = index.Find(failure);
    const auto& named = carriers.identified.empty() ? carriers.mentioned : carriers.identified;
    if (named.size() == 1) failed.insert(named.front());
  }
  std::unordered_map<std::string, size_t> times;
  for (const FailedUser& failure : outcome.failures) ++times[EntryKey(failure)];
  for (const FailedUser& failure : outcome.failures) {
    std::vector<size_t> candidates = Candidates(index, failure);
    // Where the name comes once for each of them, all of them failed.
    if (candidates.size() > times[EntryKey(failure)]) {
      std::erase_if(candidates, [&](size_t row) { return failed.count(row) == 0; });
    }
    for (const size_t row : candidates) Blame(blamed[row], failure);
  }
  for (const size_t row : failed) {
    if (!blamed[row]) blamed[row] = FailedUser{};
  }
  return blamed;
}

}  // namespace sluice::connectors::iterable
