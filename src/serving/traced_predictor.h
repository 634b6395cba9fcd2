#pragma once

#include "serving/predictor.h"
#include "serving/span.h"

namespace millwright::serving {

// A predictor that tells of each prediction whose caller wants its trace kept: the request, the
// time it waited for the model and the model's own. Everything else is the other predictor's.
class TracedPredictor : public Predictor {
 public:
  // Both outlive this.
  TracedPredictor(Predictor& predictor, SpanSink& sink) : predictor_(predictor), sink_(sink) {}

  std::vector<std::string> Models() const override { return predictor_.Models(); }
  ModelInfoPtr Describe(const std::string& model, const std::string& version) const override {
    return predictor_.Describe(model, version);
  }
  bool Ready(const std::string& model, const std::string& version) const override {
    return predictor_.Ready(model, version);
  }
  std::optional<Refusal> Admit(const std::string& model, const Origin& origin) override {
    return predictor_.Admit(model, origin);
  }
  std::optional<Refusal> AdmitRows(const InferRequest& request) override {
    return predictor_.AdmitRows(request);
  }
  void Infer(InferRequest request, InferDone done) override;
  bool IsPrompt() const override { return predictor_.IsPrompt(); }
  std::vector<VersionStatus> Index() const override { return predictor_.Index(); }
  std::vector<VersionStatistics> Statistics() const override { return predictor_.Statistics(); }
  std::string VersionOfLabel(const std::string& model, const std::string& label) const override {
    return predictor_.VersionOfLabel(model, label);
  }
  void Load(const std::string& model) override { predictor_.Load(model); }
  void Unload(const std::string& model) override { predictor_.Unload(model); }

 private:
  Predictor& predictor_;
  SpanSink& sink_;
};

}  // namespace millwright::serving
