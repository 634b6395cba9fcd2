#pragma once

#include <string>
#include <vector>

namespace millwright::scoring {

// A text among numbers makes a column of a CSV file text from its first row on. Says where it is,
// to be put behind the words of a refusal; nothing when no column of these is like that.
std::string TextAmongNumbers(const std::string& path, const std::vector<std::string>& columns);

}  // namespace millwright::scoring
