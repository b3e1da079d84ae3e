// What every store must do, as a GoogleTest suite over the interface alone. A store's own test
// gives a fixture that can put files behind the store's back, and instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Folder, StoreConformance, testing::Values(StoreFixtureFactory(...)));
//
// and links the object library `sluice_store_conformance`.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "connector/store.h"

namespace sluice::connector {

// One empty store in the world that the test may fill. Each case makes its own and drops it.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  // Puts a file there, or replaces it. Breaks the test (throws) when it cannot.
  virtual void Put(const std::string& path, std::string_view content) = 0;
  virtual void Remove(const std::string& path) = 0;
  // A store that sees exactly the files that were put. May be called several times.
  virtual std::unique_ptr<Store> Open() = 0;
};

struct StoreFixtureFactory {
  std::string name;
  std::function<std::unique_ptr<StoreFixture>()> make;
  bool edits = true;  // whether it has an editor
};

inline void PrintTo(const StoreFixtureFactory& factory, std::ostream* out) {
  *out << factory.name;
}

class StoreConformance : public testing::TestWithParam<StoreFixtureFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The file of that path as a fresh listing shows it; the test fails when it is not there.
  StoredFile Listed(const std::string& path);
  std::string SpoolPath(const std::string& name) const;
  // Names of what lies in the spool folder.
  std::vector<std::string> Spooled() const;
  // The bytes that Fetch made readable.
  std::string Fetched(const StoredFile& file);

  std::unique_ptr<StoreFixture> fixture_;
  std::unique_ptr<Store> store_;
  std::string spool_;
};

}  // namespace sluice::connector
