// The destination `iterable`, object `list`: who is on one static list, through POST /api/lists/subscribe
// and /api/lists/unsubscribe. Fields beside the identifiers are written into the profiles of those who
// are put on it.
//
//   the list     by name or id (Container): looked up before anything else, made when it is missing
//   requests     list_body.h: at most 1,000 people and 4 MB, nobody twice, one kind of operation
//   answers      bulk_answer.h; who is not found needs no removal, and is tried again by the next run when
//                he is to be added: a sync of users may bring him
//   repeatable   who is on a list already can be put on it again
//
// `channelUnsubscribe` is never sent: it would end all messages of a channel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "connector/destination.h"
#include "connectors/iterable/iterable_settings.h"
#include "connectors/iterable/request_body.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::iterable {

struct ListOptions {
  std::string name;  // one of the two
  int64_t id = 0;
  // Whether people that Iterable does not know are made. E-mail projects do that in any case.
  bool create_users = false;
  bool takes_off = false;  // mode remove: rows that are written are taken off the list
  bool fields = false;     // whether fields may be mapped that do not identify
  UserOptions user;
};

// As MakeIterableDestination.
std::unique_ptr<connector::Destination> MakeListDestination(
    IterableSettings settings, ListOptions options, std::unique_ptr<env::HttpTransport> transport,
    env::Clock& clock);

}  // namespace sluice::connectors::iterable
