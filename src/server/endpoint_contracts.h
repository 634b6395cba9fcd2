#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "quality/suite_store.h"
#include "serving/contracted_predictor.h"
#include "serving/gateway.h"

namespace millwright::server {

// How soon a suite that was changed holds for requests.
inline constexpr int64_t kContractLookMs = 5'000;

// The contracts of endpoints: of each the suite that its settings name, compiled when it is first
// asked for and again when it was changed. Thread-safe.
class EndpointContracts : public serving::ContractBook {
 public:
  // All outlive this.
  EndpointContracts(const serving::Gateway& gateway, const quality::SuiteStore& suites,
                    const Clock& clock)
      : gateway_(gateway), suites_(suites), clock_(clock) {}

  // Throws kFailedPrecondition when the suite is gone or cannot be held to single rows any more.
  serving::ContractPtr Find(const std::string& model) override;
  std::vector<std::pair<std::string, serving::ContractPtr>> All() const override;

 private:
  struct Kept {
    std::string suite;
    std::string action;
    Json text;  // of the suite as it was compiled
    int64_t looked_ms = 0;
    serving::ContractPtr contract;
  };
  void Look(Kept& kept) const;

  const serving::Gateway& gateway_;
  const quality::SuiteStore& suites_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Kept> kept_;  // by endpoint
};

}  // namespace millwright::server
