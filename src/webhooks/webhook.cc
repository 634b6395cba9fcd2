#include "webhooks/webhook.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::webhooks {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string_view StatusName(WebhookStatus status) {
  return status == WebhookStatus::kActive ? "ACTIVE" : "DISABLED";
}

WebhookStatus ParseStatus(std::string_view text) {
  for (const auto status : {WebhookStatus::kActive, WebhookStatus::kDisabled})
    if (text == StatusName(status)) return status;
  throw InvalidArgument("status must be ACTIVE or DISABLED, not \"{}\"", text).WithField("status");
}

bool Webhook::Wants(std::string_view topic) const {
  return std::any_of(topics.begin(), topics.end(), [&](std::string_view wanted) {
    if (wanted.ends_with('*')) return topic.starts_with(wanted.substr(0, wanted.size() - 1));
    return topic == wanted;
  });
}

void RequireWebhookName(const std::string& name) {
  const bool right = !name.empty() && name.size() <= kNameCharactersMax &&
                     IsLetterOrDigit(name.front()) && IsLetterOrDigit(name.back()) &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
                     });
  if (right) return;
  throw InvalidArgument(
      "Webhook name '{}' is invalid. It must start and end with a letter or digit, be less than {} "
      "characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens "
      "(-).",
      name, kNameCharactersMax)
      .WithField("name");
}

}  // namespace millwright::webhooks
