#pragma once

#include "api/native/context.h"
#include "http/message.h"

// The event log, its stream, and the lineage graph.
namespace millwright::api::native {

// Writes an event as the log and the stream show it and webhooks are told it.
void WriteEvent(const events::Event& event, JsonWriter& writer);

http::Response ListEvents(Context& context, const http::Request& request);
http::Response StreamEvents(Context& context, const http::Request& request);
http::Response GetLineage(Context& context, const http::Request& request);

}  // namespace millwright::api::native
