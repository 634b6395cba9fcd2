#include "api/mlflow/webhook_format.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::api::mlflow {
namespace {

// In the order of the topics, so that messages which list actions have them in theirs.
constexpr WebhookTopic kTopics[] = {
    {"budget_policy", "exceeded",
     R"({"budget_policy_id":"bp-1","budget_unit":"USD","budget_amount":100.0,"current_spend":105.5})"},
    {"model_version", "created",
     R"({"name":"flights-late","version":"1","source":"models:/m-1","run_id":"0123456789abcdef",)"
     R"("tags":{"team":"ops"},"description":"A test message"})"},
    {"model_version_alias", "created",
     R"({"name":"flights-late","alias":"champion","version":"1"})"},
    {"model_version_alias", "deleted", R"({"name":"flights-late","alias":"champion"})"},
    {"model_version_tag", "deleted", R"({"name":"flights-late","version":"1","key":"team"})"},
    {"model_version_tag", "set",
     R"({"name":"flights-late","version":"1","key":"team","value":"ops"})"},
    {"prompt", "created",
     R"({"name":"greeting","tags":{"team":"ops"},"description":"A test message"})"},
    {"prompt_alias", "created", R"({"name":"greeting","alias":"live","version":"1"})"},
    {"prompt_alias", "deleted", R"({"name":"greeting","alias":"live"})"},
    {"prompt_tag", "deleted", R"({"name":"greeting","key":"team"})"},
    {"prompt_tag", "set", R"({"name":"greeting","key":"team","value":"ops"})"},
    {"prompt_version", "created",
     R"({"name":"greeting","version":"1","template":"Hello {{name}}","tags":{"team":"ops"},)"
     R"("description":"A test message"})"},
    {"prompt_version_tag", "deleted", R"({"name":"greeting","version":"1","key":"team"})"},
    {"prompt_version_tag", "set",
     R"({"name":"greeting","version":"1","key":"team","value":"ops"})"},
    {"registered_model", "created",
     R"({"name":"flights-late","tags":{"team":"ops"},"description":"A test message"})"},
};

constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";
constexpr std::string_view kPromptText = "mlflow.prompt.text";

std::string TopicName(const WebhookTopic& topic) {
  return fmt::format("{}.{}", topic.entity, topic.action);
}

// As Python writes a time with a zone: "2026-03-03T14:00:00.123000+00:00".
std::string PythonTime(int64_t time_ms) {
  std::string text = FormatTime(time_ms);
  text.replace(text.size() - 1, 1, "000+00:00");
  return text;
}

std::string Body(std::string_view entity, std::string_view action, int64_t time_ms,
                 const Json& data) {
  std::string body;
  JsonWriter(&body)
      .BeginObject()
      .Field("entity", entity)
      .Field("action", action)
      .Field("timestamp", PythonTime(time_ms))
      .Field("data", data)
      .EndObject();
  return body;
}

const Json& At(const Json& payload, std::string_view key) {
  static const Json kNull;
  const Json* found = payload.Find(key);
  return found == nullptr ? kNull : *found;
}

std::string VersionText(const Json& payload) {
  return std::to_string(payload.GetInt("version"));
}

// Tags but for those by which MLflow keeps a prompt as a model.
Json TagsOf(const Json& payload) {
  Json tags = Json::MakeObject();
  if (const Json* all = payload.Find("tags"))
    for (const auto& [key, value] : all->AsObject())
      if (key != kPromptTag && key != kPromptText) tags.Set(key, value);
  return tags;
}

Json NullIfEmpty(const Json& payload, std::string_view key) {
  const std::string text = payload.GetString(key);
  return text.empty() ? Json() : Json(text);
}

// What a kind of event is to MLflow: an entity of a model and the same of a prompt.
struct Translation {
  std::string_view kind;
  std::string_view of_model;  // empty: MLflow has no words for it
  std::string_view of_prompt;
  std::string_view action;
  Json (*data)(const Json& payload);
};

Json CreatedModel(const Json& payload) {
  return Json::Of({{"name", At(payload, "name")},
                   {"tags", TagsOf(payload)},
                   {"description", NullIfEmpty(payload, "description")}});
}

Json CreatedVersion(const Json& payload) {
  Json data = Json::Of({{"name", At(payload, "name")}, {"version", VersionText(payload)}});
  if (payload.GetBool("prompt")) {
    const Json* tags = payload.Find("tags");
    data.Set("template", tags == nullptr ? "" : tags->GetString(kPromptText));
  } else {
    data.Set("source", At(payload, "source")).Set("run_id", NullIfEmpty(payload, "run_id"));
  }
  return data.Set("tags", TagsOf(payload)).Set("description", NullIfEmpty(payload, "description"));
}

Json ChangedTag(const Json& payload) {
  Json data = Json::Of({{"name", At(payload, "name")}});
  if (payload.Has("version")) data.Set("version", VersionText(payload));
  data.Set("key", At(payload, "tag"));
  if (payload.Has("value")) data.Set("value", At(payload, "value"));
  return data;
}

Json MovedAlias(const Json& payload) {
  return Json::Of({{"name", At(payload, "name")},
                   {"alias", At(payload, "alias")},
                   {"version", VersionText(payload)}});
}

Json DeletedAlias(const Json& payload) {
  return Json::Of({{"name", At(payload, "name")}, {"alias", At(payload, "alias")}});
}

constexpr Translation kTranslations[] = {
    {"model.created", "registered_model", "prompt", "created", CreatedModel},
    {"model.updated", "", "prompt_tag", "set", ChangedTag},
    {"model_version.created", "model_version", "prompt_version", "created", CreatedVersion},
    {"model_version.updated", "model_version_tag", "prompt_version_tag", "set", ChangedTag},
    {"alias.moved", "model_version_alias", "prompt_alias", "created", MovedAlias},
    {"alias.deleted", "model_version_alias", "prompt_alias", "deleted", DeletedAlias},
};

std::optional<webhooks::Message> Word(const events::Event& event) {
  for (const Translation& row : kTranslations) {
    if (row.kind != event.kind) continue;
    const bool tag_change = row.data == ChangedTag;
    if (tag_change && !event.payload.Has("tag")) return std::nullopt;
    const std::string_view entity = event.payload.GetBool("prompt") ? row.of_prompt : row.of_model;
    if (entity.empty()) return std::nullopt;
    const std::string_view action =
        tag_change && event.payload.GetBool("deleted") ? "deleted" : row.action;
    return webhooks::Message{fmt::format("{}.{}", entity, action),
                             Body(entity, action, event.time_ms, row.data(event.payload))};
  }
  return std::nullopt;
}

const WebhookTopic* Find(std::string_view topic) {
  const auto found = std::find_if(std::begin(kTopics), std::end(kTopics),
                                  [&](const auto& row) { return TopicName(row) == topic; });
  return found == std::end(kTopics) ? nullptr : found;
}

std::string Example(std::string_view topic, int64_t now_ms) {
  const WebhookTopic* row = Find(topic);
  if (row == nullptr) throw InvalidArgument("Unknown event: {}", topic).WithField("event");
  return Body(row->entity, row->action, now_ms, ParseJson(row->example));
}

}  // namespace

std::span<const WebhookTopic> WebhookTopics() {
  return kTopics;
}

const webhooks::Format kWebhookFormat = {
    .name = "mlflow",
    .id_header = "X-MLflow-Delivery-Id",
    .timestamp_header = "X-MLflow-Timestamp",
    .signature_header = "X-MLflow-Signature",
    .word = Word,
    .knows = [](std::string_view topic) { return Find(topic) != nullptr; },
    .example = Example,
};

}  // namespace millwright::api::mlflow
