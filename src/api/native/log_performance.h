#pragma once

#include "api/native/context.h"
#include "http/message.h"

// How right logged answers were, by what was asked, and the rows that were not.
namespace millwright::api::native {

http::Response GetLogPerformance(Context& context, const http::Request& request);
http::Response ListLoggedRows(Context& context, const http::Request& request);
http::Response CollectMistakes(Context& context, const http::Request& request);

}  // namespace millwright::api::native
