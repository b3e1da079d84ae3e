#include "privacy/forgotten.h"

#include <sys/random.h>

#include <algorithm>
#include <memory>
#include <span>
#include <unordered_set>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/functions.h"
#include "warehouse/notes.h"

namespace sluice::privacy {
namespace {

using engine::ToInt;
using engine::ToText;
using warehouse::QuoteText;

constexpr size_t kSaltBytes = 32;

constexpr const char* kSalt = "forgotten_salt";

Result<std::string> SaltOf(engine::Connection& connection) {
  SLUICE_ASSIGN(auto salt, warehouse::ReadNote(connection, kSalt));
  return std::move(salt).value_or("");
}

Result<std::string> MakeSalt(engine::Connection& connection) {
  SLUICE_ASSIGN(std::string salt, SaltOf(connection));
  if (!salt.empty()) return salt;
  uint8_t bytes[kSaltBytes];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    return FailedError("the machine gives no random bytes");
  }
  salt = HexEncode(std::span<const uint8_t>(bytes));
  SLUICE_TRY(warehouse::PutNote(connection, kSalt, salt));
  return salt;
}

std::string Prefix(const std::string& salt, const Scope& scope) {
  return salt + "\n" + scope.Text() + "\n";
}

// `value` in the form that is compared.
std::string SaltedHash(const std::string& salt, const Scope& scope, const std::string& value) {
  Digester digester(DigestKind::kSha256);
  digester.Update(Prefix(salt, scope));
  digester.Update(value);
  return digester.Hex();
}

constexpr const char* kRecord =
    "SELECT forget_id, person, state, requested_at::VARCHAR, done_at::VARCHAR, "
    "undone_at::VARCHAR, run_id, hash, rows, counts, destinations FROM _sluice.forgotten";

std::vector<ForgetRecord> RecordsOf(const std::vector<std::vector<engine::Value>>& rows) {
  std::vector<ForgetRecord> records;
  for (const auto& row : rows) {
    records.push_back({ToText(row[0]), ToText(row[1]), ToText(row[2]), ToText(row[3]),
                       ToText(row[4]), ToText(row[5]), ToText(row[6]), ToText(row[7]),
                       ToInt(row[8]), ToText(row[9]), ToText(row[10])});
  }
  return records;
}

engine::Value OrNull(const std::string& text) {
  return text.empty() ? engine::Value() : engine::Value(text);
}

}  // namespace

Result<ForgottenList> ForgottenList::Read(engine::Connection& connection) {
  ForgottenList list;
  if (!connection.HasTable("_sluice", "forgotten_hashes")) return list;
  // Every load asks, and nearly always there is nobody: planning the other statement takes five times as long.
  SLUICE_ASSIGN(const auto any, connection.Rows("FROM _sluice.forgotten_hashes LIMIT 1"));
  if (any.empty()) return list;
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT person, identifier, count(*), string_agg(hash, ',' ORDER "
                                "BY hash) FROM _sluice.forgotten_hashes GROUP BY person, "
                                "identifier ORDER BY person, identifier"));
  std::string all;
  for (const auto& row : rows) {
    list.scopes_.push_back({ToText(row[0]), ToText(row[1])});
    list.entries_ += ToInt(row[2]);
    all += list.scopes_.back().Text() + ":" + ToText(row[3]) + "\n";
  }
  list.fingerprint_ = sluice::HashOf(all).Hex();
  SLUICE_ASSIGN(list.salt_, SaltOf(connection));
  return list;
}

std::string ForgottenList::FunctionName() const {
  return "_sluice_forgotten_" + fingerprint_;
}

Status ForgottenList::Prepare(engine::Connection& connection) {
  SLUICE_ASSIGN(const ForgottenList list, Read(connection));
  if (list.empty() || engine::HasFunction(connection, list.FunctionName())) return Status::Ok();
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT DISTINCT hash FROM _sluice.forgotten_hashes"));
  auto hashes = std::make_shared<std::unordered_set<std::string>>();
  for (const auto& row : rows) hashes->insert(ToText(row[0]));
  engine::FunctionSpec spec;
  spec.name = list.FunctionName();
  spec.parameters = {"VARCHAR", "VARCHAR"};  // salt and scope; the value
  spec.result = "BOOLEAN";
  spec.function = [hashes](size_t count, const std::vector<engine::Input>& in,
                           engine::Output& out) -> Status {
    auto* found = out.data<bool>();
    for (size_t row = 0; row < count; ++row) {
      found[row] = false;
      if (in[0].is_null(row) || in[1].is_null(row)) continue;
      Digester digester(DigestKind::kSha256);
      digester.Update(in[0].text(row));
      digester.Update(in[1].text(row));
      found[row] = hashes->count(digester.Hex()) > 0;
    }
    return Status::Ok();
  };
  return engine::RegisterFunction(connection, std::move(spec));
}

Result<std::string> ForgottenList::AnyOf(const std::vector<ScopedColumns>& scopes,
                                         const Test& test) const {
  std::vector<std::string> conditions;
  for (const ScopedColumns& scoped : scopes) {
    if (std::find(scopes_.begin(), scopes_.end(), scoped.scope) == scopes_.end()) continue;
    SLUICE_ASSIGN(std::string condition, test(scoped));
    conditions.push_back(std::move(condition));
  }
  return conditions.empty() ? std::string("false") : "(" + Join(conditions, " OR ") + ")";
}

Result<std::string> ForgottenList::CallOf(const std::vector<ScopedColumns>& scopes,
                                          const ExpressionOf& expression_of,
                                          const std::vector<warehouse::ColumnInfo>& present,
                                          std::string_view relation) const {
  return AnyOf(scopes, [&](const ScopedColumns& scoped) -> Result<std::string> {
    SLUICE_ASSIGN(const std::string form, FormOf(scoped, expression_of, present, relation));
    return fmt::format("{}({}, {})", FunctionName(), QuoteText(Prefix(salt_, scoped.scope)), form);
  });
}

Result<std::vector<bool>> ForgottenList::Find(engine::Connection& connection, const Scope& scope,
                                              const std::vector<std::string>& texts) const {
  constexpr size_t kAtOnce = 500;
  std::vector<bool> found(texts.size(), false);
  if (std::find(scopes_.begin(), scopes_.end(), scope) == scopes_.end()) return found;
  for (size_t from = 0; from < texts.size(); from += kAtOnce) {
    std::string values;
    for (size_t i = from; i < std::min(from + kAtOnce, texts.size()); ++i) {
      values += fmt::format("{}({}, {})", values.empty() ? "" : ", ", i, QuoteText(texts[i]));
    }
    SLUICE_ASSIGN(const auto rows,
                  connection.Rows(fmt::format(
                      "SELECT i FROM (VALUES {}) AS v(i, t) WHERE {}({}, {})", values,
                      FunctionName(), QuoteText(Prefix(salt_, scope)), FormOfText(scope, "t"))));
    for (const auto& row : rows) found[static_cast<size_t>(ToInt(row[0]))] = true;
  }
  return found;
}

Status ForgottenList::CheckNamed(const std::vector<config::Person>& persons) const {
  for (const Scope& scope : scopes_) {
    const auto person = std::find_if(
        persons.begin(), persons.end(),
        [&](const config::Person& candidate) { return candidate.name == scope.person; });
    const bool named =
        person != persons.end() &&
        (scope.IsKey() || std::any_of(person->identifiers.begin(), person->identifiers.end(),
                                      [&](const config::Person::Identifier& identifier) {
                                        return identifier.name == scope.identifier;
                                      }));
    if (named) continue;
    return ConfigError(
        fmt::format("somebody was forgotten by persons.{}{}, which the project file does not have "
                    "any more: rows about them would come back",
                    scope.person, scope.IsKey() ? "" : ".identifiers." + scope.identifier),
        "Put it back, or take them off the list: sluice forget --list, sluice forget ID --undo");
  }
  return Status::Ok();
}

Result<std::string> ForgottenList::RowsOf(const std::vector<ScopedColumns>& scopes,
                                          std::string_view alias,
                                          const std::vector<warehouse::ColumnInfo>& present,
                                          std::string_view relation) const {
  return AnyOf(scopes, [&](const ScopedColumns& scoped) -> Result<std::string> {
    SLUICE_ASSIGN(const std::string form, FormOf(scoped, alias, present, relation));
    return fmt::format(
        "coalesce(sha256({} || {}) IN (SELECT hash FROM _sluice.forgotten_hashes WHERE person = {} "
        "AND identifier = {}), false)",
        QuoteText(Prefix(salt_, scoped.scope)), form, QuoteText(scoped.scope.person),
        QuoteText(scoped.scope.identifier));
  });
}

Result<bool> ForgottenList::Has(engine::Connection& connection, const Scope& scope,
                                const std::string& text) const {
  if (std::find(scopes_.begin(), scopes_.end(), scope) == scopes_.end()) return false;
  SLUICE_ASSIGN(const auto form, connection.Scalar("SELECT " + FormOfText(scope, "$1"), {text}));
  SLUICE_ASSIGN(
      const auto there,
      connection.Scalar("SELECT count(*) FROM _sluice.forgotten_hashes WHERE person = $1 "
                        "AND identifier = $2 AND hash = $3",
                        {scope.person, scope.identifier, SaltedHash(salt_, scope, ToText(form))}));
  return ToInt(there) > 0;
}

Result<std::vector<ForgetRecord>> ListForgotten(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(std::string(kRecord) + " ORDER BY requested_at DESC, forget_id"));
  return RecordsOf(rows);
}

Result<std::vector<ForgetRecord>> FindForgotten(engine::Connection& connection,
                                                const std::vector<config::Person>& persons,
                                                const SubjectQuery& query) {
  SLUICE_ASSIGN(const std::string salt, SaltOf(connection));
  if (salt.empty()) return std::vector<ForgetRecord>();
  std::vector<std::string> hashes;
  for (const config::Person& person : persons) {
    if (!query.in.empty() && query.in != person.name) continue;
    std::vector<Scope> scopes = {{person.name, ""}};
    for (const auto& identifier : person.identifiers) {
      scopes.push_back({person.name, identifier.name});
    }
    for (const Scope& scope : scopes) {
      SLUICE_ASSIGN(const auto form,
                    connection.Scalar("SELECT " + FormOfText(scope, "$1"), {query.key}));
      hashes.push_back(SaltedHash(salt, scope, ToText(form)));
    }
  }
  if (hashes.empty()) return std::vector<ForgetRecord>();
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format("{} WHERE forget_id IN (SELECT forget_id FROM "
                                            "_sluice.forgotten_hashes WHERE hash IN ({})) ORDER BY "
                                            "requested_at DESC, forget_id",
                                            kRecord, TextList(hashes))));
  return RecordsOf(rows);
}

Status AddForgotten(engine::Connection& connection, const Subject& subject,
                    const ForgetRecord& record) {
  SLUICE_ASSIGN(const std::string salt, MakeSalt(connection));
  const auto add = [&](const Scope& scope, const std::string& value) {
    return connection
        .Execute("INSERT INTO _sluice.forgotten_hashes VALUES ($1, $2, $3, $4)",
                 {record.forget_id, scope.person, scope.identifier, SaltedHash(salt, scope, value)})
        .status();
  };
  for (const std::string& key : subject.keys) SLUICE_TRY(add({subject.person, ""}, key));
  for (const auto& [identifier, values] : subject.identifiers) {
    for (const std::string& value : values) SLUICE_TRY(add({subject.person, identifier}, value));
  }
  return connection
      .Execute(
          "INSERT INTO _sluice.forgotten VALUES ($1, $2, $3, $4::TIMESTAMP, NULL, NULL, $5, "
          "$6, $7, $8, $9)",
          {record.forget_id, record.person, record.state, record.requested_at, record.run_id,
           SaltedHash(salt, {subject.person, ""}, subject.keys.front()), record.rows, record.counts,
           record.destinations})
      .status();
}

Status UpdateForgotten(engine::Connection& connection, const ForgetRecord& record) {
  return connection
      .Execute(
          "UPDATE _sluice.forgotten SET state = $2, done_at = $3::TIMESTAMP, rows = $4, counts "
          "= $5, destinations = $6 WHERE forget_id = $1",
          {record.forget_id, record.state, OrNull(record.done_at), record.rows, record.counts,
           record.destinations})
      .status();
}

Status UndoForgotten(engine::Connection& connection, const std::string& forget_id,
                     const std::string& now) {
  SLUICE_TRY(
      connection.Execute("DELETE FROM _sluice.forgotten_hashes WHERE forget_id = $1", {forget_id})
          .status());
  return connection
      .Execute(
          "UPDATE _sluice.forgotten SET state = 'undone', undone_at = $2::TIMESTAMP WHERE "
          "forget_id = $1",
          {forget_id, now})
      .status();
}

}  // namespace sluice::privacy
