#include "training/search_space.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace millwright::training {
namespace {

constexpr std::string_view kDomainKinds[] = {"uniform", "loguniform", "int", "logint", "choice"};
constexpr std::string_view kSamplerKinds[] = {"random", "grid"};
constexpr std::string_view kDomainFields[] = {"type", "low",    "high",
                                              "step", "values", "grid_points"};
constexpr int kGridPointsMax = 1000;
constexpr double kIntMax = 9e15;  // what a double holds exactly

Error Refuse(const std::string& name, const std::string& why) {
  return InvalidArgument("Parameter {}: {}", name, why).WithField(name);
}

DomainKind ParseKind(const std::string& name, const std::string& text) {
  for (size_t i = 0; i < std::size(kDomainKinds); ++i) {
    if (kDomainKinds[i] == text) return static_cast<DomainKind>(i);
  }
  throw Refuse(name, "unknown type " + text);
}

void CheckRange(const Domain& domain) {
  const bool is_log = domain.kind == DomainKind::kLogUniform || domain.kind == DomainKind::kLogInt;
  const bool is_int = domain.kind == DomainKind::kInt || domain.kind == DomainKind::kLogInt;
  if (!std::isfinite(domain.low) || !std::isfinite(domain.high) || domain.low > domain.high) {
    throw Refuse(domain.name, "low must not be above high");
  }
  if (is_log && domain.low <= 0) throw Refuse(domain.name, "low must be above 0 on a log scale");
  const bool is_whole = domain.low == std::floor(domain.low) &&
                        domain.high == std::floor(domain.high) && std::fabs(domain.low) < kIntMax &&
                        std::fabs(domain.high) < kIntMax;
  if (is_int && !is_whole) throw Refuse(domain.name, "low and high must be integers");
  if (domain.step < 1) throw Refuse(domain.name, "step must be at least 1");
}

Domain FromObject(const std::string& name, const Json& json) {
  for (const auto& [field, value] : json.AsObject(name)) {
    if (std::find(std::begin(kDomainFields), std::end(kDomainFields), field) ==
        std::end(kDomainFields)) {
      throw Refuse(name, "unknown field " + field);
    }
  }
  Domain domain{.name = name, .kind = ParseKind(name, json.At("type").AsString("type"))};
  domain.grid_points = static_cast<int>(json.GetInt("grid_points"));
  if (domain.grid_points < 0 || domain.grid_points > kGridPointsMax) {
    throw Refuse(name, "grid_points must be 0 to " + std::to_string(kGridPointsMax));
  }
  if (domain.kind == DomainKind::kChoice) {
    domain.choices = json.At("values").AsArray("values");
    if (domain.choices.empty()) throw Refuse(name, "values is empty");
    return domain;
  }
  domain.low = json.At("low").AsDouble("low");
  domain.high = json.At("high").AsDouble("high");
  domain.step = json.GetInt("step", 1);
  CheckRange(domain);
  return domain;
}

// SplitMix64: a good stream from any seed, the same on every machine, unlike the standard
// library's distributions.
uint64_t Mix(uint64_t* state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

Json IntAt(const Domain& domain, double value) {
  return Json(static_cast<int64_t>(std::clamp(std::floor(value), domain.low, domain.high)));
}

// Maps a share in [0,1] to the domain's value, evenly or on its log scale.
Json ValueAt(const Domain& domain, double share) {
  switch (domain.kind) {
    case DomainKind::kUniform:
      return Json(domain.low + share * (domain.high - domain.low));
    case DomainKind::kLogUniform:
      return Json(std::clamp(domain.low * std::pow(domain.high / domain.low, share), domain.low,
                             domain.high));
    case DomainKind::kInt: {
      const double steps =
          std::floor((domain.high - domain.low) / static_cast<double>(domain.step));
      const double step = std::min(steps, std::floor(share * (steps + 1)));
      return IntAt(domain, domain.low + step * static_cast<double>(domain.step));
    }
    case DomainKind::kLogInt:
      return IntAt(domain, domain.low * std::pow((domain.high + 1) / domain.low, share));
    case DomainKind::kChoice: {
      const auto count = static_cast<double>(domain.choices.size());
      return domain.choices[static_cast<size_t>(std::min(count - 1, std::floor(share * count)))];
    }
  }
  return Json();
}

size_t PointsOf(const Domain& domain) {
  if (domain.kind == DomainKind::kChoice) return domain.choices.size();
  if (domain.kind == DomainKind::kInt && domain.grid_points == 0) {
    return static_cast<size_t>((domain.high - domain.low) / static_cast<double>(domain.step)) + 1;
  }
  if (domain.grid_points > 0) return static_cast<size_t>(domain.grid_points);
  throw Refuse(domain.name, "a grid needs grid_points");
}

Json GridValue(const Domain& domain, size_t index, size_t points) {
  // Discrete values by their index, in the middle of its share; continuous ones from end to end.
  const bool is_discrete = domain.kind == DomainKind::kChoice || domain.kind == DomainKind::kInt;
  if (is_discrete) {
    return ValueAt(domain, (static_cast<double>(index) + 0.5) / static_cast<double>(points));
  }
  return ValueAt(domain, points == 1 ? 0.5 : static_cast<double>(index) / (points - 1.0));
}

}  // namespace

std::string_view DomainKindName(DomainKind kind) {
  return kDomainKinds[static_cast<size_t>(kind)];
}

std::string_view SamplerKindName(SamplerKind kind) {
  return kSamplerKinds[static_cast<size_t>(kind)];
}

SamplerKind ParseSamplerKind(std::string_view name) {
  for (size_t i = 0; i < std::size(kSamplerKinds); ++i) {
    if (kSamplerKinds[i] == name) return static_cast<SamplerKind>(i);
  }
  throw InvalidArgument("Unknown sampler (random, grid): {}", name).WithField("sampler");
}

SearchSpace SearchSpaceFromJson(const Json& json) {
  SearchSpace space;
  for (const auto& [name, value] : json.AsObject("search space")) {
    if (value.is_object()) {
      space.domains.push_back(FromObject(name, value));
    } else if (value.is_array()) {
      throw Refuse(name, R"(write {"type": "choice", "values": […]})");
    } else {
      space.domains.push_back({.name = name, .kind = DomainKind::kChoice, .choices = {value}});
    }
  }
  return space;
}

Json SearchSpaceToJson(const SearchSpace& space) {
  Json json = Json::MakeObject();
  for (const Domain& domain : space.domains) {
    Json one = Json::Of({{"type", DomainKindName(domain.kind)}});
    if (domain.kind == DomainKind::kChoice) {
      one.Set("values", Json(domain.choices));
    } else {
      one.Set("low", domain.low).Set("high", domain.high);
      if (domain.step != 1) one.Set("step", domain.step);
    }
    if (domain.grid_points > 0) one.Set("grid_points", domain.grid_points);
    json.Set(domain.name, std::move(one));
  }
  return json;
}

size_t GridSize(const SearchSpace& space) {
  size_t size = 1;
  for (const Domain& domain : space.domains) {
    size *= PointsOf(domain);
    if (size > kTrialsMax) throw InvalidArgument("The grid has more than {} points", kTrialsMax);
  }
  return size;
}

Json SampleTrial(const SearchSpace& space, SamplerKind kind, uint64_t seed, size_t number) {
  Json params = Json::MakeObject();
  if (kind == SamplerKind::kRandom) {
    uint64_t state = seed * 0x9E3779B97F4A7C15ULL + number;
    Mix(&state);
    for (const Domain& domain : space.domains) {
      const double share = static_cast<double>(Mix(&state) >> 11) * 0x1.0p-53;
      params.Set(domain.name, ValueAt(domain, share));
    }
    return params;
  }
  size_t rest = number % GridSize(space);
  std::vector<Json> values(space.domains.size());
  for (size_t i = space.domains.size(); i-- > 0;) {
    const size_t points = PointsOf(space.domains[i]);
    values[i] = GridValue(space.domains[i], rest % points, points);
    rest /= points;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    params.Set(space.domains[i].name, std::move(values[i]));
  }
  return params;
}

}  // namespace millwright::training
