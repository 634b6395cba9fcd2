#pragma once

#include "api/mlflow/wire.h"

// The messages of webhooks, field by field as MLflow's protocol has them.
namespace millwright::api::mlflow {

enum class WebhookEntity {
  kRegisteredModel = 1,
  kModelVersion,
  kModelVersionTag,
  kModelVersionAlias,
  kPrompt,
  kPromptVersion,
  kPromptTag,
  kPromptVersionTag,
  kPromptAlias,
  kBudgetPolicy,
};
template <>
struct WireEnum<WebhookEntity> {
  static constexpr EnumName kNames[] = {
      {"REGISTERED_MODEL", 1},
      {"MODEL_VERSION", 2},
      {"MODEL_VERSION_TAG", 3},
      {"MODEL_VERSION_ALIAS", 4},
      {"PROMPT", 5},
      {"PROMPT_VERSION", 6},
      {"PROMPT_TAG", 7},
      {"PROMPT_VERSION_TAG", 8},
      {"PROMPT_ALIAS", 9},
      {"BUDGET_POLICY", 10},
  };
};
enum class WebhookAction { kCreated = 1, kUpdated, kDeleted, kSet, kExceeded };
template <>
struct WireEnum<WebhookAction> {
  static constexpr EnumName kNames[] = {
      {"CREATED", 1}, {"UPDATED", 2}, {"DELETED", 3}, {"SET", 4}, {"EXCEEDED", 5},
  };
};
enum class WireWebhookStatus { kActive = 1, kDisabled };
template <>
struct WireEnum<WireWebhookStatus> {
  static constexpr EnumName kNames[] = {{"ACTIVE", 1}, {"DISABLED", 2}};
};

struct WireWebhookEvent {
  std::optional<WebhookEntity> entity;
  std::optional<WebhookAction> action;
  static constexpr auto fields() {
    using T = WireWebhookEvent;
    return std::tuple(Must("entity", &T::entity), Must("action", &T::action));
  }
};
struct WireWebhook {
  std::string webhook_id;
  std::string name;
  std::optional<std::string> description;
  std::string url;
  std::vector<WireWebhookEvent> events;
  WireWebhookStatus status = WireWebhookStatus::kActive;
  int64_t creation_timestamp = 0;
  int64_t last_updated_timestamp = 0;
  static constexpr auto fields() {
    using T = WireWebhook;
    return std::tuple(May("webhook_id", &T::webhook_id), May("name", &T::name),
                      May("description", &T::description), May("url", &T::url),
                      May("events", &T::events), May("status", &T::status),
                      May("creation_timestamp", &T::creation_timestamp),
                      May("last_updated_timestamp", &T::last_updated_timestamp));
  }
};
struct WebhookAnswer {
  WireWebhook webhook;
  static constexpr auto fields() { return std::tuple(May("webhook", &WebhookAnswer::webhook)); }
};
struct WebhooksAnswer {
  std::vector<WireWebhook> webhooks;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = WebhooksAnswer;
    return std::tuple(May("webhooks", &T::webhooks), May("next_page_token", &T::next_page_token));
  }
};

struct CreateWebhook {
  std::string name;
  std::optional<std::string> description;
  std::string url;
  std::vector<WireWebhookEvent> events;
  std::string secret;
  WireWebhookStatus status = WireWebhookStatus::kActive;
  static constexpr auto fields() {
    using T = CreateWebhook;
    return std::tuple(Must("name", &T::name), May("description", &T::description),
                      Must("url", &T::url), Must("events", &T::events), May("secret", &T::secret),
                      May("status", &T::status));
  }
};
struct ListWebhooks {
  int64_t max_results = 0;
  std::string page_token;
  static constexpr auto fields() {
    using T = ListWebhooks;
    return std::tuple(May("max_results", &T::max_results), May("page_token", &T::page_token));
  }
};
struct UpdateWebhook {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> url;
  std::vector<WireWebhookEvent> events;
  std::optional<std::string> secret;
  std::optional<WireWebhookStatus> status;
  static constexpr auto fields() {
    using T = UpdateWebhook;
    return std::tuple(May("name", &T::name), May("description", &T::description),
                      May("url", &T::url), May("events", &T::events), May("secret", &T::secret),
                      May("status", &T::status));
  }
};
struct TestWebhook {
  std::optional<WireWebhookEvent> event;
  static constexpr auto fields() { return std::tuple(May("event", &TestWebhook::event)); }
};
struct WebhookTestResult {
  bool success = false;
  std::optional<int64_t> response_status;
  std::optional<std::string> response_body;
  std::optional<std::string> error_message;
  static constexpr auto fields() {
    using T = WebhookTestResult;
    return std::tuple(May("success", &T::success), May("response_status", &T::response_status),
                      May("response_body", &T::response_body),
                      May("error_message", &T::error_message));
  }
};
struct WebhookTestAnswer {
  WebhookTestResult result;
  static constexpr auto fields() { return std::tuple(May("result", &WebhookTestAnswer::result)); }
};

}  // namespace millwright::api::mlflow
