#pragma once

#include <string>

#include "http/message.h"
#include "http/server.h"

// What lets a script of a page elsewhere call us and read the answer, once OriginRules has allowed
// its origin. Credentials are not shared: such a script shows its own.
namespace millwright::api {

// Whether a browser asks what a script may send before it sends it.
bool IsPreflight(const http::Request& head);
// The answer to that: `allow` lists the methods that the path has, empty for a path that there is
// not.
http::Response PreflightAnswer(const http::Request& head, const std::string& origin,
                               const std::string& allow);
// Adds the header by which a browser hands the answer to a script of `origin`.
http::Reply LetRead(const std::string& origin, http::Reply reply);

}  // namespace millwright::api
