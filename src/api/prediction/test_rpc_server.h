#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/prediction/test_server.h"
#include "api/rpc.h"

namespace millwright::api::prediction::testing {

// Models behind a gRPC port, and a client of the library's own on the other end of a real socket.
class TestRpcServer {
 public:
  template <typename Context, size_t N>
  TestRpcServer(
      const Rpc<Context> (&rpcs)[N], Context& context, const grpc::ServerOptions& options = {},
      AuthorizeRpc authorize = [](std::optional<std::string_view>,
                                  Permission) { return grpc::Caller(); })
      : table(std::move(authorize)) {
    table.Add(rpcs, context);
    server = std::make_unique<grpc::Server>(options, table.Methods());
    ::grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    // Channels of one target share a connection otherwise.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel = ::grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server->port()),
                                          ::grpc::InsecureChannelCredentials(), arguments);
  }

  RpcTable table;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<::grpc::Channel> channel;
};

}  // namespace millwright::api::prediction::testing
