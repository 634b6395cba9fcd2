#pragma once

#include "http/message.h"
#include "registry/author.h"

namespace millwright::api {

// Why a change is made, for clients whose protocol has no place to say it.
inline constexpr std::string_view kReasonHeader = "Millwright-Reason";

// Who changes something, and why where the header says it. `reason` of a body comes before the
// header.
inline registry::Author AuthorOf(const http::Request& request, std::string reason = "") {
  if (reason.empty()) reason = std::string(request.headers.Find(kReasonHeader).value_or(""));
  return {request.principal, std::move(reason)};
}

}  // namespace millwright::api
