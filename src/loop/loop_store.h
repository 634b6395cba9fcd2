#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "loop/policy.h"
#include "loop/rules.h"
#include "loop/state.h"
#include "storage/database.h"

namespace millwright::loop {

inline constexpr int kDecisionsPageMax = 1000;

// A model's policy and where its loop is.
struct StoredLoop {
  std::string model;
  std::string endpoint;
  int64_t version = 0;  // of the policy
  std::string yaml;
  std::shared_ptr<const Policy> policy;
  LoopState state;
  int64_t decisions = 0;  // that were made
  int64_t events_after = 0;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::string who;
};

// Policies, states and decisions in the database. A step is one transaction: its decision, the
// state that follows, the event loop.decided and whatever the caller does in it. So a step is never
// lost and never made twice, whenever the server is killed. Thread-safe.
class LoopStore {
 public:
  LoopStore(storage::Database& database, events::EventLog& events, const Clock& clock);

  // Stores a policy under the model that it names, replacing an earlier one; an attempt that is
  // under way goes on by the new one. Schedules count from now. Throws as ParsePolicy.
  StoredLoop Put(const std::string& yaml, const std::string& who);
  // Throw kNotFound.
  StoredLoop Get(const std::string& model) const;
  void Delete(const std::string& model, const std::string& who);
  std::vector<StoredLoop> List() const;
  // Newest first, those before `before` where it is not 0. Decisions outlive their loop.
  std::vector<Decision> Decisions(const std::string& model, int limit, int64_t before = 0) const;

  // Makes a step in a transaction; `decide` may be called again and has no effects outside of it.
  // Nothing happens when it returns nothing. Returns the loop as it is then. Throws kNotFound.
  using DecideStep =
      std::function<std::optional<Step>(storage::Connection&, const StoredLoop& loop)>;
  StoredLoop Change(const std::string& model, const DecideStep& decide);
  // The same for an event and all the loops that it concerns: the cursor moves over it in the same
  // transaction, and nothing happens when it was there already.
  void ChangeByEvent(int64_t seq, const std::vector<std::string>& models, const DecideStep& decide);

  int64_t Cursor() const;
  void MoveCursor(int64_t seq);

 private:
  StoredLoop Load(storage::Connection& connection, const std::string& model) const;
  void Save(storage::Connection& connection, StoredLoop* loop, Step step);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::loop
