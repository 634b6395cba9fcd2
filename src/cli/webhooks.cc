#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <iterator>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

constexpr const char* kRoot = "/api/v1/webhooks";

std::string WebhookPath(const std::string& id) {
  return std::string(kRoot) + "/" + fetch::PercentEncode(id);
}

std::string DeliveryPath(const std::string& id) {
  return "/api/v1/webhook-deliveries/" + fetch::PercentEncode(id);
}

// All webhooks, page by page.
Json AllWebhooks(Client& client) {
  Json all = Json::MakeArray();
  Query query;
  for (;;) {
    const Json page = client.Get(kRoot, query);
    for (const Json& one : page.At("webhooks").AsArray()) all.Append(one);
    if (!page.Has("next")) return all;
    query = {{"before", std::to_string(page.GetInt("next"))}};
  }
}

// The webhook that a person means by its id or its name, which need not be of one webhook only.
Json FindWebhook(Client& client, const std::string& words) {
  std::vector<Json> found;
  const Json all = AllWebhooks(client);
  for (const Json& one : all.AsArray()) {
    if (one.GetString("id") == words) return one;
    if (one.GetString("name") == words) found.push_back(one);
  }
  if (found.empty()) throw NotFound("Webhook", words);
  if (found.size() > 1)
    throw InvalidArgument("{} webhooks are named {}; give the id", found.size(), words);
  return found.front();
}

std::string EventsOf(const Json& webhook) {
  return fmt::format("{}", fmt::join(webhook.GetStrings("events"), " "));
}

// A secret is read from a file or, for "-", from standard input: on the command line it would be
// seen in the list of processes.
std::string ReadSecret(const std::string& file) {
  std::string secret =
      file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : ReadFile(file);
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) throw InvalidArgument("The secret is empty").WithField("--secret-file");
  return secret;
}

int ListWebhooks(const LimitOptions&, Console& console) {
  const Json all = AllWebhooks(console.client());
  console.Answer(Json::Of({{"webhooks", all}}));
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : all.AsArray())
    rows.push_back({one.GetString("id"), one.GetString("name"), one.GetString("status"),
                    EventsOf(one), std::to_string(one.GetInt("pending")),
                    std::to_string(one.GetInt("dead")), one.GetString("url")});
  console.PrintTable({"ID", "NAME", "STATUS", "EVENTS", "WAITING", "DEAD", "URL"}, rows);
  return 0;
}

struct CreateOptions {
  std::string name, url, description, secret_file;
  std::vector<std::string> events;
};
constexpr Option<CreateOptions> kCreateOptions[] = {
    {"", "NAME", "What to call it", &CreateOptions::name, "", 0, 0,
     Option<CreateOptions>::Kind::kRequired},
    {"", "URL", "Where it is told", &CreateOptions::url, "", 0, 0,
     Option<CreateOptions>::Kind::kRequired},
    {"", "--event", "A kind of event, noun.* for all of a noun, * for all; repeatable",
     &CreateOptions::events, "KIND", 0, 0, Option<CreateOptions>::Kind::kRequired},
    {"", "--description", "What it is for", &CreateOptions::description, "TEXT"},
    {"", "--secret-file", "A file with the secret to sign with; - is standard input",
     &CreateOptions::secret_file, "FILE"},
};

Json ListOf(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

int CreateWebhook(const CreateOptions& options, Console& console) {
  Json body =
      Json::Of({{"name", options.name}, {"url", options.url}, {"events", ListOf(options.events)}});
  if (!options.description.empty()) body.Set("description", options.description);
  if (!options.secret_file.empty()) body.Set("secret", ReadSecret(options.secret_file));
  const Json webhook = console.client().Post(kRoot, body);
  console.Answer(webhook);
  console.Line(fmt::format("Webhook {} tells {} of {}", webhook.GetString("name"),
                           webhook.GetString("url"), EventsOf(webhook)));
  console.Hint("Try it: millwright webhooks test " + webhook.GetString("name"));
  return 0;
}

struct UpdateOptions {
  std::string webhook, name, url, description, secret_file, status;
  std::vector<std::string> events;
  bool no_secret = false;
};
constexpr Option<UpdateOptions> kUpdateOptions[] = {
    {"", "WEBHOOK", "Its name or id", &UpdateOptions::webhook, "", 0, 0,
     Option<UpdateOptions>::Kind::kRequired},
    {"", "--name", "Another name", &UpdateOptions::name, "NAME"},
    {"", "--url", "Another address", &UpdateOptions::url, "URL"},
    {"", "--event", "What it is told of from now on; repeatable", &UpdateOptions::events, "KIND"},
    {"", "--description", "Another description", &UpdateOptions::description, "TEXT"},
    {"", "--secret-file", "A file with another secret; - is standard input",
     &UpdateOptions::secret_file, "FILE"},
    {"", "--no-secret", "Sign no more", &UpdateOptions::no_secret},
    {"", "--status", "active or disabled", &UpdateOptions::status, "STATUS"},
};

std::string StatusWord(const std::string& word) {
  if (word == "active") return "ACTIVE";
  if (word == "disabled") return "DISABLED";
  throw InvalidArgument("--status must be active or disabled, not {}", word).WithField("--status");
}

int UpdateWebhook(const UpdateOptions& options, Console& console) {
  Json body = Json::MakeObject();
  if (!options.name.empty()) body.Set("name", options.name);
  if (!options.url.empty()) body.Set("url", options.url);
  if (!options.events.empty()) body.Set("events", ListOf(options.events));
  if (!options.description.empty()) body.Set("description", options.description);
  if (!options.secret_file.empty()) body.Set("secret", ReadSecret(options.secret_file));
  if (options.no_secret) body.Set("secret", Json());
  if (!options.status.empty()) body.Set("status", StatusWord(options.status));
  const std::string id = FindWebhook(console.client(), options.webhook).GetString("id");
  const Json webhook = console.client().Patch(WebhookPath(id), body);
  console.Answer(webhook);
  console.Line(fmt::format("Webhook {} is {} and tells {} of {}", webhook.GetString("name"),
                           webhook.GetString("status"), webhook.GetString("url"),
                           EventsOf(webhook)));
  return 0;
}

constexpr Option<NameOptions> kWebhookOptions[] = {
    {"", "WEBHOOK", "The webhook's name or id", &NameOptions::name, "", 0, 0,
     Option<NameOptions>::Kind::kRequired},
};
constexpr Option<NameOptions> kDeliveryOptions[] = {
    {"", "ID", "The delivery's id", &NameOptions::name, "", 0, 0,
     Option<NameOptions>::Kind::kRequired},
};

int DeleteWebhook(const NameOptions& options, Console& console) {
  const Json webhook = FindWebhook(console.client(), options.name);
  console.Answer(console.client().Delete(WebhookPath(webhook.GetString("id"))));
  console.Line("Webhook " + webhook.GetString("name") + " is gone, and its deliveries with it");
  return 0;
}

struct TestOptions {
  std::string webhook, event;
};
constexpr Option<TestOptions> kTestOptions[] = {
    {"", "WEBHOOK", "Its name or id", &TestOptions::webhook, "", 0, 0,
     Option<TestOptions>::Kind::kRequired},
    {"", "--event", "The kind of event to make up; its first one if not given", &TestOptions::event,
     "KIND"},
};

std::string OutcomeOf(const Json& attempt) {
  const Json* status = attempt.Find("status");
  return status == nullptr || status->is_null() ? attempt.GetString("error")
                                                : std::to_string(status->AsInt());
}

int TestWebhook(const TestOptions& options, Console& console) {
  const Json webhook = FindWebhook(console.client(), options.webhook);
  Json body = Json::MakeObject();
  if (!options.event.empty()) body.Set("event", options.event);
  const Json result = console.client().Post(WebhookPath(webhook.GetString("id")) + "/test", body);
  console.Answer(result);
  const bool delivered = result.GetBool("delivered");
  console.Line(fmt::format("{} {}: {} after {}", webhook.GetString("url"),
                           delivered ? "took the message" : "did not take the message",
                           OutcomeOf(result), FormatDuration(result.GetInt("duration_ms"))));
  return delivered ? 0 : 1;
}

struct DeliveriesOptions {
  std::string webhook, state, event;
  int limit = 50;
};
constexpr Option<DeliveriesOptions> kDeliveriesOptions[] = {
    {"", "WEBHOOK", "Its name or id", &DeliveriesOptions::webhook, "", 0, 0,
     Option<DeliveriesOptions>::Kind::kRequired},
    {"", "--state", "pending, delivered or dead; all if not given", &DeliveriesOptions::state,
     "STATE"},
    {"", "--event", "Only this kind of event", &DeliveriesOptions::event, "KIND"},
    {"", "--limit", "How many to list, the newest first", &DeliveriesOptions::limit, "N", 1, 500},
};

int ListDeliveries(const DeliveriesOptions& options, Console& console) {
  const std::string id = FindWebhook(console.client(), options.webhook).GetString("id");
  Query query{{"limit", std::to_string(options.limit)}};
  if (!options.state.empty()) query.emplace_back("state", options.state);
  if (!options.event.empty()) query.emplace_back("event", options.event);
  const Json result = console.client().Get(WebhookPath(id) + "/deliveries", query);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("deliveries").AsArray())
    rows.push_back({one.GetString("id"), one.GetString("event"), one.GetString("subject"),
                    one.GetString("state"), std::to_string(one.GetInt("attempts")),
                    FormatTime(one.GetInt("created_ms")), one.GetString("error")});
  console.PrintTable({"ID",
                      "EVENT",
                      "SUBJECT",
                      "STATE",
                      "ATTEMPTS",
                      "QUEUED",
                      {"ERROR", Column::Align::kSentence}},
                     rows);
  return 0;
}

int ShowDelivery(const NameOptions& options, Console& console) {
  const Json delivery = console.client().Get(DeliveryPath(options.name));
  console.Answer(delivery);
  console.Line(fmt::format("{} of {}: {}", delivery.GetString("event"),
                           delivery.GetString("subject"), delivery.GetString("state")));
  console.Line(delivery.GetString("body"));
  std::vector<std::vector<std::string>> rows;
  for (const Json& attempt : delivery.At("log").AsArray())
    rows.push_back({"  " + std::to_string(attempt.GetInt("number")),
                    FormatTime(attempt.GetInt("started_ms")),
                    FormatDuration(attempt.GetInt("duration_ms")), OutcomeOf(attempt),
                    attempt.GetString("response")});
  console.PrintTable({"  ATTEMPT", "STARTED", "TOOK", "OUTCOME", "RESPONSE"}, rows);
  return 0;
}

struct ReplayOptions {
  std::string webhook, delivery;
};
constexpr Option<ReplayOptions> kReplayOptions[] = {
    {"", "WEBHOOK", "Its name or id", &ReplayOptions::webhook, "", 0, 0,
     Option<ReplayOptions>::Kind::kRequired},
    {"", "--delivery", "One delivery, whatever became of it; all dead letters if not given",
     &ReplayOptions::delivery, "ID"},
};

int ReplayDeliveries(const ReplayOptions& options, Console& console) {
  const Json webhook = FindWebhook(console.client(), options.webhook);
  if (!options.delivery.empty()) {
    const Json delivery =
        console.client().Post(DeliveryPath(options.delivery) + "/replay", Json::MakeObject());
    console.Answer(delivery);
    console.Line("Delivery " + delivery.GetString("id") + " is queued again");
    return 0;
  }
  const Json result =
      console.client().Post(WebhookPath(webhook.GetString("id")) + "/replay", Json::MakeObject());
  console.Answer(result);
  const int64_t replayed = result.GetInt("replayed");
  console.Line(fmt::format("{} dead letter{} of {} queued again", FormatCount(replayed),
                           replayed == 1 ? "" : "s", webhook.GetString("name")));
  return 0;
}

}  // namespace

void AddWebhookCommands(Commands& commands) {
  commands.push_back(MakeCommand("webhooks list", "List webhooks", kLimitOptions, ListWebhooks));
  commands.push_back(
      MakeCommand("webhooks create", "Tell somebody of events", kCreateOptions, CreateWebhook));
  commands.push_back(
      MakeCommand("webhooks update", "Change a webhook", kUpdateOptions, UpdateWebhook));
  commands.push_back(MakeCommand("webhooks delete", "Delete a webhook and its deliveries",
                                 kWebhookOptions, DeleteWebhook));
  commands.push_back(
      MakeCommand("webhooks test", "Send a made-up message, now", kTestOptions, TestWebhook));
  commands.push_back(MakeCommand("webhooks deliveries", "List what a webhook was told",
                                 kDeliveriesOptions, ListDeliveries));
  commands.push_back(MakeCommand("webhooks delivery", "Show a message and its attempts",
                                 kDeliveryOptions, ShowDelivery));
  commands.push_back(
      MakeCommand("webhooks replay", "Send messages once more", kReplayOptions, ReplayDeliveries));
}

}  // namespace millwright::cli
