#include "webhooks/address_policy.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "webhooks/webhook.h"

namespace millwright::webhooks {
namespace {

constexpr int kV4Bits = 32;
constexpr int kV6Bits = 128;

std::string LowerCase(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// The scheme as it stands before the colon, for the message.
std::string SchemeOf(const std::string& url) {
  const size_t colon = url.find("://");
  return colon == std::string::npos ? "" : LowerCase(url.substr(0, colon));
}

}  // namespace

AddressPolicy::AddressPolicy(const std::vector<std::string>& allowed_hosts) {
  for (const std::string& entry : allowed_hosts) {
    const size_t slash = entry.find('/');
    const auto address = fetch::Address::Parse(entry.substr(0, slash));
    if (!address) {
      if (entry.empty() || entry.find_first_of("/:@ *") != std::string::npos)
        throw InvalidArgument("Not a host name, an address or a network: {}", entry)
            .WithField("--webhook-allowed-host");
      names_.push_back(LowerCase(entry));
      continue;
    }
    const int bits_max = address->is_v4() ? kV4Bits : kV6Bits;
    int bits = bits_max;
    if (slash != std::string::npos) {
      const char* end = entry.data() + entry.size();
      const auto [rest, error] = std::from_chars(entry.data() + slash + 1, end, bits);
      if (error != std::errc() || rest != end || bits < 0 || bits > bits_max)
        throw InvalidArgument("Not a network: {}", entry).WithField("--webhook-allowed-host");
    }
    networks_.push_back({*address, bits});
  }
}

bool AddressPolicy::IsNamed(const std::string& host) const {
  return std::find(names_.begin(), names_.end(), host) != names_.end();
}

bool AddressPolicy::IsAllowed(const fetch::Address& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return address.IsWithin(network.address, network.bits);
  });
}

bool AddressPolicy::Allows(const std::string& url, const fetch::Address& address) const {
  const auto parts = fetch::ParseUrl(url);
  if (!parts) return false;
  if (IsNamed(parts->host) || IsAllowed(address)) return true;
  const bool is_guarded =
      parts->scheme == "https" || parts->scheme == "smtp" || parts->scheme == "smtps";
  return is_guarded && address.IsPublic();
}

void AddressPolicy::RequireMailUrl(const std::string& url) const {
  const std::string scheme = SchemeOf(url);
  const auto parts = fetch::ParseUrl(url);
  if ((scheme != "smtp" && scheme != "smtps") || url.size() > kUrlBytesMax || !parts ||
      parts->host.empty() || url[scheme.size() + 3] == '/')
    throw InvalidArgument("A mail server is smtp://HOST:PORT or smtps://HOST:PORT, not {}", url)
        .WithField("server");
  if (IsNamed(parts->host)) return;
  for (const auto& address : fetch::ResolveHost(parts->host))
    if (!address.IsPublic() && !IsAllowed(address))
      throw InvalidArgument(
          "The mail server {} has an address that is not public, {}; "
          "--webhook-allowed-host allows it",
          parts->host, address.ToText())
          .WithField("server");
}

void AddressPolicy::RequireUrl(const std::string& url) const {
  if (url.size() > kUrlBytesMax)
    throw InvalidArgument("A webhook URL has at most {} bytes", kUrlBytesMax).WithField("url");
  const std::string scheme = SchemeOf(url);
  if (scheme != "https" && scheme != "http")
    throw InvalidArgument("Invalid webhook URL scheme: '{}'. Allowed schemes are: https.", scheme)
        .WithField("url");
  const auto parts = fetch::ParseUrl(url);
  // libcurl forgives a third slash and takes the path for the host.
  if (!parts || parts->host.empty() || url[scheme.size() + 3] == '/')
    throw InvalidArgument("Webhook URL must include a hostname: '{}'", url).WithField("url");
  const bool named = IsNamed(parts->host);
  const auto addresses = named ? std::vector<fetch::Address>() : fetch::ResolveHost(parts->host);
  const bool allowed =
      named || (!addresses.empty() && std::all_of(addresses.begin(), addresses.end(),
                                                  [&](const auto& one) { return IsAllowed(one); }));
  if (allowed) return;
  if (scheme != "https")
    throw InvalidArgument("Invalid webhook URL scheme: '{}'. Allowed schemes are: https.", scheme)
        .WithField("url");
  if (addresses.empty())
    throw InvalidArgument("Cannot resolve the hostname of the webhook URL: '{}'", parts->host)
        .WithField("url");
  for (const auto& address : addresses)
    if (!address.IsPublic() && !IsAllowed(address))
      throw InvalidArgument(
          "Webhook URL must not resolve to a non-public IP address. '{}' resolves to {}.",
          parts->host, address.ToText())
          .WithField("url");
}

}  // namespace millwright::webhooks
