#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace millwright::api::prediction {

// How many values a JSON list of plain values has: one more than it has commas, none for "[]".
size_t ListLength(std::string_view list);

// Reads one number by JSON's grammar, or null, which is NaN, from the beginning of `text`; returns
// what is behind it, nothing where there is none or it does not fit a double. What ends the number
// is the caller's to look at.
std::optional<std::string_view> ScanNumber(std::string_view text, double* out);

// What was read of a list.
struct NumberList {
  size_t count = 0;
  size_t bytes = 0;  // of the list with its brackets
  bool has_null = false;
};

// Reads a JSON list of numbers and nulls, which are NaN, at the beginning of `text`, each as a
// double that is then narrowed to T (float or double). Long lists of numbers are most of a request,
// and this takes a tenth of the time of a walk from value to value. Nothing when the list holds
// anything else, is malformed, has more than `count_max` or a number that does not fit T: then a
// walk tells why.
template <typename T>
std::optional<NumberList> ScanList(std::string_view text, T* out, size_t count_max);

// The same of a text that ends with the list; returns how many numbers there are.
template <typename T>
std::optional<size_t> ScanNumbers(std::string_view list, T* out, size_t count_max);

}  // namespace millwright::api::prediction
