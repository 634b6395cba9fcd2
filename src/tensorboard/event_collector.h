#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tensorboard/event.h"
#include "tensorboard/summary.h"
#include "tensorboard/summary_store.h"
#include "tracking/entities.h"

namespace millwright::tensorboard {

// A histogram, images or a text at its step; images are views into the record they came from.
struct PendingSample {
  int64_t time_ms = 0;
  Summary summary;
};

struct PendingTag {
  SummaryTag tag;                            // `seen` counts what was added here
  std::map<int64_t, PendingSample> samples;  // by step
};

// A training began again at a step: what was written from there on before belongs to nothing.
struct Restart {
  int64_t step = 0;
  int64_t time_ms = 0;
};

// Sorts the values of events into what a run takes: metrics, params and samples by tag. Values that
// cannot be read are counted under a tag of their own and stop nothing.
class EventCollector {
 public:
  // `known` are the run's tags so far, `folder` goes before the tags.
  EventCollector(const std::vector<SummaryTag>& known, std::string folder);

  // The bytes that the event was read from must outlive what is taken out of this.
  void Add(const Event& event);
  // Counts something that is not shown.
  void CountUnshown(const std::string& what, int64_t count = 1);

  const std::vector<tracking::Metric>& metrics() const { return metrics_; }
  const std::vector<tracking::Param>& params() const { return params_; }
  const std::map<std::pair<TagKind, std::string>, PendingTag>& tags() const { return tags_; }
  const std::vector<Restart>& restarts() const { return restarts_; }
  std::optional<SessionEnd> session_end() const { return session_end_; }

 private:
  void AddValue(const Event& event, const SummaryValue& value);
  void AddHparams(const Hparams& hparams);
  // The tag's row, or nullptr when the run has too many.
  PendingTag* Find(TagKind kind, const std::string& tag, const std::string& plugin);

  const std::string folder_;
  std::map<std::pair<TagKind, std::string>, SummaryTag> known_;
  std::map<std::string, std::string> plugins_;  // by tag
  std::set<std::string> keys_;
  std::map<std::pair<TagKind, std::string>, PendingTag> tags_;
  std::vector<tracking::Metric> metrics_;
  std::vector<tracking::Param> params_;
  std::vector<Restart> restarts_;
  std::optional<SessionEnd> session_end_;
};

}  // namespace millwright::tensorboard
