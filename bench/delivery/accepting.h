// A server that accepts at once, and a client that posts as fast as it takes: what there is to beat, and
// what is sent to. Both keep their connections, and do nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::bench {

// Answers on a free port of loopback as Iterable answers POST /api/users/bulkUpdate, with the number of
// people in the body as those that were updated, and what a sync asks for beside it: no fields, nobody
// forgotten. Prints "listening on http://127.0.0.1:PORT", and how much came when it is told to end
// (SIGTERM). `record`: where bodies are written down, one after the other; "" nowhere.
int Accept(const std::string& record);

// Posts the bodies that were written down, over `connections` of them at a time, and prints what went.
int Post(const std::string& url, const std::string& record, size_t connections);

}  // namespace sluice::bench
