// A request whose replica is slow is asked of a second one, and the first answer counts. The
// decision and its limits are written down in docs/decisions/0026-endpoint-traffic.md.
#include <array>

#include "base/error.h"
#include "serving/gateway.h"

namespace millwright::serving {
namespace {

// A second replica is not asked before this, however fast a model is: what is slower than that by
// the machine's own scheduling is no sign of a slow replica.
constexpr int64_t kHedgeDelayUsMin = 1'000;
constexpr int64_t kWaitUs = 60'000'000;  // the sockets' own limit comes first

// What Finish throws, an answer that cannot be read, speaks against the replica as an answer.
std::optional<Result<InferAnswer>> Finish(ReplicaClient& client, ReplicaClient::Call call) {
  try {
    return client.Finish(std::move(call));
  } catch (const Error& error) {
    return Unexpected(error);
  }
}

}  // namespace

std::optional<Result<InferAnswer>> Gateway::Exchange(RoutedEndpoint& endpoint, const Route& route,
                                                     const RoutedRevision& revision,
                                                     const std::shared_ptr<Replica>& replica,
                                                     const std::string& frame) {
  const int64_t start_us = MonotonicUs();
  const auto client = replica->client();
  std::optional<Result<InferAnswer>> answer;
  auto call = client->Start(frame);
  if (call) {
    endpoint.hedges.Earn(route.policy.hedge_percent);
    const int64_t p95_us = revision.latency->p95_us();
    const bool may_hedge =
        route.policy.hedge_percent > 0 && p95_us > 0 && revision.replicas.size() > 1;
    const int64_t delay_us = std::max(p95_us, kHedgeDelayUsMin);
    if (may_hedge && WaitReadable({&call->socket}, delay_us) < 0) {
      return Hedge(endpoint, route, revision, {replica, client, *std::move(call), start_us}, frame);
    }
    answer = Finish(*client, *std::move(call));
  }
  if (answer && *answer) revision.latency->Add(MonotonicUs() - start_us);
  TakeNotice(route, replica, answer, start_us);
  return answer;
}

std::optional<Result<InferAnswer>> Gateway::Hedge(RoutedEndpoint& endpoint, const Route& route,
                                                  const RoutedRevision& revision, PendingCall first,
                                                  const std::string& frame) {
  const auto finish = [&](PendingCall& pending) {
    auto answer = Finish(*pending.client, std::move(pending.call));
    if (answer && *answer) revision.latency->Add(MonotonicUs() - first.start_us);
    TakeNotice(route, pending.replica, answer, pending.start_us);
    return answer;
  };
  const auto other = revision.Enter(MonotonicUs(), first.replica.get());
  if (other == nullptr) return finish(first);
  auto client = other->client();
  std::optional<ReplicaClient::Call> call;
  const int64_t start_us = MonotonicUs();
  if (endpoint.hedges.Spend()) call = client->Start(frame);
  if (!call) {
    other->Leave();
    return finish(first);
  }
  PendingCall second{other, std::move(client), *std::move(call), start_us};
  const bool second_first = WaitReadable({&first.call.socket, &second.call.socket}, kWaitUs) == 1;
  PendingCall& winner = second_first ? second : first;
  PendingCall& loser = second_first ? first : second;
  auto answer = finish(winner);
  // The one that was ready first had gone away: the other one's answer is waited for.
  if (!answer) return finish(loser);
  if (second_first) endpoint.hedges.CountWin();
  // Nobody reads what the slower one says; that it took at least so long is known.
  loser.replica->health.Succeeded(MonotonicUs() - loser.start_us, MonotonicUs());
  loser.replica->Count(false);
  loser.replica->Leave();
  return answer;
}

}  // namespace millwright::serving
