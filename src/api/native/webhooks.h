#pragma once

#include "api/native/context.h"
#include "http/message.h"
#include "webhooks/delivery.h"
#include "webhooks/format.h"

// Handlers of /api/v1/webhooks and /api/v1/webhook-deliveries.
namespace millwright::api::native {

http::Response ListWebhooks(Context& context, const http::Request& request);
http::Response CreateWebhook(Context& context, const http::Request& request);
http::Response GetWebhook(Context& context, const http::Request& request);
http::Response UpdateWebhook(Context& context, const http::Request& request);
http::Response DeleteWebhook(Context& context, const http::Request& request);
http::Response TestWebhook(Context& context, const http::Request& request);
http::Response ReplayDeadDeliveries(Context& context, const http::Request& request);
http::Response ListDeliveries(Context& context, const http::Request& request);
http::Response GetDelivery(Context& context, const http::Request& request);
http::Response ReplayDelivery(Context& context, const http::Request& request);

// The deliveries of a webhook that a query asks for, and an attempt, for receivers of alerts too.
http::Response DeliveriesOf(Context& context, const webhooks::WebhookId& webhook,
                            const http::Request& request);
Json AttemptJson(const webhooks::Attempt& attempt);

// How deliveries to webhooks of this API look: the body is the event as /api/v1/events shows it,
// the headers are those of the Standard Webhooks.
extern const webhooks::Format kWebhookFormat;

}  // namespace millwright::api::native
