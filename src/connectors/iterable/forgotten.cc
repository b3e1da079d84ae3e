#include "connectors/iterable/forgotten.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

struct Listing {
  std::string_view target;
  std::string_view property;
};
constexpr Listing kEmails = {"/api/users/forgotten", "hashedEmails"};
constexpr Listing kUserIds = {"/api/users/forgottenUserIds", "hashedUserIds"};

Status Ask(Api& api, const Listing& listing, const env::Cancel* cancel,
           connector::ForgottenHashes& hashes) {
  SLUICE_ASSIGN(const std::string body, api.Ask("GET", std::string(listing.target), "", cancel));
  const auto json = CanonicalJson(body);
  const bool object = json.ok() && !json->empty() && json->front() == '{';
  const std::string_view list =
      object ? JsonMemberValue(json.value(), listing.property) : std::string_view();
  if (list.empty() || list.front() != '[') {
    return ConfigError(fmt::format("{}: GET {}: the answer has no {}", api.settings().Describe(),
                                   listing.target, listing.property),
                       "Correct `endpoint` or `region` of the connection.");
  }
  for (const std::string_view item : JsonItems(list)) hashes.insert(Lower(JsonText(item)));
  return Status::Ok();
}

}  // namespace

std::string ForgottenHash(std::string_view identifier) {
  Digester digester(DigestKind::kSha256);
  digester.Update(Lower(Trim(identifier)));
  return digester.Hex();
}

std::vector<std::string> ForgottenHashesOf(std::string_view payload) {
  const PayloadIds ids = FindIds(payload);
  std::vector<std::string> hashes;
  for (const IdKind kind : {IdKind::kEmail, IdKind::kUserId}) {
    if (!ids.Has(kind)) continue;
    if (const auto text = IdText(ids.Value(kind))) hashes.push_back(ForgottenHash(*text));
  }
  return hashes;
}

Result<connector::ForgottenHashes> AskForgotten(Api& api, const env::Cancel* cancel) {
  connector::ForgottenHashes hashes;
  const ProjectType project = api.settings().project;
  if (project != ProjectType::kUserId) SLUICE_TRY(Ask(api, kEmails, cancel, hashes));
  if (project != ProjectType::kEmail) SLUICE_TRY(Ask(api, kUserIds, cancel, hashes));
  return hashes;
}

}  // namespace sluice::connectors::iterable
