// The strict casts as functions inside the engine, one per type: sluice_integer(VARCHAR) -> INTEGER,
// sluice_decimal_19_0(VARCHAR) -> DECIMAL(19,0), ... NULL for NULL, and NULL for text that does not
// fit. Whether a NULL was there before or was made tells the column beside it.
//
// Of values that are written otherwise (value_form.h) there is one per type and form, with a digest of it in
// its name.
//
// The functions exist in this process only: never in a stored view.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/engine.h"
#include "format/strict.h"
#include "format/value_form.h"

namespace sluice::format {

struct TypedForm {
  SqlType type = {};
  ValueForm form = {};
};

// Registers what CastExpression needs for these, for all connections of the database. They may repeat, and
// registering again changes nothing. Outside of a Transaction.
Status RegisterCasts(engine::Connection& connection, std::span<const TypedForm> casts);

// SQL that casts `expression` (of type VARCHAR), written like `form`, to `type`; text is the expression
// itself.
std::string CastExpression(const SqlType& type, std::string_view expression,
                           const ValueForm& form = {});

}  // namespace sluice::format
