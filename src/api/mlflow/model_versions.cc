#include "api/mlflow/model_versions.h"

#include "api/author.h"
#include "api/mlflow/registry_convert.h"
#include "api/mlflow/request.h"
#include "api/mlflow/version_source.h"
#include "base/error.h"
#include "registry/registry.h"
#include "tracking/logged_model_store.h"

namespace millwright::api::mlflow::model_versions {
namespace {

using registry::ModelName;
using registry::ParseVersion;

// Where a logged model remembers the versions that were made from it.
constexpr std::string_view kVersionsTag = "mlflow.modelVersions";

void RememberVersion(Context& context, const registry::ModelVersion& version) {
  if (version.model_id.empty()) return;
  const tracking::LoggedModelId id(version.model_id);
  std::string versions = "[]";
  for (const auto& tag : context.logged_models.Get(id).tags) {
    if (tag.key == kVersionsTag && tag.value.ends_with(']')) versions = tag.value;
  }
  versions.pop_back();
  if (versions.size() > 1) versions += ", ";
  versions += "{\"name\": ";
  AppendJsonString(version.name.str(), &versions);
  versions += fmt::format(", \"version\": {}}}]", version.version);
  context.logged_models.SetTags(id, {{std::string(kVersionsTag), versions}});
}

http::Response AnswerVersion(Context& context, const registry::ModelVersion& version) {
  return Answer(ModelVersionAnswer{ToWire(context, version, ModelData::kAdd)});
}

}  // namespace

http::Response Create(Context& context, const http::Request& request) {
  const auto message = Read<CreateModelVersion>(request);
  const VersionOrigin origin =
      ResolveSource(context, message, request.headers.Find("Host").value_or(""));
  registry::NewVersion taken{.name = ModelName(message.name),
                             .source = message.source,
                             .artifact_uri = origin.artifact_uri,
                             .run_id = origin.run_id,
                             .run_link = message.run_link,
                             .model_id = origin.model_id,
                             .description = message.description,
                             .tags = ToRegistryTags(message.tags)};
  if (context.inspect_model) context.inspect_model(&taken);
  const auto version = context.registry.CreateVersion(taken, AuthorOf(request));
  RememberVersion(context, version);
  return AnswerVersion(context, version);
}

http::Response Get(Context& context, const http::Request& request) {
  const auto message = Read<ModelVersionKey>(request);
  return AnswerVersion(
      context, context.registry.GetVersion(ModelName(message.name), ParseVersion(message.version)));
}

http::Response Update(Context& context, const http::Request& request) {
  const auto message = Read<UpdateModelVersion>(request);
  return AnswerVersion(context, context.registry.DescribeVersion(
                                    ModelName(message.name), ParseVersion(message.version),
                                    message.description, AuthorOf(request)));
}

http::Response Delete(Context& context, const http::Request& request) {
  const auto message = Read<ModelVersionKey>(request);
  context.registry.DeleteVersion(ModelName(message.name), ParseVersion(message.version),
                                 AuthorOf(request));
  return Empty();
}

http::Response Search(Context& context, const http::Request& request) {
  const auto message = Read<SearchVersions>(request);
  if (message.max_results < 1) {
    throw InvalidArgument(
        "Invalid value for max_results. It must be a positive integer, but got {}",
        message.max_results);
  }
  const auto page = context.registry.SearchVersions(
      {message.filter, message.order_by, message.max_results, message.page_token});
  ModelVersionsAnswer answer;
  for (const auto& version : page.items) {
    answer.model_versions.push_back(ToWire(context, version, ModelData::kLeaveOut));
  }
  answer.next_page_token = NextToken(page.next_token);
  return Answer(answer);
}

http::Response GetDownloadUri(Context& context, const http::Request& request) {
  const auto message = Read<LooseVersionKey>(request);
  if (message.name.empty()) throw InvalidArgument("Missing value for required parameter 'name'.");
  const auto version =
      context.registry.GetVersion(ModelName(message.name), ParseVersion(message.version));
  return Answer(DownloadUri{version.artifact_uri});
}

http::Response TransitionStage(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::TransitionStage>(request);
  using Existing = registry::StageMove::Existing;
  const auto moved = context.registry.MoveStage(
      ModelName(message.name),
      {.version = ParseVersion(message.version),
       .stage = registry::ParseStage(message.stage),
       .others = message.archive_existing_versions ? Existing::kArchive : Existing::kKeep},
      AuthorOf(request));
  return AnswerVersion(context, moved);
}

http::Response SetTag(Context& context, const http::Request& request) {
  const auto message = Read<VersionTag>(request);
  context.registry.SetVersionTag(ModelName(message.name), ParseVersion(message.version),
                                 {message.key, message.value}, AuthorOf(request));
  return Empty();
}

http::Response DeleteTag(Context& context, const http::Request& request) {
  const auto message = Read<VersionTag>(request);
  context.registry.DeleteVersionTag(ModelName(message.name), ParseVersion(message.version),
                                    message.key, AuthorOf(request));
  return Empty();
}

}  // namespace millwright::api::mlflow::model_versions
