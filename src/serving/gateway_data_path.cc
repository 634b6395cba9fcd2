// The way of one request through the gateway. Everything here runs on the caller's thread; the only
// locks on the way are the two that copy a pointer (name → endpoint, endpoint → route) and the
// replica's connection pool.
#include "base/error.h"
#include "serving/gateway.h"

namespace millwright::serving {
namespace {

// What the caller did wrong does not speak against the revision.
bool IsServersFault(const Result<InferAnswer>& answer) {
  if (answer) return false;
  return answer.error().code() != Code::kInvalidArgument &&
         answer.error().code() != Code::kNotFound;
}

int64_t RowsOf(const std::vector<inference::Tensor>& inputs) {
  return inputs.empty() || inputs[0].shape.empty() ? 1 : inputs[0].shape[0];
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
  return endpoint->route()->Choose("", version).HasReady();
}

std::shared_ptr<Replica> Gateway::EnterOrHold(RoutedEndpoint& endpoint, const std::string& id,
                                              const std::string& version, int64_t deadline_us,
                                              Forwarded* forwarded) {
  const auto enter = [&] {
    forwarded->route = endpoint.route();
    forwarded->revision = &forwarded->route->Choose(id, version);
    return forwarded->revision->Enter();
  };
  if (auto replica = enter()) return replica;
  if (endpoint.held.fetch_add(1) >= options_.held_max) {
    endpoint.held.fetch_sub(1);
    throw Unavailable("Endpoint {} has no ready replica and too many requests wait for one",
                      endpoint.name().str());
  }
  std::shared_ptr<Replica> replica;
  bool more = true;
  while (replica == nullptr && more && forwarded->route->failure.empty()) {
    more = endpoint.WaitFor(deadline_us, [&](const Route& now) {
      return now.Choose(id, version).HasReady() || !now.failure.empty();
    });
    replica = enter();
  }
  endpoint.held.fetch_sub(1);
  if (replica != nullptr) return replica;
  const std::string& failure = forwarded->route->failure;
  throw Unavailable("Endpoint {} has no ready replica: {}", endpoint.name().str(),
                    failure.empty() ? "none came in time" : failure);
}

Gateway::Forwarded Gateway::Forward(RoutedEndpoint& endpoint, const std::string& id,
                                    const std::string& version, const std::string& frame) {
  Forwarded forwarded;
  const int64_t deadline_us = MonotonicUs() + options_.hold_ms * 1000;
  try {
    for (int attempt = 0; attempt < options_.attempts_max; ++attempt) {
      const auto replica = EnterOrHold(endpoint, id, version, deadline_us, &forwarded);
      auto answer = replica->client()->Infer(frame);
      replica->Leave();
      if (answer) {
        replica->Count(IsServersFault(*answer));
        forwarded.answer = *std::move(answer);
        if (forwarded.answer) forwarded.answer->revision = forwarded.revision->id.str();
        return forwarded;
      }
      // Predictions change nothing, so one whose replica went away may be asked again elsewhere.
      replica->Count(true);
      replica->Suspect();
      supervisor_->Wake();
    }
    forwarded.answer =
        Unexpected(Unavailable("Endpoint {}: {} replicas in a row ended under the "
                               "request",
                               endpoint.name().str(), options_.attempts_max));
  } catch (const Error& error) {
    forwarded.answer = Unexpected(error);
  }
  return forwarded;
}

void Gateway::Infer(InferRequest request, InferDone done) {
  const int64_t start_us = MonotonicUs();
  const int64_t now_ms = clock_.NowMs();
  const auto endpoint = FindRouted(request.model);
  if (endpoint == nullptr) {
    done(Unexpected(Missing(request.model)));
    return;
  }
  // A replica has one version, so the frame names none and serves for shadows, too.
  const std::string version = std::move(request.version);
  request.version.clear();
  const auto frame = std::make_shared<const std::string>(EncodeInfer(request));
  Forwarded forwarded = Forward(*endpoint, request.id, version, *frame);
  const int64_t latency_us = MonotonicUs() - start_us;
  const bool is_error = IsServersFault(forwarded.answer);
  endpoint->totals.Add(latency_us, is_error);
  endpoint->traffic.Add(now_ms, latency_us, is_error);
  if (forwarded.revision != nullptr) {
    forwarded.revision->stats->Add(latency_us, is_error);
    if (forwarded.answer) {
      forwarded.revision->counters->AddSuccess(now_ms, RowsOf(request.inputs), latency_us,
                                               forwarded.answer->times);
    } else {
      forwarded.revision->counters->AddFailure(now_ms, latency_us);
    }
  }
  done(forwarded.answer);

  if (!forwarded.answer) return;
  const bool has_shadows = !forwarded.route->shadows.empty();
  if (sink_ == nullptr && !has_shadows) return;
  LoggedPrediction prediction{
      .id = std::move(request.id),
      .caller = std::move(request.caller),
      .endpoint = endpoint->name().str(),
      .revision = forwarded.revision->id.str(),
      .role = forwarded.revision->role,
      .model_version = forwarded.revision->model_version,
      .time_ms = now_ms,
      .event_time_ms = request.event_time_ms.value_or(now_ms),
      .latency_us = latency_us,
      .model = forwarded.revision->info,
      .inputs = std::make_shared<const std::vector<inference::Tensor>>(std::move(request.inputs))};
  if (has_shadows) SendToShadows(*forwarded.route, frame, prediction);
  if (sink_ == nullptr) return;
  prediction.outputs = std::move(forwarded.answer->outputs);
  sink_->Take(std::move(prediction));
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
  const auto replica = shadow.Enter();
  if (replica == nullptr) {
    shadows_dropped_.fetch_add(1);
    return;
  }
  const int64_t start_us = MonotonicUs();
  std::optional<Result<InferAnswer>> answer;
  try {
    answer = replica->client()->Infer(frame);
  } catch (const Error& error) {
    answer = Unexpected(error);  // an answer that cannot be read
  }
  replica->Leave();
  const bool is_error = !answer || !*answer;
  prediction.latency_us = MonotonicUs() - start_us;
  replica->Count(is_error);
  shadow.stats->Add(prediction.latency_us, is_error);
  if (!answer) {
    replica->Suspect();
    supervisor_->Wake();
  }
  if (is_error || sink_ == nullptr) return;
  prediction.revision = shadow.id.str();
  prediction.role = Role::kShadow;
  prediction.model_version = shadow.model_version;
  prediction.model = shadow.info;
  prediction.outputs = std::move((*answer)->outputs);
  sink_->Take(std::move(prediction));
}

}  // namespace millwright::serving
