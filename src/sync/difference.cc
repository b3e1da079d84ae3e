#include "sync/difference.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connector/ordered.h"
#include "sync/field_sql.h"
#include "sync/look_first.h"
#include "warehouse/dialect.h"

namespace sluice::sync {
namespace {

Status CheckMapping(const config::Sync& sync, const connector::Destination& destination) {
  std::vector<std::string> fields;
  for (const config::Field& field : sync.fields) fields.push_back(field.to);
  return destination.CheckFields(fields).WithContext(sync.where.ToString());
}

Status CheckParallel(const config::Sync& sync, const connector::Destination& destination) {
  const int64_t most = destination.capabilities().at_once;
  if (sync.batch.parallel <= most) return Status::Ok();
  return ConfigError(
      fmt::format("{}: syncs.{}.batch.parallel: {} takes {} of {} at a time", sync.where.ToString(),
                  sync.name, destination.Describe(),
                  most == 1 ? "one request" : Counted(static_cast<uint64_t>(most), "request"),
                  sync.object),
      most == 1 ? "Leave it out" : fmt::format("Write parallel: {}", most));
}

// The name as it stands between the quotes of a payload.
std::string Escaped(std::string_view name) {
  std::string quoted;
  AppendJsonString(quoted, name);
  return quoted.substr(1, quoted.size() - 2);
}

ChangedFieldsRules RulesOf(const config::Sync& sync, const connector::Destination& destination) {
  ChangedFieldsRules rules;
  for (const std::string& identifier : destination.identifiers()) {
    rules.identifiers.push_back(Escaped(identifier));
  }
  const bool clears = destination.capabilities().clears;
  for (const config::Field& field : sync.fields) {
    const std::string top = Escaped(field.to.substr(0, field.to.find('.')));
    rules.mapped.push_back(top);
    rules.paths.push_back(Escaped(field.to));
    const bool skips = field.null.value_or(sync.null) == config::NullPolicy::kSkip;
    if (skips || !clears) rules.kept.push_back(top);
  }
  for (auto* names : {&rules.mapped, &rules.kept, &rules.paths}) {
    std::sort(names->begin(), names->end());
  }
  rules.whole = sync.mode == "replace";
  rules.clears_unmapped = sync.clear_unmapped && clears;
  rules.merges_nested = destination.capabilities().merges_nested;
  return rules;
}

Result<Change> ChangeOf(std::string_view name) {
  if (name == "added") return Change::kAdded;
  if (name == "changed") return Change::kChanged;
  if (name == "returned") return Change::kReturned;
  if (name == "retried") return Change::kRetried;
  if (name == "removed") return Change::kRemoved;
  if (name == "identity") return Change::kIdentity;
  return FailedError(fmt::format("a row of the class {} is not to be sent", name));
}

// The column of the field by which the destination wants its rows ordered; "" without one.
std::string SequenceOf(const FieldPlan& plan, const connector::Destination& destination) {
  const connector::Ordered* ordered = connector::OrderedOf(destination);
  if (ordered == nullptr) return {};
  size_t column = 0;
  for (const PayloadField& field : plan.fields) {
    if (field.kind == FieldKind::kConstant) continue;
    if (field.to == ordered->order_field()) return plan.expressions[column];
    column += field.problem.empty() ? 1 : 2;
  }
  return {};
}

Status RunAll(engine::Connection& connection, const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) {
    SLUICE_TRY(connection.Execute(statement).status());
  }
  return Status::Ok();
}

connector::ValueKind KindOf(const PayloadField& field) {
  using connector::ValueKind;
  switch (field.kind) {
    case FieldKind::kNumber:
    case FieldKind::kInteger:
      return ValueKind::kWhole;
    case FieldKind::kDecimal:
    case FieldKind::kFloat:
    case FieldKind::kDouble:
      return ValueKind::kFraction;
    case FieldKind::kBoolean:
      return ValueKind::kBoolean;
    case FieldKind::kDate:
    case FieldKind::kTimestamp:
      return ValueKind::kTime;
    case FieldKind::kJson:
      return ValueKind::kNested;
    case FieldKind::kText:
      return ValueKind::kText;
    case FieldKind::kConstant:
      break;
  }
  const char first = field.constant.empty() ? 'n' : field.constant.front();
  if (first == '"') return ValueKind::kText;
  if (first == 't' || first == 'f') return ValueKind::kBoolean;
  if (first == '-' || (first >= '0' && first <= '9')) {
    return field.constant.find('.') == std::string::npos ? ValueKind::kWhole : ValueKind::kFraction;
  }
  return ValueKind::kNested;
}

}  // namespace

bool IsSentOnce(std::string_view mode) {
  return mode == "append" || mode == "add" || mode == "remove" || mode == "insert";
}

Result<std::vector<connector::FieldToSend>> FieldsOf(engine::Connection& connection,
                                                     const config::Sync& sync,
                                                     const std::string& relation) {
  SLUICE_ASSIGN(const auto columns, ColumnsOfRelation(connection, relation));
  SLUICE_ASSIGN(const auto plan, PlanFields(sync, columns, [&](const std::string& expression) {
                  return TypeOfExpression(connection, relation, expression);
                }));
  std::vector<connector::FieldToSend> fields;
  for (const PayloadField& field : plan.fields) fields.push_back({field.to, KindOf(field)});
  return fields;
}

Result<std::unique_ptr<Difference>> Difference::Make(engine::Connection& connection,
                                                     const SyncFunctions& functions,
                                                     const config::Sync& sync,
                                                     const std::string& relation,
                                                     const connector::Destination& destination,
                                                     const DifferenceOptions& options) {
  SLUICE_TRY(CheckMapping(sync, destination));
  SLUICE_TRY(CheckParallel(sync, destination));
  const bool mirror = sync.mode == "mirror" || sync.mode == "replace";
  if (mirror && !destination.capabilities().removes) {
    return ConfigError(fmt::format("{}: mode {}: {} takes no removals", sync.where.ToString(),
                                   sync.mode, destination.Describe()),
                       "Write mode: upsert");
  }
  const Presence presence = PresenceOf(sync.mode);
  if (presence != Presence::kAny && connector::LookupOf(destination) == nullptr) {
    return ConfigError(fmt::format("{}: mode {}: {} cannot be asked what is there",
                                   sync.where.ToString(), sync.mode, destination.Describe()),
                       "Write mode: upsert");
  }
  if (sync.change_identifiers &&
      (sync.mode != "upsert" || !destination.capabilities().changes_identities)) {
    return ConfigError(
        fmt::format("{}: identifier_changes: change: {} changes no identifiers of {}",
                    sync.where.ToString(), destination.Describe(), sync.object),
        "Leave it out");
  }
  SLUICE_ASSIGN(const auto columns, ColumnsOfRelation(connection, relation));
  SLUICE_ASSIGN(auto key, FindColumn(sync, sync.key_where, "key", sync.key, columns));
  std::string newness;
  if (sync.duplicates.policy == config::Duplicates::Policy::kNewest) {
    SLUICE_ASSIGN(newness, FindColumn(sync, sync.duplicates.where, "duplicates",
                                      sync.duplicates.column, columns));
  }
  SLUICE_ASSIGN(auto plan, PlanFields(sync, columns, [&](const std::string& expression) {
                  return TypeOfExpression(connection, relation, expression);
                }));
  for (PayloadField& field : plan.fields) {
    const auto identifiers = destination.identifiers();
    field.identifies =
        std::find(identifiers.begin(), identifiers.end(), field.to) != identifiers.end();
  }
  auto builder = PayloadBuilder::Create(
      plan.fields, {destination.capabilities().timestamps, destination.capabilities().numbers});
  if (!builder.ok()) return builder.status().WithContext(sync.where.ToString());

  auto bound =
      functions.Bind({std::move(builder).value(), &destination, RulesOf(sync, destination)});
  std::unique_ptr<Difference> difference(new Difference(connection, std::move(bound)));
  difference->destination_ = &destination;
  difference->rules_ = RulesOf(sync, destination);
  sql::DifferenceNames& names = difference->names_;
  names.sync = sync.name;
  names.relation = relation;
  names.key = std::move(key);
  names.sequence = SequenceOf(plan, destination);
  names.duplicates = sync.duplicates.policy;
  names.newness = std::move(newness);
  names.columns = std::move(plan.expressions);
  names.binding = difference->bound_.number();
  names.repeatable = destination.capabilities().repeatable;
  names.mirror = mirror;
  names.once = IsSentOnce(sync.mode);
  names.makes_fields = sync.create_new_fields;
  names.takes_known = options.takes_known;
  names.looks_for_all = presence == Presence::kNotThere;
  names.looks_for_unknown = presence == Presence::kThere;
  names.siblings = options.siblings;
  names.now = env::FormatUtc(options.now, true);
  names.again = destination.capabilities().tells_again;
  names.connection = sync.to;
  if (destination.capabilities().follows_identities) names.movers = options.movers;
  names.single = destination.capabilities().calls == connector::CallKind::kSingle;
  names.bulk = destination.capabilities().calls == connector::CallKind::kBulk;
  names.heeds_changes = !destination.capabilities().is_all_identities;
  names.bulk_syncs = options.calls.bulk;
  names.any_single = options.calls.any_single;
  names.bulk_under_way = options.calls.bulk_under_way;
  names.settling = {destination.capabilities().settles.count(), names.now};
  names.irreversible = destination.capabilities().irreversible;
  names.changes = sync.change_identifiers;
  names.can_change = destination.capabilities().changes_identities && sync.mode == "upsert";
  names.payload_waits = names.can_change || destination.capabilities().is_all_identities;
  names.narrow = options.narrow;
  names.only_key = options.only_key;
  difference->taken_from_ = options.taken_from;
  difference->counts_.forgotten = options.forgotten;
  SLUICE_TRY(RunAll(connection, sql::MakeDifference(names)));
  SLUICE_TRY(difference->Count());
  if (options.who_is_forgotten) SLUICE_TRY(difference->PassOver(options.who_is_forgotten));
  return difference;
}

Difference::~Difference() {
  for (const std::string& statement : sql::DropDifference(names_)) {
    (void)connection_.Execute(statement);
  }
}

Status Difference::PassOver(const WhoIsForgotten& who) {
  if (counts_.ToSend() == counts_.removed) return Status::Ok();
  SLUICE_ASSIGN(auto people, who());
  if (people == nullptr || people->empty()) return Status::Ok();
  bound_.Suppress(std::move(people));
  SLUICE_TRY(connection_.Execute(sql::JudgeForgotten(names_)).status());
  return Count();
}

Status Difference::Count() {
  SyncCounts counts;
  counts.forgotten = counts_.forgotten;
  counts_ = std::move(counts);
  SLUICE_ASSIGN(const auto rows, connection_.Rows(sql::CountClasses(names_)));
  names_.any_back = names_.any_remapped = false;
  for (const auto& row : rows) {
    const std::string name = engine::ToText(row[0]);
    names_.any_back |= name == "back";
    names_.any_remapped |= name == "remapped";
    const auto count = static_cast<uint64_t>(engine::ToInt(row[1]));
    counts_.model += count;
    if (name == "added")
      counts_.added = count;
    else if (name == "changed")
      counts_.changed = count;
    else if (name == "returned")
      counts_.returned = count;
    else if (name == "identity")
      counts_.identities = count;
    else if (name == "retried")
      counts_.retried = count;
    else if (name == "unchanged" || name == "back" || name == "remapped")
      counts_.unchanged += count;
    else if (name == "refused")
      counts_.refused = count;
    else if (name == "taken")
      counts_.taken = count;
    else if (name == "absent")
      counts_.absent = count;
    else if (name == "collapsed")
      counts_.collapsed += count;
    else if (name == "superseded")
      counts_.superseded = count;
    else
      counts_.findings[name] = count;
  }
  if (names_.mirror) {
    SLUICE_ASSIGN(const auto gone, connection_.Rows(sql::CountRemovals(names_)));
    for (const auto& row : gone) {
      const std::string name = engine::ToText(row[0]);
      const auto count = static_cast<uint64_t>(engine::ToInt(row[1]));
      if (name == "removed") {
        counts_.removed = count;
      } else if (name == "refused") {
        counts_.refused += count;
      } else {
        counts_.findings[name] += count;
      }
    }
  }
  if (names_.irreversible) {
    SLUICE_ASSIGN(const auto confirmed, connection_.Scalar(sql::CountConfirmed(names_)));
    counts_.confirmed = static_cast<uint64_t>(engine::ToInt(confirmed));
  }
  if (!taken_from_.empty()) {
    SLUICE_ASSIGN(const auto taken, connection_.Scalar(sql::CountTaken(names_, taken_from_)));
    counts_.taken_from = static_cast<uint64_t>(engine::ToInt(taken));
  }
  SLUICE_ASSIGN(const auto left, connection_.Scalar(sql::CountLeft(names_)));
  counts_.left = static_cast<uint64_t>(engine::ToInt(left));
  SLUICE_ASSIGN(const auto delivered, connection_.Scalar(sql::CountDelivered(names_)));
  counts_.delivered = static_cast<uint64_t>(engine::ToInt(delivered));
  return Status::Ok();
}

Status Difference::ForEachRow(uint64_t limit, const std::function<Status(const SpoolRow&)>& visit) {
  SLUICE_ASSIGN(auto result, connection_.Stream(sql::RowsToSend(names_, limit)));
  SpoolRow row;
  while (true) {
    SLUICE_ASSIGN(const auto batch, result.Next());
    if (!batch) return Status::Ok();
    for (size_t r = 0; r < batch->rows(); ++r) {
      row.key = batch->text(0, r);
      row.identity = batch->text(1, r);
      SLUICE_ASSIGN(row.change, ChangeOf(batch->text(2, r)));
      row.digest = batch->huge(3, r);
      row.payload = batch->text(4, r);
      row.former.clear();
      row.sent = row.change == Change::kRemoved
                     ? IdentifiersOf(row.payload, rules_)
                     : std::string(batch->text(batch->is_null(5, r) ? 4 : 5, r));
      row.look_first = !batch->is_null(7, r);
      if (row.change == Change::kIdentity) {
        SLUICE_ASSIGN(row.sent, IdentifierAlone(row.key, row.payload));
        SLUICE_ASSIGN(row.former, IdentifierAlone(row.key, batch->text(8, r)));
        row.in_doubt = batch->integer(9, r) != 0;
      }
      row.prior_key.reset();
      if (!batch->is_null(6, r)) row.prior_key = batch->text(6, r);
      SLUICE_TRY(visit(row));
    }
  }
}

Result<std::string> Difference::IdentifierAlone(std::string_view key,
                                                std::string_view payload) const {
  SLUICE_ASSIGN(const std::string identity, destination_->IdentityOf(key, payload));
  const std::string identifiers = IdentifiersOf(payload, rules_);
  for (const JsonMember& member : JsonMembers(identifiers)) {
    std::string alone = "{";
    AppendJsonMember(alone, member.name, member.value);
    alone += '}';
    const auto same = destination_->IdentityOf(key, alone);
    if (same.ok() && same.value() == identity) return alone;
  }
  return FailedError("none of a row's identifiers gives its identity");
}

Status Difference::ListUntried(const std::string& table) {
  return connection_.Execute(sql::ListUntried(names_, table)).status();
}

Result<std::chrono::milliseconds> Difference::Settle(bool alone) {
  constexpr std::chrono::milliseconds kNone{0};
  const std::chrono::milliseconds settles = destination_->capabilities().settles;
  if (settles == kNone || counts_.ToSend() == 0) return kNone;
  names_.any_identities = counts_.identities > 0;
  SLUICE_TRY(connection_.Execute(sql::FindUnsettled(names_)).status());
  SLUICE_ASSIGN(const auto any,
                connection_.Scalar(fmt::format("SELECT count(*) FROM {}", names_.Unsettled())));
  if (engine::ToInt(any) == 0) return kNone;
  if (alone) {
    SLUICE_TRY(RunAll(connection_, sql::HoldUnsettled(names_)));
    SLUICE_TRY(Count());
  }
  SLUICE_ASSIGN(const auto micros, connection_.Scalar(sql::LeftToSettle(names_)));
  if (engine::IsNull(micros)) return kNone;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::microseconds(engine::ToInt(micros)));
  return std::clamp(left, kNone, settles);
}

Status Difference::RecordUnsettled() {
  const connector::Capabilities& can = destination_->capabilities();
  const bool any = counts_.ToSend() > 0 && (can.is_all_identities || counts_.identities > 0 ||
                                            names_.single || (names_.bulk && counts_.removed > 0));
  if (can.settles.count() == 0 || !any) return Status::Ok();
  return RunAll(connection_, sql::RecordUnsettled(names_, can.is_all_identities));
}

Status Difference::HoldUnconfirmed() {
  SLUICE_TRY(connection_.Execute(sql::HoldUnconfirmed(names_)).status());
  return Count();
}

Status Difference::RecordConfirmed(bool all) {
  if (!names_.irreversible) return Status::Ok();
  if (all) return RunAll(connection_, sql::PutConfirmed(names_));
  return connection_.Execute(sql::KeepConfirmed(names_)).status();
}

Status Difference::RecordUnsent(const std::string& run_id, env::Micros now) {
  return RunAll(connection_, sql::RecordUnsent(names_, run_id, env::FormatUtc(now, true)));
}

}  // namespace sluice::sync
