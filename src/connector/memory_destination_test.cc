#include "connector/memory_destination.h"

#include <gtest/gtest.h>

#include "base/json_text.h"
#include "connector/destination_conformance.h"

namespace sluice::connector {
namespace {

class MemoryFixture : public DestinationFixture {
 public:
  std::unique_ptr<Destination> Open() override {
    auto destination = std::make_unique<MemoryDestination>(world_);
    destination->options().fault = [this] { return fault_; };
    destination->options().refuse =
        [this](const Operation& operation) -> std::optional<RowOutcome> {
      if (operation.key != refused_) return {};
      return RowOutcome{RowState::kRejected, "refused", "the test refuses it"};
    };
    return destination;
  }
  std::string Payload(int n, const std::string& note) const override {
    std::string payload = "{\"email\":\"p" + std::to_string(n) + "@x.example\"";
    if (!note.empty()) {
      payload += ",\"note\":";
      AppendJsonString(payload, note);
    }
    return payload + '}';
  }
  std::string NoteField() const override { return "note"; }
  std::optional<std::string> NoteOf(int n) override {
    const auto person = world_.people.find("p" + std::to_string(n) + "@x.example");
    if (person == world_.people.end() || person->second.count("note") == 0) return {};
    return person->second.at("note");
  }
  std::optional<std::string> PayloadOfNobody() const override { return R"({"email":"nobody"})"; }
  std::optional<Change> ChangeOf(int n) override {
    const std::string number = std::to_string(n);
    return Change{"{\"email\":\"p" + number + "@x.example\"}",
                  "{\"email\":\"new" + number + "@x.example\"}"};
  }
  std::optional<std::string> NoteOfChanged(int n) override {
    const auto person = world_.people.find("new" + std::to_string(n) + "@x.example");
    if (person == world_.people.end() || person->second.count("note") == 0) return {};
    return person->second.at("note");
  }
  bool Refuse(int n) override {
    refused_ = "key-" + std::to_string(n);
    return true;
  }
  bool MakeUnavailable() override {
    fault_ = MemoryFault::kUnavailable;
    return true;
  }
  bool RevokeCredentials() override {
    fault_ = MemoryFault::kForbidden;
    return true;
  }

 private:
  MemoryWorld world_;
  MemoryFault fault_ = MemoryFault::kNone;
  std::string refused_;
};

INSTANTIATE_TEST_SUITE_P(Memory, DestinationConformance,
                         testing::Values(DestinationFixtureFactory{
                             "memory", [] { return std::make_unique<MemoryFixture>(); }}));

TEST(MemoryDestination, ObjectsAreReplacedOrMerged) {
  MemoryWorld world;
  MemoryOptions options;
  MemoryDestination replacing(world, options);
  options.capabilities.merges_nested = true;
  MemoryDestination merging(world, options);
  const auto send = [](MemoryDestination& destination, std::string_view payload) {
    const Operation operation{OperationKind::kUpsert, "k", "a@x", payload};
    const auto request = destination.Prepare(std::span(&operation, 1), {});
    return destination.Send(*request, std::span(&operation, 1), nullptr);
  };
  send(replacing, R"({"at":{"city":"Ulm","zip":"8"}})");
  send(merging, R"({"at":{"city":"Bonn","zip":null}})");
  EXPECT_EQ(world.Person("a@x"), R"({"at":{"city":"Bonn"}})");
  send(replacing, R"({"at":{"x":1}})");
  EXPECT_EQ(world.Person("a@x"), R"({"at":{"x":1}})");
  EXPECT_EQ(world.applied.size(), 3U);
}

}  // namespace
}  // namespace sluice::connector
