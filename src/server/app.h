#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "server/config.h"

namespace millwright::server {

// Everything that `millwright server` is. Its parts are made in the order in which they are
// declared in app.cc, each with references to those above it, and go in the reverse order. Throws
// Error when it cannot start: a taken port, a database that cannot be reached, a wrong option.
class App {
 public:
  explicit App(const Config& config);
  ~App();

  int port() const;
  // Nothing where it was not asked for.
  std::optional<int> grpc_port() const;
  // Refuses new connections, lets running requests finish until the deadline of the configuration,
  // then ends replicas and pipelines. Returns whether all requests finished in time.
  bool Drain();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millwright::server
