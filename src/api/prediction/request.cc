#include "api/prediction/request.h"

#include <charconv>

#include "api/prediction/cloud_event.h"
#include "api/prediction/event_time.h"
#include "api/prediction/trace.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/unique_id.h"

namespace millwright::api::prediction {
namespace {

constexpr std::string_view kTimeoutHeader = "X-Request-Timeout-Ms";
constexpr int64_t kTimeoutMsMax = 86'400'000;
constexpr std::string_view kRetryAfterSeconds =
    "1";  // what is full now is often not a second later

int64_t ParseTimeout(std::string_view text) {
  int64_t timeout_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), timeout_ms);
  if (error != std::errc() || end != text.data() + text.size() || timeout_ms < 1 ||
      timeout_ms > kTimeoutMsMax) {
    throw InvalidArgument("{} must be 1 to {}: {}", kTimeoutHeader, kTimeoutMsMax,
                          text.substr(0, 64))
        .WithField(std::string(kTimeoutHeader));
  }
  return timeout_ms;
}

// What is kept of a request until its answer is there.
struct PendingAnswer {
  AnswerWriter write;
  ErrorWriter write_error = nullptr;
  http::Reply reply;
  std::string id;
  std::string model;
  std::optional<CloudEvent> event;
  std::string traceparent;  // of our part; "" of a request without a trace
  serving::Predictor* predictor = nullptr;

  http::Response WordAnswer(const serving::InferAnswer& answer) const {
    http::Response response = write(answer);
    const uint64_t bytes = response.body.size();
    if (answer.body_bytes_max > 0 && bytes > static_cast<uint64_t>(answer.body_bytes_max)) {
      throw predictor->RefuseAnswer(model, bytes, answer.body_bytes_max);
    }
    return response;
  }
  // Words the answer; an error where it cannot be worded.
  http::Response WordOrRefuse(const serving::InferAnswer& answer, bool* is_answer) const {
    try {
      return WordAnswer(answer);
    } catch (const Error& error) {
      *is_answer = false;
      return write_error(error);
    }
  }
  http::Response Word(const Result<serving::InferAnswer>& answer) const {
    bool is_answer = answer.has_value();
    http::Response response =
        answer ? WordOrRefuse(*answer, &is_answer) : write_error(answer.error());
    response.headers.Add("X-Prediction-Id", id);
    if (!traceparent.empty()) response.headers.Add(std::string(kTraceparent), traceparent);
    if (!answer && answer.error().code() == Code::kUnavailable) {
      response.headers.Add("Retry-After", std::string(kRetryAfterSeconds));
    }
    if (is_answer && answer->is_cached) response.headers.Add("X-Millwright-Cache", "hit");
    if (event && is_answer) AddCloudEvent(*event, model, &response);
    return response;
  }
};

// RFC 9111: the caller asks for an answer that is made now.
bool WantsFresh(const http::Request& request) {
  const auto control = request.headers.Find("Cache-Control");
  return control && (control->find("no-cache") != std::string_view::npos ||
                     control->find("no-store") != std::string_view::npos);
}

serving::Origin OriginOf(const http::Request& request) {
  return {.principal = request.principal,
          .token = request.token,
          .body_bytes = request.body.size(),
          .wants_fresh = WantsFresh(request),
          .header = [&request](std::string_view name) { return request.headers.Find(name); }};
}

// Packed bodies are not taken: what a small one unpacks to may be anything.
std::optional<Error> RefusalOfCoding(const http::Request& request) {
  const auto coding = request.headers.Find("Content-Encoding");
  if (!coding || coding->empty() || http::EqualsIgnoringCase(*coding, "identity"))
    return std::nullopt;
  return InvalidArgument("Content-Encoding {} is not taken: send the body as it is",
                         coding->substr(0, 64))
      .WithField("Content-Encoding");
}

http::Response WriteUnsupported(const Error& error, ErrorWriter write_error) {
  http::Response response = write_error(error);
  response.status = 415;
  return response;
}

http::Response WriteRefusal(const serving::Refusal& refusal, ErrorWriter write_error) {
  http::Response response = write_error(refusal.error);
  if (refusal.retry_after_ms <= 0) {
    response.status = 413;
    return response;
  }
  const std::string seconds = std::to_string((refusal.retry_after_ms + 999) / 1000);
  response.headers.Set("Retry-After", seconds);
  response.headers.Set("RateLimit-Remaining", "0");
  response.headers.Set("RateLimit-Reset", seconds);
  return response;
}

}  // namespace

bool DecodesInline(const Context& context, const http::Request& head) {
  const std::string* model = nullptr;
  auto naming = serving::Predictor::Naming::kVersion;
  for (const auto& [name, value] : head.path_values) {
    if (name == "model" || name == "name") model = &value;
    if (name == "label") naming = serving::Predictor::Naming::kLabel;
  }
  if (model != nullptr) return context.predictor.IsPrompt(*model, naming);
  const auto models = context.predictor.Models();
  return models.size() == 1 && context.predictor.IsPrompt(models[0], naming);
}

bool LetIn(Context& context, const http::Request& request, const std::string& model,
           ErrorWriter write_error, const http::Reply& reply) {
  if (const auto error = RefusalOfCoding(request)) {
    http::Response response = WriteUnsupported(*error, write_error);
    response.headers.Set("Accept-Encoding", "identity");
    reply(std::move(response));
    return false;
  }
  if (const auto error = RefusalOfEventMode(request)) {
    reply(WriteUnsupported(*error, write_error));
    return false;
  }
  const auto refusal = context.predictor.Admit(model, OriginOf(request));
  if (refusal) reply(WriteRefusal(*refusal, write_error));
  return !refusal;
}

serving::InferRequest StartRequest(const http::Request& request, std::string model,
                                   std::string version) {
  serving::InferRequest infer;
  infer.model = std::move(model);
  infer.version = std::move(version);
  infer.caller = request.principal_verified ? request.principal : request.peer;
  if (const auto given = request.headers.Find("X-Request-Id")) {
    CheckPredictionId(*given, "X-Request-Id");
    infer.id = *given;
  } else if (const auto event = FindCloudEvent(request)) {
    CheckPredictionId(event->id, "ce-id");
    infer.id = event->id;
  } else {
    infer.id = NewUniqueId();
  }
  if (const auto time = request.headers.Find(kEventTimeHeader)) {
    infer.event_time_ms = ParseEventTime(*time);
  }
  if (const auto timeout = request.headers.Find(kTimeoutHeader)) {
    infer.deadline_us = MonotonicUs() + ParseTimeout(*timeout) * 1000;
  }
  infer.trace = JoinTrace(request.headers.Find(kTraceparent), request.headers.Find(kTracestate));
  infer.origin = OriginOf(request);
  infer.origin.is_admitted = true;
  return infer;
}

std::string VersionOf(const Context& context, const http::Request& request,
                      const std::string& model) {
  for (const auto& [name, value] : request.path_values) {
    if (name == "version") return value;
    if (name == "label") return context.predictor.VersionOfLabel(model, value);
  }
  return "";
}

void InferAndReply(Context& context, serving::InferRequest infer, const http::Request& request,
                   AnswerWriter write, ErrorWriter write_error, http::Reply reply) {
  if (const auto refusal = context.predictor.AdmitRows(infer)) {
    return reply(WriteRefusal(*refusal, write_error));
  }
  PendingAnswer pending{.write = std::move(write),
                        .write_error = write_error,
                        .reply = std::move(reply),
                        .id = infer.id,
                        .model = infer.model,
                        .event = FindCloudEvent(request),
                        .traceparent = infer.trace ? Traceparent(*infer.trace) : "",
                        .predictor = &context.predictor};
  context.predictor.Infer(
      std::move(infer), [pending = std::move(pending)](const Result<serving::InferAnswer>& answer) {
        pending.reply(pending.Word(answer));
      });
}

}  // namespace millwright::api::prediction
