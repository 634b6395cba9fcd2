#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"

namespace millwright::storage {

// The place where a page ended, and the search that it belongs to. Clients see it as an opaque
// token: base64 of {"search": digest, "place": [values]}. It is not secret and not trusted: a place
// is only ever compared with, as a parameter.
struct SearchCursor {
  std::string search;
  std::vector<Value> place;  // empty: before the first row
};

std::string WriteToken(const SearchCursor& cursor);

// Reads a token that a search with this digest made. MLflow's own first-page token, an offset that
// is not positive, is read as one without a place. Throws kInvalidArgument in MLflow's words for
// what is no token, and for one of another search.
SearchCursor ReadToken(std::string_view token, std::string_view search);

// A digest that is equal only for the same texts.
std::string SearchDigest(const std::vector<std::string_view>& texts);

}  // namespace millwright::storage
