#pragma once

#include <memory>
#include <string>

#include "serving/predictor.h"

namespace millwright::server {

// Where predictions are asked, with their spans sent to a collector where one is named.
class Tracing {
 public:
  // `predictor` outlives this; `otlp_endpoint` as OtlpExporter takes it, or "" for none.
  Tracing(serving::Predictor& predictor, const std::string& otlp_endpoint);
  ~Tracing();

  serving::Predictor& predictor();
  std::string MetricsText() const;

 private:
  struct Parts;
  serving::Predictor& plain_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millwright::server
