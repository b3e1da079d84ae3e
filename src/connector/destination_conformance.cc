#include "connector/destination_conformance.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/json_text.h"

namespace sluice::connector {
namespace {

// Never to be seen in what a destination says: it stands for a person's data.
const std::string kCanary = "canary-of-a-value";

void ExpectQuiet(const SendResult& result) {
  for (const RowOutcome& outcome : result.outcomes) {
    EXPECT_EQ(outcome.message.find(kCanary), std::string::npos) << outcome.message;
    EXPECT_EQ(outcome.code.find(kCanary), std::string::npos) << outcome.code;
  }
  for (const std::string& warning : result.warnings) {
    EXPECT_EQ(warning.find(kCanary), std::string::npos) << warning;
  }
  EXPECT_EQ(result.stop.ToString().find(kCanary), std::string::npos) << result.stop.ToString();
}

bool AllAre(const SendResult& result, RowState state) {
  return std::all_of(result.outcomes.begin(), result.outcomes.end(),
                     [&](const RowOutcome& outcome) { return outcome.state == state; });
}

}  // namespace

void DestinationConformance::SetUp() {
  fixture_ = GetParam().make();
  destination_ = fixture_->Open();
}

DestinationConformance::Row DestinationConformance::MakeRow(int n, const std::string& note) const {
  Row row;
  row.key = fmt::format("key-{}", n);
  row.payload = fixture_->Payload(n, note);
  const auto identity = destination_->IdentityOf(row.key, row.payload);
  EXPECT_TRUE(identity.ok()) << identity.status().ToString();
  if (identity.ok()) row.identity = identity.value();
  return row;
}

std::vector<DestinationConformance::Row> DestinationConformance::MakeRows(
    int count, const std::string& note) const {
  std::vector<Row> rows;
  for (int n = 0; n < count; ++n) rows.push_back(MakeRow(n, note));
  return rows;
}

std::vector<Operation> DestinationConformance::Operations(const std::vector<Row>& rows) {
  std::vector<Operation> operations;
  for (const Row& row : rows) {
    operations.push_back({OperationKind::kUpsert, row.key, row.identity, row.payload});
  }
  return operations;
}

SendResult DestinationConformance::SendAll(const std::vector<Row>& rows,
                                           const env::Cancel* cancel) {
  const auto operations = Operations(rows);
  SendResult all;
  // One request, where one can hold so many rows.
  for (std::span<const Operation> rest = operations; !rest.empty();) {
    const auto request = destination_->Prepare(rest, {});
    EXPECT_TRUE(request.ok()) << request.status().ToString();
    if (!request.ok()) return all;
    EXPECT_EQ(request->rows, std::min(rest.size(), most_rows()));
    if (Settling* settling = destination_->settling()) {
      const auto mark = settling->Mark(*request);
      EXPECT_TRUE(mark.ok()) << mark.status().ToString();
      EXPECT_LE(mark.value().size(), 256U);
    }
    SendResult result = destination_->Send(*request, rest, cancel);
    EXPECT_EQ(result.outcomes.size(), request->rows);
    ExpectQuiet(result);
    rest = rest.subspan(request->rows);
    all.outcomes.insert(all.outcomes.end(), result.outcomes.begin(), result.outcomes.end());
    all.split = all.split || result.split;
    if (all.stop.ok()) all.stop = result.stop;
  }
  return all;
}

size_t DestinationConformance::most_rows() const {
  return static_cast<size_t>(destination_->capabilities().max_rows_per_request);
}

namespace {

TEST_P(DestinationConformance, SaysWhatItIsAndCan) {
  EXPECT_FALSE(destination_->Describe().empty());
  const Capabilities& can = destination_->capabilities();
  EXPECT_GT(can.max_rows_per_request, 0);
  EXPECT_GT(can.max_bytes_per_request, 0);
  EXPECT_GE(can.requests_per_second, 0);
  EXPECT_FALSE(can.noun.empty());
  EXPECT_FALSE(can.request_name.empty());
  const std::string payload = fixture_->Payload(1, "x");
  for (const std::string& identifier : destination_->identifiers()) {
    EXPECT_FALSE(JsonMemberValue(payload, identifier).empty()) << identifier;
  }
  EXPECT_EQ(CanonicalJson(payload).value(), payload);
}

TEST_P(DestinationConformance, IdentityTellsPeopleApartAndIsStable) {
  const Row first = MakeRow(1, "x");
  EXPECT_EQ(MakeRow(1, "another note").identity, first.identity);
  EXPECT_NE(MakeRow(2, "x").identity, first.identity);
  EXPECT_FALSE(first.identity.empty());
  if (const auto nobody = fixture_->PayloadOfNobody()) {
    const auto identity = destination_->IdentityOf("key", *nobody);
    EXPECT_EQ(identity.status().code(), Code::kRejected);
    EXPECT_FALSE(identity.status().message().empty());
  }
}

TEST_P(DestinationConformance, PrepareTakesAsManyAsFitAndIsPure) {
  const auto rows = MakeRows(7, "note");
  const auto operations = Operations(rows);
  const auto all = destination_->Prepare(operations, {});
  ASSERT_TRUE(all.ok()) << all.status().ToString();
  EXPECT_EQ(all->rows, std::min<size_t>(7, most_rows()));
  EXPECT_EQ(destination_->Prepare(operations, {}).value().body, all->body);
  EXPECT_FALSE(all->method.empty());
  EXPECT_FALSE(all->target.empty());

  EXPECT_EQ(fixture_->NoteOf(0), std::nullopt) << "Prepare has sent something";
  if (most_rows() < 7) return;
  EXPECT_EQ(destination_->Prepare(operations, {3, 0}).value().rows, 3U);
  EXPECT_EQ(destination_->Prepare(operations, {1000000, 0}).value().rows, 7U);
  const auto bytes = static_cast<int64_t>(all->body.size());
  EXPECT_EQ(destination_->Prepare(operations, {0, bytes}).value().rows, 7U);
  const auto fewer = destination_->Prepare(operations, {0, bytes - 1});
  ASSERT_TRUE(fewer.ok()) << fewer.status().ToString();
  EXPECT_LT(fewer->rows, 7U);
  EXPECT_LT(fewer->body.size(), all->body.size());
}

TEST_P(DestinationConformance, NoRequestIsLargerThanTheLimits) {
  const Capabilities& can = destination_->capabilities();
  const int count = static_cast<int>(std::min<int64_t>(can.max_rows_per_request, 5000)) + 3;
  const auto rows = MakeRows(count, std::string(200, 'n'));
  const auto operations = Operations(rows);
  std::span<const Operation> rest = operations;
  size_t requests = 0;
  while (!rest.empty()) {
    const auto request = destination_->Prepare(rest, {});
    ASSERT_TRUE(request.ok()) << request.status().ToString();
    ASSERT_GT(request->rows, 0U);
    EXPECT_LE(static_cast<int64_t>(request->rows), can.max_rows_per_request);
    EXPECT_LE(static_cast<int64_t>(request->body.size()), can.max_bytes_per_request);
    rest = rest.subspan(request->rows);
    ++requests;
  }
  EXPECT_GT(requests, count > can.max_rows_per_request ? 1U : 0U);
}

TEST_P(DestinationConformance, ARowThatFitsIntoNoRequestIsRejectedAlone) {
  const std::vector<Row> rows = {MakeRow(1, std::string(2000, 'x')), MakeRow(2, "x")};
  const auto operations = Operations(rows);
  const auto request = destination_->Prepare(operations, {0, 1000});
  EXPECT_EQ(request.status().code(), Code::kRejected);
  EXPECT_EQ(request.status().message().find("xxxx"), std::string::npos);
  EXPECT_EQ(destination_->Prepare(std::span(operations).subspan(1), {0, 1000}).value().rows, 1U);
}

TEST_P(DestinationConformance, TwoOperationsForOneIdentityGoApartWhereItMatters) {
  const std::vector<Row> rows = {MakeRow(1, "a"), MakeRow(2, "b"), MakeRow(1, "c")};
  const auto request = destination_->Prepare(Operations(rows), {});
  ASSERT_TRUE(request.ok());
  const size_t apart = destination_->capabilities().one_per_identity ? 2 : 3;
  EXPECT_EQ(request->rows, std::min(apart, most_rows()));
}

TEST_P(DestinationConformance, WhatIsAcknowledgedIsThere) {
  const SendResult result = SendAll(MakeRows(5, "hello \"there\"\n\\ O'Brien é"));
  EXPECT_TRUE(AllAre(result, RowState::kAcknowledged));
  EXPECT_TRUE(result.stop.ok()) << result.stop.ToString();
  EXPECT_FALSE(result.split);
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(fixture_->NoteOf(n), "\"hello \\\"there\\\"\\n\\\\ O'Brien é\"") << n;
  }
  EXPECT_EQ(fixture_->NoteOf(5), std::nullopt);
}

TEST_P(DestinationConformance, ItTakesAsManyRequestsAtOnceAsItSays) {
  const int64_t most = std::min<int64_t>(destination_->capabilities().at_once, 8);
  if (most == 1) return;  // nothing is promised
  const auto rows = MakeRows(static_cast<int>(3 * most), "note");
  std::vector<std::vector<Operation>> operations(static_cast<size_t>(most));
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    operations[i / 3].push_back({OperationKind::kUpsert, row.key, row.identity, row.payload});
  }
  std::vector<SendResult> results(operations.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < operations.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto request = destination_->Prepare(operations[i], {});
      if (request.ok()) results[i] = destination_->Send(*request, operations[i], nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < operations.size(); ++i) {
    ASSERT_FALSE(results[i].outcomes.empty());
    EXPECT_TRUE(AllAre(results[i], RowState::kAcknowledged));
    for (size_t row = 0; row < results[i].outcomes.size(); ++row) {
      EXPECT_EQ(fixture_->NoteOf(static_cast<int>(3 * i + row)), "\"note\"");
    }
  }
}

TEST_P(DestinationConformance, ALaterValueReplacesAndNullClears) {
  ASSERT_TRUE(AllAre(SendAll({MakeRow(1, "first"), MakeRow(2, "stays")}), RowState::kAcknowledged));
  ASSERT_TRUE(AllAre(SendAll({MakeRow(1, "second")}), RowState::kAcknowledged));
  EXPECT_EQ(fixture_->NoteOf(1), "\"second\"");
  Row cleared = MakeRow(1, "");
  std::string payload = cleared.payload;
  payload.back() = ',';
  payload += "\"" + fixture_->NoteField() + "\":null}";
  cleared.payload = CanonicalJson(payload).value();
  ASSERT_TRUE(AllAre(SendAll({cleared}), RowState::kAcknowledged));
  EXPECT_EQ(fixture_->NoteOf(1), std::nullopt);
  EXPECT_EQ(fixture_->NoteOf(2), "\"stays\"");
}

TEST_P(DestinationConformance, WhatIsRemovedIsGoneAndRemovingItAgainIsNoError) {
  if (!destination_->capabilities().removes) GTEST_SKIP() << "it takes no removals";
  const auto rows = MakeRows(3, "note");
  for (const RowOutcome& outcome : SendAll(rows).outcomes) {
    ASSERT_EQ(outcome.state, RowState::kAcknowledged) << outcome.message;
  }
  Row gone = rows[1];
  std::string identifiers = "{";
  for (const std::string& name : destination_->identifiers()) {
    if (identifiers.size() > 1) identifiers += ',';
    identifiers += "\"" + name + "\":" + std::string(JsonMemberValue(gone.payload, name));
  }
  gone.payload = identifiers + "}";
  for (int time = 0; time < 2; ++time) {
    const std::vector<Operation> removal = {
        {OperationKind::kRemove, gone.key, gone.identity, gone.payload}};
    const auto request = destination_->Prepare(removal, {});
    ASSERT_TRUE(request.ok()) << request.status().ToString();
    if (Settling* settling = destination_->settling()) {
      ASSERT_TRUE(settling->Mark(*request).ok());
    }
    const SendResult result = destination_->Send(*request, removal, nullptr);
    ASSERT_EQ(result.outcomes.size(), 1U);
    EXPECT_EQ(result.outcomes[0].state, RowState::kAcknowledged) << result.outcomes[0].message;
  }
  EXPECT_EQ(fixture_->NoteOf(0), "\"note\"");
  EXPECT_EQ(fixture_->NoteOf(1), std::nullopt);
  EXPECT_EQ(fixture_->NoteOf(2), "\"note\"");
  // It can come back.
  EXPECT_EQ(SendAll({MakeRow(1, "again")}).outcomes.at(0).state, RowState::kAcknowledged);
  EXPECT_EQ(fixture_->NoteOf(1), "\"again\"");
}

TEST_P(DestinationConformance, WhoHasAnotherIdentityIsTheSameOneAndChangingItAgainIsNoError) {
  if (!destination_->capabilities().changes_identities) GTEST_SKIP() << "it changes no identities";
  ASSERT_TRUE(AllAre(SendAll(MakeRows(3, "note")), RowState::kAcknowledged));
  const auto change = fixture_->ChangeOf(1);
  if (!change) GTEST_SKIP() << "people like these keep their identity";
  const auto send = [&](const std::string& key, const std::string& former,
                        const std::string& payload) {
    const std::string identity = destination_->IdentityOf(key, payload).value();
    const std::vector<Operation> operations = {
        {OperationKind::kChangeIdentity, key, identity, payload, former}};
    const auto request = destination_->Prepare(operations, {});
    EXPECT_TRUE(request.ok()) << request.status().ToString();
    EXPECT_EQ(request->rows, 1U);
    SendResult result = destination_->Send(*request, operations, nullptr);
    ExpectQuiet(result);
    return result.outcomes.at(0);
  };
  for (int time = 0; time < 2; ++time) {
    const RowOutcome outcome = send("key-1", change->former, change->payload);
    EXPECT_EQ(outcome.state, RowState::kAcknowledged) << outcome.message;
  }
  EXPECT_EQ(fixture_->NoteOfChanged(1), "\"note\"");
  EXPECT_EQ(fixture_->NoteOf(0), "\"note\"");
  EXPECT_EQ(fixture_->NoteOf(2), "\"note\"");
  // That of somebody else is nobody's to have.
  const auto other = fixture_->ChangeOf(2);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(send("key-2", other->former, change->payload).state, RowState::kRejected);
  EXPECT_EQ(fixture_->NoteOf(2), "\"note\"");
  EXPECT_EQ(fixture_->NoteOfChanged(1), "\"note\"");
}

TEST_P(DestinationConformance, ARefusedRowKeepsItsReasonAndHoldsNobodyUp) {
  if (!fixture_->Refuse(2)) return;
  const SendResult result = SendAll(MakeRows(5, kCanary));
  ASSERT_EQ(result.outcomes.size(), 5U);
  EXPECT_EQ(result.outcomes[2].state, RowState::kRejected);
  EXPECT_FALSE(result.outcomes[2].code.empty());
  EXPECT_FALSE(result.outcomes[2].message.empty());
  for (const int n : {0, 1, 3, 4}) {
    // A destination that refuses the whole request says who is to blame, and that the others go
    // again.
    EXPECT_EQ(result.outcomes[static_cast<size_t>(n)].state,
              result.split ? RowState::kDeferred : RowState::kAcknowledged);
    EXPECT_EQ(fixture_->NoteOf(n).has_value(), !result.split) << n;
  }
  EXPECT_EQ(fixture_->NoteOf(2), std::nullopt);
}

TEST_P(DestinationConformance, NothingIsAcknowledgedThatDidNotArrive) {
  if (!fixture_->MakeUnavailable()) return;
  const SendResult result = SendAll(MakeRows(3, kCanary));
  for (const RowOutcome& outcome : result.outcomes) {
    EXPECT_TRUE(outcome.state == RowState::kDeferred || outcome.state == RowState::kUnknown);
    EXPECT_FALSE(outcome.code.empty());
  }
  EXPECT_FALSE(result.split);
  EXPECT_FALSE(destination_->Probe(nullptr).ok());
}

TEST_P(DestinationConformance, WrongCredentialsStopTheSync) {
  if (!fixture_->RevokeCredentials()) return;
  const SendResult result = SendAll(MakeRows(3, kCanary));
  EXPECT_EQ(result.stop.code(), Code::kAuth);
  EXPECT_FALSE(result.stop.next().empty() && result.stop.message().empty());
  EXPECT_TRUE(AllAre(result, RowState::kDeferred));
  EXPECT_EQ(destination_->Probe(nullptr).code(), Code::kAuth);
}

TEST_P(DestinationConformance, ACancelledRequestIsNotAcknowledged) {
  env::Cancel cancel;
  cancel.Set();
  const SendResult result = SendAll(MakeRows(2, "x"), &cancel);
  for (const RowOutcome& outcome : result.outcomes) {
    EXPECT_NE(outcome.state, RowState::kAcknowledged);
    EXPECT_NE(outcome.state, RowState::kRejected);
  }
}

TEST_P(DestinationConformance, AProbeThatGoesWellSendsNothing) {
  const Status status = destination_->Probe(nullptr);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(fixture_->NoteOf(0), std::nullopt);
}

TEST_P(DestinationConformance, WhatCanBeSettledIs) {
  if (destination_->settling() == nullptr) return;
  const std::vector<Row> rows = MakeRows(3, "x");
  const auto operations = Operations(rows);
  const auto request = destination_->Prepare(operations, {});
  const std::string before = destination_->settling()->Mark(*request).value();
  destination_.reset();  // the process ends before it is sent
  destination_ = fixture_->Open();
  EXPECT_EQ(destination_->settling()->Settle(before).value(), false);

  const std::string after = destination_->settling()->Mark(*request).value();
  ASSERT_TRUE(AllAre(destination_->Send(*request, operations, nullptr), RowState::kAcknowledged));
  destination_.reset();  // and here before the answer is remembered
  destination_ = fixture_->Open();
  EXPECT_EQ(destination_->settling()->Settle(after).value(), true);
  EXPECT_EQ(destination_->settling()->Settle(after).value(), true);
  EXPECT_FALSE(destination_->settling()->Settle("rubbish").ok());
  EXPECT_EQ(fixture_->NoteOf(2), "\"x\"");
}

}  // namespace
}  // namespace sluice::connector
