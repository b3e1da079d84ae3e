#include "connectors/iterable/standin_for_tests.h"

#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include <gtest/gtest.h>

#include "base/json_text.h"
#include "connector/container.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::RowState;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr) return value;
  std::fprintf(stderr, "%s is not set: run this below test/servers/iterable/with_standin.py\n",
               name);
  std::exit(1);
}

const char* VariableOf(ProjectType project) {
  switch (project) {
    case ProjectType::kEmail:
      return "SLUICE_TEST_ITERABLE_EMAIL";
    case ProjectType::kUserId:
      return "SLUICE_TEST_ITERABLE_USERID";
    case ProjectType::kHybrid:
      break;
  }
  return "SLUICE_TEST_ITERABLE_HYBRID";
}

// Rows by their position in what is to be delivered.
using Positions = std::vector<size_t>;

class Delivery {
 public:
  Delivery(connector::Destination& destination, std::span<const Operation> rows, int tries,
           const connector::RequestLimit& limit)
      : destination_(destination), rows_(rows), limit_(limit), left_(rows.size(), tries) {
    delivered_.outcomes.resize(rows.size());
  }

  Delivered Run() {
    Positions all;
    for (size_t i = 0; i < rows_.size(); ++i) all.push_back(i);
    waiting_.push_back(std::move(all));
    while (!waiting_.empty() && delivered_.stop.ok()) {
      const Positions next = std::move(waiting_.back());
      waiting_.pop_back();
      if (!next.empty()) SendFirst(next);
    }
    return std::move(delivered_);
  }

 private:
  void SendFirst(const Positions& positions) {
    std::vector<Operation> operations;
    for (const size_t i : positions) operations.push_back(rows_[i]);
    const auto request = destination_.Prepare(operations, limit_);
    if (!request.ok()) {
      delivered_.outcomes[positions[0]] = {RowState::kRejected, "cannot_be_sent",
                                           request.status().message()};
      waiting_.emplace_back(positions.begin() + 1, positions.end());
      return;
    }
    const auto taken = positions.begin() + static_cast<std::ptrdiff_t>(request->rows);
    waiting_.emplace_back(taken, positions.end());
    ++delivered_.requests;
    Take(destination_.Send(request.value(), operations, nullptr),
         Positions(positions.begin(), taken));
  }

  void Take(const connector::SendResult& result, const Positions& positions) {
    ASSERT_EQ(result.outcomes.size(), positions.size());
    delivered_.stop = result.stop;
    delivered_.warnings.insert(delivered_.warnings.end(), result.warnings.begin(),
                               result.warnings.end());
    Positions again;
    for (size_t i = 0; i < positions.size(); ++i) {
      delivered_.outcomes[positions[i]] = result.outcomes[i];
      const RowState state = result.outcomes[i].state;
      if (state == RowState::kAcknowledged || state == RowState::kRejected) continue;
      if (result.split || --left_[positions[i]] > 0) again.push_back(positions[i]);
    }
    if (result.split && again.size() == positions.size()) {  // nobody is to blame: in halves
      ASSERT_GT(again.size(), 1U);
      const auto middle = again.begin() + static_cast<std::ptrdiff_t>(again.size() / 2);
      waiting_.emplace_back(middle, again.end());
      again.erase(middle, again.end());
    }
    waiting_.push_back(std::move(again));
  }

  connector::Destination& destination_;
  std::span<const Operation> rows_;
  connector::RequestLimit limit_;
  std::vector<int> left_;
  std::vector<Positions> waiting_;  // the last one goes first
  Delivered delivered_;
};

}  // namespace

Standin::Standin(ProjectType project)
    : project_(project),
      url_(Environment(VariableOf(project))),
      key_(Environment("SLUICE_TEST_ITERABLE_KEY")),
      transport_(env::MakeCurlTransport()) {}

env::HttpResponse Standin::Ask(const std::string& method, const std::string& name,
                               const std::string& body) const {
  env::HttpRequest request;
  request.method = method;
  request.url = url_ + "/__admin/" + name;
  request.body = body;
  const auto response = transport_->Send(request);
  if (!response.ok()) {
    ADD_FAILURE() << response.status().message();
    return {};
  }
  EXPECT_EQ(response.value().status, 200) << response.value().body;
  return response.value();
}

std::string Standin::Get(const std::string& name) const {
  const std::string body = Ask("GET", name, "").body;
  const auto canonical = CanonicalJson(body);
  return canonical.ok() ? canonical.value() : body;
}

void Standin::Post(const std::string& name, const std::string& body) const {
  Ask("POST", name, body);
}

void Standin::Reset() {
  Post("settings", R"({"rate":"none","retry_after":true,"create_new_fields":true,"max_users":1000,)"
                   R"("max_body_bytes":4000000,"max_fields":1000,"api_key":")" +
                       key_ + "\"}");
  Post("random-faults", R"({"rate":0})");
  Post("reset", "{}");
}

std::string Standin::Stat(const std::string& name) const {
  return std::string(JsonMemberValue(Get("stats"), name));
}

std::string Standin::Complaints() const {
  std::string complaints;
  if (Stat("violations") != "0") complaints += Get("violations");
  if (Stat("answer_problems") != "[]") complaints += Get("stats");
  return complaints;
}

IterableSettings Standin::Settings() const {
  config::Options options;
  options.values["endpoint"].text = url_;
  options.values["project_type"].text = project_ == ProjectType::kEmail    ? "email"
                                        : project_ == ProjectType::kUserId ? "userid"
                                                                           : "hybrid";
  options.values["api_key"].secret = config::Secret(key_);
  return ReadIterableSettings(options).value();
}

std::unique_ptr<connector::Destination> Standin::Connect(UserOptions options) const {
  return Connect(options, Settings());
}

std::unique_ptr<connector::Destination> Standin::Connect(UserOptions options,
                                                         IterableSettings settings) const {
  return MakeIterableDestination(std::move(settings), options, env::MakeCurlTransport(),
                                 env::SystemClock());
}

namespace {

// Looks for what the rows go into, and makes it when it is missing.
std::unique_ptr<connector::Destination> Ready(std::unique_ptr<connector::Destination> destination) {
  connector::Container* container = connector::ContainerOf(*destination);
  const auto there = container->Find(nullptr);
  EXPECT_TRUE(there.ok()) << there.status().ToString();
  if (there.ok() && !there.value()) {
    const Status made = container->Make(nullptr);
    EXPECT_TRUE(made.ok()) << made.ToString();
  }
  return destination;
}

}  // namespace

std::unique_ptr<connector::Destination> Standin::ConnectList(ListOptions options) const {
  return Ready(MakeListDestination(Settings(), std::move(options), env::MakeCurlTransport(),
                                   env::SystemClock()));
}

std::unique_ptr<connector::Destination> Standin::ConnectCatalog(const std::string& name) const {
  return Ready(MakeCatalogDestination(Settings(), name, false, env::MakeCurlTransport(),
                                      env::SystemClock()));
}

Delivered Deliver(connector::Destination& destination, const RowsForTests& rows, int tries,
                  const connector::RequestLimit& limit) {
  return Deliver(destination, rows.operations(), tries, limit);
}

Delivered Deliver(connector::Destination& destination, std::span<const Operation> rows, int tries,
                  const connector::RequestLimit& limit) {
  return Delivery(destination, rows, tries, limit).Run();
}

std::string NameOfProject(const testing::TestParamInfo<ProjectType>& project) {
  switch (project.param) {
    case ProjectType::kEmail:
      return "Email";
    case ProjectType::kUserId:
      return "UserId";
    case ProjectType::kHybrid:
      break;
  }
  return "Hybrid";
}

std::vector<connector::RowState> StatesOf(const Delivered& delivered) {
  std::vector<connector::RowState> states;
  for (const auto& outcome : delivered.outcomes) states.push_back(outcome.state);
  return states;
}

}  // namespace sluice::connectors::iterable
