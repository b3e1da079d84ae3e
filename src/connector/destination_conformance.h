// What every destination must do, as a GoogleTest suite over the interface alone. A destination's
// own test gives a fixture that knows the world behind it, and instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Iterable, DestinationConformance,
//                            testing::Values(DestinationFixtureFactory(...)));
//
// and links the object library `sluice_destination_conformance`. What a world cannot do (a file has
// no credentials) its fixture says, and the suite asks the rest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "connector/destination.h"

namespace sluice::connector {

// An empty destination. Each case makes its own and drops it.
class DestinationFixture {
 public:
  virtual ~DestinationFixture() = default;
  // A destination in that world. May be called several times.
  virtual std::unique_ptr<Destination> Open() = 0;

  // The complete, canonical payload of the n-th of different people (rows, items), with the text
  // `note` in a field that does not identify; without that field when it is empty.
  virtual std::string Payload(int n, const std::string& note) const = 0;
  // The name of that field.
  virtual std::string NoteField() const = 0;
  // What the destination holds of the n-th: the canonical text of its note's value ("\"hello\""),
  // or nothing when there is none, or none of the n-th. Looks behind the interface.
  virtual std::optional<std::string> NoteOf(int n) = 0;

  // A payload without any usable identifier, where identity comes from the payload.
  virtual std::optional<std::string> PayloadOfNobody() const { return {}; }
  // How the n-th person gets another identifier: the former one and the new one, each alone as a payload. Nothing
  // where identities cannot be changed. Called right before the change: another kind of request is over by then.
  struct Change {
    std::string former;
    std::string payload;
  };
  virtual std::optional<Change> ChangeOf(int /*n*/) { return {}; }
  // As NoteOf, of whoever has the new one.
  virtual std::optional<std::string> NoteOfChanged(int /*n*/) { return {}; }

  // From now on the destination refuses the n-th row for good, and no other. False when it cannot.
  virtual bool Refuse(int /*n*/) { return false; }
  // From now on nothing can be sent for a passing reason. False when that cannot be made to happen.
  virtual bool MakeUnavailable() { return false; }
  // From now on the credentials are wrong.
  virtual bool RevokeCredentials() { return false; }
};

struct DestinationFixtureFactory {
  std::string name;
  std::function<std::unique_ptr<DestinationFixture>()> make;
};

inline void PrintTo(const DestinationFixtureFactory& factory, std::ostream* out) {
  *out << factory.name;
}

class DestinationConformance : public testing::TestWithParam<DestinationFixtureFactory> {
 protected:
  // Rows that own what their operations view.
  struct Row {
    std::string key;
    std::string identity;
    std::string payload;
  };

  void SetUp() override;
  Row MakeRow(int n, const std::string& note) const;
  std::vector<Row> MakeRows(int count, const std::string& note) const;
  static std::vector<Operation> Operations(const std::vector<Row>& rows);
  // Prepares all of them, as one request where a request can hold so many, and sends them.
  SendResult SendAll(const std::vector<Row>& rows, const env::Cancel* cancel = nullptr);

  size_t most_rows() const;  // that a request can hold

  std::unique_ptr<DestinationFixture> fixture_;
  std::unique_ptr<Destination> destination_;
};

}  // namespace sluice::connector
