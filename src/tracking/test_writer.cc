// Logs batches of points from several threads and compacts them without pause; prints the first
// step of each batch once it is acknowledged, until it is killed: tracking_test_writer DATABASE-URI
// RUN-ID FIRST-STEP.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/metric_compactor.h"
#include "tracking/metric_segment.h"
#include "tracking/run_store.h"

namespace {

constexpr int kThreads = 4;
constexpr int kBatch = 20;

}  // namespace

int main(int argc, char** argv) {
  using namespace millwright;
  using namespace millwright::tracking;
  if (argc != 4) return 2;
  const auto database = storage::OpenDatabase(argv[1]);
  const RunId run(argv[2]);
  const SystemClock clock;
  events::EventLog events(*database, clock);
  RunStore runs(*database, events, clock);
  const int64_t seq = database->Read(
      [&](storage::Connection& connection) { return FindMetricRun(connection, run)->seq; });
  std::atomic<int64_t> next = std::atoll(argv[3]);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        const int64_t first = next.fetch_add(kBatch);
        Batch batch;
        for (int64_t step = first; step < first + kBatch; ++step) {
          batch.metrics.push_back({"m", static_cast<double>(step) * 0.5, step, step});
        }
        runs.LogBatch(run, batch);
        const std::string line = std::to_string(first) + "\n";
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
      }
    });
  }
  MetricCompactor compactor(*database, clock, {.points_max = 100});
  for (;;) compactor.CompactRun(seq);
}
