// The object of a sync, as far as its connection's type says what there is: `users`, or a kind and a name
// of the user's choice, `list:VIP guests` (ConnectionType::objects has "list:NAME" then).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/connection_types.h"

namespace sluice::config {

// The entry of type.objects that `object` is an example of; null when there is none.
const std::string* FindObject(const ConnectionType& type, std::string_view object);

// The modes in which a sync can write such an object (an entry of type.objects, or any where it has none).
std::vector<std::string> ModesOf(const ConnectionType& type, std::string_view object);

// In which turn a sync of the object runs: what says who somebody is before what is written about them, and
// what makes them go last. docs/decisions/0023-people-who-go.md.
int TurnOf(std::string_view object);

}  // namespace sluice::config
