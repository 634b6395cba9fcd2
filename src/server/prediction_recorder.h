#pragma once

#include "monitoring/prediction_log.h"
#include "serving/prediction_log.h"

namespace millwright::server {

// Hands answered requests from the gateway to the prediction log: a queue's slot on the request's
// thread, taken apart into rows on the log's. Where a classifier gives two probabilities a row, the
// second is logged as the number `probability` too, which is what monitors measure.
class PredictionRecorder : public serving::PredictionSink {
 public:
  explicit PredictionRecorder(monitoring::PredictionLog& log) : log_(log) {}
  void Take(serving::LoggedPrediction prediction) override;

 private:
  monitoring::PredictionLog& log_;
};

}  // namespace millwright::server
