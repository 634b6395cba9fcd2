#include "server/loop.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "events/event_log.h"
#include "monitoring/monitors.h"
#include "pipelines/pipeline_store.h"

namespace millwright::server {
namespace {

constexpr int64_t kEventWaitMs = 1'000;
constexpr int kEventsPerRead = 256;
constexpr std::string_view kAlertSubject = "alert:";

// Runs a round of a loop that must go on whatever a round throws.
template <typename F>
void Guarded(std::string_view what, F&& round) {
  try {
    round();
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "server", what, {{"error", error.what()}});
  }
}

}  // namespace

Loop::Loop(events::EventLog& events, monitoring::Monitors& monitors,
           pipelines::PipelineStore& pipelines, int64_t interval_ms)
    : events_(events), monitors_(monitors), pipelines_(pipelines) {
  measuring_ =
      std::jthread([this, interval_ms](std::stop_token stop) { Measure(stop, interval_ms); });
  linking_ = std::jthread([this](std::stop_token stop) { LinkAlerts(stop); });
}

Loop::~Loop() = default;

void Loop::Measure(const std::stop_token& stop, int64_t interval_ms) {
  NameThisThread("monitors");
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    Guarded("cannot measure the monitors", [&] { monitors_.Evaluate(); });
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, std::chrono::milliseconds(interval_ms), [] { return false; });
  }
}

// A run that an alert started names it as the subject of its event.
void Loop::LinkAlerts(const std::stop_token& stop) {
  NameThisThread("alert-links");
  int64_t cursor = events_.Last();
  while (!stop.stop_requested() && !events_.closed()) {
    if (!events_.WaitFor(cursor, kEventWaitMs)) continue;
    Guarded("cannot link an alert to its pipeline run", [&] {
      for (const auto& event : events_.After(cursor, kEventsPerRead)) {
        cursor = event.seq;
        if (event.kind != "pipeline_run.created") continue;
        const std::string id = event.subject.substr(event.subject.find(':') + 1);
        const std::string trigger = pipelines_.GetRun(pipelines::PipelineRunId(id)).trigger();
        if (trigger.starts_with(kAlertSubject))
          monitors_.SetPipelineRun(monitoring::AlertId(trigger.substr(kAlertSubject.size())), id);
      }
    });
  }
}

}  // namespace millwright::server
