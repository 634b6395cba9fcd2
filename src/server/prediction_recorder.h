#pragma once

#include <memory>
#include <utility>

#include "monitoring/prediction_log.h"
#include "serving/logging_rules.h"
#include "serving/prediction_log.h"

namespace millwright::server {

// Hands answered requests from the gateway to the prediction log: a queue's slot on the request's
// thread, taken apart into rows on the log's. Where a classifier gives two probabilities a row, the
// second is logged as the number `probability` too, which is what monitors measure.
class PredictionRecorder : public serving::PredictionSink {
 public:
  PredictionRecorder(monitoring::PredictionLog& log, serving::LoggingRules rules)
      : log_(log), rules_(std::make_shared<const serving::LoggingRules>(std::move(rules))) {}
  void Take(serving::LoggedPrediction prediction) override;

 private:
  monitoring::PredictionLog& log_;
  const std::shared_ptr<const serving::LoggingRules> rules_;  // shared with what waits in the log
};

}  // namespace millwright::server
