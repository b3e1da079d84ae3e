// How numbers and dates are written in a file, where that is not the way of strict.h: turned into that way
// exactly, or refused. Nothing is guessed: a date whose order of day and month nobody knows is refused.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "format/strict.h"

namespace sluice::format {

struct ValueForm {
  char decimal = '.';          // of numbers with a fraction
  std::string thousands = {};  // between groups of three digits; "" when there is nothing
  // "" or "iso": YYYY-MM-DD alone. "dmy", "mdy", "ymd": day, month and year of four digits, with `.`, `/` or
  // `-` between them ("ymd" without too). "auto": as "dmy" or "mdy" where only one of them can be meant, by
  // the value alone. Else a pattern of %Y %m %d %b %B %H %I %M %S %f %p %z. Under all but patterns
  // YYYY-MM-DD is taken as well. A time of day may follow a date: H:MM[:SS[.f]], with AM or PM too.
  std::string date = {};

  bool operator==(const ValueForm&) const = default;
  // kConfig with what is wrong.
  Status Validate() const;
  // Whether values of this type are written otherwise than strict.h reads them.
  bool Concerns(const SqlType& type) const;
};

// `text` as strict.h reads it, or nothing when it is not written so; `out` is where it is put. `form` is
// valid. Text of other types than numbers, dates and times is itself.
bool ToStrict(std::string_view text, const SqlType& type, const ValueForm& form, std::string& out);

// Whether `text` would be accepted as `type`, written like `form`.
bool Fits(std::string_view text, const SqlType& type, const ValueForm& form);

// For messages: "a date as day, month, year".
std::string Expectation(const SqlType& type, const ValueForm& form);

// Whether it is day/month/year or month/day/year, and nothing in it says which: "auto" refuses it for that alone.
bool IsAmbiguousDate(std::string_view text, const SqlType& type);

// Finds the order of a whole column.
class DateOrderTrial {
 public:
  void Add(std::string_view text, const SqlType& type);
  // "dmy" or "mdy" when all values that are dates at all fit it, and not all of them the other; else "auto".
  std::string Order() const;

 private:
  bool dmy_ = true;
  bool mdy_ = true;
  bool any_ = false;
};

}  // namespace sluice::format
