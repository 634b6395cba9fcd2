#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace millwright::api {

// Decides which Host and Origin headers a request may carry, against pages on the web that make a
// browser call a server on this machine or network: by DNS rebinding (a foreign name that resolves
// to us, seen in Host) or by a cross-site request (seen in Origin). Clients that are no browsers
// send our own name or address and no Origin.
class OriginRules {
 public:
  // Names beside the built-in ones: "ml.example.org", "*.example.org" for all below it, "*" for
  // any.
  struct Options {
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> allowed_origins;  // "https://ml.example.org", or "*"
  };
  explicit OriginRules(Options options) : options_(std::move(options)) {}

  // localhost, loopback, private and link-local addresses, and the configured names; any port.
  bool HostAllowed(std::string_view host_header) const;
  // The request's own host, localhost and loopback addresses, and the configured origins.
  bool OriginAllowed(std::string_view origin, std::string_view host_header) const;

 private:
  const Options options_;
};

// Whether a method may change state: all but GET, HEAD and OPTIONS.
bool ChangesState(http::Method method);

}  // namespace millwright::api
