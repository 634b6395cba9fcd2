#pragma once

#include <cstdint>
#include <thread>

namespace millwright::events {
class EventLog;
}
namespace millwright::monitoring {
class Monitors;
}
namespace millwright::pipelines {
class PipelineStore;
}

namespace millwright::server {

// What keeps turning by itself: measures the monitors soon after new predictions or outcomes came,
// and notes at each alert which pipeline run it started. Two threads; both end with it.
class Loop {
 public:
  Loop(events::EventLog& events, monitoring::Monitors& monitors,
       pipelines::PipelineStore& pipelines, int64_t interval_ms);
  // Waits for a measurement under way.
  ~Loop();

 private:
  void Measure(const std::stop_token& stop, int64_t interval_ms);
  void LinkAlerts(const std::stop_token& stop);

  events::EventLog& events_;
  monitoring::Monitors& monitors_;
  pipelines::PipelineStore& pipelines_;
  std::jthread measuring_;
  std::jthread linking_;
};

}  // namespace millwright::server
