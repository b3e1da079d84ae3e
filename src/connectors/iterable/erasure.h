// One request about one person who is to go: DELETE /api/users/{email} or byUserId/{userId},
// POST /api/users/forget, POST /api/users/unforget. What it looks like, and what its answer means.
//
//   200 Success           done
//   nobody is there       done: nothing of the person is left
//   forgotten already     done
//   others                as those of other requests (bulk_answer.h)
//
// Each of them can be repeated: whoever is gone stays gone, until somebody writes them anew.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"
#include "connector/erasing.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/identifiers.h"
#include "connectors/iterable/iterable_settings.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

struct ErasureForm {
  connector::Erasure erasure = connector::Erasure::kDelete;
  // In an e-mail project several people may have one userId, and a deletion by it deletes all of them.
  bool allow_shared = false;
};

// "delete", "forget", "unforget": the object of a sync.
std::string_view NameOf(connector::Erasure erasure);

// Who is meant, normal. kRejected, with a message that names no value, when nobody is, or in a way that
// this kind of project does not take for this.
Result<std::string> IdentityToErase(ProjectType project, const ErasureForm& form,
                                    std::string_view payload);

// The request about the person of `payload`. Errors as above.
Result<connector::PreparedRequest> ErasureRequest(ProjectType project, const ErasureForm& form,
                                                  std::string_view payload);

// `rows`: one.
connector::SendResult ReadErasureAnswer(connector::Erasure erasure,
                                        const env::HttpResponse& response,
                                        std::span<const connector::Operation> rows,
                                        env::Micros now);

// One row in a request; forgetting and unforgetting have budgets of their own, by the second and the day.
connector::Capabilities ErasureCapabilities(const IterableSettings& settings,
                                            connector::Erasure erasure);

// For connector::Erasing.
connector::RowOutcome ErasePerson(Api& api, const ErasureForm& form, std::string_view identifiers,
                                  const env::Cancel* cancel);

}  // namespace sluice::connectors::iterable
