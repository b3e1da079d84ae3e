// Files that somebody loads by hand (`sluice load`).
#pragma once

namespace sluice::ingest {

// The connection of such a file begins so. No run lists it; the same command loads the file again.
inline constexpr const char* kHandConnection = "hand-";

}  // namespace sluice::ingest
