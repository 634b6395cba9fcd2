#include "serving/endpoint_policy.h"

#include <type_traits>

#include "base/error.h"
#include "serving/contract.h"

namespace millwright::serving {
namespace {

constexpr std::string_view kHeaderPrefix = "header:";
constexpr std::string_view kInputPrefix = "input:";
constexpr size_t kStickyNameBytesMax = 200;

void SetFromJson(const BoundOption& option, const Json& value) {
  if (value.is_null() || value.is_array() || value.is_object() || value.is_bool()) {
    throw InvalidArgument("{} must be a number or a text", option.key)
        .WithField(std::string(option.key));
  }
  option.set(value.is_string() ? value.AsString() : value.Dump());
}

std::vector<std::string_view> Keys(const std::vector<BoundOption>& options) {
  std::vector<std::string_view> keys;
  for (const auto& option : options) keys.push_back(option.key);
  return keys;
}

const BoundOption* FindOption(const std::vector<BoundOption>& options, std::string_view key) {
  for (const auto& option : options) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

void CheckPolicy(const EndpointPolicy& policy) {
  const StickyKey key = StickyKeyOf(policy);
  if (key.from != StickyKey::From::kId &&
      (key.name.empty() || key.name.size() > kStickyNameBytesMax)) {
    throw InvalidArgument("sticky_by names a header or an input of 1 to {} bytes",
                          kStickyNameBytesMax)
        .WithField("sticky_by");
  }
  ParseContractAction(policy.contract_action);
  if (policy.scales() && policy.replicas_min > policy.replicas_max) {
    throw InvalidArgument("replicas_min must not be above replicas_max: {} > {}",
                          policy.replicas_min, policy.replicas_max)
        .WithField("replicas_min");
  }
  if (policy.eject_slowness != 0 && policy.eject_slowness < 1.5) {
    throw InvalidArgument("eject_slowness must be 0 or at least 1.5, not {}", policy.eject_slowness)
        .WithField("eject_slowness");
  }
}

}  // namespace

Json PolicyToJson(const EndpointPolicy& policy) {
  Json json = Json::MakeObject();
  for (const auto& row : kPolicyOptions) {
    std::visit(
        [&](auto member) {
          using T = std::remove_cvref_t<decltype(policy.*member)>;
          if constexpr (std::is_same_v<T, int>) {
            json.Set(std::string(row.key), int64_t{policy.*member});
          } else if constexpr (!std::is_same_v<T, std::vector<std::string>>) {
            json.Set(std::string(row.key), policy.*member);
          }
        },
        row.member);
  }
  return json;
}

void UpdatePolicy(const Json& json, EndpointPolicy* policy) {
  EndpointPolicy changed = *policy;
  const auto options = BindOptions(kPolicyOptions, changed);
  for (const auto& [key, value] : json.AsObject("The policy")) {
    const BoundOption* option = FindOption(options, key);
    if (option == nullptr) {
      const std::string nearest = NearestName(key, Keys(options));
      throw InvalidArgument("Unknown setting: {}{}", key,
                            nearest.empty() ? "" : " (did you mean " + nearest + "?)")
          .WithField(key);
    }
    SetFromJson(*option, value);
  }
  if (changed.sticky_by == "none") changed.sticky_by.clear();
  if (changed.contract == "none") changed.contract.clear();
  CheckPolicy(changed);
  *policy = changed;
}

EndpointPolicy StoredPolicy(const std::string& text) {
  EndpointPolicy policy;
  const auto options = BindOptions(kPolicyOptions, policy);
  const Json json = ParseJson(text);
  for (const auto& [key, value] : json.AsObject("The policy")) {
    if (const BoundOption* option = FindOption(options, key)) SetFromJson(*option, value);
  }
  return policy;
}

StickyKey StickyKeyOf(const EndpointPolicy& policy) {
  const std::string_view text = policy.sticky_by;
  if (text.empty()) return {};
  if (text.starts_with(kHeaderPrefix)) {
    return {StickyKey::From::kHeader, std::string(text.substr(kHeaderPrefix.size()))};
  }
  if (text.starts_with(kInputPrefix)) {
    return {StickyKey::From::kInput, std::string(text.substr(kInputPrefix.size()))};
  }
  throw InvalidArgument("sticky_by is header:NAME, input:NAME or none, not \"{}\"", text)
      .WithField("sticky_by");
}

}  // namespace millwright::serving
