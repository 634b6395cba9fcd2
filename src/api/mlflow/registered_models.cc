#include "api/mlflow/registered_models.h"

#include "api/author.h"
#include "api/mlflow/registry_convert.h"
#include "api/mlflow/request.h"
#include "api/mlflow/tracking_convert.h"
#include "base/error.h"
#include "registry/registry.h"

namespace millwright::api::mlflow::registered_models {

using registry::ModelName;

http::Response Create(Context& context, const http::Request& request) {
  const auto message = Read<CreateRegisteredModel>(request);
  const auto model = context.registry.CreateModel(
      {ModelName(message.name), message.description, ToRegistryTags(message.tags)},
      AuthorOf(request));
  return Answer(RegisteredModelAnswer{ToWire(model)});
}

http::Response Get(Context& context, const http::Request& request) {
  const auto message = Read<ModelNameOnly>(request);
  return Answer(RegisteredModelAnswer{ToWire(context.registry.GetModel(ModelName(message.name)))});
}

http::Response Update(Context& context, const http::Request& request) {
  const auto message = Read<UpdateRegisteredModel>(request);
  const auto model = context.registry.DescribeModel(ModelName(message.name), message.description,
                                                    AuthorOf(request));
  return Answer(RegisteredModelAnswer{ToWire(model)});
}

http::Response Rename(Context& context, const http::Request& request) {
  const auto message = Read<RenameRegisteredModel>(request);
  const auto model = context.registry.RenameModel(ModelName(message.name),
                                                  ModelName(message.new_name), AuthorOf(request));
  return Answer(RegisteredModelAnswer{ToWire(model)});
}

http::Response Delete(Context& context, const http::Request& request) {
  const auto message = Read<ModelNameOnly>(request);
  context.registry.DeleteModel(ModelName(message.name), AuthorOf(request));
  return Empty();
}

http::Response Search(Context& context, const http::Request& request) {
  const auto message = Read<SearchModels>(request);
  RequirePositive(message.max_results);
  const auto page = context.registry.SearchModels(
      {message.filter, message.order_by, message.max_results, message.page_token});
  RegisteredModelsAnswer answer;
  for (const auto& model : page.items) answer.registered_models.push_back(ToWire(model));
  answer.next_page_token = NextToken(page.next_token);
  return Answer(answer);
}

http::Response GetLatestVersions(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::GetLatestVersions>(request);
  std::vector<registry::Stage> stages;
  for (const auto& stage : message.stages) stages.push_back(registry::ParseStage(stage));
  ModelVersionsAnswer answer;
  for (const auto& version : context.registry.LatestVersions(ModelName(message.name), stages)) {
    answer.model_versions.push_back(ToWire(context, version, ModelData::kLeaveOut));
  }
  return Answer(answer);
}

http::Response SetTag(Context& context, const http::Request& request) {
  const auto message = Read<ModelTag>(request);
  context.registry.SetModelTag(ModelName(message.name), {message.key, message.value},
                               AuthorOf(request));
  return Empty();
}

http::Response DeleteTag(Context& context, const http::Request& request) {
  const auto message = Read<ModelTag>(request);
  context.registry.DeleteModelTag(ModelName(message.name), message.key, AuthorOf(request));
  return Empty();
}

http::Response SetAlias(Context& context, const http::Request& request) {
  const auto message = Read<SetModelAlias>(request);
  context.registry.SetAlias(ModelName(message.name),
                            {.alias = message.alias,
                             .version = registry::ParseVersion(message.version),
                             .override_reason = {}},
                            AuthorOf(request));
  return Empty();
}

http::Response DeleteAlias(Context& context, const http::Request& request) {
  const auto message = Read<ModelAlias>(request);
  context.registry.DeleteAlias(ModelName(message.name), message.alias, AuthorOf(request));
  return Empty();
}

http::Response GetByAlias(Context& context, const http::Request& request) {
  const auto message = Read<ModelAlias>(request);
  const auto version = context.registry.GetByAlias(ModelName(message.name), message.alias);
  return Answer(ModelVersionAnswer{ToWire(context, version, ModelData::kAdd)});
}

}  // namespace millwright::api::mlflow::registered_models
