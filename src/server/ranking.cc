#include "server/ranking.h"

#include "base/lane.h"
#include "base/log.h"
#include "tracking/metric_ranks.h"

namespace millwright::server {
namespace {

// What runs log between two turns costs the index one entry for each of their metrics.
constexpr int64_t kIntervalMs = 500;

void Rank(tracking::MetricRanks& ranks, const std::stop_token& stop) {
  NameThisThread("ranker");
  do {
    try {
      ranks.CatchUp();
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot rank metrics", {{"error", error.what()}});
    }
  } while (!WaitForStop(stop, kIntervalMs));
}

}  // namespace

Ranking::Ranking(tracking::MetricRanks& ranks)
    : thread_([&ranks](std::stop_token stop) { Rank(ranks, stop); }) {}

Ranking::~Ranking() = default;

}  // namespace millwright::server
