// While a run lives its process answers the reads of others, for the warehouse file can be open in one
// process only: `query`, `status`, `trace`, `plan` ... are sent to it over a local socket
// (.sluice/ENV/sluice.sock, mode 0600) and executed there.
//
// A request is one line of JSON: {"version":1,"arguments":["status","--json"],"width":100,
// "color":true}; the answer is a sequence of frames: 'o' (standard output) or 'e' (standard error),
// 4 bytes of length, the bytes; last 'x' and 4 bytes of exit code (all little-endian). An empty first
// frame says that the request was taken up; without one nobody has done anything.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::pipeline {

struct ReadRequest {
  std::vector<std::string> arguments;  // without the program's name
  int width = 80;
  bool color = false;
};

// Executes a read command in this process; writes to the streams, gives the exit code. Called from a
// thread of the server, one request at a time.
using ReadHandler = std::function<int(const ReadRequest&, std::ostream& out, std::ostream& err)>;

class ReadServer {
 public:
  // A stale socket of a dead process is replaced. kBusy when another living process has it.
  static Result<std::unique_ptr<ReadServer>> Start(const std::string& socket_path,
                                                   ReadHandler handler);
  // Finishes the request in work, removes the socket. A client that does not take its answer is
  // waited for a few seconds only.
  ~ReadServer();
  ReadServer(const ReadServer&) = delete;
  ReadServer& operator=(const ReadServer&) = delete;

 private:
  ReadServer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Asks the process that listens on `socket_path`, and copies its answer as it comes. Nothing when nobody
// listens; kRetry when the server went away in the middle; kBusy when the request was not taken up
// before `deadline`.
Result<std::optional<int>> AskReadServer(const std::string& socket_path, const ReadRequest& request,
                                         std::chrono::milliseconds deadline, std::ostream& out,
                                         std::ostream& err);

}  // namespace sluice::pipeline
