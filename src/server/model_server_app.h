#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serving/contracted_predictor.h"
#include "serving/request_log.h"
#include "supply/supplied_models.h"

namespace millwright::server {

struct ModelServerOptions {
  supply::SupplyOptions supply;
  std::string host = "127.0.0.1";
  int port = 8080;
  int io_threads = 1;
  int64_t body_bytes_max = 64 << 20;  // of a request, over HTTP and gRPC
  // Names beside localhost and private addresses; see api::OriginRules.
  std::vector<std::string> allowed_hosts = {};
  std::optional<serving::RequestLogOptions> log;  // nothing: none is written
  int grpc_port = -1;                             // -1: no gRPC
  std::string otlp_endpoint = {};                 // of a collector of spans; "": none
  serving::Contracts contracts = {};              // of the models' inputs
};

// What `millwright serve` is: models in memory behind the prediction protocols, with no data folder
// and no database. Throws what supply::SuppliedModels throws, and for a taken port.
class ModelServerApp {
 public:
  explicit ModelServerApp(const ModelServerOptions& options);
  ~ModelServerApp();

  int port() const;
  // Nothing where it was not asked for.
  std::optional<int> grpc_port() const;
  std::vector<std::string> model_names() const;
  // Lets running requests finish, ten seconds at most.
  void Drain();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millwright::server
