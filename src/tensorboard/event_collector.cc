#include "tensorboard/event_collector.h"

#include <algorithm>

#include "base/error.h"
#include "base/valid_text.h"
#include "tensorboard/metric_key.h"
#include "tracking/limits.h"

namespace millwright::tensorboard {
namespace {

// A database's index takes no longer ones.
constexpr size_t kTagCharactersMax = 500;

TagKind KindOf(const Summary& summary) {
  if (std::holds_alternative<Scalar>(summary)) return TagKind::kScalar;
  if (std::holds_alternative<Histogram>(summary)) return TagKind::kHistogram;
  if (std::holds_alternative<Images>(summary)) return TagKind::kImage;
  if (std::holds_alternative<Text>(summary)) return TagKind::kText;
  return TagKind::kUnshown;
}

}  // namespace

EventCollector::EventCollector(const std::vector<SummaryTag>& known, std::string folder)
    : folder_(std::move(folder)) {
  for (const auto& tag : known) {
    known_.emplace(std::pair(tag.kind, tag.tag), tag);
    if (!tag.plugin.empty()) plugins_.emplace(tag.tag, tag.plugin);
    keys_.insert(tag.key);
  }
}

void EventCollector::Add(const Event& event) {
  if (event.session == SessionStatus::kStart) {
    const Restart restart{event.step, WallTimeMs(event)};
    restarts_.push_back(restart);
    for (auto& [name, tag] : tags_)
      std::erase_if(tag.samples, [&](const auto& sample) {
        return sample.first >= restart.step && sample.second.time_ms < restart.time_ms;
      });
  }
  if (!event.unshown.empty()) CountUnshown(std::string(event.unshown));
  for (const auto& value : event.values) {
    try {
      AddValue(event, value);
    } catch (const Error& error) {
      if (error.code() != Code::kInvalidArgument) throw;
      CountUnshown("unreadable: " + error.message());
    }
  }
}

void EventCollector::AddValue(const Event& event, const SummaryValue& value) {
  std::string tag = tracking::CutTo(ValidText(value.tag), kTagCharactersMax);
  if (!folder_.empty()) tag = folder_ + "/" + tag;
  std::string plugin = ValidText(value.plugin);
  const auto remembered = plugins_.find(tag);
  if (plugin.empty() && remembered != plugins_.end()) plugin = remembered->second;
  const Summary summary = Interpret(value, plugin);
  if (const auto* hparams = std::get_if<Hparams>(&summary)) return AddHparams(*hparams);
  if (const auto* unshown = std::get_if<Unshown>(&summary); unshown != nullptr && plugin.empty())
    plugin = unshown->what;
  PendingTag* found = Find(KindOf(summary), tag, plugin);
  if (found == nullptr) return;
  ++found->tag.seen;
  if (!value.plugin.empty()) plugins_.insert_or_assign(tag, plugin);
  if (const auto* scalar = std::get_if<Scalar>(&summary)) {
    metrics_.push_back({found->tag.key, scalar->value, WallTimeMs(event), event.step});
  } else if (found->tag.kind != TagKind::kUnshown) {
    found->samples.insert_or_assign(event.step, PendingSample{WallTimeMs(event), summary});
  }
}

void EventCollector::AddHparams(const Hparams& hparams) {
  if (hparams.end) session_end_ = hparams.end;
  for (const auto& param : hparams.params) {
    const std::string key = KeyOf(param.name, {});
    const bool is_new = std::none_of(params_.begin(), params_.end(),
                                     [&](const auto& other) { return other.key == key; });
    if (is_new) params_.push_back({key, param.value});
  }
}

void EventCollector::CountUnshown(const std::string& what, int64_t count) {
  const std::string tag = tracking::CutTo("(" + what + ")", kTagCharactersMax);
  if (PendingTag* found = Find(TagKind::kUnshown, tag, what)) found->tag.seen += count;
}

PendingTag* EventCollector::Find(TagKind kind, const std::string& tag, const std::string& plugin) {
  const std::pair name(kind, tag);
  if (const auto found = tags_.find(name); found != tags_.end()) return &found->second;
  SummaryTag row{.kind = kind, .tag = tag, .folder = folder_, .plugin = plugin};
  if (const auto known = known_.find(name); known != known_.end()) {
    row = known->second;
    row.seen = 0;
  } else if (known_.size() < kTagsPerRunMax) {
    row.key = KeyOf(tag, keys_);
    keys_.insert(row.key);
    known_.emplace(name, row);
  } else {
    // All that is too much is counted as one.
    PendingTag& rest = tags_[{TagKind::kUnshown, "(more tags)"}];
    if (rest.tag.tag.empty())
      rest.tag = {.kind = TagKind::kUnshown,
                  .tag = "(more tags)",
                  .folder = folder_,
                  .key = "_",
                  .plugin = "more than a run may have"};
    ++rest.tag.seen;
    return nullptr;
  }
  return &tags_.emplace(name, PendingTag{row, {}}).first->second;
}

}  // namespace millwright::tensorboard
