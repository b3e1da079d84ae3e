// A socket in the file system: a listener, a connection, and frames over it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "env/descriptor.h"

namespace sluice::pipeline {

using env::Descriptor;

// Listens at `path`, which must not exist; mode 0600. Paths may be longer than the 107 bytes that an
// address holds.
Result<Descriptor> ListenAt(const std::string& path);
// The next connection of a process of the same user (or of root); not open when there is none.
Descriptor AcceptFrom(const Descriptor& listener);
// Not open when nobody listens there.
Result<Descriptor> ConnectTo(const std::string& path);

enum class Wait { kReady, kTimeout };
// Whether something can be read. The end of the stream can, too.
Wait WaitReadable(const Descriptor& socket, std::chrono::milliseconds limit);

// False when the other side is gone, or took nothing for `stall`.
bool SendAll(const Descriptor& socket, std::string_view bytes, std::chrono::milliseconds stall);
// Up to `size` bytes; nothing at the end, when the connection broke, and after `limit`.
std::optional<std::string> ReceiveSome(const Descriptor& socket, size_t size,
                                       std::chrono::milliseconds limit);

// 'o' or 'e' with its text, or 'x' with the exit code.
struct Frame {
  char kind = 0;
  std::string text;
  int exit_code = 0;
};
std::string EncodeText(char kind, std::string_view text);
std::string EncodeExit(int exit_code);
// Takes one whole frame off the beginning of `buffer`; nothing when there is none yet. kFailed for what
// is no frame.
Result<std::optional<Frame>> TakeFrame(std::string& buffer);

}  // namespace sluice::pipeline
