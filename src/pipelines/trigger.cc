#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "pipelines/pipeline_store.h"
#include "pipelines/sql.h"

namespace millwright::pipelines {
namespace {

bool MatchesText(const std::string& pattern, const std::string& text) {
  if (pattern.empty()) return true;
  if (pattern.back() != '*') return pattern == text;
  return text.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

bool Contains(const Json& whole, const Json& part) {
  if (!part.is_object()) return whole == part;
  return std::all_of(part.AsObject().begin(), part.AsObject().end(), [&](const auto& field) {
    const Json* value = whole.Find(field.first);
    return value != nullptr && Contains(*value, field.second);
  });
}

Params TriggerParams(const PipelineSpec& spec, const TriggerSpec& trigger, const Json& event) {
  Params given;
  for (const auto& [name, text] : trigger.params) {
    given[name] =
        text.Fill([&](const Reference& reference) { return EventValue(event, reference); });
  }
  return ResolveParams(spec, given);
}

}  // namespace

bool Matches(const TriggerSpec& trigger, const events::Event& event) {
  return trigger.event == event.kind && MatchesText(trigger.subject, event.subject) &&
         MatchesText(trigger.who, event.who) && Contains(event.payload, trigger.payload);
}

std::string EventValue(const Json& event, const Reference& reference) {
  const Json* value = &event;
  for (size_t i = 1; i < reference.size() && value != nullptr; ++i) {
    value = value->Find(reference[i]);
  }
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? value->AsString() : value->Dump();
}

void PipelineStore::StartByEvent(storage::Connection& connection, const Pipeline& pipeline,
                                 size_t number, const events::Event& event) {
  const TriggerSpec& trigger = pipeline.spec->triggers[number];
  const auto skip = [&](const std::string& why) {
    events_.Append(connection, "pipeline_run.skipped", "pipeline:" + pipeline.name, "system",
                   Json::Of({{"pipeline", pipeline.name}, {"event", event.seq}, {"why", why}}));
  };
  if (!trigger.queue_while_live) {
    const auto live =
        connection.SelectOne(sql::kLiveRunOfTrigger, {pipeline.name, static_cast<int64_t>(number)});
    if (live) return skip(fmt::format("run {} of this trigger has not ended", live->Text(0)));
  }
  const Json json = event.ToJson();
  Params params;
  try {
    params = TriggerParams(*pipeline.spec, trigger, json);
  } catch (const Error& error) {
    return skip(error.message());
  }
  if (connection
          .SelectOne(sql::kCountLiveRuns, {pipeline.name, std::string(Name(RunState::kQueued))})
          ->Int(0) >= kQueuedRunsMax) {
    return skip("too many runs are queued");
  }
  InsertRun(connection, pipeline, params, "system", json, static_cast<int64_t>(number));
}

}  // namespace millwright::pipelines
