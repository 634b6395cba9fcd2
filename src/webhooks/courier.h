#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "fetch/client.h"
#include "security/secret_box.h"
#include "webhooks/address_policy.h"
#include "webhooks/delivery.h"
#include "webhooks/format.h"

namespace millwright::webhooks {

// A message with its address, ready to be sent.
struct Outgoing {
  WebhookId webhook;
  std::string url;
  std::string format;
  std::optional<std::string> sealed_secret;
  DeliveryId delivery;
  std::string body;
  std::string settings = "{}";  // of the webhook, as JSON
};

enum class Verdict {
  kDelivered,  // 2xx
  kRetry,      // another attempt may go better: no answer, 408, 429, 5xx
  kRefused,    // no attempt will: any other status, an address that is not allowed
  kGivenUp,    // the program ends
};

struct Sending {
  Verdict verdict = Verdict::kRetry;
  Attempt attempt;             // without its number
  int64_t retry_after_ms = 0;  // what the receiver asked for
};

// Sends messages, one attempt each. Redirects are not followed, proxies are not used, and every
// connection is judged by the policy when it is opened. Thread-safe.
class Courier {
 public:
  // All that is given outlives the courier.
  Courier(Formats formats, const security::SecretBox& box, const AddressPolicy& policy,
          const Clock& clock, int64_t timeout_ms);

  Sending Send(const Outgoing& outgoing, const std::stop_token& stop = {});
  // Sends a made-up message of a topic, once, outside of the webhook's order and log.
  Sending Test(const Webhook& webhook, std::string_view topic);
  Formats formats() const { return formats_; }

 private:
  fetch::FetchRequest RequestFor(const Outgoing& outgoing, const std::string& secret) const;
  void SendOverHttp(const Outgoing& outgoing, const std::string& secret,
                    const std::stop_token& stop, Sending* sending);
  void SendMail(const Outgoing& outgoing, const std::string& secret, const std::stop_token& stop,
                Sending* sending);

  const Formats formats_;
  const security::SecretBox& box_;
  const Clock& clock_;
  const int64_t timeout_ms_;
  fetch::Client client_;
};

}  // namespace millwright::webhooks
