#include "api/native/model_gates.h"

#include "api/author.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "registry/registry.h"

namespace millwright::api::native {
namespace {

using registry::GateFile;
using registry::ModelName;

ModelName ModelOf(const http::Request& request) {
  return ModelName(request.PathValue("name"));
}

Json GatesJson(const registry::StoredGates& stored) {
  Json json = stored.file.ToJson();
  json.Set("gate_version", stored.gate_version);
  json.Set("source", stored.file.source);
  json.Set("created_ms", stored.time_ms);
  json.Set("who", stored.who);
  if (!stored.reason.empty()) json.Set("reason", stored.reason);
  return json;
}

// The gates of a body: as the text of a gates.yaml, or spelled out.
GateFile GatesIn(const Json& body) {
  if (const Json* yaml = body.Find("yaml")) return GateFile::FromYaml(yaml->AsString("yaml"));
  Json gates = Json::MakeObject();
  for (const auto& [key, value] : body.AsObject()) {
    if (key != "reason") gates.Set(key, value);
  }
  return GateFile::FromJson(gates);
}

registry::GateTarget TargetIn(const Json& body) {
  const std::string stage = body.GetString("stage");
  const std::string alias = body.GetString("alias");
  if (alias.empty() == stage.empty()) {
    throw InvalidArgument("Say which alias or which stage").WithField("alias");
  }
  if (!stage.empty()) return {.alias = {}, .stage = registry::ParseStage(stage)};
  return {.alias = alias, .stage = {}};
}

}  // namespace

Json ApprovalsJson(const std::vector<registry::Approval>& approvals) {
  Json list = Json::MakeArray();
  for (const auto& approval : approvals) {
    Json item = Json::Of({{"gate", approval.gate},
                          {"who", approval.who},
                          {"gate_version", approval.gate_version},
                          {"created_ms", approval.time_ms}});
    if (!approval.reason.empty()) item.Set("reason", approval.reason);
    list.Append(std::move(item));
  }
  return list;
}

http::Response GetModelGate(Context& context, const http::Request& request) {
  const int64_t version =
      QueryInt(request, "gate_version", 0, 1, std::numeric_limits<int64_t>::max());
  const auto gates = context.registry.GetGates(ModelOf(request), version);
  if (!gates && version > 0) {
    throw NotFound("Version of the gates of " + request.PathValue("name"), std::to_string(version));
  }
  if (!gates) throw NotFound("Gate of model", request.PathValue("name"));
  return Answer(GatesJson(*gates));
}

http::Response ListModelGates(Context& context, const http::Request& request) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const int64_t limit = QueryInt(request, "limit", 100, 1, 1000);
  const auto versions = context.registry.GateVersions(
      ModelOf(request), QueryInt(request, "page_token", kMax, 1, kMax), limit);
  Json list = Json::MakeArray();
  for (const auto& version : versions) list.Append(GatesJson(version));
  Json answer = Json::Of({{"versions", std::move(list)}});
  if (std::ssize(versions) == limit) {
    answer.Set("next_page_token", std::to_string(versions.back().gate_version));
  }
  return Answer(answer);
}

http::Response SetModelGate(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(GatesJson(context.registry.SetGates(ModelOf(request), GatesIn(body),
                                                    AuthorOf(request, body.GetString("reason")))));
}

http::Response TestModelGate(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const Json& version = body.At("version");
  std::optional<GateFile> file;
  if (const Json* yaml = body.Find("yaml")) file = GateFile::FromYaml(yaml->AsString("yaml"));
  const auto verdicts = context.registry.JudgeMove(
      ModelOf(request), TargetIn(body),
      version.is_int() ? version.AsInt() : registry::ParseVersion(version.AsString("version")),
      file ? &*file : nullptr);
  return Answer(Json::Of({{"passed", registry::Refusals(verdicts).empty()},
                          {"gates", registry::VerdictsToJson(verdicts)}}));
}

http::Response ApproveModelVersion(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const int64_t version = PathVersion(request);
  context.registry.Approve(ModelOf(request), version, body.GetString("gate"),
                           AuthorOf(request, body.GetString("reason")));
  return Answer(Json::Of(
      {{"approvals", ApprovalsJson(context.registry.Approvals(ModelOf(request), version))}}));
}

http::Response WithdrawModelApproval(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const int64_t version = PathVersion(request);
  context.registry.WithdrawApproval(ModelOf(request), version, body.GetString("gate"),
                                    AuthorOf(request, body.GetString("reason")));
  return Answer(Json::Of(
      {{"approvals", ApprovalsJson(context.registry.Approvals(ModelOf(request), version))}}));
}

}  // namespace millwright::api::native
