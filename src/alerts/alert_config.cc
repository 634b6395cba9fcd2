#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "alerts/alert_store.h"
#include "alerts/strict_fields.h"
#include "base/error.h"

namespace millwright::alerts {
namespace {

constexpr std::string_view kSections[] = {"rules", "receivers", "routes", "inhibit"};
constexpr std::string_view kReceiverFields[] = {"name",  "webhook",      "slack",
                                                "email", "alertmanager", "send_resolved"};
constexpr std::string_view kWebhookFields[] = {"url", "secret", "secret_file"};
constexpr std::string_view kSlackFields[] = {"url", "url_file", "channel"};
constexpr std::string_view kMailFields[] = {"server",   "from",          "to", "user",
                                            "password", "password_file", "tls"};
constexpr std::string_view kManagerFields[] = {"url", "token", "token_file"};
constexpr size_t kRecipientsMax = 100;

using NewReceiver = AlertConfig::NewReceiver;

std::optional<std::string> OptionalText(const Json& json, std::string_view key) {
  const Json* given = json.Find(key);
  if (given == nullptr || given->is_null()) return std::nullopt;
  return given->AsString(key);
}

void RefuseFile(const Json& json, std::string_view key) {
  if (json.Has(key))
    throw InvalidArgument("{} is read by millwright alerts apply; the API takes what is in it", key)
        .WithField(std::string(key));
}

void ReadWebhook(const Json& json, NewReceiver* receiver) {
  RefuseUnknownFields(json, kWebhookFields, "webhook");
  RefuseFile(json, "secret_file");
  receiver->url = json.At("url").AsString("url");
  receiver->secret = OptionalText(json, "secret");
}

// Whoever knows a Slack URL may write there, so that it is the secret; what is shown is its host.
void ReadSlack(const Json& json, NewReceiver* receiver) {
  RefuseUnknownFields(json, kSlackFields, "slack");
  RefuseFile(json, "url_file");
  const std::string& url = json.At("url").AsString("url");
  const size_t host = url.find("://");
  if (host == std::string::npos)
    throw InvalidArgument("Not a URL: what Slack gives begins with https://").WithField("url");
  receiver->url = url.substr(0, std::min(url.find('/', host + 3), url.size())) + "/";
  receiver->secret = url;
  if (const auto channel = OptionalText(json, "channel"))
    receiver->settings.Set("channel", *channel);
}

void ReadMail(const Json& json, NewReceiver* receiver) {
  RefuseUnknownFields(json, kMailFields, "email");
  RefuseFile(json, "password_file");
  receiver->url = json.At("server").AsString("server");
  receiver->secret = OptionalText(json, "password");
  const auto check = [](const std::string& address, const char* field) {
    const size_t at = address.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == address.size() ||
        address.find_first_of(" \t\r\n<>,;\"") != std::string::npos)
      throw InvalidArgument("Not an address of mail: {}", address).WithField(field);
  };
  const std::string& from = json.At("from").AsString("from");
  check(from, "from");
  Json to = Json::MakeArray();
  const Json& given = json.At("to");
  if (given.is_string()) {
    check(given.AsString(), "to");
    to.Append(given);
  } else {
    for (const Json& one : given.AsArray("to")) {
      check(one.AsString("to"), "to");
      to.Append(one);
    }
  }
  if (to.AsArray().empty() || to.AsArray().size() > kRecipientsMax)
    throw InvalidArgument("A mail goes to 1 to {} addresses", kRecipientsMax).WithField("to");
  constexpr std::string_view kTls[] = {"required", "offered", "none"};
  receiver->settings.Set("from", from).Set("to", to).Set("user", json.GetString("user"));
  receiver->settings.Set("tls", kTls[ReadWord(json, "tls", {"required", "offered", "none"}, 0)]);
}

// The API's path is added where only the server is given.
void ReadAlertmanager(const Json& json, NewReceiver* receiver) {
  RefuseUnknownFields(json, kManagerFields, "alertmanager");
  RefuseFile(json, "token_file");
  constexpr std::string_view kPath = "/api/v2/alerts";
  receiver->url = json.At("url").AsString("url");
  while (receiver->url.ends_with('/')) receiver->url.pop_back();
  if (!receiver->url.ends_with(kPath)) receiver->url += kPath;
  receiver->secret = OptionalText(json, "token");
}

struct Kind {
  const char* name;
  void (*read)(const Json&, NewReceiver*);
};
constexpr Kind kKinds[] = {{"webhook", ReadWebhook},
                           {"slack", ReadSlack},
                           {"email", ReadMail},
                           {"alertmanager", ReadAlertmanager}};

NewReceiver ReadReceiver(const Json& json) {
  RefuseUnknownFields(json, kReceiverFields, "a receiver");
  NewReceiver receiver;
  receiver.name = json.At("name").AsString("name");
  webhooks::RequireWebhookName(receiver.name);
  receiver.send_resolved = json.GetBool("send_resolved", true);
  for (const Kind& kind : kKinds) {
    const Json* given = json.Find(kind.name);
    if (given == nullptr || given->is_null()) continue;
    if (!receiver.kind.empty())
      throw InvalidArgument("A receiver is one of webhook, slack, email and alertmanager")
          .WithField(kind.name);
    receiver.kind = kind.name;
    try {
      kind.read(*given, &receiver);
    } catch (const Error& error) {
      throw InvalidArgument("{}", error.message())
          .WithField(
              fmt::format("{}{}{}", kind.name, error.field().empty() ? "" : ".", error.field()));
    }
  }
  if (receiver.kind.empty())
    throw InvalidArgument("A receiver has one of webhook, slack, email and alertmanager");
  return receiver;
}

template <typename Read>
void EachOf(const Json& json, const char* section, std::vector<AlertConfig::Problem>* problems,
            const Read& read) {
  const Json* given = json.Find(section);
  if (given == nullptr || given->is_null()) return;
  if (!given->is_array()) {
    problems->push_back({section, fmt::format("{} must be a list", section)});
    return;
  }
  std::set<std::string> names;
  const Json::Array& list = given->AsArray();
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", section, i);
    try {
      const std::string name = read(list[i]);
      if (!names.insert(name).second)
        problems->push_back({path + ".name", fmt::format("{} is there twice", name)});
    } catch (const Error& error) {
      problems->push_back(
          {error.field().empty() ? path : path + "." + error.field(), error.message()});
    }
  }
}

}  // namespace

AlertConfig AlertConfig::FromJson(const Json& json, std::vector<Problem>* problems) {
  AlertConfig config;
  try {
    RefuseUnknownFields(json, kSections, "an alerts file");
  } catch (const Error& error) {
    problems->push_back({error.field(), error.message()});
    return config;
  }
  EachOf(json, "rules", problems,
         [&](const Json& one) { return config.rules.emplace_back(Rule::FromJson(one)).name; });
  EachOf(json, "receivers", problems,
         [&](const Json& one) { return config.receivers.emplace_back(ReadReceiver(one)).name; });
  if (json.Has("routes") || json.Has("inhibit")) {
    try {
      config.routing = Routing::FromJson(json);
    } catch (const Error& error) {
      problems->push_back({error.field(), error.message()});
    }
  }
  return config;
}

}  // namespace millwright::alerts
