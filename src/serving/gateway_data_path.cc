// Where requests come into the gateway, and what is asked of it beside them; the way of one request
// is gateway_forwarding.cc. The only locks on that way are the two that copy a pointer (name →
// endpoint, endpoint → route), that of the replica's client, and those of the limits and the cache
// where an endpoint has them.
#include "base/error.h"
#include "serving/blocking_loop.h"
#include "serving/gateway.h"
#include "serving/gateway_forwarding.h"

namespace millwright::serving {
namespace {

bool IsServersFault(const std::optional<Result<InferAnswer>>& answer) {
  if (!answer) return true;
  if (*answer) return false;
  const Code code = answer->error().code();
  return code != Code::kInvalidArgument && code != Code::kNotFound &&
         code != Code::kFailedPrecondition;
}

}  // namespace

std::shared_ptr<RoutedEndpoint> Gateway::FindRouted(const std::string& name) const {
  std::shared_lock lock(routed_mutex_);
  const auto it = routed_.find(name);
  return it == routed_.end() ? nullptr : it->second;
}

std::vector<std::string> Gateway::Models() const {
  std::vector<std::string> names;
  std::shared_lock lock(routed_mutex_);
  for (const auto& [name, routed] : routed_) names.push_back(name);
  return names;
}

ModelInfoPtr Gateway::Describe(const std::string& model, const std::string& version) const {
  const auto endpoint = FindRouted(model);
  if (endpoint == nullptr) throw Missing(model);
  auto route = endpoint->route();
  if (auto info = route->Choose("", version).info) return info;
  supervisor_->Wake();
  endpoint->WaitFor(MonotonicUs() + options_.hold_ms * 1000, [&](const Route& now) {
    return now.Choose("", version).info != nullptr || !now.failure.empty();
  });
  route = endpoint->route();
  if (auto info = route->Choose("", version).info) return info;
  throw Unavailable("Endpoint {} is not ready: {}", model,
                    route->failure.empty() ? "its replicas are starting" : route->failure);
}

bool Gateway::Ready(const std::string& model, const std::string& version) const {
  const auto endpoint = FindRouted(model);
  if (endpoint == nullptr) throw Missing(model);
  const auto route = endpoint->route();
  return route->Choose("", version).HasReady() || (version.empty() && route->sleeps);
}

bool Gateway::IsPrompt(const std::string& model, Naming naming) const {
  if (!options_.loop_here || naming == Naming::kLabel) return false;
  const auto endpoint = FindRouted(model);
  if (endpoint == nullptr) return true;  // it is said at once that there is none
  const auto route = endpoint->route();
  const auto is_known = [](const RoutedRevisionPtr& revision) { return revision->info != nullptr; };
  return route->policy.contract.empty() && route->live != nullptr && is_known(route->live) &&
         std::all_of(route->canaries.begin(), route->canaries.end(), is_known) &&
         std::all_of(route->shadows.begin(), route->shadows.end(), is_known);
}

void Gateway::TakeNotice(const Route& route, const std::shared_ptr<Replica>& replica,
                         const std::optional<Result<InferAnswer>>& answer, int64_t start_us) {
  const int64_t now_us = MonotonicUs();
  const bool is_error = IsServersFault(answer);
  replica->Leave();
  replica->Count(is_error);
  if (!is_error) {
    replica->health.Succeeded(now_us - start_us, now_us);
  } else if (replica->health.Failed(route.policy.eject_errors, now_us)) {
    NoteEjection(*replica, "failures in a row");
  }
  if (answer) return;
  replica->Suspect();
  supervisor_->Wake();
}

std::optional<Refusal> Gateway::Admit(const std::string& model, const Origin& origin) {
  const auto endpoint = FindRouted(model);
  if (endpoint == nullptr) return std::nullopt;
  const auto route = endpoint->route();
  const EndpointPolicy& policy = route->policy;
  if (policy.request_bytes > 0 && origin.body_bytes > static_cast<uint64_t>(policy.request_bytes)) {
    endpoint->too_large.fetch_add(1, std::memory_order_relaxed);
    return Refusal{ResourceExhausted("The request has {} bytes, endpoint {} takes at most {}",
                                     origin.body_bytes, model, policy.request_bytes)};
  }
  if (policy.requests_per_s <= 0) return std::nullopt;
  return endpoint->limits.TakeRequest(CallerOf(origin), policy, MonotonicUs());
}

Error Gateway::RefuseAnswer(const std::string& model, uint64_t body_bytes, int64_t bytes_max) {
  const auto endpoint = FindRouted(model);
  if (endpoint != nullptr) endpoint->too_large.fetch_add(1, std::memory_order_relaxed);
  return Predictor::RefuseAnswer(model, body_bytes, bytes_max);
}

std::optional<Refusal> Gateway::AdmitRows(const InferRequest& request) {
  const auto endpoint = FindRouted(request.model);
  if (endpoint == nullptr) return std::nullopt;
  const auto route = endpoint->route();
  if (route->policy.rows_per_day <= 0) return std::nullopt;
  return endpoint->limits.TakeRows(CallerOf(request.origin), CountRows(request), route->policy,
                                   clock_.NowMs());
}

void Gateway::Infer(InferRequest&& request, InferDone done) {
  auto endpoint = FindRouted(request.model);
  if (endpoint == nullptr) {
    done(Unexpected(Missing(request.model)));
    return;
  }
  if (!request.origin.is_admitted) {
    auto refusal = Admit(request.model, request.origin);
    if (!refusal) refusal = AdmitRows(request);
    if (refusal) {
      done(Unexpected(refusal->error));
      return;
    }
  }
  ReplicaLoop* const loop = options_.loop_here ? options_.loop_here() : nullptr;
  if (loop != nullptr) {
    std::make_shared<Forwarding>(*this, *loop, std::move(endpoint), std::move(request),
                                 std::move(done))
        ->Start();
    return;
  }
  BlockingLoop waiting;
  const auto forwarding = std::make_shared<Forwarding>(*this, waiting, std::move(endpoint),
                                                       std::move(request), std::move(done));
  forwarding->Start();
  waiting.RunUntil(forwarding->finished());
}

void Gateway::SendToShadows(const Route& route, const std::shared_ptr<const std::string>& frame,
                            const LoggedPrediction& prediction) {
  for (const RoutedRevisionPtr& shadow : route.shadows) {
    // A request that asked for the shadow's version by name has had its answer from it.
    if (shadow->id.str() == prediction.revision) continue;
    const bool queued = shadow_lane_->Submit(
        [this, shadow, frame, prediction] { AskShadow(*shadow, *frame, prediction); });
    if (!queued) shadows_dropped_.fetch_add(1);
  }
}

void Gateway::AskShadow(const RoutedRevision& shadow, const std::string& frame,
                        LoggedPrediction prediction) {
  const auto replica = shadow.Enter(MonotonicUs());
  if (replica == nullptr) {
    shadows_dropped_.fetch_add(1);
    return;
  }
  const int64_t start_us = MonotonicUs();
  const auto answer = replica->client()->Infer(frame);
  replica->Leave();
  const bool is_error = !answer || !*answer;
  prediction.latency_us = MonotonicUs() - start_us;
  replica->Count(is_error);
  shadow.stats->Add(prediction.latency_us, is_error);
  if (!answer) {
    replica->Suspect();
    supervisor_->Wake();
  }
  if (sink_ == nullptr) return;
  prediction.revision = shadow.id.str();
  prediction.role = Role::kShadow;
  prediction.is_cached = false;
  prediction.model_version = shadow.model_version;
  prediction.model = shadow.info;
  if (!is_error) {
    prediction.outputs = std::move((*answer)->outputs);
  } else {
    prediction.error = answer ? answer->error().message() : "the replica went away";
  }
  sink_->Take(std::move(prediction));
}

}  // namespace millwright::serving
