// Whom an Iterable project has forgotten: GET /api/users/forgotten and forgottenUserIds, which give
// hashes. For connector::Suppressing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connector/suppressing.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/identifiers.h"
#include "env/clock.h"

namespace sluice::connectors::iterable {

// SHA-256 of the identifier without blanks at its ends, in lower case: Iterable's Swagger.
std::string ForgottenHash(std::string_view identifier);

// Of each identifier of a payload that has a value.
std::vector<std::string> ForgottenHashesOf(std::string_view payload);

// E-mail projects know e-mails, userId projects userIds, hybrid ones both.
Result<connector::ForgottenHashes> AskForgotten(Api& api, const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
