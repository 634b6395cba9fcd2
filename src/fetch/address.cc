#include "fetch/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "fetch/curl_library.h"

namespace millwright::fetch {
namespace {

struct Network {
  std::string_view address;
  int bits;
};

// What the IANA's registries of special-purpose addresses list as not globally reachable.
constexpr Network kNotPublic[] = {
    {"0.0.0.0", 8},        // this network
    {"10.0.0.0", 8},       // private
    {"100.64.0.0", 10},    // shared, of carriers
    {"127.0.0.0", 8},      // loopback
    {"169.254.0.0", 16},   // link-local, where clouds keep their metadata
    {"172.16.0.0", 12},    // private
    {"192.0.0.0", 24},     // protocol assignments
    {"192.0.2.0", 24},     // documentation
    {"192.88.99.0", 24},   // 6to4 relays
    {"192.168.0.0", 16},   // private
    {"198.18.0.0", 15},    // benchmarks
    {"198.51.100.0", 24},  // documentation
    {"203.0.113.0", 24},   // documentation
    {"224.0.0.0", 4},      // multicast
    {"240.0.0.0", 4},      // reserved, and broadcast
    {"::", 96},            // unspecified, loopback and the old IPv4-compatible form
    {"64:ff9b:1::", 48},   // local translation
    {"100::", 64},         // discard
    {"2001::", 23},        // protocol assignments, Teredo among them
    {"2001:db8::", 32},    // documentation
    {"3fff::", 20},        // documentation
    {"5f00::", 16},        // segment routing
    {"fc00::", 7},         // unique local
    {"fe80::", 10},        // link-local
    {"fec0::", 10},        // site-local
    {"ff00::", 8},         // multicast
};

// IPv6 networks whose addresses hold the IPv4 address that is reached in the end.
struct Embedding {
  std::string_view network;
  int bits;
  size_t at;
};
constexpr Embedding kEmbeddings[] = {{"64:ff9b::", 96, 12}, {"2002::", 16, 2}};

constexpr size_t kV4Bytes = 4;
constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK || text == nullptr) return "";
  std::string copy = text;
  curl_free(text);
  std::transform(copy.begin(), copy.end(), copy.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  });
  return copy;
}

}  // namespace

Address::Address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::memcpy(bytes_.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, kV4Bytes);
    return;
  }
  is_v4_ = false;
  std::memcpy(bytes_.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
              bytes_.size());
  if (std::memcmp(bytes_.data(), kMappedPrefix, sizeof kMappedPrefix) != 0) return;
  is_v4_ = true;
  std::copy(bytes_.begin() + sizeof kMappedPrefix, bytes_.end(), bytes_.begin());
  std::fill(bytes_.begin() + kV4Bytes, bytes_.end(), uint8_t{0});
}

std::optional<Address> Address::Parse(const std::string& text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
    return Address(reinterpret_cast<const sockaddr&>(v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1)
    return Address(reinterpret_cast<const sockaddr&>(v6));
  return std::nullopt;
}

std::string Address::ToText() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

bool Address::IsWithin(const Address& network, int bits) const {
  if (is_v4_ != network.is_v4_) return false;
  for (int i = 0; i * 8 < bits; ++i) {
    const int left = std::min(8, bits - i * 8);
    const auto mask = static_cast<uint8_t>(0xff << (8 - left));
    if (((bytes_[static_cast<size_t>(i)] ^ network.bytes_[static_cast<size_t>(i)]) & mask) != 0)
      return false;
  }
  return true;
}

std::optional<Address> Address::EmbeddedV4() const {
  for (const Embedding& row : kEmbeddings) {
    if (!IsWithin(*Parse(std::string(row.network)), row.bits)) continue;
    Address v4;
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(row.at), kV4Bytes, v4.bytes_.begin());
    return v4;
  }
  return std::nullopt;
}

bool Address::IsPublic() const {
  for (const Network& row : kNotPublic)
    if (IsWithin(*Parse(std::string(row.address)), row.bits)) return false;
  const auto embedded = EmbeddedV4();
  return !embedded || embedded->IsPublic();
}

std::optional<UrlParts> ParseUrl(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (parsed == nullptr || url.find('\0') != std::string::npos) return std::nullopt;
  // Without a host is left to the caller to word.
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(),
                                      CURLU_NON_SUPPORT_SCHEME | CURLU_NO_AUTHORITY);
  if (code != CURLUE_OK) return std::nullopt;
  UrlParts parts{PartOf(parsed.get(), CURLUPART_SCHEME), PartOf(parsed.get(), CURLUPART_HOST)};
  if (parts.host.starts_with('[') && parts.host.ends_with(']'))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

std::vector<Address> ResolveHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  std::vector<Address> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    const Address address(*one->ai_addr);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(address);
  }
  return addresses;
}

}  // namespace millwright::fetch
