// The bytes of one entry of a delivery's log, without its frame.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sync/delivery_log.h"

namespace sluice::sync {

std::string EncodeEntry(const LogEntry& entry);

// Nothing when the bytes are no entry that this program knows.
std::optional<LogEntry> DecodeEntry(std::string_view body);

}  // namespace sluice::sync
