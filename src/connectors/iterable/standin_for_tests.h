// The stand-in for Iterable (test/servers/iterable), as the tests of this folder use it: its admin
// interface, a destination that sends there, and rows that are sent until each has its answer.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connector/destination.h"
#include "connectors/iterable/catalog_destination.h"
#include "connectors/iterable/iterable_destination.h"
#include "connectors/iterable/list_destination.h"
#include "connectors/iterable/rows_for_tests.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

class Standin {
 public:
  // The one that with_standin.py started for this kind of project. Ends the test program, loudly,
  // when it was not started below with_standin.py.
  explicit Standin(ProjectType project);

  ProjectType project() const { return project_; }
  // An empty project without faults, with the options that it was started with.
  void Reset();
  // The answer of /__admin/NAME, canonical JSON or JSON lines; the test fails when it is no 200.
  std::string Get(const std::string& name) const;
  void Post(const std::string& name, const std::string& body) const;
  // All people as canonical JSON, one a line, in a fixed order.
  std::string People() const { return Get("users?format=jsonl"); }
  // A number of /__admin/stats.
  std::string Stat(const std::string& name) const;
  // What a well-behaved writer never does and what the server noticed about its own answers; ""
  // when there is nothing of it.
  std::string Complaints() const;

  IterableSettings Settings() const;
  std::unique_ptr<connector::Destination> Connect(UserOptions options = {}) const;
  std::unique_ptr<connector::Destination> Connect(UserOptions options,
                                                  IterableSettings settings) const;
  // A list, or a catalog, found or made.
  std::unique_ptr<connector::Destination> ConnectList(ListOptions options) const;
  std::unique_ptr<connector::Destination> ConnectCatalog(const std::string& name) const;

 private:
  env::HttpResponse Ask(const std::string& method, const std::string& name,
                        const std::string& body) const;

  ProjectType project_;
  std::string url_;
  std::string key_;
  std::unique_ptr<env::HttpTransport> transport_;
};

inline constexpr ProjectType kProjectTypes[] = {ProjectType::kEmail, ProjectType::kUserId,
                                                ProjectType::kHybrid};
// As part of the name of a test.
std::string NameOfProject(const testing::TestParamInfo<ProjectType>& project);

struct Delivered {
  std::vector<connector::RowOutcome> outcomes;  // one for each row
  int requests = 0;
  std::vector<std::string> warnings;
  Status stop;
};

std::vector<connector::RowState> StatesOf(const Delivered& delivered);

// Sends what the contract says must go again until every row is acknowledged, rejected, or was
// `tries` times in a request that did not say: what the sync engine does, without its patience.
Delivered Deliver(connector::Destination& destination, const RowsForTests& rows, int tries = 1,
                  const connector::RequestLimit& limit = {});
Delivered Deliver(connector::Destination& destination, std::span<const connector::Operation> rows,
                  int tries = 1, const connector::RequestLimit& limit = {});

}  // namespace sluice::connectors::iterable
