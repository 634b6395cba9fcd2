// The way of one request through the gateway. Everything here runs on the caller's thread; the only
// locks on the way are the two that copy a pointer (name → endpoint, endpoint → route), the
// replica's connection pool, and those of the limits and the cache where an endpoint has them.
#include "base/error.h"
#include "serving/gateway.h"

namespace millwright::serving {
namespace {

// What the caller did wrong does not speak against the revision.
bool IsServersFault(const Result<InferAnswer>& answer) {
  if (answer) return false;
  const Code code = answer.error().code();
  return code != Code::kInvalidArgument && code != Code::kNotFound &&
         code != Code::kFailedPrecondition;
}

// Counts a request that waits for a replica.
class Held {
 public:
  explicit Held(std::atomic<int>& count) : count_(count), before_(count.fetch_add(1)) {}
  ~Held() { count_.fetch_sub(1); }
  Held(const Held&) = delete;
  int before() const { return before_; }

 private:
  std::atomic<int>& count_;
  const int before_;
};

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

std::shared_ptr<Replica> Gateway::EnterOrHold(RoutedEndpoint& endpoint, const Asked& asked,
                                              Forwarded* forwarded) {
  const auto enter = [&] {
    forwarded->route = endpoint.route();
    forwarded->revision = &forwarded->route->Choose(asked.key, asked.version);
    return forwarded->revision->Enter(MonotonicUs());
  };
  if (auto replica = enter()) return replica;
  const Held held(endpoint.held);
  if (held.before() >= options_.held_max) {
    throw Unavailable("Endpoint {} has no ready replica and too many requests wait for one",
                      endpoint.name().str());
  }
  if (forwarded->revision->replicas.empty()) supervisor_->Wake();  // to start one
  std::shared_ptr<Replica> replica;
  bool more = true;
  while (replica == nullptr && more && forwarded->route->failure.empty()) {
    more = endpoint.WaitFor(asked.deadline_us, [&](const Route& now) {
      return now.Choose(asked.key, asked.version).HasReady() || !now.failure.empty();
    });
    replica = enter();
  }
  if (replica != nullptr) return replica;
  const std::string& failure = forwarded->route->failure;
  throw Unavailable("Endpoint {} has no ready replica: {}", endpoint.name().str(),
                    failure.empty() ? "none came in time" : failure);
}

// Tells the replica's health what came of a request; no answer says that it went away.
void Gateway::TakeNotice(const Route& route, const std::shared_ptr<Replica>& replica,
                         const std::optional<Result<InferAnswer>>& answer, int64_t start_us) {
  const int64_t now_us = MonotonicUs();
  const bool is_error = !answer || IsServersFault(*answer);
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

Gateway::Forwarded Gateway::Forward(RoutedEndpoint& endpoint, const Asked& asked,
                                    const std::string& frame) {
  Forwarded forwarded;
  try {
    for (int attempt = 0; attempt < options_.attempts_max; ++attempt) {
      const auto replica = EnterOrHold(endpoint, asked, &forwarded);
      auto answer = Exchange(endpoint, *forwarded.route, *forwarded.revision, replica, frame);
      if (answer) {
        forwarded.answer = *std::move(answer);
        if (forwarded.answer) forwarded.answer->revision = forwarded.revision->id.str();
        return forwarded;
      }
      // Predictions change nothing, so one whose replica went away may be asked again elsewhere.
      retried_.fetch_add(1, std::memory_order_relaxed);
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

Gateway::Forwarded Gateway::AnswerFor(RoutedEndpoint& endpoint, const InferRequest& request,
                                      const std::string& version, Frames* frames) {
  Forwarded forwarded;
  const auto route = endpoint.route();
  forwarded.route = route;
  try {
    const Asked asked{KeyOf(*route, request), version, MonotonicUs() + options_.hold_ms * 1000};
    if (!route->policy.caches()) {
      forwarded = Forward(endpoint, asked, frames->Get(request));
    } else {
      forwarded = AnswerByCache(endpoint, request, asked, frames);
    }
    const int64_t bytes_max = route->policy.response_bytes;
    if (forwarded.answer && bytes_max > 0 && AnswerBytes(*forwarded.answer) > bytes_max) {
      endpoint.too_large.fetch_add(1, std::memory_order_relaxed);
      throw FailedPrecondition(
          "The answer has {} bytes, endpoint {} gives at most {}: ask for fewer rows",
          AnswerBytes(*forwarded.answer), endpoint.name().str(), bytes_max);
    }
  } catch (const Error& error) {
    forwarded.answer = Unexpected(error);
  }
  return forwarded;
}

Gateway::Forwarded Gateway::AnswerByCache(RoutedEndpoint& endpoint, const InferRequest& request,
                                          const Asked& asked, Frames* frames) {
  Forwarded forwarded;
  forwarded.route = endpoint.route();
  forwarded.revision = &forwarded.route->Choose(asked.key, asked.version);
  const std::string& chosen = forwarded.revision->model_version;
  const auto key = ResponseCache::KeyOf(chosen, request);
  if (!request.origin.wants_fresh) {
    if (const auto kept = endpoint.cache.Find(key, MonotonicUs())) {
      InferAnswer answer = *kept;
      answer.revision = forwarded.revision->id.str();
      answer.is_cached = true;
      forwarded.answer = std::move(answer);
      return forwarded;
    }
  }
  Forwarded fresh = Forward(endpoint, asked, frames->Get(request));
  // A replica that went away may have left the request to another revision, whose key is another.
  if (fresh.answer && fresh.revision->model_version == chosen) {
    const EndpointPolicy& policy = fresh.route->policy;
    endpoint.cache.Keep(key, std::make_shared<const InferAnswer>(*fresh.answer),
                        MonotonicUs() + policy.cache_ttl_ms * 1000, policy.cache_bytes);
  }
  return fresh;
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
  return endpoint->limits.TakeRequest(origin.principal, policy, MonotonicUs());
}

std::optional<Refusal> Gateway::AdmitRows(const InferRequest& request) {
  const auto endpoint = FindRouted(request.model);
  if (endpoint == nullptr) return std::nullopt;
  return endpoint->limits.TakeRows(request.origin.principal, CountRows(request),
                                   endpoint->route()->policy, clock_.NowMs());
}

void Gateway::Infer(InferRequest request, InferDone done) {
  const int64_t start_us = MonotonicUs();
  const int64_t now_ms = clock_.NowMs();
  const auto endpoint = FindRouted(request.model);
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
  // A replica has one version, so the frame names none and serves for shadows, too.
  const std::string version = std::move(request.version);
  request.version.clear();
  Frames frames;
  Forwarded forwarded = AnswerFor(*endpoint, request, version, &frames);
  const int64_t latency_us = MonotonicUs() - start_us;
  const bool is_error = IsServersFault(forwarded.answer);
  endpoint->totals.Add(latency_us, is_error);
  endpoint->traffic.Add(now_ms, latency_us, is_error);
  if (forwarded.revision != nullptr) {
    forwarded.revision->stats->Add(latency_us, is_error);
    if (forwarded.answer) {
      forwarded.revision->counters->AddSuccess(now_ms, CountRows(request), latency_us,
                                               forwarded.answer->times);
    } else {
      forwarded.revision->counters->AddFailure(now_ms, latency_us);
    }
  }
  done(forwarded.answer);

  // What the caller did wrong says nothing of the revision and is not kept.
  if (!forwarded.answer && (!is_error || forwarded.revision == nullptr)) return;
  const bool has_shadows = forwarded.answer && !forwarded.route->shadows.empty();
  if (sink_ == nullptr && !has_shadows) return;
  const auto frame = has_shadows ? frames.Share(request) : nullptr;
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
      .is_cached = forwarded.answer && forwarded.answer->is_cached,
      .error = forwarded.answer ? "" : forwarded.answer.error().message(),
      .model = forwarded.revision->info,
      .inputs = std::make_shared<const std::vector<inference::Tensor>>(std::move(request.inputs))};
  if (has_shadows) SendToShadows(*forwarded.route, frame, prediction);
  if (sink_ == nullptr) return;
  if (forwarded.answer) prediction.outputs = std::move(forwarded.answer->outputs);
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
  const auto replica = shadow.Enter(MonotonicUs());
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
