#pragma once

#include <string>
#include <vector>

namespace millwright::storage {

// A page of a search; the token of the next one is empty when there is none.
template <typename T>
struct SearchPage {
  std::vector<T> items;
  std::string next_token;
};

}  // namespace millwright::storage
