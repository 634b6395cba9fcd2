#include "serving/traced_predictor.h"

#include <chrono>

#include "base/clock.h"

namespace millwright::serving {
namespace {

int64_t WallUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Span PartOf(const Span& request, std::string name, int64_t start_us, int64_t end_us) {
  return {.context = ChildOf(request.context),
          .name = std::move(name),
          .start_us = start_us,
          .end_us = end_us};
}

// The parts end where the answer was there: what is left over is ours.
void TellOfTimes(const Span& request, const InferTimes& times, SpanSink* sink) {
  const int64_t compute_us = request.end_us - times.compute_us;
  if (times.queue_us > 0) {
    sink->Take(PartOf(request, "queue", compute_us - times.queue_us, compute_us));
  }
  sink->Take(PartOf(request, "compute", compute_us, request.end_us));
}

}  // namespace

void TracedPredictor::Infer(InferRequest&& request, InferDone done) {
  if (!request.trace || !request.trace->sampled) {
    predictor_.Infer(std::move(request), std::move(done));
    return;
  }
  Span span{.context = *request.trace,
            .name = "predict " + request.model,
            .is_request = true,
            .start_us = WallUs(),
            .attributes = {{"model", request.model}, {"prediction.id", request.id}}};
  predictor_.Infer(std::move(request),
                   [span = std::move(span), start_us = MonotonicUs(), done = std::move(done),
                    sink = &sink_](const Result<InferAnswer>& answer) {
                     Span ended = span;
                     ended.end_us = ended.start_us + (MonotonicUs() - start_us);
                     done(answer);
                     if (answer) {
                       ended.attributes.emplace_back("model.version", answer->model_version);
                       TellOfTimes(ended, answer->times, sink);
                     } else {
                       ended.error = answer.error().message();
                     }
                     sink->Take(std::move(ended));
                   });
}

}  // namespace millwright::serving
