#include "pipelines/follower.h"

#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "pipelines/sql.h"

namespace millwright::pipelines {
namespace {

constexpr int kPage = 256;
constexpr int64_t kCursorLagMax = 1000;
// How long the thread sleeps at most before it looks whether it shall stop.
constexpr int64_t kWaitMs = 250;
constexpr auto kFailurePause = std::chrono::seconds(1);

}  // namespace

EventFollower::EventFollower(PipelineStore& store, NoticeBox& notices)
    : store_(store), notices_(notices) {
  seq_ = saved_ = store_.database().Read([](storage::Connection& connection) {
    return connection.SelectOne(sql::kReadCursor)->Int(0);
  });
  LoadTriggers();
  thread_ = std::jthread([this](std::stop_token stop) { Follow(stop); });
}

EventFollower::~EventFollower() {
  thread_.request_stop();
  thread_.join();
}

void EventFollower::LoadTriggers() {
  triggered_.clear();
  for (Pipeline& pipeline : store_.List()) {
    if (!pipeline.spec->triggers.empty()) triggered_.push_back(std::move(pipeline));
  }
}

// Runs a piece of work whose failure (a database that is away) passes with time.
void EventFollower::Guarded(const std::function<void()>& work) {
  try {
    work();
    failing_ = false;
  } catch (const Error& error) {
    if (!failing_) {
      Log(LogLevel::kWarning, "pipelines", "cannot follow the events",
          {{"error", error.message()}});
    }
    failing_ = true;
  }
}

void EventFollower::Follow(const std::stop_token& stop) {
  NameThisThread("pipe-events");
  std::mutex mutex;
  std::condition_variable_any pause;
  while (!stop.stop_requested()) {
    Guarded([&] {
      const auto events = store_.events().After(seq_, kPage);
      for (const events::Event& event : events) {
        if (stop.stop_requested()) return;
        Look(event);
        seq_ = event.seq;
      }
      if (seq_ - saved_ > kCursorLagMax) SaveCursor();
      if (events.empty() && !store_.events().WaitFor(seq_, kWaitMs) && store_.events().closed()) {
        std::unique_lock lock(mutex);
        pause.wait(lock, stop, [] { return false; });
      }
    });
    if (!failing_) continue;
    std::unique_lock lock(mutex);
    pause.wait_for(lock, stop, kFailurePause, [] { return false; });
  }
  Guarded([&] { SaveCursor(); });
}

void EventFollower::Look(const events::Event& event) {
  if (event.kind == "pipeline.registered") LoadTriggers();
  Trigger(event);
  GiveNotice(event);
}

void EventFollower::Trigger(const events::Event& event) {
  struct Match {
    const Pipeline* pipeline;
    size_t number;
  };
  std::vector<Match> matches;
  for (const Pipeline& pipeline : triggered_) {
    // A pipeline is not started by what its own runs do, or it would never rest.
    if (event.payload.is_object() && event.payload.Has("pipeline") &&
        *event.payload.Find("pipeline") == Json(pipeline.name)) {
      continue;
    }
    if (event.seq <= pipeline.triggers_after) continue;
    for (size_t i = 0; i < pipeline.spec->triggers.size(); ++i) {
      if (Matches(pipeline.spec->triggers[i], event)) matches.push_back({&pipeline, i});
    }
  }
  if (matches.empty()) return;
  store_.database().Write([&](storage::Connection& connection) {
    if (connection.Execute(sql::kMoveCursor, {event.seq}) == 0) return;
    for (const Match& match : matches) {
      store_.StartByEvent(connection, *match.pipeline, match.number, event);
    }
  });
  saved_ = event.seq;
}

void EventFollower::GiveNotice(const events::Event& event) {
  if (event.kind == "pipeline_run.created" || event.kind == "pipeline_run.finished") {
    notices_.Put({Notice::Kind::kQueuedRuns, event.payload.GetString("pipeline"), ""});
  } else if (event.kind == "pipeline_run.cancel_requested") {
    const std::string id = event.subject.substr(event.subject.find(':') + 1);
    notices_.Put({Notice::Kind::kCancel, id, event.who});
  }
}

void EventFollower::SaveCursor() {
  if (seq_ == saved_) return;
  store_.database().Write(
      [&](storage::Connection& connection) { connection.Execute(sql::kMoveCursor, {seq_}); });
  saved_ = seq_;
}

}  // namespace millwright::pipelines
