#pragma once

#include <cstdint>
#include <string>

#include "quality/suite.h"

namespace millwright::quality {

// What is to become of one expectation of a suite: it goes, or some of its kwargs become others.
struct ExpectationChange {
  bool removes = false;
  Json kwargs = Json::MakeObject();  // to be set; null takes a kwarg away

  Json ToJson() const;
  // Reads {"remove": true} or {"set": {kwarg: value}}. Throws kInvalidArgument.
  static ExpectationChange FromJson(const Json& json);
  // In words: "remove it", "mostly 1 → 0.99, max_value 6000 → none".
  std::string Words(const Expectation& base) const;
};

// Applies a change that was made against `base` to a suite as it is now. A suite that has moved on
// is no hindrance as long as what the change speaks of is as it was: the kwargs that it sets, or
// the whole expectation where it removes it. Throws kAborted where that is not so, naming what is
// another now, and kInvalidArgument for a change after which the expectation cannot be.
Suite ApplyChange(const Suite& suite, const std::string& key, const Expectation& base,
                  const ExpectationChange& change);

}  // namespace millwright::quality
