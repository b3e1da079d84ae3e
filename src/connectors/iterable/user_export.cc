#include "connectors/iterable/user_export.h"

#include "base/json_text.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/identifiers.h"
#include "connectors/iterable/lines.h"

namespace sluice::connectors::iterable {
namespace {

constexpr const char* kExport = "/api/export/data.json?dataTypeName=user&range=All";
// A profile has at most 1,000 fields of 32 kB, and far less than that.
constexpr size_t kLongestLine = 16U << 20;

}  // namespace

Status ExportUsers(Api& api, const connector::Exporting::See& see, const env::Cancel* cancel) {
  const ProjectType project = api.settings().project;
  Lines lines(kLongestLine, [&](std::string_view line) -> Status {
    const auto person = CanonicalJson(line);
    if (!person.ok() || person->front() != '{') {
      return RetryError("GET /api/export/data.json: a line of the answer is no JSON object",
                        "Try again later.");
    }
    const auto identity = IdentityOfUser(project, person.value());
    return identity.ok() ? see(identity.value(), person.value()) : Status::Ok();
  });
  const auto response = api.Stream(
      kExport, [&](std::string_view piece) { return lines.Take(piece); }, cancel);
  if (!response.ok()) return response.status();
  const Status refused = StatusOfRefusal(response.value());
  if (!refused.ok()) return refused.WithContext(api.settings().Describe());
  return lines.Finish();
}

}  // namespace sluice::connectors::iterable
