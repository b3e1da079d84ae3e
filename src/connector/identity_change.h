// What a destination says of a kChangeIdentity beyond its state.
#pragma once

namespace sluice::connector {

// Code of an acknowledged change when nobody is there, by neither identity: there was nothing to change,
// and whoever it is goes whole, as one that is new.
inline constexpr const char* kNobodyThere = "nobody_there";

}  // namespace sluice::connector
