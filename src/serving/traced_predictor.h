#pragma once

#include "serving/forwarding_predictor.h"
#include "serving/span.h"

namespace millwright::serving {

// A predictor that tells of each prediction whose caller wants its trace kept: the request, the
// time it waited for the model and the model's own. Everything else is the other predictor's.
class TracedPredictor : public ForwardingPredictor {
 public:
  // Both outlive this.
  TracedPredictor(Predictor& predictor, SpanSink& sink)
      : ForwardingPredictor(predictor), sink_(sink) {}

  void Infer(InferRequest&& request, InferDone done) override;

 private:
  SpanSink& sink_;
};

}  // namespace millwright::serving
