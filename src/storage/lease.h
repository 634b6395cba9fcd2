#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"

namespace millwright::storage {

// The right of one owner to something until a moment: a task attempt, a replica, a trial, a worker.
// Its holder renews it while it lives; a missed lease is the only way in which anything is declared
// dead.
struct Lease {
  std::string kind;  // "task_attempt", "replica", …
  std::string id;
  std::string owner;
  int64_t expires_ms = 0;
  // The fencing token: grows with every acquisition of any lease and never repeats. Whoever writes
  // on behalf of the lease's subject keeps it and refuses smaller ones.
  int64_t generation = 0;
};

// The leases of one database. All functions run inside the caller's transaction, so that taking a
// lease and the change of state that it stands for are one. Thread-safe: keeps no state.
class Leases {
 public:
  explicit Leases(const Clock& clock) : clock_(clock) {}

  // Takes a lease that nobody holds or that has expired; its holder may take it again and then has
  // a new generation. Returns nothing when another owner holds it.
  std::optional<Lease> Acquire(Connection& connection, std::string_view kind, const std::string& id,
                               const std::string& owner, int64_t ttl_ms) const;
  // Prolongs a lease to now + ttl. Returns false when it is lost: released, expired and taken by
  // another, or taken again by its own owner. A lease that expired but was taken by nobody is
  // still its holder's.
  bool Renew(Connection& connection, const Lease& lease, int64_t ttl_ms) const;
  // Gives a lease back. Returns false when it was lost before.
  bool Release(Connection& connection, const Lease& lease) const;
  // Drops a lease whoever holds it, when its subject is known to have ended.
  void Forget(Connection& connection, std::string_view kind, const std::string& id) const;

  std::optional<Lease> Find(Connection& connection, std::string_view kind,
                            const std::string& id) const;
  // Returns leases of a kind that have expired, the oldest first.
  std::vector<Lease> Expired(Connection& connection, std::string_view kind, int limit) const;

 private:
  const Clock& clock_;
};

}  // namespace millwright::storage
