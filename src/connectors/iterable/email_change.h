// One request that gives one person another identifier, and what its answer means.
//
//   e-mail projects   POST /api/users/updateEmail, from an e-mail or (for people who had none) a userId
//   others            POST /api/users/update, the new identifier among the data fields. It makes whoever is
//                     not there, so the old identifier is looked up first
//
// A request whose answer was lost is repeated: then nobody has the old identifier any more, and
// somebody has the new one. Which of the two is there is asked for whenever a request is refused in a way
// that this could explain:
//
//   old    new
//   there  there   refused: the new one belongs to somebody else
//   gone   there   done, by an earlier request
//   gone   gone    nobody is there; acknowledged with kNobodyThere, for there is nothing to change
//   there  gone    it is tried again
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/identifiers.h"
#include "env/clock.h"

namespace sluice::connectors::iterable {

struct Identifier {
  IdKind kind = IdKind::kEmail;
  std::string text;
};

struct EmailChange {
  Identifier from;
  Identifier to;
};

// Of an operation kChangeIdentity. kRejected, with a message that names no value, for a change that
// Iterable does not know: an e-mail that is taken away, a userId that becomes another one.
Result<EmailChange> EmailChangeOf(ProjectType project, std::string_view former,
                                  std::string_view payload);

// Of a row of the object email_changes: currentEmail or currentUserId, and newEmail. Errors as above.
Result<EmailChange> EmailChangeOfRow(ProjectType project, std::string_view payload);

connector::PreparedRequest EmailChangeRequest(ProjectType project, const EmailChange& change);

// Sends it, and asks for both identifiers where that is needed.
connector::SendResult SendEmailChange(Api& api, const connector::PreparedRequest& request,
                                      const connector::Operation& operation,
                                      const EmailChange& change, const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
