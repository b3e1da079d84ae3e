// The conformance suite of destinations, over the stand-in for Iterable in each kind of project.

#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json_text.h"
#include "connector/destination_conformance.h"
#include "connectors/iterable/event_destination.h"
#include "connectors/iterable/standin_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

// How the project refuses a person: with 200 and the name of that one, or with 400 for everybody
// and the place of that one in the request.
enum class Refusing { kByName, kByPlace };

class IterableFixture : public connector::DestinationFixture {
 public:
  IterableFixture(ProjectType project, Refusing refusing)
      : standin_(project), project_(project), refusing_(refusing) {
    standin_.Reset();
  }
  ~IterableFixture() override {
    EXPECT_EQ(standin_.Complaints(), "");
    standin_.Reset();
    standin_.Post("clock", R"({"offset_seconds":0})");
  }

  std::unique_ptr<connector::Destination> Open() override { return standin_.Connect(); }

  std::string Payload(int n, const std::string& note) const override {
    std::string payload = "{\"email\":\"" + Email(n) + '"';
    if (!note.empty()) {
      payload += ",\"note\":";
      AppendJsonString(payload, note);
    }
    return payload + ",\"userId\":\"" + UserId(n) + "\"}";
  }
  std::string NoteField() const override { return "note"; }

  std::optional<std::string> NoteOf(int n) override {
    const std::string people = standin_.Get("users");
    for (const std::string_view person : JsonItems(people)) {
      if (JsonMemberValue(person, "userId") != '"' + UserId(n) + '"') continue;
      EXPECT_EQ(JsonMemberValue(person, "email"), "\"p" + std::to_string(n) + "@example.com\"");
      const auto note = JsonMemberValue(JsonMemberValue(person, "dataFields"), "note");
      if (!note.empty()) return std::string(note);
    }
    return std::nullopt;
  }

  std::optional<std::string> PayloadOfNobody() const override {
    return R"({"email":"nobody","userId":null})";
  }
  // In a hybrid project these people have a userId, which stays.
  std::optional<Change> ChangeOf(int n) override {
    if (project_ != ProjectType::kEmail) return {};
    standin_.Post("clock", R"({"offset_seconds":61})");
    return Change{fmt::format(R"({{"email":"{}"}})", Email(n)),
                  fmt::format(R"({{"email":"New{}@Example.com"}})", n)};
  }
  std::optional<std::string> NoteOfChanged(int n) override {
    const std::string people = standin_.Get("users");
    for (const std::string_view person : JsonItems(people)) {
      if (JsonMemberValue(person, "email") != fmt::format("\"new{}@example.com\"", n)) continue;
      EXPECT_EQ(JsonMemberValue(person, "userId"), '"' + UserId(n) + '"') << "the same person";
      return std::string(JsonMemberValue(JsonMemberValue(person, "dataFields"), "note"));
    }
    return std::nullopt;
  }
  bool Refuse(int n) override {
    standin_.Post("faults",
                  refusing_ == Refusing::kByPlace
                      ? fmt::format(R"({{"kind":"bad-json-index","index":{}}})", n)
                      : fmt::format(R"({{"kind":"fail-users","emails":["{}"],"user_ids":["{}"],)"
                                    R"("reason":"invalidData"}})",
                                    Email(n), UserId(n)));
    return true;
  }
  bool MakeUnavailable() override {
    standin_.Post("random-faults",
                  R"({"rate":1,"kinds":["error-before-commit"],"endpoints":["*"]})");
    return true;
  }
  bool RevokeCredentials() override {
    standin_.Post("settings", R"({"api_key":"a new one"})");
    return true;
  }

 protected:
  // With capitals, as people write them.
  static std::string Email(int n) { return fmt::format("P{}@Example.com", n); }
  static std::string UserId(int n) { return fmt::format("id {}", n); }
  Standin& standin() { return standin_; }

 private:
  Standin standin_;
  const ProjectType project_;
  Refusing refusing_;
};

// People of the project count only as far as they are on the list.
class ListFixture : public IterableFixture {
 public:
  using IterableFixture::IterableFixture;

  std::unique_ptr<connector::Destination> Open() override {
    ListOptions options;
    options.name = "VIP guests";
    options.create_users = true;
    options.fields = true;
    return standin().ConnectList(options);
  }
  std::optional<std::string> NoteOf(int n) override {
    return IsOnList(n) ? IterableFixture::NoteOf(n) : std::nullopt;
  }

 private:
  bool IsOnList(int n) {
    const std::string people = standin().Get("users");
    for (const std::string_view person : JsonItems(people)) {
      if (JsonMemberValue(person, "userId") != '"' + UserId(n) + '"') continue;
      return JsonMemberValue(person, "lists") == "[1]";
    }
    return false;
  }
};

connector::DestinationFixtureFactory ListFactory(std::string name, ProjectType project,
                                                 Refusing refusing) {
  return {std::move(name), [=] { return std::make_unique<ListFixture>(project, refusing); }};
}

// Events of people who are there already.
class EventFixture : public IterableFixture {
 public:
  EventFixture(ProjectType project, Refusing refusing) : IterableFixture(project, refusing) {
    RowsForTests people(project);
    for (int n = 0; n < 20; ++n) people.Add(IterableFixture::Payload(n, ""));
    Deliver(*standin().Connect(), people);
  }
  std::unique_ptr<connector::Destination> Open() override {
    return MakeEventDestination(ActivityKind::kEvent, standin().Settings(), {}, "visits",
                                env::MakeCurlTransport(), env::SystemClock());
  }
  std::string Payload(int n, const std::string& note) const override {
    std::string payload = fmt::format(
        R"({{"createdAt":1700000000,"email":"{}","eventName":"visit","id":"e-{}")", Email(n), n);
    if (!note.empty()) {
      payload += ",\"note\":";
      AppendJsonString(payload, note);
    }
    return payload + ",\"userId\":\"" + UserId(n) + "\"}";
  }
  std::optional<std::string> NoteOf(int n) override {
    const std::string events = standin().Get("events");
    for (const std::string_view event : JsonItems(events)) {
      if (JsonMemberValue(event, "userId") != '"' + UserId(n) + '"') continue;
      const auto note = JsonMemberValue(JsonMemberValue(event, "dataFields"), "note");
      return note.empty() ? std::nullopt : std::optional(std::string(note));
    }
    return std::nullopt;
  }
  std::optional<std::string> PayloadOfNobody() const override {
    return R"({"email":"nobody","eventName":"visit","userId":null})";
  }
};

// Purchases, one in a request; nobody can be refused by name.
class PurchaseFixture : public EventFixture {
 public:
  explicit PurchaseFixture(ProjectType project) : EventFixture(project, Refusing::kByName) {
    standin().Post("clock",
                   R"({"offset_seconds":61})");  // the bulk call that brought people is over
  }
  std::unique_ptr<connector::Destination> Open() override {
    return MakeEventDestination(ActivityKind::kPurchase, standin().Settings(), {}, "bills",
                                env::MakeCurlTransport(), env::SystemClock());
  }
  std::string Payload(int n, const std::string& note) const override {
    std::string payload =
        fmt::format(R"({{"createdAt":1700000000,"email":"{}","id":"b-{}",)"
                    R"("items":[{{"id":"7","name":"Oil","price":9.5,"quantity":1}}])",
                    Email(n), n);
    if (!note.empty()) {
      payload += ",\"note\":";
      AppendJsonString(payload, note);
    }
    return payload + ",\"total\":9.5,\"userId\":\"" + UserId(n) + "\"}";
  }
  std::optional<std::string> PayloadOfNobody() const override {
    return R"({"email":null,"items":[],"total":1,"userId":null})";
  }
  bool Refuse(int) override { return false; }
};

// Items of a catalog: nobody is refused by name, for no answer names one.
class CatalogFixture : public connector::DestinationFixture {
 public:
  CatalogFixture() : standin_(ProjectType::kUserId) { standin_.Reset(); }
  ~CatalogFixture() override {
    EXPECT_EQ(standin_.Complaints(), "");
    standin_.Reset();
  }
  std::unique_ptr<connector::Destination> Open() override {
    return standin_.ConnectCatalog("spas");
  }
  std::string Payload(int n, const std::string& note) const override {
    std::string payload = fmt::format("{{\"itemId\":\"spa-{}\"", n);
    if (!note.empty()) {
      payload += ",\"note\":";
      AppendJsonString(payload, note);
    }
    return payload + "}";
  }
  std::string NoteField() const override { return "note"; }
  std::optional<std::string> NoteOf(int n) override {
    const std::string catalogs = standin_.Get("catalogs");
    const auto items = JsonMemberValue(JsonMemberValue(catalogs, "spas"), "items");
    const auto item = JsonMemberValue(items, fmt::format("spa-{}", n));
    const auto note = item.empty() ? std::string_view() : JsonMemberValue(item, "note");
    return note.empty() || note == "null" ? std::nullopt : std::optional(std::string(note));
  }
  std::optional<std::string> PayloadOfNobody() const override { return R"({"itemId":"no dots."})"; }
  bool MakeUnavailable() override {
    standin_.Post("random-faults",
                  R"({"rate":1,"kinds":["error-before-commit"],"endpoints":["*"]})");
    return true;
  }
  bool RevokeCredentials() override {
    standin_.Post("settings", R"({"api_key":"a new one"})");
    return true;
  }

 private:
  Standin standin_;
};

connector::DestinationFixtureFactory Factory(std::string name, ProjectType project,
                                             Refusing refusing) {
  return {std::move(name), [=] { return std::make_unique<IterableFixture>(project, refusing); }};
}

}  // namespace
}  // namespace sluice::connectors::iterable

namespace sluice::connector {

using connectors::iterable::CatalogFixture;
using connectors::iterable::EventFixture;
using connectors::iterable::Factory;
using connectors::iterable::ListFactory;
using connectors::iterable::ProjectType;
using connectors::iterable::PurchaseFixture;
using connectors::iterable::Refusing;

INSTANTIATE_TEST_SUITE_P(
    Iterable, DestinationConformance,
    testing::Values(Factory("email", ProjectType::kEmail, Refusing::kByName),
                    Factory("email_by_place", ProjectType::kEmail, Refusing::kByPlace),
                    Factory("userid", ProjectType::kUserId, Refusing::kByName),
                    Factory("userid_by_place", ProjectType::kUserId, Refusing::kByPlace),
                    Factory("hybrid", ProjectType::kHybrid, Refusing::kByName)),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    IterableList, DestinationConformance,
    testing::Values(ListFactory("email", ProjectType::kEmail, Refusing::kByName),
                    ListFactory("userid", ProjectType::kUserId, Refusing::kByPlace),
                    ListFactory("hybrid", ProjectType::kHybrid, Refusing::kByName)),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    IterableEvents, DestinationConformance,
    testing::Values(DestinationFixtureFactory{"email",
                                              [] {
                                                return std::make_unique<EventFixture>(
                                                    ProjectType::kEmail, Refusing::kByName);
                                              }},
                    DestinationFixtureFactory{"userid_by_place",
                                              [] {
                                                return std::make_unique<EventFixture>(
                                                    ProjectType::kUserId, Refusing::kByPlace);
                                              }}),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    IterablePurchases, DestinationConformance,
    testing::Values(DestinationFixtureFactory{
        "hybrid", [] { return std::make_unique<PurchaseFixture>(ProjectType::kHybrid); }}),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(IterableCatalog, DestinationConformance,
                         testing::Values(DestinationFixtureFactory{
                             "catalog", [] { return std::make_unique<CatalogFixture>(); }}),
                         [](const auto& param) { return param.param.name; });

}  // namespace sluice::connector
