#include "registry/gate.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::registry {
namespace {

constexpr size_t kGateItemsMax = 100;

std::string Number(double value) {
  std::string text;
  AppendJsonDouble(value, &text);
  return text;
}

void RefuseUnknownFields(const Json& json, std::initializer_list<std::string_view> known,
                         std::string_view where) {
  for (const auto& [key, value] : json.AsObject(where)) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw InvalidArgument("Unknown field of {}: {}", where, key).WithField(key);
    }
  }
}

std::optional<double> OptionalNumber(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsDouble(key);
}

GateVerdict JudgeMetric(const MetricBound& bound, const GateRequest& request) {
  GateVerdict verdict{"metric " + bound.name, false, ""};
  const auto found = request.metrics.find(bound.name);
  if (found == request.metrics.end()) {
    verdict.reason = fmt::format("{} was not logged by the run of version {}", bound.name,
                                 request.candidate.version);
    return verdict;
  }
  const double value = found->second;
  // Written so that NaN fails.
  if (bound.min && !(value >= *bound.min)) {
    verdict.reason =
        fmt::format("{} {} is below the minimum {}", bound.name, Number(value), Number(*bound.min));
    return verdict;
  }
  if (bound.max && !(value <= *bound.max)) {
    verdict.reason =
        fmt::format("{} {} is above the maximum {}", bound.name, Number(value), Number(*bound.max));
    return verdict;
  }
  const auto held = request.holder_metrics.find(bound.name);
  if (bound.better_than_champion && held != request.holder_metrics.end() &&
      !(value >= held->second + *bound.better_than_champion)) {
    verdict.reason = fmt::format("{} {} is not {} better than {} of version {}, which is {} now",
                                 bound.name, Number(value), Number(*bound.better_than_champion),
                                 Number(held->second), request.holder->version, request.alias);
    return verdict;
  }
  verdict.passed = true;
  verdict.reason = fmt::format("{} is {}", bound.name, Number(value));
  return verdict;
}

GateVerdict JudgeCheck(const std::string& name, const GateRequest& request) {
  const auto check = std::find_if(request.checks.begin(), request.checks.end(),
                                  [&](const Check& other) { return other.name == name; });
  if (check == request.checks.end()) {
    return {"check " + name, false,
            fmt::format("check {} was not run on version {}", name, request.candidate.version)};
  }
  return {
      "check " + name, check->passed,
      fmt::format("check {} {}: {}", name, check->passed ? "passed" : "failed", check->summary)};
}

}  // namespace

bool GateSpec::Protects(const std::string& alias) const {
  return std::find(aliases.begin(), aliases.end(), alias) != aliases.end();
}

Json GateSpec::ToJson() const {
  Json json = Json::MakeObject();
  Json names = Json::MakeArray();
  for (const auto& alias : aliases) names.Append(alias);
  json.Set("aliases", std::move(names));
  Json bounds = Json::MakeArray();
  for (const auto& bound : metrics) {
    Json item = Json::Of({{"name", bound.name}});
    if (bound.min) item.Set("min", *bound.min);
    if (bound.max) item.Set("max", *bound.max);
    if (bound.better_than_champion) {
      item.Set("better_than_champion", *bound.better_than_champion);
    }
    bounds.Append(std::move(item));
  }
  json.Set("metrics", std::move(bounds));
  Json wanted = Json::MakeArray();
  for (const auto& check : checks) wanted.Append(check);
  json.Set("checks", std::move(wanted));
  return json;
}

GateSpec GateSpec::FromJson(const Json& json) {
  RefuseUnknownFields(json, {"aliases", "metrics", "checks"}, "gate");
  GateSpec spec;
  if (json.Has("aliases")) spec.aliases = json.GetStrings("aliases");
  spec.checks = json.GetStrings("checks");
  if (const Json* metrics = json.Find("metrics"); metrics != nullptr) {
    for (const Json& item : metrics->AsArray("metrics")) {
      RefuseUnknownFields(item, {"name", "min", "max", "better_than_champion"}, "gate metric");
      MetricBound bound;
      bound.name = item.At("name").AsString("name");
      bound.min = OptionalNumber(item, "min");
      bound.max = OptionalNumber(item, "max");
      bound.better_than_champion = OptionalNumber(item, "better_than_champion");
      spec.metrics.push_back(std::move(bound));
    }
  }
  if (spec.metrics.size() + spec.checks.size() + spec.aliases.size() > kGateItemsMax) {
    throw InvalidArgument("A gate has at most {} items", kGateItemsMax);
  }
  return spec;
}

std::vector<GateVerdict> JudgeSpec(const GateRequest& request) {
  std::vector<GateVerdict> verdicts;
  for (const auto& bound : request.spec.metrics) {
    verdicts.push_back(JudgeMetric(bound, request));
  }
  for (const auto& check : request.spec.checks) verdicts.push_back(JudgeCheck(check, request));
  return verdicts;
}

Json VerdictsToJson(const std::vector<GateVerdict>& verdicts) {
  Json list = Json::MakeArray();
  for (const auto& verdict : verdicts) {
    list.Append(
        Json::Of({{"gate", verdict.gate}, {"passed", verdict.passed}, {"reason", verdict.reason}}));
  }
  return list;
}

}  // namespace millwright::registry
