#include "connectors/iterable/erasure_destination.h"

#include <utility>

#include "connectors/iterable/field_names.h"
#include "connectors/iterable/people_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::SendResult;

class ErasureDestination : public PeopleDestination {
 public:
  ErasureDestination(IterableSettings settings, const ErasureForm& form,
                     std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : PeopleDestination(std::move(settings), std::move(transport), clock), form_(form) {
    capabilities_ = ErasureCapabilities(api_.settings(), form.erasure);
  }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckIdentifiersAlone(project(), fields);
  }
  Result<std::string> IdentityOf(std::string_view, std::string_view payload) const override {
    return IdentityToErase(project(), form_, payload);
  }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit&) const override {
    return ErasureRequest(project(), form_, operations.front().payload);
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    return api_.Send(
        request, operations, cancel,
        [this](const env::HttpResponse& response, std::span<const Operation> rows,
               env::Micros now) { return ReadErasureAnswer(form_.erasure, response, rows, now); });
  }

  // It needs the same kind of key.
  Status Probe(const env::Cancel* cancel) override { return AskForgotten(api_, cancel).status(); }

 private:
  const ErasureForm form_;
};

}  // namespace

std::unique_ptr<connector::Destination> MakeErasureDestination(
    IterableSettings settings, const ErasureForm& form,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock) {
  return std::make_unique<ErasureDestination>(std::move(settings), form, std::move(transport),
                                              clock);
}

}  // namespace sluice::connectors::iterable
