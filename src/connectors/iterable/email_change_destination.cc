#include "connectors/iterable/email_change_destination.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_text.h"
#include "base/text.h"
#include "connectors/iterable/email_change.h"
#include "connectors/iterable/people_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::SendResult;

class EmailChangeDestination : public PeopleDestination {
 public:
  EmailChangeDestination(IterableSettings settings, std::unique_ptr<env::HttpTransport> transport,
                         env::Clock& clock)
      : PeopleDestination(std::move(settings), std::move(transport), clock) {
    capabilities_.max_rows_per_request = 1;
    capabilities_.at_once = 1;  // A becomes B, and then B becomes C
    capabilities_.hands_over = true;
    capabilities_.tells_again = true;
    capabilities_.is_all_identities = true;
    capabilities_.calls = connector::CallKind::kSingle;
    capabilities_.noun = "e-mail change";
    capabilities_.request_name =
        project() == ProjectType::kEmail ? "POST /api/users/updateEmail" : "POST /api/users/update";
  }

  Status CheckFields(std::span<const std::string> fields) const override {
    const auto has = [&](const std::string& name) {
      return std::find(fields.begin(), fields.end(), name) != fields.end();
    };
    const auto known = identifiers();
    for (const std::string& field : fields) {
      if (std::find(known.begin(), known.end(), field) != known.end()) continue;
      return ConfigError(fmt::format("a change of an e-mail address has no field \"{}\"", field),
                         fmt::format("It has {}.", Join(known, ", ")));
    }
    const bool named =
        has("currentUserId") || (project() != ProjectType::kUserId && has("currentEmail"));
    if (named && has("newEmail")) return Status::Ok();
    return ConfigError("who gets which e-mail address is not mapped",
                       project() == ProjectType::kUserId
                           ? "Map currentUserId and newEmail."
                           : "Map currentEmail (or currentUserId) and newEmail.");
  }
  Result<std::string> IdentityOf(std::string_view, std::string_view payload) const override {
    SLUICE_ASSIGN(const EmailChange change, EmailChangeOfRow(project(), payload));
    return NormalId(change.from.kind, change.from.text);
  }
  // Both addresses: nothing else is sent to either while it changes hands. Also of what other syncs have sent.
  std::vector<std::string> HashesOf(std::string_view payload) const override {
    std::vector<std::string> hashes = ForgottenHashesOf(payload);
    for (const std::string& field : identifiers()) {
      const std::string_view value = JsonMemberValue(payload, field);
      const auto text = value.empty() ? std::nullopt : IdText(value);
      if (text) hashes.push_back(ForgottenHash(*text));
    }
    return hashes;
  }
  std::span<const std::string> identifiers() const override {
    static const std::vector<std::string> all = {"currentEmail", "currentUserId", "newEmail"};
    const std::span<const std::string> fields(all);
    return project() == ProjectType::kUserId ? fields.subspan(1) : fields;
  }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit&) const override {
    SLUICE_ASSIGN(const EmailChange change,
                  EmailChangeOfRow(project(), operations.front().payload));
    return EmailChangeRequest(project(), change);
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    const auto change = EmailChangeOfRow(project(), operations.front().payload);
    SLUICE_CHECK(change.ok(), "a request was made of a row that is no change");
    return SendEmailChange(api_, request, operations.front(), *change, cancel);
  }

  // It needs the same kind of key.
  Status Probe(const env::Cancel* cancel) override { return AskForgotten(api_, cancel).status(); }
};

}  // namespace

std::unique_ptr<connector::Destination> MakeEmailChangeDestination(
    IterableSettings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock) {
  return std::make_unique<EmailChangeDestination>(std::move(settings), std::move(transport), clock);
}

}  // namespace sluice::connectors::iterable
