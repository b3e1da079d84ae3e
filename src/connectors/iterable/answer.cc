#include "connectors/iterable/answer.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

constexpr size_t kLongestName = 100;
constexpr size_t kLongestCode = 64;

struct FailureList {
  std::string_view name;
  Reason reason;
  IdKind kind;
};
constexpr FailureList kFailedUpdates[] = {
    {"conflictEmails", Reason::kConflict, IdKind::kEmail},
    {"conflictUserIds", Reason::kConflict, IdKind::kUserId},
    {"forgottenEmails", Reason::kForgotten, IdKind::kEmail},
    {"forgottenUserIds", Reason::kForgotten, IdKind::kUserId},
    {"invalidDataEmails", Reason::kInvalidData, IdKind::kEmail},
    {"invalidDataUserIds", Reason::kInvalidData, IdKind::kUserId},
    {"invalidEmails", Reason::kInvalid, IdKind::kEmail},
    {"invalidUserIds", Reason::kInvalid, IdKind::kUserId},
    {"notFoundEmails", Reason::kNotFound, IdKind::kEmail},
    {"notFoundUserIds", Reason::kNotFound, IdKind::kUserId},
};
constexpr FailureList kDeprecated[] = {
    {"invalidEmails", Reason::kUnsaid, IdKind::kEmail},
    {"invalidUserIds", Reason::kUnsaid, IdKind::kUserId},
};

constexpr FailureList kInternal[] = {
    {"validEmailFailures", Reason::kInternal, IdKind::kEmail},
    {"validUserIdFailures", Reason::kInternal, IdKind::kUserId},
};

bool IsObject(std::string_view value) {
  return !value.empty() && value.front() == '{';
}
bool IsArray(std::string_view value) {
  return !value.empty() && value.front() == '[';
}

// Strings, and numbers where identifiers were sent as such.
std::vector<std::string> Texts(std::string_view array) {
  std::vector<std::string> texts;
  if (!IsArray(array)) return texts;
  for (const std::string_view item : JsonItems(array)) {
    if (!IsObject(item) && !IsArray(item)) texts.push_back(JsonText(item));
  }
  return texts;
}

template <size_t n>
std::vector<FailedUser> Failures(std::string_view object, const FailureList (&lists)[n]) {
  std::vector<FailedUser> failures;
  if (!IsObject(object)) return failures;
  for (const FailureList& list : lists) {
    for (std::string& id : Texts(JsonMemberValue(object, list.name))) {
      failures.push_back({list.reason, list.kind, std::move(id)});
    }
  }
  return failures;
}

// Letters, digits and underscores only, else nothing: a word of the API, not a person's.
std::string Word(std::string_view value, size_t longest) {
  const std::string text = JsonText(value);
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return text.size() <= longest && std::all_of(text.begin(), text.end(), plain) ? text : "";
}

// Play's words for a wrong type. Others are not passed on: they could quote the value.
std::string Expected(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"String value expected", "a text"},           {"Number value expected", "a number"},
      {"Integer value expected", "a number"},        {"Boolean value expected", "true or false"},
      {"Object value expected", "an object"},        {"Array value expected", "a list"},
      {"error.expected.jsstring", "a text"},         {"error.expected.jsnumber", "a number"},
      {"error.expected.jsboolean", "true or false"}, {"error.expected.jsobject", "an object"},
      {"error.expected.jsarray", "a list"},
  };
  for (const auto& [said, meant] : kWords) {
    if (text == said) return std::string(meant);
  }
  return "";
}

// "obj.users[3].email", "obj.subscribers[3].email", "obj.events[3]" -> user 3, field "email".
std::optional<UserProblem> ProblemOf(const std::string& path) {
  // One of them, at the first bracket.
  const size_t bracket = path.find('[');
  const std::string_view list = std::string_view(path).substr(0, bracket);
  const bool known = EndsWith(list, "users") || EndsWith(list, "subscribers") ||
                     EndsWith(list, "events") || EndsWith(list, "updateSubscriptionsRequests");
  if (bracket == std::string::npos || !known) return std::nullopt;
  const size_t close = path.find(']', bracket);
  if (close == std::string::npos) return std::nullopt;
  const size_t digits = bracket + 1;
  const auto index = ParseUnsigned(std::string_view(path).substr(digits, close - digits));
  if (!index) return std::nullopt;
  UserProblem problem;
  problem.user = *index;
  const size_t field = close + 1;
  if (field < path.size() && path[field] == '.') problem.field = path.substr(field + 1);
  return problem;
}

std::string JoinedWords(std::string_view array) {
  if (!IsArray(array)) return "";
  std::vector<std::string> words;
  for (const std::string_view item : JsonItems(array)) {
    std::string word = Word(item, kLongestName);
    if (!word.empty()) words.push_back(std::move(word));
  }
  return Join(words, "/");
}

// The key is "PROJECT:::FIELD", or the field alone (both have been seen).
TypeMismatch MismatchOf(std::string_view key, std::string_view error) {
  TypeMismatch mismatch;
  mismatch.field = JsonText(std::string("\"").append(key) + '"');
  const size_t colons = mismatch.field.find(":::");
  if (colons != std::string::npos) mismatch.field.erase(0, colons + 3);
  if (!IsObject(error)) return mismatch;
  mismatch.expected = Word(JsonMemberValue(error, "expectedType"), kLongestName);
  mismatch.found = JoinedWords(JsonMemberValue(error, "incomingTypes"));
  mismatch.value = JsonMemberValue(error, "offendingValue");
  return mismatch;
}

constexpr std::string_view kHidden = "...";
constexpr size_t kLongestWords = 300;

std::string OneLine(std::string_view said) {
  std::string shown;
  for (const char c : said.substr(0, kLongestWords)) {
    const bool plain = static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 0x7f;
    shown += plain ? c : ' ';
  }
  return shown;
}

void Hide(const std::string& value, std::string& text) {
  constexpr size_t kShortest = 2;  // a single letter is in every word
  if (value.size() < kShortest) return;
  const std::string lower = Lower(value);
  for (size_t at = Lower(text).find(lower); at != std::string::npos;
       at = Lower(text).find(lower, at + kHidden.size())) {
    text.replace(at, value.size(), kHidden);
  }
}

// Whatever stands in the payload as a value.
void HideValues(std::string_view value, std::string& text) {
  if (value.empty()) return;
  if (value.front() == '{') {
    JsonMember member;
    for (JsonMemberScan scan(value); scan.Next(member);) HideValues(member.value, text);
  } else if (value.front() == '[') {
    for (const std::string_view item : JsonItems(value)) HideValues(item, text);
  } else if (value.front() == '"') {
    Hide(JsonText(value), text);
  }
}

}  // namespace

std::optional<BulkOutcome> ReadOutcome(std::string_view body) {
  const auto json = CanonicalJson(body);
  if (!json.ok() || !IsObject(json.value())) return std::nullopt;
  const std::string_view answer = json.value();
  const auto succeeded = ParseUnsigned(JsonMemberValue(answer, "successCount"));
  const auto failed = ParseUnsigned(JsonMemberValue(answer, "failCount"));
  if (!succeeded || !failed) return std::nullopt;
  BulkOutcome outcome;
  outcome.succeeded = *succeeded;
  outcome.failed = *failed;
  outcome.failures = Failures(JsonMemberValue(answer, "failedUpdates"), kFailedUpdates);
  for (FailedUser& failure : Failures(answer, kInternal)) {
    outcome.failures.push_back(std::move(failure));
  }
  outcome.named_before = Failures(answer, kDeprecated);
  outcome.created_fields = Texts(JsonMemberValue(answer, "createdFields"));
  outcome.filtered_fields = Texts(JsonMemberValue(answer, "filteredOutFields"));
  outcome.untracked_events = Texts(JsonMemberValue(answer, "disallowedEventNames"));
  return outcome;
}

Refusal ReadRefusal(std::string_view body) {
  Refusal refusal;
  const auto json = CanonicalJson(body);
  if (!json.ok() || !IsObject(json.value())) return refusal;
  refusal.code = Word(JsonMemberValue(json.value(), "code"), kLongestCode);
  const std::string_view said = JsonMemberValue(json.value(), "msg");
  if (!said.empty() && said.front() == '"') refusal.said = JsonText(said);
  const std::string_view params = JsonMemberValue(json.value(), "params");
  if (!IsObject(params)) return refusal;
  JsonMember member;
  for (JsonMemberScan scan(params); scan.Next(member);) {
    auto problem = ProblemOf(JsonText(std::string("\"").append(member.name) + '"'));
    if (!problem) continue;
    problem->said = JsonText(member.value);
    problem->expected = Expected(problem->said);
    refusal.users.push_back(std::move(*problem));
  }
  const std::string_view errors = JsonMemberValue(params, "validationErrors");
  if (!IsObject(errors)) return refusal;
  for (JsonMemberScan scan(errors); scan.Next(member);) {
    refusal.mismatches.push_back(MismatchOf(member.name, member.value));
  }
  return refusal;
}

bool SaysNobody(const Refusal& refusal) {
  return refusal.code == "UnknownEmailError" || refusal.code == "UnknownUserIdError" ||
         (refusal.code == "BadParams" && refusal.said.find("does not exist") != std::string::npos);
}

std::string ShownWords(std::string_view said, std::string_view payload) {
  std::string text = OneLine(said);
  HideValues(payload, text);
  std::vector<std::string> words;
  for (const std::string& word : Split(text, ' ')) {
    // "obj.users[3].email:" is a place in the request, "[/api/users/bulkUpdate]" where it went.
    const bool place = StartsWith(word, "obj.") || StartsWith(word, "[/api/");
    const bool value =
        word.find('@') != std::string::npos ||
        std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (word.empty() || place) continue;
    words.push_back(value ? std::string(kHidden) : word);
  }
  const bool says = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return std::any_of(word.begin(), word.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  });
  return says ? Join(words, " ") : std::string();
}

std::string ShownName(std::string_view name) {
  std::string shown(name.substr(0, kLongestName));
  if (shown.size() < name.size()) {  // not in the middle of a letter
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80) {
      shown.pop_back();
    }
    if (!shown.empty() && static_cast<unsigned char>(shown.back()) >= 0xC0) shown.pop_back();
    shown += "...";
  }
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return IsValidUtf8(shown) ? shown : "(not UTF-8)";
}

}  // namespace sluice::connectors::iterable
