#include "serving/gateway_forwarding.h"

#include <algorithm>

#include "base/error.h"
#include "base/log_trace.h"

// A request whose replica is slow is asked of a second one, and the first answer counts. The
// decision and its limits are written down in docs/decisions/0026-endpoint-traffic.md.
namespace millwright::serving {
namespace {

// A second replica is not asked before this, however fast a model is: what is slower than that by
// the machine's own scheduling is no sign of a slow replica.
constexpr int64_t kHedgeDelayUsMin = 1'000;
// Until a late request is looked at again that the budget had no hedge for.
constexpr int64_t kHedgeAgainUsMax = 50'000;

// What the caller did wrong does not speak against the revision.
bool IsServersFault(const Result<InferAnswer>& answer) {
  if (answer) return false;
  const Code code = answer.error().code();
  return code != Code::kInvalidArgument && code != Code::kNotFound &&
         code != Code::kFailedPrecondition;
}

}  // namespace

Gateway::Forwarding::Forwarding(Gateway& gateway, ReplicaLoop& loop,
                                std::shared_ptr<RoutedEndpoint> endpoint, InferRequest request,
                                InferDone done)
    : gateway_(gateway),
      loop_(loop),
      endpoint_(std::move(endpoint)),
      request_(std::move(request)),
      done_(std::move(done)),
      // A replica has one version, so the frame names none and serves for shadows, too.
      version_(std::exchange(request_.version, {})),
      start_us_(MonotonicUs()),
      now_ms_(gateway.clock_.NowMs()),
      hold_until_us_(start_us_ + gateway.options_.hold_ms * 1000) {}

// A loop that ends forgets its questions: their replicas are not asked any more.
Gateway::Forwarding::~Forwarding() {
  EndHold();
  for (const Asked& asked : asked_) {
    if (asked.is_waited_for) asked.replica->Leave();
  }
}

template <typename Step>
void Gateway::Forwarding::Run(Step step) {
  const LogTrace trace(TraceIdOf(request_));
  try {
    step();
  } catch (const Error& error) {
    Finish(Unexpected(error));
  }
}

void Gateway::Forwarding::Start() {
  Run([this] {
    first_route_ = route_ = endpoint_->route();
    key_ = KeyOf(*route_, request_);
    request_.origin.header = {};  // its request may be gone from here on
    if (route_->policy.caches() && AnswerByCache()) return;
    if (request_.deadline_us) WatchDeadline();
    Enter();
  });
}

void Gateway::Forwarding::WatchDeadline() {
  const int64_t left_us = std::max<int64_t>(0, *request_.deadline_us - MonotonicUs());
  deadline_ = loop_.After(left_us, [self = shared_from_this()] {
    self->deadline_.reset();
    self->Run([] { throw DeadlineExceeded("The request was not answered within its time"); });
  });
}

bool Gateway::Forwarding::AnswerByCache() {
  revision_ = &route_->Choose(key_, version_);
  cached_version_ = revision_->model_version;
  cache_key_ = ResponseCache::KeyOf(cached_version_, request_);
  if (request_.origin.wants_fresh) return false;
  const auto kept = endpoint_->cache.Find(*cache_key_, MonotonicUs());
  if (!kept) return false;
  cache_key_.reset();
  InferAnswer answer = *kept;
  answer.is_cached = true;
  Finish(std::move(answer));
  return true;
}

void Gateway::Forwarding::Enter() {
  if (!TryEnter()) Hold();
}

bool Gateway::Forwarding::TryEnter() {
  auto route = endpoint_->route();
  revision_ = &route->Choose(key_, version_);
  route_ = std::move(route);
  auto replica = revision_->Enter(MonotonicUs());
  if (replica == nullptr) return false;
  EndHold();
  AskFirst(std::move(replica));
  return true;
}

void Gateway::Forwarding::Hold() {
  is_held_ = true;
  if (endpoint_->held.fetch_add(1) >= gateway_.options_.held_max) {
    throw Unavailable("Endpoint {} has no ready replica and too many requests wait for one",
                      endpoint_->name().str());
  }
  if (revision_->replicas.empty()) gateway_.supervisor_->Wake();  // to start one
  const int64_t left_us = std::max<int64_t>(0, hold_until_us_ - MonotonicUs());
  timer_ = loop_.After(left_us, [self = shared_from_this()] {
    self->timer_.reset();
    self->Run([&] { self->GiveUpHolding(); });
  });
  LookAgain();
}

// Watches first and looks then, so that no change is missed in between.
void Gateway::Forwarding::LookAgain() {
  watch_ = endpoint_->Watch([post = loop_.MakePoster(), weak = weak_from_this()] {
    post([weak] {
      const auto self = weak.lock();
      if (self != nullptr && self->is_held_) self->Run([&] { self->LookAgain(); });
    });
  });
  if (TryEnter()) return;
  if (endpoint_->closed() || !route_->failure.empty()) GiveUpHolding();
}

void Gateway::Forwarding::EndHold() {
  if (!is_held_) return;
  is_held_ = false;
  endpoint_->held.fetch_sub(1);
  endpoint_->Unwatch(watch_);
  CancelTimer();
}

void Gateway::Forwarding::GiveUpHolding() {
  throw Unavailable("Endpoint {} has no ready replica: {}", endpoint_->name().str(),
                    route_->failure.empty() ? "none came in time" : route_->failure);
}

void Gateway::Forwarding::AskFirst(std::shared_ptr<Replica> replica) {
  ++attempts_;
  attempt_us_ = MonotonicUs();
  endpoint_->hedges.Earn(route_->policy.hedge_percent);
  const int64_t p95_us = revision_->latency->p95_us();
  const bool may_hedge =
      route_->policy.hedge_percent > 0 && p95_us > 0 && revision_->replicas.size() > 1;
  const size_t asked = asked_.size();
  Ask(std::move(replica));
  if (!may_hedge || finished_ || asked_.size() != asked + 1 || !asked_[asked].is_waited_for) return;
  AskSecondAfter(std::max(p95_us, kHedgeDelayUsMin));
}

void Gateway::Forwarding::AskSecondAfter(int64_t delay_us) {
  timer_ = loop_.After(delay_us, [self = shared_from_this(), delay_us] {
    self->timer_.reset();
    self->Run([&] {
      // What is late by much has another chance, when others have earned a hedge: its replica may
      // hang.
      if (self->AskSecond()) return;
      self->AskSecondAfter(std::min(2 * delay_us, std::max(delay_us, kHedgeAgainUsMax)));
    });
  });
}

bool Gateway::Forwarding::AskSecond() {
  auto other = revision_->Enter(MonotonicUs(), asked_.back().replica.get());
  if (other == nullptr) return false;
  if (!endpoint_->hedges.Spend()) {
    other->Leave();
    return false;
  }
  Ask(std::move(other));
  return true;
}

void Gateway::Forwarding::Ask(std::shared_ptr<Replica> replica) {
  const size_t asked = asked_.size();
  const auto client = replica->client();
  asked_.push_back({std::move(replica), MonotonicUs()});
  loop_.Ask(
      client, Encoded(),
      [self = shared_from_this(), asked](Outcome outcome, FrameKind kind, std::string_view body) {
        self->TakeReply(asked, outcome, kind, body);
      });
}

void Gateway::Forwarding::TakeReply(size_t asked, Outcome outcome, FrameKind kind,
                                    std::string_view body) {
  if (!asked_[asked].is_waited_for) return;  // another one was faster
  Run([&] { TakeAnswer(asked, ReadReply(outcome, kind, body)); });
}

std::optional<Result<InferAnswer>> Gateway::Forwarding::ReadReply(Outcome outcome, FrameKind kind,
                                                                  std::string_view body) const {
  switch (outcome) {
    case Outcome::kAnswered:
      return DecodeReply(kind, body);
    case Outcome::kTimedOut:
      return Unexpected(DeadlineExceeded("The replica did not answer within {} ms",
                                         gateway_.options_.supervisor.request_timeout_ms));
    case Outcome::kRefused:
      return Unexpected(Unavailable("Too many requests wait for the replicas of endpoint {}",
                                    endpoint_->name().str()));
    case Outcome::kGone:
      break;
  }
  return std::nullopt;
}

void Gateway::Forwarding::TakeAnswer(size_t asked, std::optional<Result<InferAnswer>> answer) {
  Asked& from = asked_[asked];
  from.is_waited_for = false;
  if (answer && *answer) revision_->latency->Add(MonotonicUs() - attempt_us_);
  gateway_.TakeNotice(*route_, from.replica, answer, from.start_us);
  if (answer) {
    const bool is_hedge =
        std::any_of(asked_.begin(), asked_.begin() + static_cast<ptrdiff_t>(asked),
                    [](const Asked& other) { return other.is_waited_for; });
    if (is_hedge) endpoint_->hedges.CountWin();
    return Finish(*std::move(answer));
  }
  // Of two that were asked, the other one's answer is waited for.
  const bool more = std::any_of(asked_.begin(), asked_.end(),
                                [](const Asked& other) { return other.is_waited_for; });
  if (more) return;
  CancelTimer();
  // Predictions change nothing, so one whose replica went away may be asked again elsewhere.
  gateway_.retried_.fetch_add(1, std::memory_order_relaxed);
  if (attempts_ == gateway_.options_.attempts_max) {
    throw Unavailable("Endpoint {}: {} replicas in a row ended under the request",
                      endpoint_->name().str(), attempts_);
  }
  Enter();
}

// Nobody reads what a slower one says; that it took at least so long is known.
void Gateway::Forwarding::LetGoOfOthers() {
  for (Asked& other : asked_) {
    if (!other.is_waited_for) continue;
    other.is_waited_for = false;
    const int64_t now_us = MonotonicUs();
    other.replica->health.Succeeded(now_us - other.start_us, now_us);
    other.replica->Count(false);
    other.replica->Leave();
  }
}

void Gateway::Forwarding::CancelTimer() {
  if (timer_) loop_.Cancel(*timer_);
  timer_.reset();
}

const std::shared_ptr<const std::string>& Gateway::Forwarding::Encoded() {
  if (frame_ == nullptr) frame_ = std::make_shared<const std::string>(EncodeInfer(request_));
  return frame_;
}

void Gateway::Forwarding::Finish(Result<InferAnswer> answer) {
  if (finished_) return;
  const auto self = shared_from_this();  // what holds this may be let go of here
  finished_ = true;
  EndHold();
  CancelTimer();
  if (deadline_) loop_.Cancel(*deadline_);
  deadline_.reset();
  LetGoOfOthers();
  if (answer) {
    try {
      answer->revision = revision_->id.str();
      if (cache_key_) KeepAnswer(*answer);
      answer->body_bytes_max = first_route_->policy.response_bytes;
    } catch (const Error& error) {
      answer = Unexpected(error);
    }
  }
  const int64_t latency_us = MonotonicUs() - start_us_;
  Count(answer, latency_us);
  done_(answer);
  // What the caller did wrong says nothing of the revision and is not kept.
  const bool is_kept = answer || (IsServersFault(answer) && revision_ != nullptr);
  if (is_kept) Log(std::move(answer), latency_us);
  done_ = nullptr;  // from here on the gateway may be gone
}

// A replica that went away may have left the request to another revision, whose key is another.
void Gateway::Forwarding::KeepAnswer(const InferAnswer& answer) {
  if (revision_->model_version != cached_version_) return;
  const EndpointPolicy& policy = route_->policy;
  endpoint_->cache.Keep(*cache_key_, std::make_shared<const InferAnswer>(answer),
                        MonotonicUs() + policy.cache_ttl_ms * 1000, policy.cache_bytes);
}

void Gateway::Forwarding::Count(const Result<InferAnswer>& answer, int64_t latency_us) const {
  const bool is_error = IsServersFault(answer);
  endpoint_->totals.Add(latency_us, is_error);
  endpoint_->traffic.Add(now_ms_, latency_us, is_error);
  if (revision_ == nullptr) return;
  revision_->stats->Add(latency_us, is_error);
  if (answer) {
    revision_->counters->AddSuccess(now_ms_, CountRows(request_), latency_us, answer->times);
  } else {
    revision_->counters->AddFailure(now_ms_, latency_us);
  }
}

void Gateway::Forwarding::Log(Result<InferAnswer> answer, int64_t latency_us) {
  const bool has_shadows = answer && !route_->shadows.empty();
  if (gateway_.sink_ == nullptr && !has_shadows) return;
  const auto frame = has_shadows ? Encoded() : nullptr;
  LoggedPrediction prediction{
      .id = std::move(request_.id),
      .caller = std::move(request_.caller),
      .trace_id = std::string(TraceIdOf(request_)),
      .endpoint = endpoint_->name().str(),
      .revision = revision_->id.str(),
      .role = revision_->role,
      .model_version = revision_->model_version,
      .time_ms = now_ms_,
      .event_time_ms = request_.event_time_ms.value_or(now_ms_),
      .latency_us = latency_us,
      .is_cached = answer && answer->is_cached,
      .error = answer ? "" : answer.error().message(),
      .model = revision_->info,
      .inputs = std::make_shared<const std::vector<inference::Tensor>>(std::move(request_.inputs))};
  if (has_shadows) gateway_.SendToShadows(*route_, frame, prediction);
  if (gateway_.sink_ == nullptr) return;
  if (answer) prediction.outputs = std::move(answer->outputs);
  gateway_.sink_->Take(std::move(prediction));
}

}  // namespace millwright::serving
