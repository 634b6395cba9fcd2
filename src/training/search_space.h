#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::training {

enum class DomainKind { kUniform, kLogUniform, kInt, kLogInt, kChoice };
std::string_view DomainKindName(DomainKind kind);  // "uniform", "loguniform", "int", …

// The values that one parameter may take. Bounds are inclusive.
struct Domain {
  std::string name;
  DomainKind kind = DomainKind::kUniform;
  double low = 0;
  double high = 0;
  int64_t step = 1;           // of kInt
  std::vector<Json> choices;  // of kChoice
  int grid_points = 0;        // of the continuous kinds; 0 where no grid is wanted
};

struct SearchSpace {
  std::vector<Domain> domains;
};

// Reads {"eta": {"type": "loguniform", "low": 0.01, "high": 0.3, "grid_points": 4},
// "max_depth": {"type": "int", "low": 3, "high": 8, "step": 1}, "tree_method": {"type": "choice",
// "values": ["hist"]}, "subsample": 0.8}; a plain value is a choice of one. Throws
// kInvalidArgument naming the parameter.
SearchSpace SearchSpaceFromJson(const Json& json);
Json SearchSpaceToJson(const SearchSpace& space);

enum class SamplerKind { kRandom, kGrid };
std::string_view SamplerKindName(SamplerKind kind);  // "random", "grid"
SamplerKind ParseSamplerKind(std::string_view name);

inline constexpr size_t kTrialsMax = 10'000;

// Names the parameters of trial `number`, an object of JSON scalars in the order of the space. It
// depends on the seed and the number alone, so that a resumed study goes on as it began. Integers
// are integers; a grid runs through the last parameter first.
Json SampleTrial(const SearchSpace& space, SamplerKind kind, uint64_t seed, size_t number);

// Counts the points of the grid. Throws kInvalidArgument when a continuous parameter has no
// grid_points or there are more than kTrialsMax.
size_t GridSize(const SearchSpace& space);

}  // namespace millwright::training
