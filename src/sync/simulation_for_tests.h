// One world of the simulation: the real engine over a real file, a destination in memory that fails in
// every way it can, and a process that is killed anywhere, torn log included. The model changes from
// round to round, its table's shape and the mapping now and then; in modes that ask what is there others
// put people there too.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/text.h"
#include "sync/delivery_log.h"
#include "sync/in_flight_for_tests.h"
#include "sync/log_rules_for_tests.h"
#include "sync/simulated_people_for_tests.h"
#include "sync/simulation_seeds_for_tests.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {

struct Killed {};

class Simulation : public SyncWorld {
 public:
  // `mode`: of a sync, or "changes" (WorldOf).
  Simulation(uint64_t seed, const std::string& mode)
      : rng_(seed),
        seed_(seed),
        mirror_(mode == "mirror"),
        changes_(mode == "changes"),
        once_(IsSentOnce(mode)),
        presence_(PresenceOf(mode)) {
    sync_.mode = changes_ ? "upsert" : mode;
    sync_.change_identifiers = changes_;
    Do("ALTER TABLE people ADD COLUMN version BIGINT");
    const uint64_t turn = TurnOf(seed);
    using Policy = config::Duplicates::Policy;
    constexpr Policy kPolicies[] = {Policy::kCollapse, Policy::kReject, Policy::kNewest};
    sync_.duplicates = {kPolicies[turn % 3], "version", {}};
    sync_.guards.allow_empty = true;
    deliver_options_.max_attempts = 3;
    sync_.batch.rows = 7;
    sync_.batch.parallel = static_cast<int64_t>(1 + turn % 5);
    options_.capabilities.merges_nested = turn % 2 == 0;
    options_.name_poison = turn / 3 % 3 == 0;
    Reopen();
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
      if (OneIn(6)) {
        EditMapping();
      } else {
        EditModel();
      }
      faulty_ = true;
      limit_ = OneIn(5) ? 1 + Below(20) : 0;
      TryRun();
      if (OneIn(4)) TryRun();
    }
    faulty_ = false;
    limit_ = 0;
    clock_.Advance(std::chrono::hours(8 * 24));  // who is not there is looked for again by then
    TryRun();
    TryRun();
    // Identities that wait for each other take a run each.
    for (int run = 0; run < 12 && Plan().counts.identities > 0; ++run) TryRun();
    if (changes_) TryRun();
    ExpectQuiet();
  }

 private:
  uint64_t Below(uint64_t n) { return rng_.Next() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

  void Reopen() {
    Restart();
    destination_->options().fault = [this] { return NextFault(); };
    destination_->options().lookup_fault = [this] {
      MayDie(40);
      return faulty_ && OneIn(10);
    };
    destination_->options().before_answer = [this] { MayDie(40); };
    destination_->options().poison = [](const connector::Operation& o) {
      return IsPoison(VisitsIn(o));
    };
    destination_->options().refuse = [this](const connector::Operation& o) { return Judge(o); };
    destination_->options().warn = [this](std::span<const connector::Operation>) { return Warn(); };
    in_flight_ = std::make_unique<InFlightFromSeed>(rng_.Next(), clock_);
    deliver_options_.in_flight = in_flight_.get();
    deliver_options_.progress = [this](const DeliverProgress&) { MayDie(60); };
    engine_->on_step = [this](std::string_view) { MayDie(25); };
  }
  void MayDie(uint64_t one_in) {
    if (faulty_ && OneIn(one_in)) throw Killed();
  }

  connector::MemoryFault NextFault() {
    MayDie(40);
    if (!faulty_ || !OneIn(3)) return connector::MemoryFault::kNone;
    constexpr connector::MemoryFault kFaults[] = {
        connector::MemoryFault::kTooMany,     connector::MemoryFault::kUnavailable,
        connector::MemoryFault::kLostRequest, connector::MemoryFault::kLostAnswer,
        connector::MemoryFault::kHalfUnknown, connector::MemoryFault::kForbidden};
    return kFaults[Below(std::size(kFaults))];
  }

  // A field that was dropped silently, of an answer that names no failure.
  std::vector<std::string> Warn() {
    if (!OneIn(4)) return {};
    ++warned_;
    return {"the field \"visits\" was dropped"};
  }

  std::optional<connector::RowOutcome> Judge(const connector::Operation& operation) {
    const std::string key(operation.key);
    if (only_town_is_new_.count(key) > 0 && !JsonMemberValue(operation.payload, "visits").empty()) {
      ADD_FAILURE() << "seed " << seed_ << ": only one field of " << key
                    << " is new to the destination: " << operation.payload;
    }
    const auto known = delivered_identities_.find(key);
    if (changes_ && known != delivered_identities_.end() &&
        operation.kind == connector::OperationKind::kUpsert &&
        known->second != operation.identity) {
      ADD_FAILURE() << "seed " << seed_ << ": " << key
                    << " is written under an identity that it was not changed to";
    }
    moves_ += operation.kind == connector::OperationKind::kChangeIdentity ? 1 : 0;
    if (known_delivered_.count(key) > 0) {
      ADD_FAILURE() << "seed " << seed_ << ": " << key
                    << " was delivered and is sent again: " << operation.payload;
    }
    const std::string identity(operation.identity);
    if (presence_ == Presence::kThere && world_.people.count(identity) == 0) {
      ADD_FAILURE() << "seed " << seed_ << ": mode update makes " << key;
    }
    if (presence_ == Presence::kNotThere && others_.count(identity) > 0) {
      ADD_FAILURE() << "seed " << seed_ << ": mode insert changes " << key;
    }
    if (IsRefused(VisitsIn(operation)))
      return connector::RowOutcome{connector::RowState::kRejected, "refused", "no"};
    if (faulty_ && OneIn(20))
      return connector::RowOutcome{connector::RowState::kDeferred, "busy", "later"};
    return {};
  }

  std::optional<std::string> SomeCity() {
    constexpr const char* kCities[] = {"Ulm", "Bonn", "O'Brien", "", "Zoë \"x\""};
    if (OneIn(4)) return {};
    return kCities[Below(std::size(kCities))];
  }
  std::string SomeEmail() {
    const std::string number = std::to_string(Below(40));
    return OneIn(8) ? " P" + number + "@X" : "p" + number + "@x";
  }

  // To another one, or back to the one before.
  void ChangeEmail(const std::string& key, Person& person) {
    const auto former = former_emails_.find(key);
    const bool back = former != former_emails_.end() && OneIn(3);
    std::string email = back ? former->second : SomeEmail();
    former_emails_[key] = std::exchange(person.email, std::move(email));
  }

  // A second field of a column that is mapped already, or without it again.
  void EditMapping() {
    with_town_ = !with_town_;
    sync_.fields = {Column("email", "email"), Column("city", "city"), Column("visits", "visits")};
    if (with_town_) sync_.fields.insert(sync_.fields.begin() + 1, Column("town", "city"));
    mapping_is_new_ = with_town_;
  }

  // People whom somebody else puts there.
  void EditOthers() {
    for (uint64_t i = 0, n = Below(6); i < n; ++i) {
      const std::string email = "p" + std::to_string(Below(40)) + "@x";
      if (world_.people.count(email) > 0) continue;
      world_.people[email] = {{"email", "\"" + email + "\""}, {"city", "\"theirs\""}};
      others_.insert(email);
    }
  }

  void EditModel() {
    if (presence_ != Presence::kAny) EditOthers();
    for (uint64_t i = 0, n = 1 + Below(15); i < n; ++i) {
      const std::string key = "k" + std::to_string(Below(30));
      const auto at = people_.find(key);
      if (at == people_.end()) {
        people_[key] = {SomeEmail(), SomeCity(), static_cast<int>(1 + Below(60))};
      } else if (OneIn(6)) {
        people_.erase(at);
      } else if (OneIn(8)) {  // the key is renamed, the person is the same
        const Person person = at->second;
        people_.erase(at);
        people_["n" + std::to_string(Below(30))] = person;
      } else if (OneIn(changes_ ? 3 : 10)) {
        ChangeEmail(key, at->second);
      } else if (OneIn(2)) {
        at->second.city = SomeCity();
      } else {
        at->second.visits = static_cast<int>(1 + Below(60));
      }
    }
    if (OneIn(12)) people_.clear();
    WriteModel();
    if (!OneIn(5)) return;
    EXPECT_TRUE(database_->Checkpoint().ok());
  }

  // The table as another run of the model leaves it: the rows in any order, the columns too, with one that
  // nobody maps, rows without a key, and rows that the policy for duplicates passes over.
  void WriteModel() {
    mapping_is_new_ = false;
    inputs_ = OneIn(4) ? "" : "people:" + std::to_string(++versions_);
    keyless_ = OneIn(3) ? Below(3) : 0;
    std::string rows;
    const auto add = [&](const std::string& key, const Person& person, uint64_t version) {
      rows += (rows.empty() ? "(" : ", (") + engine::QuoteText(key) + ", " +
              engine::QuoteText(person.email) + ", " +
              (person.city ? engine::QuoteText(*person.city) : "NULL") + ", " +
              std::to_string(person.visits) + ", " + std::to_string(version) + ")";
    };
    for (const auto& [key, person] : people_) {
      AddDuplicate(key, person, add);
      add(key, person, kNewest);
    }
    for (uint64_t i = 0; i < keyless_; ++i) {
      rows += (rows.empty() ? "" : ", ") + std::string("(NULL, 'nobody") + std::to_string(i) +
              "@x', 'Ulm', 1, 1)";
    }
    const std::string values = rows.empty() ? "SELECT NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, "
                                              "NULL::BIGINT, NULL::BIGINT LIMIT 0"
                                            : "VALUES " + rows;
    constexpr const char* kOrders[] = {"id, email, city, visits, version, noise",
                                       "noise, version, visits, city, email, id",
                                       "city, noise, id, visits, version, email"};
    Do("CREATE OR REPLACE TABLE people AS SELECT " +
       std::string(kOrders[Below(std::size(kOrders))]) + " FROM (SELECT *, visits + " +
       std::to_string(Below(1000)) + " AS noise FROM (" + values +
       ") AS v(id, email, city, visits, version)) ORDER BY hash(noise)");
  }

  // Now and then a row that the policy passes over: the same once more, or an older one of the key,
  // whose person may be somebody else by now. Where duplicates are rejected there are none, as they
  // would only take people out of the comparison.
  template <typename Add>
  void AddDuplicate(const std::string& key, const Person& person, const Add& add) {
    using Policy = config::Duplicates::Policy;
    if (sync_.duplicates.policy == Policy::kReject || !OneIn(6)) return;
    if (sync_.duplicates.policy == Policy::kCollapse) return add(key, person, kNewest);
    add(key, {SomeEmail(), SomeCity(), static_cast<int>(1 + Below(60))}, Below(kNewest));
  }

  // What is known to be delivered as the model has it now: it may not be sent.
  void NoteDelivered() {
    known_delivered_.clear();
    only_town_is_new_.clear();
    delivered_identities_.clear();
    const auto identities = connection_->Rows(
        "SELECT key, identity FROM _sluice.sync_delivered WHERE payload IS NOT NULL");
    for (const auto& row : identities.value()) {
      delivered_identities_[engine::ToText(row[0])] = engine::ToText(row[1]);
    }
    if (once_) {
      const auto keys = connection_->Rows(
          "SELECT key FROM _sluice.sync_delivered WHERE state = 'delivered' AND payload IS NOT "
          "NULL");
      for (const auto& row : keys.value()) known_delivered_.insert(engine::ToText(row[0]));
      return;
    }
    const auto rows = connection_->Rows(
        "SELECT key, payload FROM _sluice.sync_delivered WHERE state = 'delivered'");
    for (const auto& row : rows.value()) {
      const auto at = people_.find(engine::ToText(row[0]));
      if (at == people_.end()) continue;
      // What is mapped no more stays there, and is remembered.
      std::string held = engine::ToText(row[1]);
      if (!with_town_) held = WithoutTown(std::move(held));
      if (PayloadOf(at->second, with_town_) == held) {
        known_delivered_.insert(at->first);
      } else if (mapping_is_new_ && PayloadOf(at->second, false) == held) {
        only_town_is_new_.insert(at->first);
      }
    }
  }

  void TryRun() {
    try {
      const SyncJob job = Job();
      const auto recovered = engine_->Recover(*connection_, job);
      ASSERT_TRUE(recovered.ok()) << "seed " << seed_ << ": " << recovered.status().ToString();
      ExpectBooksBalanced();
      NoteDelivered();
      const auto delivery = engine_->Prepare(*connection_, job);
      ASSERT_TRUE(delivery.ok()) << "seed " << seed_ << ": " << delivery.status().ToString();
      ExpectKeylessFound();
      if (delivery->id == 0) return;
      warned_ = 0;
      const auto report = engine_->Deliver(*delivery, job, limiter_, deliver_options_);
      ASSERT_TRUE(report.ok()) << "seed " << seed_ << ": " << report.status().ToString();
      ExpectSound(LogOf(delivery->id));
      const auto summary = engine_->Fold(*connection_, job, *delivery);
      ASSERT_TRUE(summary.ok()) << "seed " << seed_ << ": " << summary.status().ToString();
      EXPECT_EQ(summary->acknowledged, report->acknowledged) << "seed " << seed_;
      EXPECT_EQ(summary->rejected, report->rejected) << "seed " << seed_;
      EXPECT_EQ(summary->deferred, report->deferred) << "seed " << seed_;
      EXPECT_EQ(summary->unknown, report->unknown) << "seed " << seed_;
      uint64_t told = 0;
      for (const auto& [text, count] : summary->warnings) told += count;
      EXPECT_EQ(told, warned_) << "seed " << seed_ << ": warnings of answers";
      ExpectBooksBalanced();
    } catch (const Killed&) {
      ++kills_;
      Reopen();
      TearLog();
    }
  }

  // What a stop in the middle of the last write leaves: its frame cut, or rubbish behind it. An
  // intent was durable before its request left and cannot be torn once that has happened.
  void TearLog() {
    const std::string open =
        Ask("SELECT delivery_id FROM _sluice.deliveries WHERE sync = 'people_to_memory'");
    if (open.empty()) return;
    const std::string path = LogOf(std::stoll(open));
    ExpectSound(path);
    uint64_t last = 0;
    bool is_answer = false;
    const auto extent = ReadLog(path, [&](uint64_t offset, const LogEntry& entry) {
      last = offset;
      is_answer =
          std::holds_alternative<LogOutcome>(entry) || std::holds_alternative<LogEnding>(entry);
      return Status::Ok();
    });
    ASSERT_TRUE(extent.ok()) << "seed " << seed_ << ": " << extent.status().ToString();
    auto log = env::AppendFile::Open(path);
    if (is_answer && OneIn(2)) {
      ASSERT_TRUE(log->Truncate(last + Below(extent->valid - last)).ok());
    } else if (OneIn(2)) {
      ASSERT_TRUE(log->Append(std::string(Below(50), OneIn(2) ? '\0' : 'S')).ok());
    }
  }

  std::string LogOf(int64_t delivery) {
    const std::string id = std::to_string(delivery);
    return StateFile(std::string(12 - id.size(), '0') + id + ".log");
  }
  void ExpectSound(const std::string& log) {
    const auto parallel = static_cast<size_t>(sync_.batch.parallel);
    EXPECT_EQ(CheckLog(log, parallel).broken, "") << "seed " << seed_;
    at_once_ = std::max(at_once_, in_flight_->most());
  }

  void ExpectBooksBalanced() {
    EXPECT_EQ(
        Ask("SELECT count(*) FROM _sluice.sync_runs WHERE planned <> acknowledged + rejected + "
            "deferred + waiting + unknown"),
        "0")
        << "seed " << seed_;
    EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_runs WHERE outcome = 'open'"), "0");
    EXPECT_EQ(Ask("SELECT count(*) - count(DISTINCT key) FROM _sluice.sync_delivered"), "0");
  }

  // Rows without a key are told, whatever else is up to date, and never sent (ExpectNobodyElse).
  void ExpectKeylessFound() {
    EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_findings WHERE kind = 'null_key'"),
              std::to_string(keyless_))
        << "seed " << seed_;
  }

  void ExpectQuiet() {
    // Rows that are held for a person to look at keep their state.
    EXPECT_EQ(Ask("SELECT key, state FROM _sluice.sync_delivered WHERE state IN ('unknown', "
                  "'deferred') AND key NOT IN (SELECT key FROM _sluice.sync_findings) AND code <> "
                  "'not_there'"),
              "")
        << "seed " << seed_;
    EXPECT_EQ(Plan().counts.ToSend(), 0U) << "seed " << seed_;
    std::set<std::string> left_out;
    // So is whoever is to get an identity that somebody has who left the model and is there still.
    const auto findings = connection_->Rows(
        "SELECT key FROM _sluice.sync_findings WHERE kind <> 'superseded' UNION ALL SELECT key "
        "FROM "
        "_sluice.sync_delivered AS d WHERE state = 'rejected' AND code = 'taken'");
    for (const auto& row : findings.value()) left_out.insert(engine::ToText(row[0]));
    if (once_) return ExpectOnce(left_out);
    for (const auto& [key, person] : people_) {
      if (presence_ == Presence::kThere && !IsUpdated(key, person)) continue;
      if (left_out.count(key) > 0 || IsRefused(person.visits) || IsPoison(person.visits)) continue;
      std::string there = world_.Person(IdentityOf(person));
      if (!with_town_ || !person.city) there = WithoutTown(std::move(there));
      if (presence_ == Presence::kThere && !person.city) there = ReplaceAll(there, kTheirs, "");
      EXPECT_EQ(there, PayloadOf(person, with_town_)) << "seed " << seed_ << ", " << key;
      ++compared_;
    }
    for (uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(world_.Person("nobody" + std::to_string(i) + "@x"), "") << "seed " << seed_;
    }
    if (mirror_) ExpectNobodyElse();
    if (changes_) ExpectNobodyTwice();
  }

  // Whoever is there is known, by the identity that they have there. A change without an answer stays in doubt
  // while its row is held, or has left the model: then both are known.
  void ExpectNobodyTwice() {
    std::set<std::string> known;
    const auto rows = connection_->Rows(
        "SELECT identity FROM _sluice.sync_delivered UNION ALL SELECT lower(trim(attempted_payload "
        "->> 'email')) FROM _sluice.sync_delivered WHERE attempted_payload IS NOT NULL AND (state "
        "= "
        "'left' OR key IN (SELECT key FROM _sluice.sync_findings))");
    for (const auto& row : rows.value()) known.insert(engine::ToText(row[0]));
    for (const auto& [identity, fields] : world_.people) {
      EXPECT_EQ(known.count(identity), 1U)
          << "seed " << seed_ << ": " << identity << " is there, and known by another identity";
    }
  }

  // Whether mode update has to have found the person. It makes nobody.
  bool IsUpdated(const std::string& key, const Person& person) {
    if (world_.people.count(IdentityOf(person)) == 0) return false;
    EXPECT_EQ(others_.count(IdentityOf(person)), 1U) << "seed " << seed_ << ": " << key;
    return Ask("SELECT count(*) FROM _sluice.sync_delivered WHERE code = 'not_there' AND state = "
               "'rejected' AND key = " +
               engine::QuoteText(key)) == "0";
  }

  // What is sent once is there, as far as it was ever taken; those who were there are as they were.
  void ExpectOnce(const std::set<std::string>& left_out) {
    for (const auto& [key, person] : people_) {
      if (left_out.count(key) > 0) continue;
      const std::string identity =
          Ask("SELECT identity FROM _sluice.sync_delivered WHERE state = 'delivered' AND key = " +
              engine::QuoteText(key));
      if (identity.empty()) {
        EXPECT_TRUE(IsRefused(person.visits) || IsPoison(person.visits))
            << "seed " << seed_ << ", " << key;
        continue;
      }
      EXPECT_NE(world_.Person(identity), "") << "seed " << seed_ << ", " << key;
      ++compared_;
    }
    for (const std::string& other : others_) {
      EXPECT_EQ(world_.Person(other), "{\"city\":\"theirs\",\"email\":\"" + other + "\"}")
          << "seed " << seed_;
    }
  }

  // Who is there is in the model, or was delivered under a key that is and is held for it.
  void ExpectNobodyElse() {
    std::set<std::string> known;
    for (const auto& [key, person] : people_) known.insert(IdentityOf(person));
    const auto rows = connection_->Rows("SELECT key, identity FROM _sluice.sync_delivered");
    for (const auto& row : rows.value()) {
      if (people_.count(engine::ToText(row[0])) > 0) known.insert(engine::ToText(row[1]));
    }
    for (const auto& [identity, fields] : world_.people) {
      EXPECT_EQ(known.count(identity), 1U)
          << "seed " << seed_ << ": " << identity << " is left over";
    }
    for (const auto& applied : world_.applied) {
      removals_ += applied.kind == connector::OperationKind::kRemove ? 1 : 0;
    }
  }

 public:
  int kills_ = 0;
  int compared_ = 0;
  int removals_ = 0;
  int moves_ = 0;
  size_t at_once_ = 0;

 private:
  env::SeededRandom rng_;
  uint64_t seed_;
  static constexpr const char* kTheirs = "\"city\":\"theirs\",";
  bool mirror_;
  bool changes_;
  bool once_;
  Presence presence_;
  std::set<std::string> others_;
  std::unique_ptr<InFlightFromSeed> in_flight_;
  bool faulty_ = false;
  std::map<std::string, Person> people_;
  std::map<std::string, std::string> former_emails_;
  std::set<std::string> known_delivered_;
  std::map<std::string, std::string> delivered_identities_;
  std::set<std::string> only_town_is_new_;
  bool with_town_ = false;
  bool mapping_is_new_ = false;  // and nothing else since the last run
  uint64_t keyless_ = 0;
  uint64_t versions_ = 0;
  uint64_t warned_ = 0;
};

}  // namespace sluice::sync
