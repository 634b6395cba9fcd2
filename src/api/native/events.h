#pragma once

#include "api/native/context.h"
#include "http/message.h"

// The event log, its stream, and the lineage graph.
namespace millwright::api::native {

http::Response ListEvents(Context& context, const http::Request& request);
http::Response StreamEvents(Context& context, const http::Request& request);
http::Response GetLineage(Context& context, const http::Request& request);

}  // namespace millwright::api::native
