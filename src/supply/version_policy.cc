#include "supply/version_policy.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace millwright::supply {
namespace {

constexpr std::string_view kLatest = "latest";
constexpr size_t kDigitsMax = 18;  // more do not fit into 64 bits

Error NoPolicy(std::string_view text) {
  return InvalidArgument("Versions are latest, latest:COUNT, all or numbers by commas, not \"{}\"",
                         text);
}

}  // namespace

bool IsVersionName(std::string_view name) {
  return !name.empty() && name.size() <= kDigitsMax &&
         name.find_first_not_of("0123456789") == std::string_view::npos;
}

void SortVersions(std::vector<std::string>* versions) {
  std::sort(versions->begin(), versions->end(), [](const std::string& a, const std::string& b) {
    const auto number = [](const std::string& text) { return std::stoll(text); };
    return number(a) != number(b) ? number(a) < number(b) : a < b;
  });
}

VersionPolicy ParseVersionPolicy(std::string_view text) {
  VersionPolicy policy;
  if (text == "all") {
    policy.kind = VersionPolicy::Kind::kAll;
    return policy;
  }
  if (text.starts_with(kLatest)) {
    std::string_view rest = text.substr(kLatest.size());
    if (rest.empty()) return policy;
    const auto [end, error] =
        std::from_chars(rest.data() + 1, rest.data() + rest.size(), policy.count);
    const bool is_whole = error == std::errc() && end == rest.data() + rest.size();
    if (rest[0] != ':' || !is_whole || policy.count < 1 || policy.count > kVersionsServedMax) {
      throw NoPolicy(text);
    }
    return policy;
  }
  policy.kind = VersionPolicy::Kind::kNamed;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    policy.named.emplace_back(text.substr(at, comma - at));
    if (!IsVersionName(policy.named.back())) throw NoPolicy(text);
    at = comma + 1;
  }
  return policy;
}

std::vector<std::string> VersionPolicy::Choose(const std::vector<std::string>& versions) const {
  std::vector<std::string> chosen;
  if (kind == Kind::kLatest) {
    const size_t first = versions.size() - std::min(versions.size(), static_cast<size_t>(count));
    chosen.assign(versions.begin() + static_cast<std::ptrdiff_t>(first), versions.end());
  } else {
    for (const std::string& version : versions) {
      const bool is_named = std::find(named.begin(), named.end(), version) != named.end();
      if (kind == Kind::kAll || is_named) chosen.push_back(version);
    }
  }
  if (chosen.size() > kVersionsServedMax) {
    throw ResourceExhausted("{} versions of a model are more than the {} that can be served",
                            chosen.size(), kVersionsServedMax);
  }
  return chosen;
}

}  // namespace millwright::supply
