#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "pipelines/notice.h"
#include "pipelines/pipeline_store.h"

namespace millwright::pipelines {

// Follows the event log on a thread of its own: starts runs by their triggers and tells the loop
// what concerns its runs.
//
// Each event is looked at once, over restarts and among servers: the cursor in the database moves
// over an event in the transaction that starts the runs for it, and whoever finds the cursor at or
// behind an event leaves it alone. The cursor is not written for events that no trigger wants, but
// every kCursorLagMax of them, so that a restart looks at few a second time.
class EventFollower {
 public:
  EventFollower(PipelineStore& store, NoticeBox& notices);
  ~EventFollower();

 private:
  void Follow(const std::stop_token& stop);
  void Look(const events::Event& event);
  void Trigger(const events::Event& event);
  void LoadTriggers();
  void GiveNotice(const events::Event& event);
  void SaveCursor();
  void Guarded(const std::function<void()>& work);

  PipelineStore& store_;
  NoticeBox& notices_;
  int64_t seq_ = 0;    // looked at
  int64_t saved_ = 0;  // in the database
  bool failing_ = false;
  std::vector<Pipeline> triggered_;  // pipelines that have triggers
  std::jthread thread_;              // last: it uses all of the above
};

}  // namespace millwright::pipelines
