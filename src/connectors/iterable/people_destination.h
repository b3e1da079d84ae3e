// What the destinations of this folder have in common whose rows are about people: how they say who they
// are, who a row is about, whom the project has forgotten, and how one person is made to go.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connector/destination.h"
#include "connector/erasing.h"
#include "connector/suppressing.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/erasure.h"
#include "connectors/iterable/forgotten.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

class PeopleDestination : public connector::Destination,
                          public connector::Suppressing,
                          public connector::Erasing {
 public:
  PeopleDestination(IterableSettings settings, std::unique_ptr<env::HttpTransport> transport,
                    env::Clock& clock)
      : api_(std::move(settings), std::move(transport), clock) {
    capabilities_.settles = api_.settings().settle;
    capabilities_.calls = connector::CallKind::kBulk;
  }

  std::string Describe() const override { return api_.settings().Describe(); }
  const connector::Capabilities& capabilities() const override { return capabilities_; }
  std::span<const std::string> identifiers() const override { return IdentifierFields(project()); }
  Result<std::string> IdentityOf(std::string_view /*key*/,
                                 std::string_view payload) const override {
    return IdentityOfUser(project(), payload);
  }
  std::string HintOf(std::span<const std::string> codes) const override {
    return HintAboutProject(api_.settings(), codes);
  }

  Result<connector::ForgottenHashes> Forgotten(const env::Cancel* cancel) override {
    return AskForgotten(api_, cancel);
  }
  std::vector<std::string> HashesOf(std::string_view payload) const override {
    return ForgottenHashesOf(payload);
  }

  connector::Capabilities ErasureLimits(connector::Erasure erasure) const override {
    return ErasureCapabilities(api_.settings(), erasure);
  }
  Result<std::string> WhomToErase(connector::Erasure erasure,
                                  std::string_view payload) const override {
    return IdentityToErase(project(), {erasure, false}, payload);
  }
  connector::RowOutcome Erase(connector::Erasure erasure, std::string_view identifiers,
                              const env::Cancel* cancel) override {
    return ErasePerson(api_, {erasure, false}, identifiers, cancel);
  }

 protected:
  ProjectType project() const { return api_.settings().project; }

  Api api_;
  connector::Capabilities capabilities_ = CommonCapabilities(api_.settings());
};

}  // namespace sluice::connectors::iterable
