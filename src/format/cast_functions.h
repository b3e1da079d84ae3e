// The strict casts as functions inside the engine, one per type: sluice_integer(VARCHAR) -> INTEGER,
// sluice_decimal_19_0(VARCHAR) -> DECIMAL(19,0), ... NULL for NULL, and NULL for text that does not
// fit. Whether a NULL was there before or was made tells the column beside it.
//
// The functions exist in this process only: never in a stored view.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/engine.h"
#include "format/strict.h"

namespace sluice::format {

// Registers what CastExpression needs for these types, for all connections of the database. Types may
// repeat, and registering again changes nothing. Outside of a Transaction.
Status RegisterCasts(engine::Connection& connection, std::span<const SqlType> types);

// SQL that casts `expression` (of type VARCHAR) to `type`; text is the expression itself.
std::string CastExpression(const SqlType& type, std::string_view expression);

}  // namespace sluice::format
