#pragma once

#include <atomic>
#include <memory>

namespace millwright::http {

using CallerGone = std::shared_ptr<const std::atomic<bool>>;

// Of the request whose handler this thread runs: set once the client has closed its connection,
// which is looked at a few times a second. May be kept beyond the request and asked on any thread.
// Null on threads that run no handler, and in inline handlers, which are over before anybody looks.
CallerGone WhetherCallerIsGone();

}  // namespace millwright::http
