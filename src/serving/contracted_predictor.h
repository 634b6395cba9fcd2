#pragma once

#include <map>
#include <memory>
#include <string>

#include "serving/contract.h"
#include "serving/forwarding_predictor.h"

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
class ContractedPredictor : public ForwardingPredictor {
 public:
  // Both outlive this.
  ContractedPredictor(Predictor& predictor, ContractBook& book)
      : ForwardingPredictor(predictor), book_(book) {}

  void Infer(InferRequest&& request, InferDone done) override;

  // Rows, breaches by field and refused requests as Prometheus text; empty without contracts.
  std::string MetricsText() const;

 private:
  ContractBook& book_;
};

}  // namespace millwright::serving
