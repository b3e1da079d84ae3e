// 128-bit integers, for decimals that a 64-bit number does not hold. A compiler's extension: named
// once here, so that -Wpedantic holds everywhere else.
#pragma once

namespace sluice {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

}  // namespace sluice
