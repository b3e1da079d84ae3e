// Which rows a refused type is about. Iterable refuses the whole request and names a field and one
// value in it, not the person; the rows are found here, in what was sent, so that one more request
// is enough where others try every row by itself.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "connector/destination.h"
#include "connectors/iterable/answer.h"

namespace sluice::connectors::iterable {

// Indexes of the rows, ascending, that hold the refused value in that field, or one that must be
// refused for the same reason:
//
//   another number, truth value or object, where one of its kind was refused: types are by kind;
//   text without a digit (where a number is expected: with a letter), where such text was refused;
//   a date written in the same way, where one that is in the calendar was refused.
//
// Nothing is guessed beyond that: a row that Iterable would have taken is never among them.
std::vector<size_t> RowsWithMismatch(const TypeMismatch& mismatch,
                                     std::span<const connector::Operation> rows);

}  // namespace sluice::connectors::iterable
