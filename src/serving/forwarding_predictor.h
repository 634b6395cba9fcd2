#pragma once

#include <string>
#include <vector>

#include "serving/predictor.h"

namespace millwright::serving {

// A predictor in front of another one: what it does not do itself is the other's.
class ForwardingPredictor : public Predictor {
 public:
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
  Error RefuseAnswer(const std::string& model, uint64_t body_bytes, int64_t bytes_max) override {
    return predictor_.RefuseAnswer(model, body_bytes, bytes_max);
  }
  bool IsPrompt(const std::string& model, Naming naming) const override {
    return predictor_.IsPrompt(model, naming);
  }
  std::vector<VersionStatus> Index() const override { return predictor_.Index(); }
  std::vector<VersionStatistics> Statistics() const override { return predictor_.Statistics(); }
  std::string VersionOfLabel(const std::string& model, const std::string& label) const override {
    return predictor_.VersionOfLabel(model, label);
  }
  void Load(const std::string& model) override { predictor_.Load(model); }
  void Unload(const std::string& model) override { predictor_.Unload(model); }

 protected:
  // The other one outlives this.
  explicit ForwardingPredictor(Predictor& predictor) : predictor_(predictor) {}

  Predictor& predictor_;
};

}  // namespace millwright::serving
