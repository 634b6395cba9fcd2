#pragma once

#include <filesystem>
#include <string>
#include <thread>

#include "events/event_log.h"

namespace millwright::lineage {
class LineageGraph;
}
namespace millwright::monitoring {
class Monitors;
}
namespace millwright::pipelines {
class PipelineStore;
}
namespace millwright::storage {
class Database;
}
namespace millwright::tracking {
class RunStore;
struct Run;
}  // namespace millwright::tracking

namespace millwright::server {

// What the follower works with.
struct FollowerContext {
  storage::Database& database;
  events::EventLog& events;
  lineage::LineageGraph& lineage;
  tracking::RunStore& runs;
  monitoring::Monitors& monitors;
  pipelines::PipelineStore& pipelines;
};

// Follows the event log and draws what spans rooms: the edges of the lineage graph between a data
// set, the run that was trained on it, the version registered of it, the endpoint that serves it,
// its monitor, an alert and the pipeline run that the alert started; and the link from an alert to
// that run. The cursor is a file, so that a restarted server goes on where it was; doing an event
// twice changes nothing. One thread, which ends with the log's Close and the destructor.
class EventFollower {
 public:
  EventFollower(FollowerContext context, std::filesystem::path cursor_file);
  ~EventFollower();

 private:
  void Run(const std::stop_token& stop);
  void Take(const events::Event& event);
  void AddEdge(const std::string& from, const std::string& to, const std::string& label);
  void DrawRun(const events::Event& event);
  void DrawInputs(const tracking::Run& run);
  void DrawPipelineRun(const events::Event& event);

  const FollowerContext context_;
  const std::filesystem::path cursor_file_;
  std::jthread thread_;
};

}  // namespace millwright::server
