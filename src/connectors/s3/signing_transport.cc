#include "connectors/s3/signing_transport.h"

#include <utility>

namespace sluice::connectors::s3 {
namespace {

class SigningTransport : public env::HttpTransport {
 public:
  SigningTransport(std::unique_ptr<env::HttpTransport> inner, Credentials credentials,
                   SigningScope scope, env::Clock& clock)
      : inner_(std::move(inner)),
        credentials_(std::move(credentials)),
        scope_(std::move(scope)),
        clock_(clock) {}

  Result<env::HttpResponse> Send(const env::HttpRequest& request, env::HttpError* error) override {
    env::HttpRequest with = request;
    const std::string date = AmzDate(clock_.Now());
    const std::string payload_hash = Sha256Hex(request.body);
    with.headers.emplace_back("Host", HostOf(request.url));
    with.headers.emplace_back("X-Amz-Date", date);
    with.headers.emplace_back("X-Amz-Content-Sha256", payload_hash);
    if (!credentials_.session_token.empty()) {
      with.headers.emplace_back("X-Amz-Security-Token", credentials_.session_token.Reveal());
    }
    with.headers.emplace_back(
        "Authorization", AuthorizationV4(request.method, request.url, with.headers, payload_hash,
                                         credentials_, scope_, date));
    return inner_->Send(with, error);
  }

 private:
  const std::unique_ptr<env::HttpTransport> inner_;
  const Credentials credentials_;
  const SigningScope scope_;
  env::Clock& clock_;
};

}  // namespace

std::unique_ptr<env::HttpTransport> MakeSigningTransport(std::unique_ptr<env::HttpTransport> inner,
                                                         Credentials credentials,
                                                         SigningScope scope, env::Clock& clock) {
  return std::make_unique<SigningTransport>(std::move(inner), std::move(credentials),
                                            std::move(scope), clock);
}

}  // namespace sluice::connectors::s3
