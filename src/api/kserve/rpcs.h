#pragma once

#include "api/prediction/request.h"
#include "api/rpc.h"

// The Open Inference Protocol v2 over gRPC (inference.proto): what kserve/routes.h is over REST,
// and the same predictor behind it.
namespace millwright::api::kserve::rpcs {

using prediction::Context;

std::string ServerLive(Context& context, std::string_view message);
std::string ServerReady(Context& context, std::string_view message);
std::string ServerMetadata(Context& context, std::string_view message);
std::string ModelReady(Context& context, std::string_view message);
std::string ModelMetadata(Context& context, std::string_view message);
std::string ModelConfig(Context& context, std::string_view message);
std::string ModelStatistics(Context& context, std::string_view message);
std::string RepositoryIndex(Context& context, std::string_view message);
std::string LoadModel(Context& context, std::string_view message);
std::string UnloadModel(Context& context, std::string_view message);
void ModelInfer(Context& context, const grpc::Call& call, const RpcReply& reply);
void ModelStreamInfer(Context& context, const grpc::Call& call, const RpcReply& reply);

inline constexpr Rpc<Context> kRpcs[] = {
    {"/inference.GRPCInferenceService/ServerLive", ServerLive, Permission::kPublic,
     "Whether the server runs"},
    {"/inference.GRPCInferenceService/ServerReady", ServerReady, Permission::kPublic,
     "Whether all models answer"},
    {"/inference.GRPCInferenceService/ServerMetadata", ServerMetadata, Permission::kPublic,
     "Name, version and extensions of the server"},
    {"/inference.GRPCInferenceService/ModelReady", ModelReady, Permission::kRead,
     "Whether a model answers"},
    {"/inference.GRPCInferenceService/ModelMetadata", ModelMetadata, Permission::kRead,
     "Inputs and outputs of a model"},
    {"/inference.GRPCInferenceService/ModelConfig", ModelConfig, Permission::kRead,
     "Inputs and outputs of a model, as Triton's configuration words them"},
    {"/inference.GRPCInferenceService/ModelStatistics", ModelStatistics, Permission::kRead,
     "What models have answered"},
    {"/inference.GRPCInferenceService/RepositoryIndex", RepositoryIndex, Permission::kRead,
     "List all models' versions and their states"},
    {"/inference.GRPCInferenceService/RepositoryModelLoad", LoadModel, Permission::kManage,
     "Load a model again from its files"},
    {"/inference.GRPCInferenceService/RepositoryModelUnload", UnloadModel, Permission::kManage,
     "Let go of a model"},
    {"/inference.GRPCInferenceService/ModelInfer", nullptr, Permission::kRead, "Predict",
     ModelInfer},
    {"/inference.GRPCInferenceService/ModelStreamInfer", nullptr, Permission::kRead,
     "Predict, request by request of a stream", ModelStreamInfer, grpc::Messages::kEach},
};

}  // namespace millwright::api::kserve::rpcs
