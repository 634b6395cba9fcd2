#include "api/native/endpoints.h"

#include <algorithm>
#include <map>
#include <thread>

#include "api/native/models.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "quality/row_rules.h"
#include "quality/suite_store.h"
#include "registry/registry.h"
#include "serving/contract.h"
#include "serving/gateway.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kRolloutTimeoutMs = 120'000;
constexpr int64_t kWaitMsMax = 3'600'000;
constexpr int64_t kWaitStepMs = 20;
constexpr size_t kCallersShown = 20;

serving::EndpointName EndpointOf(const http::Request& request) {
  return serving::EndpointName(request.PathValue("name"));
}

std::string UrlOf(const serving::EndpointName& name) {
  return "/endpoints/" + name.str() + "/invocations";
}

Json ReplicaJson(const serving::ReplicaStatus& replica) {
  Json json = Json::Of({{"id", replica.id},
                        {"state", serving::ReplicaStateName(replica.facts.state)},
                        {"requests", replica.facts.requests},
                        {"errors", replica.facts.errors},
                        {"outstanding", replica.facts.outstanding},
                        {"median_us", replica.facts.median_us},
                        {"ejections", replica.facts.ejections},
                        {"started_ms", replica.facts.started_ms}});
  const int64_t ejected_us = replica.facts.ejected_until_us - MonotonicUs();
  if (ejected_us > 0) json.Set("ejected_for_ms", ejected_us / 1000);
  if (replica.facts.pid > 0) json.Set("pid", replica.facts.pid);
  if (!replica.facts.reason.empty()) json.Set("reason", replica.facts.reason);
  return json;
}

Json RevisionJson(const serving::RevisionStatus& revision) {
  Json replicas = Json::MakeArray();
  for (const auto& replica : revision.replicas) replicas.Append(ReplicaJson(replica));
  Json json = Json::Of({{"id", revision.record.id.str()},
                        {"model_version", revision.record.model_version},
                        {"api_version", revision.record.api_version},
                        {"role", serving::RoleName(revision.record.role)},
                        {"weight", revision.record.weight},
                        {"slots", serving::FormatSlots(revision.record.slots)},
                        {"replicas_wanted", revision.replicas_wanted},
                        {"median_us", revision.median_us},
                        {"p95_us", revision.p95_us},
                        {"created_ms", revision.record.created_ms},
                        {"requests", revision.requests},
                        {"errors", revision.errors},
                        {"replicas", replicas}});
  if (!revision.failure.empty()) json.Set("failure", revision.failure);
  return json;
}

Json LimitsJson(const serving::EndpointStatus& status) {
  Json callers = Json::MakeArray();
  for (const auto& caller : status.callers) {
    if (callers.AsArray().size() == kCallersShown) break;
    callers.Append(Json::Of(
        {{"caller", caller.caller}, {"rows_today", caller.rows}, {"refused", caller.refused}}));
  }
  return Json::Of(
      {{"refused", status.limited}, {"too_large", status.too_large}, {"callers", callers}});
}

Json EndpointJson(const serving::EndpointStatus& status) {
  Json revisions = Json::MakeArray();
  std::string live;
  for (const auto& revision : status.revisions) {
    revisions.Append(RevisionJson(revision));
    if (revision.record.role == serving::Role::kLive) live = revision.record.model_version;
  }
  Json json = Json::Of({{"name", status.record.name.str()},
                        {"model", status.record.model},
                        {"api_version", status.record.api_version},
                        {"state", serving::EndpointStateName(status.state)},
                        {"live_version", live},
                        {"url", UrlOf(status.record.name)},
                        {"created_ms", status.record.created_ms},
                        {"requests", status.requests},
                        {"errors", status.errors},
                        {"shadows_dropped", status.shadows_dropped},
                        {"policy", serving::PolicyToJson(status.record.policy)},
                        {"held", status.held},
                        {"hedges", Json::Of({{"sent", status.hedged},
                                             {"won", status.hedges_won},
                                             {"refused", status.hedges_refused}})},
                        {"cache", Json::Of({{"hits", status.cache.hits},
                                            {"misses", status.cache.misses},
                                            {"entries", status.cache.entries},
                                            {"bytes", status.cache.bytes}})},
                        {"limits", LimitsJson(status)},
                        {"revisions", revisions}});
  if (status.record.promoting) json.Set("promoting", status.record.promoting->str());
  if (!status.record.rollout_error.empty()) json.Set("rollout_error", status.record.rollout_error);
  if (status.info != nullptr) json.Set("signature", SignatureJson(status.info->signature));
  return json;
}

// Waits until a change has taken hold and answers with the endpoint as it is then.
http::Response WhenReady(Context& context, const serving::EndpointName& name) {
  context.gateway.WaitReady(name, kRolloutTimeoutMs);
  return Answer(EndpointJson(context.gateway.Get(name)));
}

// The number that a version or an alias names.
int64_t ResolveVersion(Context& context, const registry::ModelName& model,
                       const std::string& version) {
  if (!version.empty() && version.find_first_not_of("0123456789") == std::string::npos)
    return context.registry.GetVersion(model, registry::ParseVersion(version)).version;
  if (version.empty())
    throw InvalidArgument("Say which version of {} (a number or an alias)", model.str())
        .WithField("version");
  return context.registry.GetByAlias(model, version).version;
}

serving::RevisionSpec SpecOf(Context& context, const registry::ModelName& model,
                             const std::string& version, int replicas) {
  const int64_t number = ResolveVersion(context, model, version);
  context.registry.LearnSchema(model, number);
  return {std::to_string(number),
          context.model_folder(context.registry.GetVersion(model, number)).string(), replicas};
}

// Its schema decides what may come next.
void LearnLiveSchema(Context& context, const serving::EndpointRecord& endpoint) {
  const auto* live = endpoint.FindRole(serving::Role::kLive);
  if (live == nullptr) return;
  context.registry.LearnSchema(registry::ModelName(endpoint.model),
                               registry::ParseVersion(live->model_version));
}

// The same for an endpoint that is there.
serving::RevisionSpec NextSpec(Context& context, const http::Request& request, const Json& body) {
  const auto status = context.gateway.Get(EndpointOf(request));
  const auto* live = status.record.FindRole(serving::Role::kLive);
  LearnLiveSchema(context, status.record);
  return SpecOf(context, registry::ModelName(status.record.model),
                body.At("version").AsString("version"), live == nullptr ? 1 : live->replicas);
}

struct Answered {
  int64_t requests = 0;
  int64_t errors = 0;
};

Answered AnsweredBy(const serving::EndpointStatus& status, const std::string& version,
                    serving::Role role) {
  Answered answered;
  for (const auto& revision : status.revisions) {
    if (revision.record.model_version != version || revision.record.role != role) continue;
    answered.requests += revision.requests;
    answered.errors += revision.errors;
  }
  return answered;
}

}  // namespace

http::Response ListEndpoints(Context& context, const http::Request&) {
  Json endpoints = Json::MakeArray();
  for (const auto& status : context.gateway.List()) endpoints.Append(EndpointJson(status));
  return Answer(Json::Of({{"endpoints", endpoints}}));
}

http::Response GetEndpoint(Context& context, const http::Request& request) {
  return Answer(EndpointJson(context.gateway.Get(EndpointOf(request))));
}

http::Response DeployEndpoint(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const serving::EndpointName name(body.At("name").AsString("name"));
  const registry::ModelName model(body.At("model").AsString("model"));
  int64_t replicas_before = 1;
  for (const auto& status : context.gateway.List()) {
    if (status.record.name != name) continue;
    LearnLiveSchema(context, status.record);
    const auto* live = status.record.FindRole(serving::Role::kLive);
    if (live != nullptr) replicas_before = std::max(live->replicas, 1);
  }
  const int64_t replicas = body.GetInt("replicas", replicas_before);
  if (replicas < 1 || replicas > serving::kReplicasMax)
    throw InvalidArgument("replicas must be between 1 and {}", serving::kReplicasMax)
        .WithField("replicas");
  context.gateway.Deploy(
      name, model.str(),
      SpecOf(context, model, body.GetString("version"), static_cast<int>(replicas)),
      request.principal);
  return WhenReady(context, name);
}

http::Response ShadowEndpoint(Context& context, const http::Request& request) {
  context.gateway.AddShadow(EndpointOf(request), NextSpec(context, request, BodyObject(request)),
                            request.principal);
  return WhenReady(context, EndpointOf(request));
}

http::Response CanaryEndpoint(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const int64_t weight = body.GetInt("weight", 10);
  if (weight < 1 || weight > 99)
    throw InvalidArgument("weight must be between 1 and 99 percent").WithField("weight");
  context.gateway.StartCanary(EndpointOf(request), NextSpec(context, request, body),
                              static_cast<int>(weight), request.principal);
  return WhenReady(context, EndpointOf(request));
}

// By version: {"weights": {"3": 90, "4": 10}}.
http::Response WeighRevisions(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  std::map<std::string, int> weights;
  for (const auto& [version, weight] : body.At("weights").AsObject("weights")) {
    const int64_t percent = weight.AsInt("weights");
    if (percent < 0 || percent > 100)
      throw InvalidArgument("A weight is 0 to 100 percent: version {} has {}", version, percent)
          .WithField("weights");
    weights[version] = static_cast<int>(percent);
  }
  context.gateway.SetWeights(EndpointOf(request), weights, request.principal);
  return WhenReady(context, EndpointOf(request));
}

http::Response ConfigureEndpoint(Context& context, const http::Request& request) {
  const Json settings = BodyObject(request);
  // A suite that says nothing of single values, or speaks of columns that the model does not take,
  // is refused here, not at the first request.
  const std::string contract = settings.GetString("contract");
  if (!contract.empty() && contract != "none") {
    const serving::Contract asked(quality::RowRules(context.suites.Get(contract)),
                                  serving::ContractAction::kReject);
    if (context.gateway.Ready(EndpointOf(request).str(), ""))
      asked.RequireAsked(*context.gateway.Describe(EndpointOf(request).str(), ""));
  }
  context.gateway.Configure(EndpointOf(request), settings, request.principal);
  return Answer(EndpointJson(context.gateway.Get(EndpointOf(request))));
}

http::Response ScaleEndpoint(Context& context, const http::Request& request) {
  const int64_t replicas = BodyObject(request).At("replicas").AsInt("replicas");
  if (replicas < 1 || replicas > serving::kReplicasMax)
    throw InvalidArgument("replicas must be between 1 and {}", serving::kReplicasMax)
        .WithField("replicas");
  context.gateway.Scale(EndpointOf(request), static_cast<int>(replicas), request.principal);
  return WhenReady(context, EndpointOf(request));
}

http::Response PromoteEndpoint(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  context.gateway.Promote(EndpointOf(request), body.At("version").AsString("version"),
                          request.principal);
  return WhenReady(context, EndpointOf(request));
}

http::Response RollbackEndpoint(Context& context, const http::Request& request) {
  context.gateway.Rollback(EndpointOf(request), request.principal);
  return WhenReady(context, EndpointOf(request));
}

// Answers once a revision has answered so many requests in its role, or when the time is up.
http::Response WaitForRequests(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const auto role = serving::ParseRole(body.At("role").AsString("role"));
  const std::string& version = body.At("version").AsString("version");
  const int64_t wanted = body.GetInt("requests", 1);
  const int64_t timeout_ms = std::min(body.GetInt("timeout_ms", kRolloutTimeoutMs), kWaitMsMax);
  const int64_t deadline_us = MonotonicUs() + timeout_ms * 1000;
  Answered answered;
  for (;;) {
    answered = AnsweredBy(context.gateway.Get(EndpointOf(request)), version, role);
    if (answered.requests >= wanted || MonotonicUs() >= deadline_us) break;
    if (context.events.closed()) throw Unavailable("The server is stopping");
    std::this_thread::sleep_for(std::chrono::milliseconds(kWaitStepMs));
  }
  return Answer(Json::Of({{"requests", answered.requests}, {"errors", answered.errors}}));
}

// Takes a shadow or canary out again.
http::Response RetireRevision(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const std::string& version = body.At("version").AsString("version");
  const auto name = EndpointOf(request);
  for (const auto& revision : context.gateway.Get(name).record.revisions) {
    if (revision.model_version != version) continue;
    if (revision.role != serving::Role::kShadow && revision.role != serving::Role::kCanary)
      continue;
    context.gateway.Retire(name, revision.id, request.principal);
    return WhenReady(context, name);
  }
  throw NotFound("Shadow or canary of version", version);
}

http::Response RaiseApiVersion(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  context.gateway.RaiseApiVersion(EndpointOf(request), body.At("api_version").AsInt("api_version"),
                                  body.GetString("reason"), request.principal);
  return Answer(EndpointJson(context.gateway.Get(EndpointOf(request))));
}

http::Response DeleteEndpoint(Context& context, const http::Request& request) {
  context.gateway.Delete(EndpointOf(request), request.principal);
  return Answer(Json::MakeObject());
}

http::Response GetTraffic(Context& context, const http::Request& request) {
  const auto count =
      static_cast<size_t>(QueryInt(request, "buckets", 60, 1, serving::TrafficRing::kSlots));
  Json buckets = Json::MakeArray();
  for (const auto& bucket : context.gateway.Traffic(EndpointOf(request), count)) {
    Json bands = Json::MakeArray();
    for (const auto& band : bucket.bands)
      bands.Append(Json(Json::Array{static_cast<int64_t>(band.index), band.requests}));
    buckets.Append(Json::Of({{"start_ms", bucket.start_ms},
                             {"requests", bucket.requests},
                             {"errors", bucket.errors},
                             {"p50_ms", bucket.p50_ms ? Json(*bucket.p50_ms) : Json()},
                             {"p99_ms", bucket.p99_ms ? Json(*bucket.p99_ms) : Json()},
                             {"bands", bands}}));
  }
  Json ends = Json::MakeArray();
  for (size_t band = 0; band < serving::TrafficRing::kBands; ++band)
    ends.Append(serving::TrafficRing::BandEndMs(band));
  return Answer(Json::Of({{"bucket_ms", serving::TrafficRing::kSlotMs},
                          {"band_ends_ms", ends},
                          {"buckets", buckets}}));
}

}  // namespace millwright::api::native
