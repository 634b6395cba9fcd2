#pragma once

#include <span>
#include <string_view>

#include "webhooks/format.h"

namespace millwright::api::mlflow {

// An event that MLflow's webhooks may ask for: "model_version_tag" and "set" are the topic
// "model_version_tag.set". Millwright's own kinds are translated into these.
struct WebhookTopic {
  std::string_view entity;
  std::string_view action;
  std::string_view example;  // the data of a made-up message, as JSON
};

std::span<const WebhookTopic> WebhookTopics();

// How deliveries to webhooks that were made through MLflow's API look: body and headers are those
// of MLflow's own server.
extern const webhooks::Format kWebhookFormat;

}  // namespace millwright::api::mlflow
