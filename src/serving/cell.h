#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "inference/tensor.h"

namespace millwright::serving {

// One value of a table or tensor as a protocol gives it: null, boolean, integer, number or text.
// The text must outlive the call that takes it.
using Cell = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string_view>;

// Converts a cell to the tensor's type and writes it as element `index`, which must exist. An
// integer may stand for a number and a number without fraction for an integer; nothing else is
// converted. Null is NaN in floating types. Throws kInvalidArgument saying what was expected and
// given, "expected INT64, got string"; the caller adds where.
void StoreCell(const Cell& cell, size_t index, inference::Tensor* tensor);

// Reads a field of a CSV file as a value of the type, the way pandas does: for numbers and booleans
// an empty field and words such as NA and NaN are null. What cannot be read as the type is given as
// text, so that StoreCell refuses it.
Cell CellOfText(std::string_view text, inference::DataType type);

// Makes room for `count` elements, zeros or empty strings.
void ResizeTensor(size_t count, inference::Tensor* tensor);

// Converts between double and the 16-bit floating type, rounding to nearest.
uint16_t HalfFromDouble(double value);
double DoubleFromHalf(uint16_t bits);

// The number that somebody meant who wrote a float: the double nearest to the shortest decimal that
// reads as this float, 0.1 for 0.1F, where a plain conversion gives 0.10000000149011612. Whole
// numbers, infinities and NaN are themselves.
double DecimalOf(float value);

}  // namespace millwright::serving
