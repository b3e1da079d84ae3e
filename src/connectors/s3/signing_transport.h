// Signing as a wrapper around a transport. It lies inside the retrying one: a signature is good for
// fifteen minutes only, so every attempt gets a new one.
#pragma once

#include <memory>

#include "connectors/s3/sigv4.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// Adds Host, X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token (with a session token) and
// Authorization; every header of the request is signed. `clock` outlives the transport.
std::unique_ptr<env::HttpTransport> MakeSigningTransport(std::unique_ptr<env::HttpTransport> inner,
                                                         Credentials credentials,
                                                         SigningScope scope, env::Clock& clock);

}  // namespace sluice::connectors::s3
