#pragma once

#include <map>
#include <memory>
#include <string>

#include "serving/contract.h"
#include "serving/predictor.h"

namespace millwright::serving {

using ContractPtr = std::shared_ptr<const Contract>;

// Which contract a model has: what a model server was started with, or the endpoints' settings.
// Thread-safe.
class ContractBook {
 public:
  virtual ~ContractBook() = default;
  // nullptr for none. Throws where the contract cannot be had just now.
  virtual ContractPtr Find(const std::string& model) = 0;
  // Those that have been asked for, by model; "*" for the one of all models.
  virtual std::vector<std::pair<std::string, ContractPtr>> All() const = 0;
};

// By model; "*" for every model that has none of its own.
using Contracts = std::map<std::string, ContractPtr, std::less<>>;

class FixedContracts : public ContractBook {
 public:
  explicit FixedContracts(Contracts contracts) : contracts_(std::move(contracts)) {}
  ContractPtr Find(const std::string& model) override;
  std::vector<std::pair<std::string, ContractPtr>> All() const override;

 private:
  const Contracts contracts_;
};

// A predictor that asks the inputs of a request what their contract says, before the model is
// asked. A breach that is rejected is kInvalidArgument naming the field, which each protocol gives
// its own shape. Everything else is the other predictor's.
class ContractedPredictor : public Predictor {
 public:
  // Both outlive this.
  ContractedPredictor(Predictor& predictor, ContractBook& book)
      : predictor_(predictor), book_(book) {}

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

  // Rows, breaches by field and refused requests as Prometheus text; empty without contracts.
  std::string MetricsText() const;

 private:
  Predictor& predictor_;
  ContractBook& book_;
};

}  // namespace millwright::serving
