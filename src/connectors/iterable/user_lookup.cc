#include "connectors/iterable/user_lookup.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/identifiers.h"
#include "connectors/iterable/shown_values.h"
#include "env/http.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Lookup;

// An answer needs about a tenth of a second; more at once would only wait for the rate.
constexpr size_t kAtOnce = 10;

const char* TargetOf(IdKind kind) {
  return kind == IdKind::kEmail ? "/api/users/getByEmail" : "/api/users/byUserId";
}

bool IsObject(std::string_view json) {
  return !json.empty() && json.front() == '{';
}

// Identifiers stand beside the data fields, and Iterable writes addresses in small letters.
bool ShowsId(IdKind kind, std::string_view sent, std::string_view user) {
  const std::string field(FieldOf(kind));
  const auto wanted = IdText(sent);
  const auto shown = IdText(JsonMemberValue(user, field));
  if (!wanted) return true;  // null: Iterable keeps what it had
  return shown && NormalId(kind, *shown) == NormalId(kind, *wanted);
}

}  // namespace

std::vector<std::string> FieldsThatDiffer(std::string_view payload, std::string_view user) {
  const std::string_view data = JsonMemberValue(user, "dataFields");
  std::vector<std::string> fields = FieldsNotShown(payload, IsObject(data) ? data : user);
  const PayloadIds ids = FindIds(payload);
  for (const IdKind kind : {IdKind::kEmail, IdKind::kUserId}) {
    const std::string name(FieldOf(kind));
    std::erase(fields, name);
    const std::string_view sent = ids.Value(kind);
    if (!sent.empty() && !ShowsId(kind, sent, user)) fields.push_back(name);
  }
  return fields;
}

Lookup::Terms UserLookupTerms(const IterableSettings& settings) {
  const IdKind kind = settings.project == ProjectType::kEmail ? IdKind::kEmail : IdKind::kUserId;
  return {settings.lookups_per_second, 1, kAtOnce, fmt::format("GET {}", TargetOf(kind))};
}

std::string UserTarget(IdKind kind, std::string_view id) {
  return fmt::format("{}?{}={}", TargetOf(kind), FieldOf(kind), env::UrlEncode(NormalId(kind, id)));
}

Result<Lookup::Found> LookForUser(Api& api, const connector::Operation& row, bool values,
                                  const env::Cancel* cancel) {
  const PayloadIds ids = FindIds(row.payload);
  const auto kind = IdentifiedBy(api.settings().project, ids);
  const auto id = kind ? IdText(ids.Value(*kind)) : std::nullopt;
  if (!id) return RejectedError("the row has no identifier");
  SLUICE_ASSIGN(const auto response, api.AskAnything("GET", UserTarget(*kind, *id), "", cancel));
  if (response.status == 404) return Lookup::Found();
  const Status refused = StatusOfRefusal(response);
  if (!refused.ok()) return refused.WithContext(api.settings().Describe());
  const auto json = CanonicalJson(response.body);
  if (!json.ok() || !IsObject(json.value())) {
    return RetryError(fmt::format("{}: the answer to GET {} is no JSON object",
                                  api.settings().Describe(), TargetOf(*kind)),
                      "Try again later.");
  }
  // Nobody: {}.
  const std::string_view user = JsonMemberValue(json.value(), "user");
  Lookup::Found found;
  found.there = IsObject(user) && user != "{}";
  if (found.there && values) found.differing = FieldsThatDiffer(row.payload, user);
  return found;
}

}  // namespace sluice::connectors::iterable
