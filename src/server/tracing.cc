#include "server/tracing.h"

#include "server/otlp_exporter.h"
#include "serving/traced_predictor.h"

namespace millwright::server {

struct Tracing::Parts {
  OtlpExporter exporter;
  serving::TracedPredictor predictor;

  Parts(serving::Predictor& plain, const std::string& endpoint)
      : exporter(endpoint), predictor(plain, exporter) {}
};

Tracing::Tracing(serving::Predictor& predictor, const std::string& otlp_endpoint)
    : plain_(predictor) {
  if (!otlp_endpoint.empty()) parts_ = std::make_unique<Parts>(predictor, otlp_endpoint);
}

Tracing::~Tracing() = default;

serving::Predictor& Tracing::predictor() {
  return parts_ == nullptr ? plain_ : parts_->predictor;
}

std::string Tracing::MetricsText() const {
  return parts_ == nullptr ? "" : parts_->exporter.MetricsText();
}

}  // namespace millwright::server
