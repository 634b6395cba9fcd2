#include "server/endpoint_contracts.h"

#include "base/error.h"

namespace millwright::server {

serving::ContractPtr EndpointContracts::Find(const std::string& model) {
  const auto policy = gateway_.PolicyOf(model);
  const std::lock_guard lock(mutex_);
  if (!policy || policy->contract.empty()) {
    kept_.erase(model);
    return nullptr;
  }
  Kept& kept = kept_[model];
  const bool same = kept.suite == policy->contract && kept.action == policy->contract_action;
  const int64_t now_ms = clock_.NowMs();
  if (same && kept.contract != nullptr && now_ms < kept.looked_ms + kContractLookMs) {
    return kept.contract;
  }
  if (!same) kept = {.suite = policy->contract, .action = policy->contract_action};
  kept.looked_ms = now_ms;
  Look(kept);
  return kept.contract;
}

void EndpointContracts::Look(Kept& kept) const {
  try {
    const quality::Suite suite = suites_.Get(kept.suite);
    Json text = suite.ToJson();
    if (kept.contract != nullptr && text == kept.text) return;
    kept.contract = std::make_shared<const serving::Contract>(
        quality::RowRules(suite), serving::ParseContractAction(kept.action));
    kept.text = std::move(text);
  } catch (const Error& error) {
    kept.contract = nullptr;
    throw FailedPrecondition("The contract {} cannot be asked: {}", kept.suite, error.message());
  }
}

std::vector<std::pair<std::string, serving::ContractPtr>> EndpointContracts::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, serving::ContractPtr>> all;
  for (const auto& [endpoint, kept] : kept_) {
    if (kept.contract != nullptr) all.emplace_back(endpoint, kept.contract);
  }
  return all;
}

}  // namespace millwright::server
