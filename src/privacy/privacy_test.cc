#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "env/clock.h"
#include "env/file.h"
#include "privacy/forgotten.h"
#include "privacy/subject.h"
#include "warehouse/warehouse.h"

namespace sluice::privacy {
namespace {

config::Person Guests() {
  config::Person person;
  person.name = "guest";
  person.tables = {{"people", {"id"}, {}}, {"orders", {"person"}, {}}};
  person.identifiers = {{"email", {{"people", {"email"}, {}}, {"readers", {"address"}, {}}}}};
  return person;
}

class PrivacyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_privacy_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    warehouse::WarehouseOptions options;
    options.path = env::JoinPath(dir_, "w.duckdb");
    warehouse_ = std::make_unique<warehouse::Warehouse>(options, env::SystemClock());
    auto session = warehouse_->Open(true, std::chrono::milliseconds(0), nullptr);
    ASSERT_TRUE(session.ok()) << session.status().ToString();
    session_ = std::move(session).value();
    Do("CREATE TABLE people (id DOUBLE, email VARCHAR)");
    Do("INSERT INTO people VALUES (7, ' Ann@Example.com'), (8, 'bob@example.com'), (9, "
       "'BOB@example.com')");
    Do("CREATE TABLE orders (nr INT, person BIGINT)");
    Do("INSERT INTO orders VALUES (1, 7), (2, 8), (3, 7)");
    Do("CREATE TABLE readers (address VARCHAR)");
    Do("INSERT INTO readers VALUES ('ANN@example.com'), ('bob@example.com'), "
       "('annann@example.com')");
  }
  void TearDown() override {
    session_.reset();
    warehouse_.reset();
    EXPECT_TRUE(env::RemoveTree(dir_).ok());
  }
  engine::Connection& connection() { return session_->connection(); }
  void Do(const std::string& sql) {
    const auto done = connection().Execute(sql);
    ASSERT_TRUE(done.ok()) << done.status().ToString();
  }
  Result<std::vector<Subject>> Find(const std::string& key, bool all = false) {
    return FindSubjects(connection(), {Guests()}, {key, "", all});
  }
  int64_t RowsAboutIn(const Subject& subject, const std::string& table) {
    const auto columns = warehouse::ColumnsOf(connection(), table).value();
    const auto condition =
        RowsAbout(subject, ScopesOfTable({Guests()}, table), columns, table).value();
    if (condition.empty()) return 0;
    return engine::ToInt(
        connection().Scalar("SELECT count(*) FROM " + table + " AS t WHERE " + condition).value());
  }
  void Forget(const Subject& subject) {
    const auto transaction = engine::Transaction::Begin(connection()).value();
    ForgetRecord record;
    record.forget_id = "f1";
    record.person = subject.person;
    record.state = "open";
    record.requested_at = "2026-11-29 10:00:00";
    const Status added = AddForgotten(connection(), subject, record);
    ASSERT_TRUE(added.ok()) << added.ToString();
    ASSERT_TRUE(transaction->Commit().ok());
  }

  std::string dir_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<warehouse::Session> session_;
};

TEST_F(PrivacyTest, ByKeyAndByIdentifierTheSamePersonIsMeant) {
  for (const char* key : {"7", " 7 ", "ann@example.com", "ANN@EXAMPLE.COM "}) {
    const auto found = Find(key);
    ASSERT_TRUE(found.ok()) << found.status().ToString();
    ASSERT_EQ(found->size(), 1U) << key;
    const Subject& ann = found->front();
    EXPECT_EQ(ann.keys, std::vector<std::string>{"7"});
    EXPECT_EQ(ann.identifiers.at("email"), std::vector<std::string>{"ann@example.com"});
    EXPECT_TRUE(ann.in_tables);
    EXPECT_EQ(RowsAboutIn(ann, "people"), 1);
    EXPECT_EQ(RowsAboutIn(ann, "orders"), 2);
    EXPECT_EQ(RowsAboutIn(ann, "readers"), 1);
  }
}

TEST_F(PrivacyTest, WhatOthersHaveTooIsNobodys) {
  EXPECT_EQ(Find("bob@example.com").status().code(), Code::kConfig);
  const auto bob = Find("8").value();
  EXPECT_TRUE(bob[0].ValuesOf({"guest", "email"}).empty());
  EXPECT_EQ(bob[0].shared.at("email"), 1);
  EXPECT_EQ(RowsAboutIn(bob[0], "readers"), 0);
  const auto both = Find("bob@example.com", true).value();
  EXPECT_EQ(both[0].keys, (std::vector<std::string>{"8", "9"}));
  EXPECT_EQ(RowsAboutIn(both[0], "readers"), 1);
}

TEST_F(PrivacyTest, WhoIsInNoTableIsTakenToBeCalledSo) {
  const auto found = Find("Zoe@example.com").value();
  EXPECT_FALSE(found[0].in_tables);
  EXPECT_EQ(found[0].identifiers.at("email"), std::vector<std::string>{"zoe@example.com"});
}

TEST_F(PrivacyTest, TheListTellsWhoComesBackAndNamesNobody) {
  EXPECT_TRUE(ForgottenList::Read(connection()).value().empty());
  Forget(Find("7").value()[0]);
  const auto list = ForgottenList::Read(connection()).value();
  EXPECT_EQ(list.entries(), 2);
  EXPECT_TRUE(list.Has(connection(), {"guest", "email"}, " ANN@example.com").value());
  EXPECT_TRUE(list.Has(connection(), {"guest", ""}, "7").value());
  EXPECT_FALSE(list.Has(connection(), {"employee", ""}, "7").value());
  EXPECT_FALSE(list.Has(connection(), {"guest", ""}, "8").value());
  const auto columns = warehouse::ColumnsOf(connection(), "people").value();
  const auto scopes = ScopesOfTable({Guests()}, "people");
  const auto by_subquery = list.RowsOf(scopes, "t.", columns, "people").value();
  ASSERT_TRUE(ForgottenList::Prepare(connection()).ok());
  const auto by_call =
      list.CallOf(
              scopes, [](const std::string& column) { return "t." + column; }, columns, "people")
          .value();
  for (const std::string& condition : {by_subquery, by_call}) {
    const auto rows = connection().Rows("SELECT id::BIGINT FROM people AS t WHERE " + condition);
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(engine::ToInt((*rows)[0][0]), 7);
  }
  EXPECT_EQ(
      list.Find(connection(), {"guest", "email"}, {"bob@example.com", "Ann@example.com "}).value(),
      (std::vector<bool>{false, true}));
  for (const char* table : {"forgotten", "forgotten_hashes", "meta"}) {
    const auto named = connection().Scalar(std::string("SELECT count(*) FROM _sluice.") + table +
                                           " AS t WHERE contains(lower(t::VARCHAR), 'ann')");
    EXPECT_EQ(engine::ToInt(named.value()), 0) << table;
  }
}

TEST_F(PrivacyTest, WhoeverIsNotNamedAnyMoreIsAnError) {
  Forget(Find("7").value()[0]);
  const auto list = ForgottenList::Read(connection()).value();
  EXPECT_TRUE(list.CheckNamed({Guests()}).ok());
  EXPECT_EQ(list.CheckNamed({}).code(), Code::kConfig);
  config::Person without = Guests();
  without.identifiers.clear();
  EXPECT_EQ(list.CheckNamed({without}).code(), Code::kConfig);
}

TEST_F(PrivacyTest, OffTheListNobodyIsKeptOut) {
  Forget(Find("7").value()[0]);
  const auto found =
      FindForgotten(connection(), {Guests()}, {"ann@example.com", "", false}).value();
  ASSERT_EQ(found.size(), 1U);
  {
    const auto transaction = engine::Transaction::Begin(connection()).value();
    ASSERT_TRUE(UndoForgotten(connection(), found[0].forget_id, "2026-11-30 10:00:00").ok());
    ASSERT_TRUE(transaction->Commit().ok());
  }
  EXPECT_TRUE(ForgottenList::Read(connection()).value().empty());
  EXPECT_EQ(ListForgotten(connection()).value()[0].state, "undone");
}

}  // namespace
}  // namespace sluice::privacy
