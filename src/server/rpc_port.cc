#include "server/rpc_port.h"

#include "api/health/rpcs.h"
#include "api/kserve/rpcs.h"

namespace millwright::server {
namespace {

grpc::ServerOptions OptionsOf(const RpcPortOptions& given) {
  grpc::ServerOptions options;
  options.host = given.host;
  options.port = given.port;
  options.workers = given.workers;
  options.message_bytes_max = given.message_bytes_max;
  return options;
}

}  // namespace

struct RpcPort::Parts {
  api::RpcTable table;
  api::health::Health health;
  std::unique_ptr<grpc::Server> server;  // after the table is filled

  Parts(api::prediction::Context& context, api::AuthorizeRpc authorize)
      : table(std::move(authorize)), health(context.predictor) {
    table.Add(api::kserve::rpcs::kRpcs, context);
    table.Add(api::health::kRpcs, health);
  }
};

RpcPort::RpcPort(const RpcPortOptions& options, api::prediction::Context& context,
                 api::AuthorizeRpc authorize)
    : parts_(std::make_unique<Parts>(context, std::move(authorize))) {
  parts_->server = std::make_unique<grpc::Server>(OptionsOf(options), parts_->table.Methods());
}

RpcPort::~RpcPort() {
  parts_->health.Close();  // its calls are the server's
}

int RpcPort::port() const {
  return parts_->server->port();
}

std::string RpcPort::MetricsText() const {
  return parts_->table.MetricsText();
}

bool RpcPort::Drain(int64_t deadline_ms) {
  parts_->health.Close();
  return parts_->server->Drain(deadline_ms);
}

}  // namespace millwright::server
