#include "serving/replica.h"

namespace millwright::serving {

// Entering counts first and looks second; draining sets the state first and looks at the count
// second. Both orders are sequentially consistent, so one of the two sees the other.
bool Replica::TryEnter() {
  outstanding_.fetch_add(1);
  if (state_.load() == ReplicaState::kReady) return true;
  outstanding_.fetch_sub(1);
  return false;
}

void Replica::Suspect() {
  ReplicaState expected = ReplicaState::kReady;
  state_.compare_exchange_strong(expected, ReplicaState::kFailed);
}

std::shared_ptr<ReplicaClient> Replica::client() const {
  std::lock_guard lock(mutex_);
  return client_;
}

void Replica::Count(bool is_error) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (is_error) errors_.fetch_add(1, std::memory_order_relaxed);
}

Replica::Facts Replica::facts() const {
  std::lock_guard lock(mutex_);
  Facts facts = facts_;
  facts.state = state_.load();
  facts.requests = requests_.load();
  facts.errors = errors_.load();
  facts.outstanding = outstanding_.load();
  facts.median_us = health.median_us();
  facts.ejections = health.ejections();
  facts.ejected_until_us = health.ejected_until_us();
  return facts;
}

}  // namespace millwright::serving
