#include "storage/lease.h"

#include "storage/sql.h"

namespace millwright::storage {
namespace {

Lease FromRow(const Row& row) {
  return {.kind = row.Text(0),
          .id = row.Text(1),
          .owner = row.Text(2),
          .expires_ms = row.Int(3),
          .generation = row.Int(4)};
}

}  // namespace

std::optional<Lease> Leases::Acquire(Connection& connection, std::string_view kind,
                                     const std::string& id, const std::string& owner,
                                     int64_t ttl_ms) const {
  const int64_t now_ms = clock_.NowMs();
  const int64_t generation = connection.SelectOne(sql::kNextLeaseGeneration)->Int(0);
  const auto row = connection.SelectOne(
      sql::kAcquireLease, {std::string(kind), id, owner, now_ms + ttl_ms, generation, now_ms});
  if (!row) return std::nullopt;
  return FromRow(*row);
}

bool Leases::Renew(Connection& connection, const Lease& lease, int64_t ttl_ms) const {
  return connection.Execute(sql::kRenewLease,
                            {lease.kind, lease.id, lease.generation, clock_.NowMs() + ttl_ms}) == 1;
}

bool Leases::Release(Connection& connection, const Lease& lease) const {
  return connection.Execute(sql::kReleaseLease, {lease.kind, lease.id, lease.generation}) == 1;
}

void Leases::Forget(Connection& connection, std::string_view kind, const std::string& id) const {
  connection.Execute(sql::kForgetLease, {std::string(kind), id});
}

std::optional<Lease> Leases::Find(Connection& connection, std::string_view kind,
                                  const std::string& id) const {
  const auto row = connection.SelectOne(sql::kFindLease, {std::string(kind), id});
  if (!row) return std::nullopt;
  return FromRow(*row);
}

std::vector<Lease> Leases::Expired(Connection& connection, std::string_view kind, int limit) const {
  std::vector<Lease> leases;
  for (const Row& row : connection.Select(sql::kExpiredLeases,
                                          {std::string(kind), clock_.NowMs(), int64_t{limit}})) {
    leases.push_back(FromRow(row));
  }
  return leases;
}

}  // namespace millwright::storage
