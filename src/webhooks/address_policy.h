#pragma once

#include <string>
#include <vector>

#include "fetch/address.h"

namespace millwright::webhooks {

// Where webhooks may lead: to public addresses, by https. Hosts that the operator names may also
// have other addresses and be called by plain http. Thread-safe.
class AddressPolicy {
 public:
  // Each entry is a host name, an address or a network such as "10.0.0.0/8". Throws
  // kInvalidArgument for one that is none of these.
  explicit AddressPolicy(const std::vector<std::string>& allowed_hosts);

  // Throws kInvalidArgument, in MLflow's words, for a URL that no webhook may have, as far as can
  // be told now: a name may have other addresses later. Asks the resolver, so it may block.
  void RequireUrl(const std::string& url) const;
  // The same for a mail server, smtp:// or smtps://.
  void RequireMailUrl(const std::string& url) const;
  // Whether a connection for a URL may be opened to an address: what is asked at each connection.
  bool Allows(const std::string& url, const fetch::Address& address) const;

 private:
  struct Network {
    fetch::Address address;
    int bits;
  };
  bool IsNamed(const std::string& host) const;
  bool IsAllowed(const fetch::Address& address) const;

  std::vector<std::string> names_;
  std::vector<Network> networks_;
};

}  // namespace millwright::webhooks
