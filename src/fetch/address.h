#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace millwright::fetch {

// An IPv4 or IPv6 address, without a port. IPv4 addresses that are written as IPv6 ones
// (::ffff:10.0.0.1) are the IPv4 addresses that they stand for.
class Address {
 public:
  explicit Address(const sockaddr& address);
  // Reads "10.0.0.1" or "fe80::1"; nothing where the text is no address.
  static std::optional<Address> Parse(const std::string& text);

  bool is_v4() const { return is_v4_; }
  std::string ToText() const;
  // Whether it belongs to the public internet, by the IANA's registries of special addresses:
  // neither private, shared, loopback, link-local, multicast, reserved nor for documentation, and
  // not the IPv6 form in which a gateway would reach such an IPv4 address.
  bool IsPublic() const;
  // Whether its first `bits` are those of `network`, which must be of the same kind.
  bool IsWithin(const Address& network, int bits) const;

  bool operator==(const Address&) const = default;

 private:
  Address() = default;
  std::optional<Address> EmbeddedV4() const;

  bool is_v4_ = true;
  std::array<uint8_t, 16> bytes_{};  // the first 4 for IPv4
};

// The parts of an http or https URL that say where it leads.
struct UrlParts {
  std::string scheme;  // lower case
  std::string host;    // lower case, without brackets; empty when the URL has none
};
// Reads a URL as Client will when it connects. Nothing where it is no URL with a scheme.
std::optional<UrlParts> ParseUrl(const std::string& url);

// The addresses that a host name has now, none when it has none. Asks the system's resolver and may
// take as long as that does.
std::vector<Address> ResolveHost(const std::string& host);

}  // namespace millwright::fetch
