#include "webhooks/rows.h"

#include "base/error.h"
#include "base/json.h"
#include "webhooks/sql.h"

namespace millwright::webhooks {

Webhook ReadWebhook(const storage::Row& row) {
  Webhook webhook{.seq = row.Int(0),
                  .id = WebhookId(row.Text(1)),
                  .name = row.Text(2),
                  .description = row.OptionalText(3),
                  .url = row.Text(4),
                  .format = row.Text(5),
                  .topics = {},
                  .status = ParseStatus(row.Text(7)),
                  .sealed_secret = row.OptionalText(8),
                  .after_seq = row.Int(9),
                  .created_ms = row.Int(10),
                  .updated_ms = row.Int(11),
                  .created_by = row.Text(12),
                  .settings = row.Text(13)};
  const Json topics = ParseJson(row.Text(6));
  for (const Json& topic : topics.AsArray()) webhook.topics.push_back(topic.AsString());
  return webhook;
}

Webhook FindWebhook(storage::Connection& connection, const WebhookId& id) {
  const auto row = connection.SelectOne(sql::kFindWebhook, {id.str()});
  if (!row) throw Error(Code::kNotFound, fmt::format("Webhook with ID {} not found.", id.str()));
  return ReadWebhook(*row);
}

std::string TopicsText(const std::vector<std::string>& topics) {
  Json list = Json::MakeArray();
  for (const std::string& topic : topics) list.Append(topic);
  return list.Dump();
}

}  // namespace millwright::webhooks
