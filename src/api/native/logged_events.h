#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "monitoring/prediction.h"

// The bodies that an inference logger sends along: what was asked and what was answered, a row
// each.
namespace millwright::api::native {

inline constexpr size_t kLoggedRowsMax = 10'000;    // of one event
inline constexpr size_t kLoggedNumbersMax = 4'096;  // of one value; a longer one is left out

// Reads a request: `instances` of KServe's first protocol and TensorFlow Serving, `inputs` of Open
// Inference Protocol v2. A row that is a list has its values by `columns`, where there are as many,
// else by their place, "0", "1", …; one of nested lists, such as an image, is `instance`. Throws
// kInvalidArgument.
std::vector<monitoring::NamedValues> ReadLoggedRequest(const Json& body,
                                                       const std::vector<std::string>& columns);

// Whether an output is left out of the log, and with it what is made of it.
using HiddenColumn = std::function<bool(const std::string& column)>;

// Reads an answer: `predictions`, or `outputs` of v2. A row that is no object is `prediction`; of
// two numbers the second is a probability, too, as the log of our own endpoints has it
// (monitoring::AddProbabilities).
std::vector<monitoring::NamedValues> ReadLoggedAnswer(const Json& body,
                                                      const HiddenColumn& is_hidden);

}  // namespace millwright::api::native
