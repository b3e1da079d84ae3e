#include "connectors/iterable/identifiers.h"

#include <algorithm>
#include <vector>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

// Iterable's page on project types.
constexpr size_t kMaxUserIdLength = 52;
// A path of RFC 5321 without its angle brackets, and one to spare: longer ones no server delivers
// to.
constexpr size_t kMaxEmailBytes = 255;

// Blanks and control characters of ASCII; bytes above are parts of letters.
bool IsBlank(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

bool IsPrintableAscii(char c) {
  return c >= ' ' && c <= '~';
}

// What is wrong with it, "" when nothing is. Only what no mail address can have: the rest is
// Iterable's own check, whose result comes back by row.
std::string_view EmailProblem(std::string_view email) {
  if (email.empty()) return "is empty; NULL says that there is none";
  if (IsBlank(email.front()) || IsBlank(email.back())) {
    return "has blanks at its ends; trim it in the model";
  }
  if (std::any_of(email.begin(), email.end(), IsBlank)) return "has a blank inside";
  if (email.size() > kMaxEmailBytes) return "is longer than 255 bytes";
  if (std::count(email.begin(), email.end(), '@') != 1) return "has not exactly one \"@\"";
  const size_t at = email.find('@');
  const std::string_view domain = email.substr(at + 1);
  if (at == 0) return "has nothing before the \"@\"";
  if (domain.empty()) return "has nothing behind the \"@\"";
  if (domain.front() == '.' || domain.back() == '.' || domain.find("..") != domain.npos) {
    return "has a domain with an empty part";
  }
  return "";
}

std::string_view UserIdProblem(std::string_view id) {
  if (id.empty()) return "is empty; NULL says that there is none";
  if (IsBlank(id.front()) || IsBlank(id.back())) {
    return "has blanks at its ends; trim it in the model";
  }
  if (!std::all_of(id.begin(), id.end(), IsPrintableAscii)) {
    return "has characters other than printable ASCII, which Iterable refuses";
  }
  if (id.size() > kMaxUserIdLength) return "is longer than 52 characters";
  return "";
}

bool IsWholeNumber(std::string_view value) {
  if (!value.empty() && value.front() == '-') value.remove_prefix(1);
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string MissingMessage(ProjectType project) {
  switch (project) {
    case ProjectType::kEmail:
      return "there is neither an email nor a userId that says who this is";
    case ProjectType::kUserId:
      return "there is no userId that says who this is";
    case ProjectType::kHybrid:
      break;
  }
  return "there is neither a userId nor an email that says who this is";
}

}  // namespace

std::string_view FieldOf(IdKind kind) {
  return kind == IdKind::kEmail ? "email" : "userId";
}

std::string_view NameOf(ProjectType project) {
  switch (project) {
    case ProjectType::kEmail:
      return "e-mail";
    case ProjectType::kUserId:
      return "userId";
    case ProjectType::kHybrid:
      break;
  }
  return "hybrid";
}

std::span<const std::string> IdentifierFields(ProjectType project) {
  static const std::vector<std::string> both = {"email", "userId"};
  const std::span<const std::string> all(both);
  return project == ProjectType::kUserId ? all.subspan(1) : all;
}

PayloadIds FindIds(std::string_view payload) {
  PayloadIds ids;
  JsonMember member;
  for (JsonMemberScan scan(payload); scan.Next(member);) {
    if (member.name == "email") ids.email = member.value;
    if (member.name == "userId") ids.user_id = member.value;
    if (member.name >= "userId") break;  // they are sorted
  }
  return ids;
}

std::optional<IdKind> IdentifiedBy(ProjectType project, const PayloadIds& ids) {
  const IdKind preferred = project == ProjectType::kEmail ? IdKind::kEmail : IdKind::kUserId;
  if (ids.Has(preferred)) return preferred;
  if (project == ProjectType::kUserId) return std::nullopt;
  const IdKind other = preferred == IdKind::kEmail ? IdKind::kUserId : IdKind::kEmail;
  return ids.Has(other) ? std::optional(other) : std::nullopt;
}

std::optional<std::string> IdText(std::string_view value) {
  if (!value.empty() && value.front() == '"') return JsonText(value);
  if (IsWholeNumber(value)) return std::string(value);
  return std::nullopt;
}

std::string NormalId(IdKind kind, std::string_view text) {
  return kind == IdKind::kEmail ? Lower(text) : std::string(text);
}

Result<std::string> IdentityOfUser(ProjectType project, std::string_view payload) {
  const PayloadIds ids = FindIds(payload);
  const auto kind = IdentifiedBy(project, ids);
  if (!kind) return RejectedError(MissingMessage(project));
  const std::string field(FieldOf(*kind));
  const auto text = IdText(ids.Value(*kind));
  if (!text) return RejectedError(field + " is neither text nor a whole number");
  const std::string_view problem =
      *kind == IdKind::kEmail ? EmailProblem(*text) : UserIdProblem(*text);
  if (!problem.empty()) return RejectedError(field + " " + std::string(problem));
  return NormalId(*kind, *text);
}

}  // namespace sluice::connectors::iterable
