// Which rows that syncs have delivered and tried are about a person.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "pipeline/person_models.h"
#include "privacy/subject.h"

namespace sluice::pipeline {

enum class Trace {
  kDelivered,  // _sluice.sync_delivered AS t
  kTried,      // _sluice.sync_attempts AS t
};

// Rows about a subject: the condition, "" when the sync's model tells nobody. Of a sync whose key is no person's also
// rows that are nobody at the destination and name a subject in any field. `sync` nullptr: one that is not in the project any more. kHeld when its rows
// cannot be told.
Result<std::string> DeliveredAbout(PersonModels& models, const config::Sync* sync,
                                   const std::vector<privacy::Subject>& subjects, Trace trace);

// Rows AS t whose `key` is a subject's, of a sync whose key is that of such people; "" when it is not.
Result<std::string> KeysOfSync(PersonModels& models, const config::Sync* sync,
                               const std::vector<privacy::Subject>& subjects);

// Rows of _sluice.sync_delivered AS t that are a subject at the destination, or are told about them there: by the
// sync's key where that is the person's, by the fields that send who it is, and by what they are there. Whoever else has
// the subject's name in a field is not meant.
Result<std::string> DeliveredAs(PersonModels& models, const config::Sync& sync,
                                const std::vector<privacy::Subject>& subjects);

}  // namespace sluice::pipeline
