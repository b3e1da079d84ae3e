// Values that come typed (out of a Parquet file) as values of a declared type: exactly or not at all, by
// the rules that strict.h has for text.
//
//   whole numbers      to wider and narrower ones, DECIMAL and DOUBLE where the value stays the same
//   FLOAT, DOUBLE      to whole numbers where they are whole; to DECIMAL as the shortest decimal that
//                      names them (12.7 is 12.70); no infinity, no NaN
//   DECIMAL            to DECIMAL where only zeros go; to DOUBLE the nearest one, as from text
//   DATE, TIMESTAMP    to each other, a timestamp to a date at midnight only; years 0001 to 9999
//   with a time zone   only to TIMESTAMPTZ, and only such
//   text               by the strict casts
//   anything           to text: as the engine prints it, bytes where they are UTF-8, nested as JSON
// What is left goes through its text: a date into a number finds no way.
#pragma once

#include <string>
#include <string_view>

#include "format/strict.h"
#include "format/value_form.h"

namespace sluice::format {

// SQL of `type`, NULL where the value of the expression `x` does not fit and where it is NULL.
// `engine_type` is the type of `x` as DESCRIBE prints it; `form` says how text is written. Needs
// RegisterCasts of both.
std::string ExactCast(std::string_view engine_type, const SqlType& type, const std::string& x,
                      const ValueForm& form = {});

// SQL of VARCHAR: the value of `x` as text.
std::string TextExpression(std::string_view engine_type, const std::string& x);

}  // namespace sluice::format
